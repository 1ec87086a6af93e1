from __future__ import annotations

import re

import pytest
from example_runs import EXAMPLES, each_example, run_example

PAGE = (EXAMPLES / "README.md").read_text(encoding="utf-8")
SHOWN = dict(re.findall(r"^## (\w+)$.*?^```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))

WARNS = ("gradio_ranking", "token_probabilities")
"""Their packages warn of what is their own."""


def form(text: str) -> str:
    """What does not depend on the moment: no digits, and no alignment of them."""
    return re.sub(r" +", " ", re.sub(r"\d+(\.\d+)?", "#", text))


def trimmed(text: str) -> str:
    """Without the blank lines at its end, which the page leaves out."""
    return text.rstrip("\n") + "\n"


def pattern(shown: str) -> str:
    """What is shown, where "…" alone on a line stands for lines that are left out."""
    return "".join(
        "(?:.*\n)*" if line == "…\n" else re.escape(form(line))
        for line in shown.splitlines(keepends=True)
    )


def test_all_of_them_are_shown() -> None:
    assert set(SHOWN) == {path.stem for path in EXAMPLES.glob("*.py")}


@each_example(SHOWN)
def test_what_is_shown_is_what_it_prints(name: str) -> None:
    printed = run_example(name, warnings="ignore" if name in WARNS else "error")
    assert re.fullmatch(pattern(SHOWN[name]), form(trimmed(printed))), printed


@pytest.mark.parametrize(
    ("shown", "printed", "equal"),
    [
        ("0.31 s  a\n", "12.5 s  a\n", True),
        ("0.31 s  a\n", "12.5 s  b\n", False),
        ("a\n…\nd\n", "a\nb\nc\nd\n", True),
        ("a\n…\nd\n", "a\nb\nc\n", False),
        ("… a\n", "b a\n", False),
        ("a\n", "a\nb\n", False),
    ],
)
def test_the_comparison_itself(shown: str, printed: str, *, equal: bool) -> None:
    assert (re.fullmatch(pattern(shown), form(printed)) is not None) is equal
