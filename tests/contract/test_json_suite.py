"""The verdicts of JSONTestSuite (github.com/nst/JSONTestSuite), whole and cut.

The suite is not part of this repository; without it these tests are skipped, and the tables
of `test_accept_and_reject.py` stand in.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from verdicts import engine_accepts, engine_accepts_bytes

SUITE = Path(__file__).resolve().parents[2].parent / "shared" / "json-test-suite"
FILES = sorted(SUITE.glob("?_*.json"))
LONG = 400
"""Characters beyond which only some of the cuts are tried."""

pytestmark = pytest.mark.skipif(not FILES, reason=f"no JSONTestSuite at {SUITE}")


def files(verdict: str) -> list[object]:
    return [
        pytest.param(path, id=path.stem[2:]) for path in FILES if path.name.startswith(verdict)
    ] or [pytest.param(SUITE, id="absent")]


def verdicts_of_cuts(text: str) -> set[bool]:
    step = 1 + len(text) // LONG
    return {
        engine_accepts([text]),
        engine_accepts(text),
        engine_accepts(["", *text, ""]),
        *(
            engine_accepts([text[:place], text[place:]])
            for place in range(0, min(len(text), LONG * step) + 1, step)
        ),
    }


def decoded(path: Path) -> str | None:
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError:
        return None


def test_the_suite_is_complete() -> None:
    counts = {kind: sum(path.name.startswith(kind) for path in FILES) for kind in "yni"}
    assert counts == {"y": 95, "n": 188, "i": 35}


@pytest.mark.parametrize("path", files("y_"))
def test_valid_documents_are_accepted(path: Path) -> None:
    assert engine_accepts_bytes(path.read_bytes())
    text = decoded(path)
    assert text is not None
    assert verdicts_of_cuts(text) == {True}


@pytest.mark.parametrize("path", files("n_"))
def test_invalid_documents_are_refused(path: Path) -> None:
    assert not engine_accepts_bytes(path.read_bytes())
    text = decoded(path)
    if text is not None:
        assert verdicts_of_cuts(text) == {False}


@pytest.mark.parametrize("path", files("i_"))
def test_the_others_get_one_verdict(path: Path) -> None:
    text = decoded(path)
    if text is None:
        assert not engine_accepts_bytes(path.read_bytes())
    else:
        assert verdicts_of_cuts(text) == {engine_accepts_bytes(path.read_bytes())}
