"""The text for a terminal: the quotes are marked, and nothing controls the terminal."""

from __future__ import annotations

import re
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from test_view_html import RAW, TEXT, Row, quoted

from partialstream import Span, stream_items
from partialstream.etl import Document, ExtractedRow, quotes_text

SGR = re.compile(r"\x1b\[[\d;]*m")


def rows_of(text: str) -> list[Any]:
    return list(stream_items(Row, [RAW], source_text=text).detailed())


def test_without_colours() -> None:
    assert quotes_text(TEXT, rows_of(TEXT), color=False) == (
        "1 │ [Lindgren]⁰:  3 x [desk\n"
        "2 │ LAMP]⁰\n"
        "\n"
        "row 0\n"
        "  article          Desk lamp\n"
        "  parties[0].name  Lindgren\n"
        "  count            3\n"
        "  note             —"
    )


def test_with_colours() -> None:
    shown = quotes_text(TEXT, rows_of(TEXT), color=True)
    lamp, lindgren = "\x1b[30;48;5;226m", "\x1b[30;48;5;117m"
    assert f"{lindgren}Lindgren\x1b[0m⁰:  3 x {lamp}desk\x1b[0m\n" in shown
    assert f"{lamp}LAMP\x1b[0m⁰" in shown
    plain = quotes_text(TEXT, rows_of(TEXT), color=False)
    assert SGR.sub("", shown) == re.sub(r"[\[\]](?!0)(?!\.)", "", plain.split("\n\n")[0]) + (
        "\n\n" + plain.split("\n\n", 1)[1]
    )


@pytest.mark.parametrize(
    ("value", "terminal", "painted"),
    [("1", True, False), (None, True, True), (None, False, False)],
)
def test_colours_depend_on_the_terminal_and_no_color(
    value: str | None, terminal: bool, painted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(isatty=lambda: terminal))
    if value is None:
        monkeypatch.delenv("NO_COLOR", raising=False)
    else:
        monkeypatch.setenv("NO_COLOR", value)
    assert ("\x1b" in quotes_text(TEXT, rows_of(TEXT))) == painted


def test_lines_around_quotes() -> None:
    text = "".join(f"line {number}\n" for number in range(10)) + "the lamp\nend"
    row = ExtractedRow(
        "", 3, "lamp", {(): Span(text.index("lamp"), text.index("lamp") + 4, "exact")}
    )
    lines = quotes_text(text, [row], color=False, context=1).split("\n")
    assert lines[:4] == [" ⋮", "10 │ line 9", "11 │ the [lamp]³", "12 │ end"]


def test_nested_quotes_and_documents() -> None:
    spans = {("a",): Span(0, 8, "exact"), ("b",): Span(4, 8, "exact")}
    rows = [ExtractedRow("x", 12, {"a": "3 x Lamp", "b": "Lamp"}, spans)]
    shown = quotes_text([Document("x", "3 x Lamp"), Document("y", "")], rows, color=False)
    assert shown == ("x\n1 │ [3 x [Lamp]]¹²\n\nrow 12\n  a  3 x Lamp\n  b  Lamp\n\ny\n1 │")


@given(quoted())
def test_nothing_controls_the_terminal(given: Any) -> None:
    text, rows = given
    shown = quotes_text(Document("\x1b]0;title\x07", text), [], color=True)
    shown += quotes_text(text, rows, color=True)
    left = SGR.sub("", shown)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", left)
    assert len(SGR.findall(shown)) % 2 == 0


def test_each_control_character_is_replaced() -> None:
    controls = {*range(0x20), *range(0x7F, 0xA0), *range(0x2028, 0x202F), *range(0x2066, 0x206A)}
    text = "".join(f"x{chr(code)}" for code in sorted(controls - {*b"\t\n"}))
    shown = quotes_text(text, [], color=False)
    assert [each for each in shown if ord(each) in controls] == []
    assert (shown.count("x"), len(shown)) == (len(text) // 2, len("1 │ ") + len(text))
