from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from example_runs import EXAMPLES, run_example, run_here

from partialstream.testing import ReplayServer

if TYPE_CHECKING:
    from pathlib import Path

LINE = re.compile(r"fact (\d+) at (\d+)-(\d+): (.+)")


def letter() -> str:
    source = (EXAMPLES / "quotes_in_text.py").read_text(encoding="utf-8")
    found = re.search(r'LETTER = """\\\n(.*?)"""', source, re.DOTALL)
    assert found is not None
    return found[1]


def test_each_fact_stands_where_it_says() -> None:
    shown, _, view = run_example("quotes_in_text").partition("\n\n")
    facts = [LINE.fullmatch(line) for line in shown.splitlines() if " at " in line]
    indexes = []
    for fact in facts:
        assert fact is not None
        index, start, end, words = fact.groups()
        indexes.append(int(index))
        there = letter()[int(start) : int(end)]
        assert " ".join(there.split()).casefold() == words.casefold()
    assert indexes == [0, 1, 2, 4, 5, 6, 3]  # the last one was repaired
    assert shown.count("is asked for again") == 1
    assert "[It costs [48,200 euros]³.]³" in view
    assert "\x1b" not in view


def test_the_page(tmp_path: Path) -> None:
    page = tmp_path / "quotes.html"
    shown = run_here("quotes_in_text", "--html", str(page))
    assert shown.endswith(f"The page is {page}\n")
    assert ">48,200 euros</mark>" in page.read_text(encoding="utf-8")


def test_a_real_endpoint_is_told_what_is_missing() -> None:
    wrong = {"kind": "date", "words": "4 June", "sentence": "They begin on 3 June"}
    right = {**wrong, "words": "3 June"}
    answers = [json.dumps({"items": [wrong]}), json.dumps({"indexes": "0", "items": [right]})]
    with ReplayServer(answers) as server:
        arguments = ("--live", "--base-url", server.base_url, "--model", "mini")
        shown = run_here("quotes_in_text", *arguments, OPENAI_API_KEY="test")
        told = server.requests[1].body["messages"][-1]["content"]
    assert "- words: Input should be a quote" in told
    assert "does not contain '4 June'" in told
    assert "fact 0 at 118-124: 3 June" in shown
