"""Growing objects from a real engine."""

from __future__ import annotations

import itertools
import json
from datetime import date  # noqa: TC003 - pydantic looks it up
from typing import TYPE_CHECKING, Any, Literal

import pytest
from engine_runs import Run, asking, seeds_until_twice
from pydantic import BaseModel, Field, ValidationError
from vocabulary import NO_CONTROLS, NO_STRAY_BYTES, SHORT_STRINGS

from partialstream import IncompleteStreamError, JSONSyntaxError, completeness

if TYPE_CHECKING:
    from engine_runs import Caller

pytestmark = pytest.mark.engine

Word = Field(pattern="^[a-z]{1,8}$")


class Section(BaseModel):
    heading: str = Word
    score: float
    done: bool


class Report(BaseModel):
    """Members of all kinds; the grammar holds the model to the shape, not to the calendar."""

    title: str
    state: Literal["draft", "final"]
    pages: int
    printed: date
    lead: Section
    sections: list[Section] = Field(max_length=4)
    owner: str | None = Field(pattern="^[a-z]{1,8}$")


def grew(before: Any, after: Any) -> bool:
    """Whether a value only became more: strings and lists longer, and all else the same."""
    if before is None:
        return True
    if before.__class__ is not after.__class__:
        return False
    if isinstance(before, str):
        return after.startswith(before)
    if isinstance(before, list):
        return len(before) <= len(after) and all(map(grew, before, after))
    if isinstance(before, BaseModel):
        return before.model_fields_set <= after.model_fields_set and all(
            grew(getattr(before, name), getattr(after, name)) for name in before.model_fields_set
        )
    return bool(before == after)


def check_snapshots(run: Run) -> None:
    snapshots = run.snapshots
    assert all(isinstance(snapshot, Report) for snapshot in snapshots)
    for before, after in itertools.pairwise(snapshots):
        assert grew(before, after), (before, after)
    if snapshots:
        text = run.stream.text
        assert all(f'"{name}"' in text for name in snapshots[-1].model_fields_set)


def ask(caller: Caller, mode: str, seed: int, max_tokens: int, *, controls: bool = False) -> Run:
    bias = SHORT_STRINGS | NO_STRAY_BYTES | ({} if controls else NO_CONTROLS)
    return caller.read(
        "create_partial",
        **asking(Report, "create_partial", mode, seed=seed, max_tokens=max_tokens, bias=bias),
    )


def verdict(text: str) -> Report | str:
    """What pydantic says of a whole text: the object, or the kind of the first error."""
    try:
        return Report.model_validate_json(text)
    except ValidationError as error:
        return error.errors()[0]["type"]


def test_an_object_grows_into_what_pydantic_makes_of_the_text(caller: Caller, mode: str) -> None:
    whole: list[int] = []
    for seed in seeds_until_twice(whole):
        run = ask(caller, mode, seed, 900)
        check_snapshots(run)
        expected = verdict(run.stream.text)
        if isinstance(expected, Report):
            assert run.error is None
            assert run.final == expected == run.snapshots[-1]
            assert run.final.model_fields_set == set(Report.model_fields)
            assert completeness(run.final, "sections") == "complete"
            whole.append(seed)
        else:
            assert run.stream.outcome.status in ("invalid", "truncated"), run.error
            assert run.final is None
    assert whole


@pytest.mark.parametrize("max_tokens", [1, 25, 60, 110])
def test_an_object_that_the_token_limit_cuts(caller: Caller, mode: str, max_tokens: int) -> None:
    run = ask(caller, mode, 2, max_tokens)
    check_snapshots(run)
    assert isinstance(run.error, IncompleteStreamError)
    assert run.stream.outcome.status == "truncated"
    assert run.error.tail == run.stream.text
    assert run.error.snapshot == (run.snapshots[-1] if run.snapshots else None)
    for name in run.snapshots[-1].model_fields_set if run.snapshots else ():
        assert completeness(run.snapshots[-1], name) in ("partial", "complete")


def test_control_characters_are_refused_where_they_stand(caller: Caller, mode: str) -> None:
    refused: list[int] = []
    for seed in seeds_until_twice(refused):
        run = ask(caller, mode, seed, 80, controls=True)
        check_snapshots(run)
        text = run.stream.text
        at = next((at for at, character in enumerate(text) if character < " "), None)
        if at is None:
            continue
        assert isinstance(run.error, JSONSyntaxError)
        assert run.error.offset == at == len(text) - 1, "at the very delta"
        assert run.error.path == ("title",)
        with pytest.raises(json.JSONDecodeError) as found:
            json.loads(text + '"}')
        assert found.value.pos == at
        refused.append(seed)
    assert refused
