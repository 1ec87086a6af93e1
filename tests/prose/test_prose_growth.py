"""Brackets in prose that lead nowhere are not read again for each level."""

from __future__ import annotations

import gc
from time import process_time
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from partialstream import ItemParser, PartialParser

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT = 2.6  # 2 is linear, 4 is quadratic
ATTEMPTS = 5  # other programs disturb single measurements
ENOUGH = 0.04  # seconds that a measurement takes at least
MOST = 100_000  # characters


class Named(BaseModel):
    name: str


UNITS = (
    *('{"a":', "[", '{"[":["', '["', '{"', '{"a":[', '[{"a":', '["x",', '{"a":1,"b":', '["\\"'),
    *('{"{":"', "{}", "{x}", '[{"zzz": 1}]', '{"meta": {"name": 1}}', "<", "``` ", "</think"),
)


def items(deltas: list[str]) -> Any:
    parser = ItemParser(Named)
    found: list[Named] = []
    for delta in deltas:
        found += parser.feed(delta)
    return found + parser.finish()


def growing(deltas: list[str]) -> Any:
    parser = PartialParser(Named)
    for delta in deltas:
        parser.feed(delta)
    return [parser.finish()]


def seconds(run: Callable[[list[str]], Any], deltas: list[str]) -> float:
    gc.collect()
    gc.disable()
    try:
        start = process_time()
        found = run(deltas)
        spent = process_time() - start
    finally:
        gc.enable()
    assert found == [Named(name="right")]
    return spent


def text_of(unit: str, count: int, size: int) -> list[str]:
    text = "x " + unit * count + ' x "so" it is: {"name": "right"}'
    return [text[start : start + size] for start in range(0, len(text), size)]


@pytest.mark.parametrize("run", [items, growing])
@pytest.mark.parametrize(
    ("unit", "size"), [*((unit, 4) for unit in UNITS), *((unit, 1 << 30) for unit in UNITS[:3])]
)
def test_guesses_that_fail(unit: str, size: int, run: Callable[[list[str]], Any]) -> None:
    count = 500
    while True:
        spent = seconds(run, text_of(unit, count, size))
        if spent >= ENOUGH or count * len(unit) >= MOST:
            break
        count *= 2
    growth = float("inf")
    for _ in range(ATTEMPTS):
        twice = seconds(run, text_of(unit, 2 * count, size))
        growth = min(growth, twice / seconds(run, text_of(unit, count, size)))
        if growth <= LIMIT:
            break
    assert growth <= LIMIT, f"{count} times {unit!r}"


@pytest.mark.parametrize("run", [items, growing])
@pytest.mark.parametrize("unit", ["[", '{"a":', '{"a":[', '[{"a":'])
@pytest.mark.parametrize("depth", [10, 99, 100, 101, 199, 200, 201, 202, 500])
def test_a_guess_that_is_too_deep_is_prose(
    unit: str, run: Callable[[list[str]], Any], depth: int
) -> None:
    closing = {"[": "]", "{": "}"}
    closed = "".join(closing[char] for char in reversed(unit) if char in closing)
    core = "0" if unit[-1] == ":" else ""
    for text in (
        f"x {unit * depth} and so on",
        f"x {unit * depth}{core}{closed * depth} and so on",
    ):
        whole = text + ': {"name": "right"}'
        assert run([whole]) == [Named(name="right")]
        assert run(list(whole)) == [Named(name="right")]
