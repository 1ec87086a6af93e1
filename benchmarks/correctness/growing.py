"""Cases of growing objects in texts."""

from __future__ import annotations

import datetime as dt  # noqa: TC003 - pydantic reads the annotation
import enum

from pydantic import BaseModel

from benchmarks.correctness.case import growing


class Report(BaseModel):
    """A growing object."""

    title: str


class Measured(BaseModel):
    """A growing object with a number."""

    title: str
    size: float


class Colour(enum.Enum):
    """One member's value begins like the other's."""

    RED = "red"
    DARK_RED = "red dark"


class Dated(BaseModel):
    """A growing object whose strings are parsed."""

    day: dt.date
    title: str


class Coloured(BaseModel):
    """A growing object with an enum."""

    colour: Colour
    title: str


_GROWS = '{"title":"On·e tw·o thr·ee"·}'
_SHOWS = ((0, {"title": "On"}), (1, {"title": "One tw"}), (2, {"title": "One two thr"}))
_ONE = {"title": "One two three"}

CASES = [
    growing("a string grows on time", Report, _GROWS, shows=_SHOWS),
    growing("… through the sync API", Report, _GROWS, shows=_SHOWS, task="sync_growing"),
    growing("prose with brackets before", Report, "See [1] and {x}: ·" + _GROWS, final=_ONE),
    growing("prose behind", Report, _GROWS + "· That [is] {it}.", final=_ONE),
    growing("a Markdown fence", Report, "`·``·json·\n·" + _GROWS + "\n·```", final=_ONE),
    growing(
        "a think block before",
        Report,
        '<th·ink>{"title":"no"}</th·ink>' + _GROWS,
        final=_ONE,
    ),
    growing("half a number is not shown", Measured, '{"size":1·2·.·5e·3,·"title":"a·b"}'),
    growing(
        "half a date is not shown",
        Dated,
        '{"day":"2024-01-0·2",·"title":"a·b"}',
        task="typed",
        final={"day": {"date": "2024-01-02"}, "title": "ab"},
    ),
    growing(
        "half a word of an enum is not shown",
        Coloured,
        '{"colour":"red· dark",·"title":"a·b"}',
        task="typed",
        final={"colour": {"Colour": "red dark"}, "title": "ab"},
    ),
    growing("a surrogate pair, cut", Report, r'{"title":"a\ud83d·\ude·00·b"}'),
    growing("an escape, cut", Report, '{"title":"a\\·n\\u·00·e9\\·"b"}'),
    growing("U+0085 in a string", Report, '{"title":"a\x85·b"}'),
    growing(
        "cut off by length",
        Report,
        '{"title":"One· tw',
        final=_ONE,
        fails=True,
        finish="length",
    ),
    growing("an empty answer", Report, "", final={}, fails=True),
    growing("nothing but prose", Report, "I cannot ·help with that.", final={}, fails=True),
    growing(
        "an invalid escape", Report, '{"title":"App·\\·Http"}', final={"title": "App"}, fails=True
    ),
    growing(
        "malformed, not incomplete",
        Measured,
        '{"title":"a",·"size":4x·9}',
        final={"title": "a"},
        fails=True,
    ),
    growing("10,000 brackets", Report, "·".join(["[" * 1000] * 10), final={}, fails=True),
]
