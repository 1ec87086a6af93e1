"""Brackets in prose that lead nowhere are not read again for each level."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from growth import LINEAR, growth, seconds
from pydantic import BaseModel

from partialstream import ItemParser, PartialParser

if TYPE_CHECKING:
    from collections.abc import Callable

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


def text_of(unit: str, count: int, size: int) -> list[str]:
    text = "x " + unit * count + ' x "so" it is: {"name": "right"}'
    return [text[start : start + size] for start in range(0, len(text), size)]


@pytest.mark.parametrize("run", [items, growing])
@pytest.mark.parametrize(
    ("unit", "size"), [*((unit, 4) for unit in UNITS), *((unit, 1 << 30) for unit in UNITS[:3])]
)
def test_guesses_that_fail(unit: str, size: int, run: Callable[[list[str]], Any]) -> None:
    def make(count: int) -> Callable[[], None]:
        deltas = text_of(unit, count, size)

        def read() -> None:
            assert run(deltas) == [Named(name="right")]

        return read

    count = 500
    while seconds(make(count)) < ENOUGH and count * len(unit) < MOST:
        count *= 2
    assert growth(make, count) <= LINEAR, f"{count} times {unit!r}"


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
