"""Rows as JSON, for the journal and the sinks, and validated again from it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from pydantic import TypeAdapter

from partialstream.engine.position import RawItem
from partialstream.etl.serialization.schema import has_fields, is_by_alias, row_schema
from partialstream.etl.serialization.spans import SPANS, read_spans, spans_text, with_spans
from partialstream.results import Item, RejectedItem, quoted_item
from partialstream.validation.items import ItemValidator
from partialstream.validation.quoted import quote_plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from partialstream.engine.position import Place
    from partialstream.results import Path, Span

T = TypeVar("T")

_START: Final[Place] = (0, 1, 0)


class RowFormat(Generic[T]):
    """Converts values of one type to JSON and back.

    Args:
        type_: The type of a row.
        options: The options of the call, of which `context`, `strict` and `lenient` are used.

    Attributes:
        type_: The type of a row.
        has_quotes: Whether fields of the type are marked with `Quote`.
    """

    def __init__(self, type_: Any, options: Mapping[str, Any]) -> None:
        self.type_ = type_
        self._adapter: TypeAdapter[T] = TypeAdapter(type_)
        self._by_alias = is_by_alias(type_)
        self._is_object = has_fields(self.schema())
        self._quotes = quote_plan(type_)
        self.has_quotes = self._quotes.has_quotes
        self._options = {
            name: options[name] for name in ("context", "strict", "lenient") if name in options
        }

    def dump(self, value: T, spans: Mapping[Path, Span] | None = None) -> str:
        """Serialize a value to JSON, as pydantic does; with its spans, if the type has quotes.

        A value without fixed fields (a number, a dict, a model with `extra="allow"`, a union with
        one of them) is written as the single member `value` of an object.

        Raises:
            ValueError: The value cannot be serialized: it holds a lone surrogate, or a type that
                has no JSON form.
        """
        text = self._adapter.dump_json(value, by_alias=self._by_alias, warnings=False).decode()
        if not self._is_object:
            text = f'{{"value":{text}}}'
        if not self.has_quotes:
            return text
        return with_spans(text, spans_text(spans or {}, self._written_paths(value)))

    def spans(self, value: T, text: str) -> Mapping[Path, Span]:
        """The spans in the output of `dump`, by the paths of their values.

        Args:
            value: The value.
            text: What `dump` has returned for it.
        """
        if not self.has_quotes:
            return {}
        written = read_spans(json.loads(text).get(SPANS))
        paths = {path: name for name, path in self._written_paths(value).items()}
        return {paths.get(path, path): span for path, span in written.items()}

    def _written_paths(self, value: T) -> dict[Path, Path]:
        """The path of each quote in the row, where it is another one than in the value."""
        if self._is_object and not self._by_alias:
            return {}  # rows are written by field names
        paths = self._quotes.written_paths(value, by_alias=self._by_alias)
        return paths if self._is_object else {at: ("value", *paths[at]) for at in paths}

    def elements(
        self, texts: Iterable[tuple[int, str]], source_text: str | None = None
    ) -> list[Item[T] | RejectedItem]:
        """Validate stored items again.

        Args:
            texts: The index and the raw text of each item.
            source_text: The text in which quotes are looked up; None to not check them again.
        """
        validator: ItemValidator[T] = ItemValidator(
            self.type_, on_invalid="skip", source_text=source_text, **self._options
        )
        found: list[Item[T] | RejectedItem] = []
        for index, text in texts:
            path = ("items", index)
            raw = RawItem(text, index, path, _START)
            accepted = validator.accept([raw])
            if accepted:
                item = Item(accepted[0][0], index, path, text)
                spans = validator.take_spans()
                found.append(quoted_item(item, spans[0], text_repaired=False) if spans else item)
            elif validator.rejected and validator.rejected[-1].index == index:
                found.append(validator.rejected[-1])
            else:  # not valid JSON: the job was lenient when the row was stored
                error = validator.failure or ValueError("is not valid")
                found.append(RejectedItem(index, text, error, path))
                validator.failure = None
        return found

    def schema(self) -> dict[str, Any]:
        """The JSON schema of the output of `dump`, or of its member `value`."""
        return row_schema(self._adapter, by_alias=self._by_alias)


def row_text(document: str, index: int, value: str) -> str:
    """A row as one JSON object that begins with the columns `document` and `row`.

    Args:
        document: The id of the document.
        index: The row's index in the document's list.
        value: The output of `RowFormat.dump`.

    Example:
        >>> row_text("note-1", 0, '{"article":"Lamp"}')
        '{"document":"note-1","row":0,"article":"Lamp"}'
    """
    place = f'{{"document":{json.dumps(document, ensure_ascii=False)},"row":{index}'
    return f"{place},{value[1:]}" if value[1] != "}" else f"{place}}}"
