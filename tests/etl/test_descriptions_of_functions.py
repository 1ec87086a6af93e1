"""What identifies a function in the journal."""

from __future__ import annotations

from partialstream.etl.journal.functions import description_of

LIMIT = 3
calls = 0


def nested() -> int:
    def inner() -> int:
        return LIMIT

    return inner()


def counted() -> int:
    global calls
    calls += 1
    return calls


def test_constants_that_an_inner_function_uses_belong_to_it() -> None:
    assert "LIMIT=3" in description_of(nested).splitlines()


def test_what_a_function_assigns_does_not_belong_to_it() -> None:
    before = description_of(counted)
    counted()
    assert description_of(counted) == before
