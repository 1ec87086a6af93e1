"""Documents with their quotes as an HTML page."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Final

from partialstream.etl.view.assets import COLORS, SCRIPT, STYLE
from partialstream.etl.view.marks import MarkedDocument, marked_documents

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from partialstream.etl.view.marks import Field, Mark, Rows, Source

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
_KINDS: Final = {"exact": "", "blanks": "whitespace differs", "case": "letter case differs"}
_NOT_IN_HTML: Final = re.compile("[\x00\ud800-\udfff]")


def quotes_html(source: Source, rows: Rows, *, title: str = "Quotes") -> str:
    r"""Show documents with the quotes of their rows as an HTML page.

    The text is on the left, the rows are beside it. Hovering over a quote shows its field and its
    row; a click on one leads to the other. The page is self-contained: it loads nothing, and
    whatever the documents hold is shown as text.

    Args:
        source: A text; or a `Document`, or several of them.
        rows: The rows: items of a stream (`stream.detailed()`), `ExtractedRow`s, or the rows of a
            sink as mappings, with the columns `document`, `row` and `spans`. For documents, each
            shows its own rows, and rows of other documents are left out; rows of a single one need
            not name it.
        title: The title of the page.

    Returns:
        The page. Its text is that of the documents, character for character; but NUL characters
        and lone surrogates, which HTML cannot hold, are shown as U+FFFD.

    Raises:
        TypeError: A row has no spans, or does not name its document where there are several; the
            source is neither a text nor documents.
        ValueError: A span is outside of its text: the row was extracted from another one.

    Example:
        >>> from partialstream import Span
        >>> from partialstream.etl import ExtractedRow, quotes_html
        >>> row = ExtractedRow("note-1", 0, {"name": "Lamp"}, {("name",): Span(4, 8, "exact")})
        >>> page = quotes_html("3 x Lamp", [row])
        >>> page[page.index("3 x") : page.index("</mark>")]
        '3 x <mark class="c0 exact" data-marks="0" data-tip="row 0: name">Lamp'
    """
    documents = list(marked_documents(source, rows))
    colors = _colors(documents)
    sections = "\n".join(
        _section(document, f"document-{number}", colors)
        for number, document in enumerate(documents)
    )
    contents = ""
    if len(documents) > 1:
        links = (
            f'<a href="#document-{number}">{_text(document.id)}</a>'
            for number, document in enumerate(documents)
        )
        contents = f"<nav>{''.join(links)}</nav>"
    return f"""<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{_text(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<header><h1>{_text(title)}</h1>{_legend(documents, colors)}{contents}</header>
{sections}
<div id="tip"></div>
<script>{SCRIPT}</script>
</body>
</html>
"""


def _colors(documents: Sequence[MarkedDocument]) -> dict[str, str]:
    """A class for each field."""
    fields = dict.fromkeys(mark.field for document in documents for mark in document.marks)
    return {field: f"c{number % COLORS}" for number, field in enumerate(fields)}


def _legend(documents: Sequence[MarkedDocument], colors: dict[str, str]) -> str:
    kinds = {mark.span.match for document in documents for mark in document.marks}
    entries = [f'<li class="{color}">{_text(field)}</li>' for field, color in colors.items()]
    if "blanks" in kinds:
        entries.append('<li class="kind">dashed: whitespace differs</li>')
    if "case" in kinds:
        entries.append('<li class="kind">dotted: letter case differs</li>')
    return f'<ul class="legend">{"".join(entries)}</ul>'


def _section(document: MarkedDocument, id_: str, colors: dict[str, str]) -> str:
    rows, quotes = len(document.rows), len(document.marks)
    counts = f"{rows} row{'s' * (rows != 1)}, {quotes} quote{'s' * (quotes != 1)}"
    text = "".join(_segment(text, marks, colors) for text, marks in document.segments())
    items = "".join(
        f"<li><b>row {row.number}</b><dl>{''.join(_fields(row.fields, colors))}</dl></li>"
        for row in document.rows
    )
    return (
        f'<section id="{id_}"><h2>{_text(document.id)} <small>{counts}</small></h2>\n'
        f'<div class="panes"><div class="text" dir="auto">{text}</div>\n'
        f'<ol class="rows">{items or "<li class=none>no rows</li>"}</ol></div></section>'
    )


def _segment(text: str, marks: Sequence[Mark], colors: dict[str, str]) -> str:
    if not marks:
        return _text(text)
    innermost = marks[-1]
    classes = f"{colors[innermost.field]} {innermost.span.match}"
    style = ""
    if len(marks) > 1:
        classes += " many"
        style = f' style="--h2:{_HUES[colors[marks[-2].field]]}"'
    numbers = " ".join(str(mark.number) for mark in marks)
    tip = "\n".join(map(_tip, marks))
    data = f'data-marks="{numbers}" data-tip="{_text(tip)}"'
    return f'<mark class="{classes}"{style} {data}>{_text(text)}</mark>'


def _tip(mark: Mark) -> str:
    kind = _KINDS[mark.span.match]
    return f"row {mark.row}: {mark.label}" + (f" ({kind})" if kind else "")


def _fields(fields: Sequence[Field], colors: dict[str, str]) -> Iterator[str]:
    for label, text, mark in fields:
        shown = f"<bdi>{_text(text)}</bdi>"
        if mark is not None:
            color = colors[mark.field]
            shown = f'<a class="{color}" href="#" data-marks="{mark.number}">{shown}</a>'
        yield f"<dt>{_text(label)}</dt><dd>{shown}</dd>"


_HUES: Final = dict(re.findall(r"\.(c\d) \{ --h: (\d+); \}", STYLE))


def _text(text: str) -> str:
    """A text as HTML shows it; a carriage return by itself would be read as a line feed."""
    escaped = html.escape(_NOT_IN_HTML.sub("\ufffd", text))
    return escaped.replace("\r", "&#13;")
