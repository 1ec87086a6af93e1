"""Which parts of a text are quotes of which rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast, runtime_checkable

from pydantic_core import to_jsonable_python

from partialstream.errors import format_path
from partialstream.etl.inputs.documents import Document
from partialstream.etl.serialization.spans import SPANS, read_spans

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from partialstream.results import Path, Span


@runtime_checkable
class Quoting(Protocol):
    """A value with the spans of its quotes: an `Item`, or an `ExtractedRow`."""

    @property
    def index(self) -> int:
        """Its index in its list."""
        ...

    @property
    def value(self) -> Any:
        """The value."""
        ...

    @property
    def spans(self) -> Mapping[Path, Span]:
        """The spans of its quotes, by path."""
        ...


Source = str | Document | Iterable[Document]
Rows = Iterable[Quoting | Mapping[str, Any]]


class Mark(NamedTuple):
    """A quote in a text.

    Attributes:
        number: Its number in the text, by the order of rows and fields.
        row: The index of its row.
        label: The path of its field.
        field: The name of the outermost field, by which it is coloured.
        span: Where it is.
    """

    number: int
    row: int
    label: str
    field: str
    span: Span


class Field(NamedTuple):
    """A value of a row.

    Attributes:
        label: Its path.
        text: The value.
        mark: Its quote; None if it is not a quote.
    """

    label: str
    text: str
    mark: Mark | None


class ShownRow(NamedTuple):
    """A row, and its values without their nesting."""

    number: int
    fields: Sequence[Field]


class MarkedDocument(NamedTuple):
    """A text and the rows that were extracted from it.

    Attributes:
        id: The id of the document; empty for a bare text.
        text: The text.
        rows: The rows.
        marks: Their quotes.
    """

    id: str
    text: str
    rows: Sequence[ShownRow]
    marks: Sequence[Mark]

    def segments(self) -> Iterator[tuple[str, Sequence[Mark]]]:
        """The text in pieces, each with the marks that it is a part of, the longest mark first."""
        edges: dict[int, list[Mark]] = {}
        for mark in self.marks:
            edges.setdefault(mark.span.start, []).append(mark)
            edges.setdefault(mark.span.end, []).append(mark)
        covering: dict[int, Mark] = {}
        done = 0
        for edge in sorted(edges):
            if edge > done:
                yield self.text[done:edge], _longest_first(covering)
            done = edge
            for mark in edges[edge]:
                if mark.span.end == edge:
                    covering.pop(mark.number, None)
                else:
                    covering[mark.number] = mark
        if done < len(self.text):
            yield self.text[done:], ()


def _longest_first(marks: Mapping[int, Mark]) -> list[Mark]:
    return sorted(marks.values(), key=lambda mark: mark.span.start - mark.span.end)


def marked_documents(source: Source, rows: Rows) -> Iterator[MarkedDocument]:
    """Documents with their rows; rows of other documents are left out.

    Raises:
        TypeError: A row has no spans, or does not name its document where there are several; the
            source is neither a text nor documents.
        ValueError: A span is outside of its text.
    """
    if isinstance(source, str):
        yield _marked("", source, rows)
        return
    documents = [source] if isinstance(source, Document) else _documents(source)
    only = documents[0].id if len(documents) == 1 else None
    found: dict[str | None, list[Quoting | Mapping[str, Any]]] = {}
    for row in rows:
        # The items of a stream do not name a document.
        id_: Any = (
            row.get("document", only)
            if isinstance(row, Mapping)
            else getattr(row, "document", only)
        )
        if id_ is None and documents:
            raise TypeError("a row does not name its document, and there are several")
        found.setdefault(id_, []).append(row)
    for document in documents:
        yield _marked(document.id, document.text, found.get(document.id, ()))


def _documents(source: Iterable[Document]) -> list[Document]:
    documents: list[Any] = list(source)
    for each in documents:
        if not isinstance(each, Document):
            raise TypeError(f"the source must be a text or documents, not {type(each).__name__}")
    return documents


def _marked(id_: str, text: str, rows: Rows) -> MarkedDocument:
    shown: list[ShownRow] = []
    marks: list[Mark] = []
    for place, row in enumerate(rows):
        index, value, spans = _parts(row, place)
        row_marks: dict[str, Mark] = {}
        for path, span in spans.items():
            if not 0 <= span.start < span.end <= len(text):
                raise ValueError(
                    f"row {index} quotes characters {span.start} to {span.end} of a text of "
                    f"{len(text)}; it was extracted from another text"
                )
            label = format_path(path) if path else "value"
            mark = Mark(len(marks), index, label, str(path[0]) if path else "value", span)
            marks.append(mark)
            row_marks[label] = mark
        fields = [
            Field(label, written, row_marks.pop(label, None)) for label, written in _leaves(value)
        ]
        # Quotes that are not among the values: keys of a dict, fields with `exclude=True`.
        fields += (
            Field(label, text[mark.span.start : mark.span.end], mark)
            for label, mark in row_marks.items()
        )
        shown.append(ShownRow(index, fields))
    return MarkedDocument(id_, text, shown, marks)


def _parts(row: Any, place: int) -> tuple[int, Any, Mapping[Path, Span]]:
    """The index, the value and the spans of a row."""
    if isinstance(row, Mapping):
        members = dict(cast("Mapping[str, Any]", row))
        members.pop("document", None)
        index: int = members.pop("row", place)
        spans = read_spans(members.pop(SPANS, None))
        return index, members, spans
    if isinstance(row, Quoting):
        return row.index, _json(row.value), row.spans
    raise TypeError(
        f"rows must be items, extracted rows or rows of a sink, not {type(row).__name__}; "
        "stream.detailed() gives the items of a stream"
    )


def _json(value: Any) -> Any:
    return to_jsonable_python(
        value, by_alias=False, fallback=repr, bytes_mode="base64", inf_nan_mode="strings"
    )


def _is_one_of(value: Any, *types: type) -> bool:
    """As `isinstance`, which would narrow `Any` to types with unknown parameters."""
    return isinstance(value, types)


def _leaves(value: Any, path: Path = ()) -> Iterator[tuple[str, str]]:
    """The values inside of a JSON value, each with its path."""
    parts: Iterable[tuple[Any, Any]] = ()
    if value and _is_one_of(value, dict):
        parts = value.items()
    elif value and _is_one_of(value, list, tuple):
        parts = enumerate(cast("Sequence[Any]", value))
    else:
        yield format_path(path) if path else "value", "—" if value is None else str(value)
    for step, part in parts:
        yield from _leaves(part, (*path, step if isinstance(step, int) else str(step)))
