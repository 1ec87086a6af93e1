"""Lists from a real engine: real sampling under a grammar, real server-sent events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest
from engine_runs import Run, asking, listed, seeds_until_twice
from openai import InternalServerError
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from vocabulary import (
    ENDLESS_LISTS,
    NO_CONTROLS,
    NO_STRAY_BYTES,
    SHORT_LISTS,
    SHORT_STRINGS,
    ending,
)

from partialstream import IncompleteStreamError, Item, JSONSyntaxError, TextDelta

if TYPE_CHECKING:
    from engine_runs import Caller

pytestmark = pytest.mark.engine


class Product(BaseModel):
    """All of which the grammar can say, so every answer is valid as far as it goes."""

    name: str = Field(pattern="^[a-z ]{1,12}$")
    kind: Literal["lamp", "rug", "shelf"]
    stock: int
    price: float
    sold: bool | None
    tags: list[Literal["new", "blue"]] = Field(max_length=3)


class Note(BaseModel):
    """A free string, which the engine's grammar lets hold every character."""

    text: str
    grade: int


def check_items(run: Run, type_: type[BaseModel]) -> None:
    """What was delivered is what pydantic makes of the text, and it was in time."""
    raws = listed(run.stream.text).raws[: len(run.items)]
    assert [item.raw for item in run.items] == raws
    assert [item.index for item in run.items] == list(range(len(raws)))
    assert [item.path for item in run.items] == [("items", index) for index in range(len(raws))]
    adapter = TypeAdapter(type_)
    assert [item.value for item in run.items] == [adapter.validate_json(raw) for raw in raws]
    so_far = ""
    for event in run.events:
        if isinstance(event, TextDelta):
            so_far += event.text
        elif isinstance(event, Item):
            assert so_far.endswith(event.raw), "delivered with its last character"


def test_each_item_is_what_pydantic_makes_of_its_text(caller: Caller, mode: str) -> None:
    delivered = 0
    for seed in range(5):
        run = caller.read(
            "create_iterable",
            **asking(
                Product,
                "create_iterable",
                mode,
                seed=seed,
                max_tokens=1500,
                bias=NO_STRAY_BYTES | SHORT_LISTS,
            ),
        )
        assert run.error is None
        found = listed(run.stream.text)
        assert found.ended
        assert len(run.items) == len(found.raws)
        check_items(run, Product)
        assert run.stream.outcome.ok
        assert run.stream.outcome.finish_reason == ("tool_calls" if mode == "tools" else "stop")
        assert run.stream.usage is None, "the engine does not tell it in streams"
        delivered += len(run.items)
    assert delivered


@pytest.mark.parametrize("max_tokens", [1, 40, 250, 333])
def test_a_list_that_the_token_limit_cuts(caller: Caller, mode: str, max_tokens: int) -> None:
    run = caller.read(
        "create_iterable",
        **asking(
            Product,
            "create_iterable",
            mode,
            seed=1,
            max_tokens=max_tokens,
            bias=NO_STRAY_BYTES | ENDLESS_LISTS,
        ),
    )
    found = listed(run.stream.text)
    assert len(run.items) == len(found.raws)
    check_items(run, Product)
    assert isinstance(run.error, IncompleteStreamError)
    assert run.error.outcome == run.stream.outcome
    assert run.stream.outcome.status == "truncated"
    # Of a tool call the engine says that it ended well, however it ended.
    assert run.stream.outcome.finish_reason == ("tool_calls" if mode == "tools" else "length")
    if "[" in run.stream.text:
        assert run.error.tail == (found.rest if found.rest.startswith("{") else "")
    assert run.error.delivered == len(run.items)


def verdict(text: str) -> tuple[int, str]:
    """How many items a list of notes gives, and how it ends."""
    found = listed(text)
    for count, raw in enumerate(found.raws):
        try:
            Note.model_validate_json(raw)
        except ValidationError:
            return count, "invalid"
    if any(character < " " for character in found.rest):
        return len(found.raws), "invalid"
    return len(found.raws), "complete" if found.ended else "truncated"


FREEDOMS = {
    "all bytes": SHORT_STRINGS,
    "all characters": SHORT_STRINGS | NO_STRAY_BYTES,
    "no control characters": SHORT_STRINGS | NO_STRAY_BYTES | NO_CONTROLS,
}


@pytest.mark.parametrize("freedom", FREEDOMS)
def test_free_strings_are_as_good_as_pydantic_finds_them(
    caller: Caller, mode: str, freedom: str
) -> None:
    controls = "control" not in freedom
    seen: list[int] = []
    for seed in seeds_until_twice(seen):
        biases = FREEDOMS[freedom] | ending(-2.0)
        run = caller.read(
            "create_iterable",
            **asking(Note, "create_iterable", mode, seed=seed, max_tokens=120, bias=biases),
        )
        text = run.stream.text
        count, end = verdict(text)
        assert len(run.items) == count
        check_items(run, Note)
        assert run.stream.outcome.status == end, (text, run.error)
        if isinstance(run.error, JSONSyntaxError):
            assert (run.error.line, run.error.column) == place(text, run.error.offset)
            assert run.error.path[:2] == ("items", count)
            if controls:
                assert text[run.error.offset] < " "
        if controls == (end == "invalid"):
            seen.append(seed)
    assert seen


def place(text: str, offset: int) -> tuple[int, int]:
    """Line and column of an offset, both counted from 1."""
    before = text[:offset].split("\n")
    return len(before), len(before[-1]) + 1


def test_probabilities_of_the_engine_are_told_of_members(caller: Caller, mode: str) -> None:
    run = caller.read(
        "create_iterable",
        **asking(
            Note,
            "create_iterable",
            mode,
            seed=3,
            max_tokens=200,
            bias=SHORT_STRINGS | NO_STRAY_BYTES | NO_CONTROLS | ENDLESS_LISTS,
            logprobs=True,
            top_logprobs=2,
        ),
    )
    assert run.items
    check_items(run, Note)
    for item in run.items:
        confidence = dict(item.confidence or {})
        assert set(confidence) == {("text",), ("grade",)}
        assert all(0 < probability <= 1 for probability in confidence.values())


def test_a_mode_that_the_engine_does_not_know_is_the_sdks_error(caller: Caller) -> None:
    run = caller.read(
        "create_iterable", **asking(Product, "create_iterable", "json_schema", max_tokens=10)
    )
    assert run.items == []
    assert isinstance(run.error, InternalServerError)
    assert "json_schema" in str(run.error)
