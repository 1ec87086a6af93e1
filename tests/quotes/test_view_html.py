"""The HTML page: what it shows is the text and its quotes, whatever they hold."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Annotated, Any

import pytest
from growth import LINEAR, growth
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field
from typing_extensions import override

from partialstream import Item, Quote, Span, stream_items
from partialstream.etl import Document, ExtractedRow, quotes_html
from partialstream.etl.serialization.spans import spans_text

if TYPE_CHECKING:
    from growth import Run


class Page(HTMLParser):
    """What a browser makes of a page, as far as it is of interest here."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[tuple[str, dict[str, str | None]]] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []  # of the documents
        self.rows: list[list[str]] = []
        self.marks: list[dict[str, str]] = []  # of the documents, by their numbers
        self.tips: list[str] = []
        self.feed(page)
        self.close()

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        if tag == "meta":
            return
        self.open.append((tag, attributes))
        if attributes.get("class") == "text":
            self.texts.append("")
            self.marks.append({})
            self.rows.append([])
        if tag == "mark":
            self.tips.append(attributes["data-tip"] or "")
        if tag == "dd":
            self.rows[-1].append("")

    @override
    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag

    @override
    def handle_data(self, data: str) -> None:
        if any(attributes.get("class") == "text" for _, attributes in self.open):
            self.texts[-1] += data
        if self.open and self.open[-1][0] == "mark":
            for number in (self.open[-1][1]["data-marks"] or "").split():
                self.marks[-1][number] = self.marks[-1].get(number, "") + data
        if any(tag == "dd" for tag, _ in self.open):
            self.rows[-1][-1] += data


hostile = st.sampled_from(
    [
        *("<", ">", "&", '"', "'", "\r", "\n", "\r\n", "\t", " ", "a", "é", "😀", "ש", "\u202e"),
        *("&lt;", "&amp;", "&#13;", "&#x3c;", "</div>", "<mark>", "<!--", "-->", "]]>", "<script>"),
        *("</script>", "</style>", "<img src=x onerror=alert(1)>", "\x0b", "\x80", "\u2028", "{}"),
        *("\x1b[31m", "\ufeff", "\ufffe", "\x7f", "`${x}`", "javascript:", "\\", "%s"),
    ]
)
texts = st.lists(hostile, min_size=1, max_size=30).map("".join)


@st.composite
def quoted(draw: st.DrawFn) -> tuple[str, list[Item[Any]]]:
    """A text, and rows with any spans of it."""
    text = draw(texts)
    items: list[Item[Any]] = []
    for index in range(draw(st.integers(0, 5))):
        spans: dict[Any, Span] = {}
        for _ in range(draw(st.integers(0, 3))):
            start = draw(st.integers(0, len(text) - 1))
            end = draw(st.integers(start + 1, len(text)))
            match = draw(st.sampled_from(["exact", "blanks", "case"]))
            path = draw(st.lists(hostile | st.integers(0, 3), max_size=2).map(tuple))
            spans[path] = Span(start, end, match)
        value = draw(texts | st.dictionaries(texts, texts | st.none() | st.lists(texts)))
        items.append(ExtractedRow("", index, value, spans))  # type: ignore[arg-type]  # or a row
    return text, items


@given(quoted(), texts)
def test_the_text_and_the_marks_are_exact(given: Any, title: str) -> None:
    text, items = given
    page = quotes_html(text, items, title=title)
    shown = Page(page)
    assert shown.texts == [text]
    spans = [span for item in items for span in item.spans.values()]
    assert shown.marks == [{str(at): text[span.start : span.end] for at, span in enumerate(spans)}]
    assert shown.open == []
    # Nothing but our own tags, and nothing that runs or loads.
    assert {tag for tag, _ in shown.tags} <= OURS
    assert [tag for tag, _ in shown.tags].count("script") == 1
    for _, attributes in shown.tags:
        assert {*attributes} <= ATTRIBUTES
        assert (attributes.get("href") or "#").startswith("#")
    assert "\r" not in page  # which a browser reads as a line feed
    page.encode()


OURS = {
    *("html", "head", "meta", "title", "style", "body", "header", "h1", "h2", "small", "nav", "a"),
    *("ul", "ol", "li", "section", "div", "mark", "b", "dl", "dt", "dd", "bdi", "script"),
}
ATTRIBUTES = {
    *("charset", "name", "content", "http-equiv", "class", "id", "style", "dir", "href"),
    *("data-marks", "data-tip"),
}


def test_what_html_cannot_hold() -> None:
    assert Page(quotes_html("a\x00b\ud800c", [])).texts == ["a\ufffdb\ufffdc"]


class Party(BaseModel):
    name: Annotated[str, Quote]


class Row(BaseModel):
    article: Annotated[str, Quote] = Field(alias="Article")
    parties: list[Party] = []
    count: int = 0
    note: str | None = None


TEXT = "Lindgren:  3 x desk\nLAMP"
RAW = '[{"Article": "Desk lamp", "parties": [{"name": "Lindgren"}], "count": 3}]'
TIPS = ["row 0: parties[0].name", "row 0: article (letter case differs)"]


def items_of(text: str) -> list[Item[Row]]:
    return list(stream_items(Row, [RAW], source_text=text).detailed())


def test_items_of_a_stream() -> None:
    page = Page(quotes_html(TEXT, items_of(TEXT)))
    assert page.rows == [["Desk lamp", "Lindgren", "3", "—"]]
    assert page.tips == TIPS
    assert page.marks == [{"0": "desk\nLAMP", "1": "Lindgren"}]


def test_rows_of_a_sink() -> None:
    [item] = items_of(TEXT)
    spans = spans_text(item.spans, {})
    row = {"document": "b", "row": 7, "spans": spans, "article": "Desk lamp", "note": None}
    documents = [Document("a", "other"), Document("b", TEXT)]
    for column in (spans, json.loads(spans)):
        page = Page(quotes_html(documents, [{**row, "spans": column}, {"document": "c"}]))
        assert page.texts == ["other", TEXT]
        assert page.rows == [[], ["Desk lamp", "—", "Lindgren"]]
        assert page.tips == [tip.replace("row 0", "row 7") for tip in TIPS]
    one = Page(quotes_html(documents[1], [row]))
    assert (one.texts, one.tips) == ([TEXT], page.tips)
    without_index = {"spans": [{"path": ["x"], "start": 0, "end": 3, "match": "exact"}]}
    assert Page(quotes_html(TEXT, [without_index] * 2)).tips == ["row 0: x\nrow 1: x"]


def test_extracted_rows() -> None:
    [item] = items_of(TEXT)
    rows = [ExtractedRow("b", 0, item.value, item.spans), ExtractedRow("a", 0, item.value)]
    page = Page(quotes_html([Document("a", "x"), Document("b", TEXT)], iter(rows)))
    assert page.marks == [{}, {"0": "desk\nLAMP", "1": "Lindgren"}]


def test_values_that_are_not_objects() -> None:
    page = Page(quotes_html("a lamp", [Item("lamp", 0, (), "")]))
    assert page.rows == [["lamp"]]
    row = {
        "row": 0,
        "value": "lamp",
        "spans": '[{"path":["value"],"start":2,"end":6,"match":"exact"}]',
    }
    page = Page(quotes_html("a lamp", [row]))
    assert (page.rows, page.tips) == ([["lamp"]], ["row 0: value"])


def test_rows_that_do_not_name_their_document() -> None:
    [item] = items_of(TEXT)
    marks = [{"0": "desk\nLAMP", "1": "Lindgren"}]
    document = Document("b", TEXT)
    for source in (document, [document], iter([document])):
        assert Page(quotes_html(source, [item])).marks == marks
    with pytest.raises(TypeError, match="does not name its document, and there are several"):
        quotes_html([document, Document("c", "")], [item])


@pytest.mark.parametrize("source", [["a text"], [None], [("b", TEXT)]])
def test_what_is_neither_a_text_nor_documents(source: Any) -> None:
    with pytest.raises(TypeError, match="the source must be a text or documents, not "):
        quotes_html(source, [])


@dataclass
class Other:
    value: int


def test_rows_without_spans_are_refused() -> None:
    with pytest.raises(TypeError, match=r"not Other; stream\.detailed\(\) gives"):
        quotes_html("text", [Other(1)])  # type: ignore[list-item]  # that is the test


@pytest.mark.parametrize("span", [Span(2, 5, "exact"), Span(-1, 2, "exact"), Span(2, 2, "exact")])
def test_a_span_outside_of_the_text(span: Span) -> None:
    with pytest.raises(ValueError, match=r"row 0 quotes .* another text"):
        quotes_html("text", [ExtractedRow("", 0, "x", {(): span})])


def test_a_long_text_with_many_quotes() -> None:
    def showing(size: int) -> Run:
        text = "3 x Lamp, and others\n" * size
        spans = [{("a",): Span(at * 21, at * 21 + 8, "exact")} for at in range(0, size, 10)]
        rows = [ExtractedRow("", at, {"a": "3 x Lamp"}, each) for at, each in enumerate(spans)]
        return lambda: quotes_html(text, rows)

    assert growth(showing, 4_000) <= LINEAR


def test_nothing_is_loaded() -> None:
    page = quotes_html("text", [])
    assert not re.search(r"https?://|@import|url\(|src=", page)
    assert "default-src 'none'" in page
