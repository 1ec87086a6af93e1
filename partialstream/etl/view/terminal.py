"""Documents with their quotes as text for a terminal."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Final

from partialstream.etl.view.marks import marked_documents

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from partialstream.etl.view.marks import Mark, MarkedDocument, Rows, Source

_COLORS: Final = (226, 117, 120, 218, 183, 215, 80, 155)
"""Of the 256 colours of terminals, those for fields, under black letters."""

_RESET: Final = "\x1b[0m"
_DIM: Final = "\x1b[2m"
_SUPERSCRIPTS: Final = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_CONTROLS: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def quotes_text(
    source: Source, rows: Rows, *, color: bool | None = None, context: int | None = None
) -> str:
    r"""Show documents with the quotes of their rows as text for a terminal.

    Each quote is coloured by its field, and followed by the number of its row; the rows follow.
    Without colours, quotes are in brackets. Control characters of the documents are shown as
    symbols, so that they do not control the terminal.

    Args:
        source: As for `quotes_html`.
        rows: As for `quotes_html`.
        color: Whether to use colours. None: if stdout is a terminal, and the environment
            variable `NO_COLOR` is not set.
        context: Show only lines with quotes, and as many lines around them. None for all lines.

    Returns:
        The lines.

    Raises:
        TypeError: A row has no spans, or does not name its document where there are several; the
            source is neither a text nor documents.
        ValueError: A span is outside of its text: the row was extracted from another one.

    Example:
        >>> from partialstream import Span
        >>> from partialstream.etl import ExtractedRow, quotes_text
        >>> row = ExtractedRow("note-1", 0, {"name": "Lamp"}, {("name",): Span(14, 18, "exact")})
        >>> print(quotes_text("Delivery:\n3 x Lamp", [row], color=False))
        1 │ Delivery:
        2 │ 3 x [Lamp]⁰
        <BLANKLINE>
        row 0
          name  Lamp
    """
    painted = color
    if painted is None:
        painted = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    shown = (_Shown(document, painted) for document in marked_documents(source, rows))
    return "\n\n".join("\n".join(each.lines(context)) for each in shown)


class _Shown:
    """A document as lines."""

    def __init__(self, document: MarkedDocument, painted: bool) -> None:
        self._document = document
        self._painted = painted
        fields = dict.fromkeys(mark.field for mark in document.marks)
        self._colors = {field: _COLORS[at % len(_COLORS)] for at, field in enumerate(fields)}

    def lines(self, context: int | None) -> Iterator[str]:
        """The lines of the document, and those of its rows."""
        document = self._document
        if document.id:
            yield self._bold(_visible(document.id))
        text = self._marked_lines()
        width = len(str(len(text)))
        wanted = _lines_around([marked for _, marked in text], context)
        last = -1
        for number in wanted:
            if number != last + 1:
                yield self._dim(f"{'⋮':>{width}}")
            yield f"{self._dim(f'{number + 1:>{width}} │')} {text[number][0]}".rstrip(" ")
            last = number
        for row in document.rows:
            yield ""
            yield self._bold(f"row {row.number}")
            labels = max((len(_visible(label)) for label, _, _ in row.fields), default=0)
            for label, value, mark in row.fields:
                shown = _visible(value).replace("\n", "␊")
                if mark is not None:
                    shown = self._paint(shown, mark)
                yield f"  {self._dim(f'{_visible(label):<{labels}}')}  {shown}"

    def _marked_lines(self) -> list[tuple[str, bool]]:
        """The lines of the text, and whether there are quotes in them."""
        lines: list[tuple[str, bool]] = []
        pieces: list[str] = []
        has_marks = False
        offset = 0
        for text, marks in self._document.segments():
            offset += len(text)
            starting = [mark for mark in marks if mark.span.start == offset - len(text)]
            ending = [mark for mark in marks if mark.span.end == offset]
            parts = text.replace("\r\n", "\n").split("\n")
            for number, part in enumerate(parts):
                if number:
                    lines.append(("".join(pieces), has_marks))
                    pieces, has_marks = [], False
                shown = _visible(part)
                if marks:
                    has_marks = True
                    first, last = number == 0, number == len(parts) - 1
                    shown = self._mark(
                        shown, marks, starting if first else (), ending if last else ()
                    )
                pieces.append(shown)
        lines.append(("".join(pieces), has_marks))
        return lines

    def _mark(
        self, text: str, marks: Sequence[Mark], starting: Sequence[Mark], ending: Sequence[Mark]
    ) -> str:
        numbers = dict.fromkeys(str(mark.row) for mark in reversed(ending))
        rows = "·".join(numbers).translate(_SUPERSCRIPTS)
        if self._painted:
            return self._paint(text, marks[-1], nested=len(marks) > 1) + rows
        return f"{'[' * len(starting)}{text}{']' * len(ending)}{rows}"

    def _paint(self, text: str, mark: Mark, *, nested: bool = False) -> str:
        if not self._painted or not text:
            return text
        underline = "4;" if nested else ""
        return f"\x1b[{underline}30;48;5;{self._colors[mark.field]}m{text}{_RESET}"

    def _dim(self, text: str) -> str:
        return f"{_DIM}{text}{_RESET}" if self._painted else text

    def _bold(self, text: str) -> str:
        return f"\x1b[1m{text}{_RESET}" if self._painted else text


def _lines_around(marked: Sequence[bool], context: int | None) -> Sequence[int]:
    if context is None:
        return range(len(marked))
    wanted: dict[int, None] = {}
    for number, has_marks in enumerate(marked):
        if has_marks:
            first = max(0, number - context)
            wanted.update(dict.fromkeys(range(first, min(len(marked), number + context + 1))))
    return [*wanted]


def _visible(text: str) -> str:
    """A text without characters that control a terminal, or the direction of what follows."""
    return _CONTROLS.sub(lambda found: _picture(found[0]), text)


def _picture(control: str) -> str:
    code = ord(control)
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else "�"
