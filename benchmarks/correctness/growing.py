"""Cases of growing objects in texts."""

from __future__ import annotations

import datetime as dt  # noqa: TC003 - pydantic reads the annotation
import enum
from decimal import Decimal  # noqa: TC003 - as above
from typing import Literal
from uuid import UUID  # noqa: TC003 - as above

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    computed_field,
    field_validator,
    model_validator,
)
from pydantic_core.core_schema import ValidationInfo  # noqa: TC002 - as above

from benchmarks.correctness.case import growing


class Report(BaseModel):
    """A growing object."""

    title: str


class Measured(BaseModel):
    """A growing object with a number."""

    title: str
    size: float


class Counted(BaseModel):
    """A growing object with a whole number."""

    size: int


class Flagged(BaseModel):
    """A growing object with words that are no strings."""

    ok: bool
    note: str | None
    title: str


class Colour(enum.Enum):
    """One member's value begins like the other's."""

    RED = "red"
    DARK_RED = "red dark"


class Dated(BaseModel):
    """A growing object whose strings are parsed."""

    day: dt.date
    title: str


class Priced(BaseModel):
    """The same, with a number that has no rounding errors."""

    price: Decimal
    title: str


class Identified(BaseModel):
    """The same, with an identifier."""

    key: UUID
    title: str


class Coloured(BaseModel):
    """A growing object with an enum."""

    colour: Colour
    title: str


class Painted(BaseModel):
    """A growing object with a choice of words."""

    colour: Literal["red", "red dark"]
    title: str


class Open(BaseModel):
    """A growing object with members that nobody foresaw."""

    model_config = ConfigDict(extra="allow")

    title: str


class Renamed(BaseModel):
    """A growing object whose JSON has other names."""

    title: str = Field(validation_alias=AliasChoices("Title", "heading"))


class Node(BaseModel):
    """A growing object in growing objects."""

    title: str
    parts: list[Node] = Field(default_factory=list)


class Frozen(BaseModel):
    """A growing object that does not let its members be set; no other members, exact types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    day: dt.date
    title: str


class Ranged(BaseModel):
    """A growing object whose validators look at other members."""

    low: int
    high: int
    title: str

    @field_validator("high")
    @classmethod
    def _above(cls, value: int, info: ValidationInfo) -> int:
        if value < info.data["low"]:
            raise ValueError("high is below low")
        return value

    @model_validator(mode="after")
    def _check(self) -> Ranged:
        if self.high - self.low > 10:
            raise ValueError("too wide")
        return self

    @computed_field
    @property
    def width(self) -> int:
        """From low to high."""
        return self.high - self.low


_GROWS = '{"title":"On·e tw·o thr·ee"·}'
_SHOWS = ((0, {"title": "On"}), (1, {"title": "One tw"}), (2, {"title": "One two thr"}))
_ONE = {"title": "One two three"}
_AB = {"title": "ab"}
_KEY = "12345678-1234-5678-1234-567812345678"

_PLACES = [
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
]

_SCALARS = [
    growing("half a number is not shown", Measured, '{"size":1·2·.·5e·3,·"title":"a·b"}'),
    growing("1e+2·3", Measured, '{"size":1e+2·3,·"title":"a·b"}'),
    growing("-·1", Measured, '{"size":-·1,·"title":"a·b"}'),
    growing(
        "1·.5 is never shown as 1", Counted, '{"size":1·.5·}', task="typed", final={}, fails=True
    ),
    growing(
        "tr·ue, nul·l",
        Flagged,
        '{"ok":tr·ue,·"note":nul·l,"title":"a·b"}',
        final={"ok": True, **_AB},  # what is null counts as not shown
    ),
    growing(
        "half a date is not shown",
        Dated,
        '{"day":"2024-01-0·2",·"title":"a·b"}',
        task="typed",
        final={"day": {"date": "2024-01-02"}, **_AB},
        whole=("day",),
    ),
    growing(
        "half a Decimal is not shown",
        Priced,
        '{"price":"1·2.5·0",·"title":"a·b"}',
        task="typed",
        final={"price": {"Decimal": "12.50"}, **_AB},
        whole=("price",),
    ),
    growing(
        "half a UUID is not shown",
        Identified,
        f'{{"key":"{_KEY[:8]}·{_KEY[8:]}",·"title":"a·b"}}',
        task="typed",
        final={"key": {"UUID": _KEY}, **_AB},
        whole=("key",),
    ),
    growing(
        "half a word of an enum is not shown",
        Coloured,
        '{"colour":"red· dark",·"title":"a·b"}',
        task="typed",
        final={"colour": {"Colour": "red dark"}, **_AB},
        whole=("colour",),
    ),
    growing(
        "half a word of a choice is not shown",
        Painted,
        '{"colour":"re·d· dark",·"title":"a·b"}',
        task="typed",
        whole=("colour",),
    ),
]

_STRINGS = [
    growing("a surrogate pair, cut", Report, r'{"title":"a\ud83d·\ude·00·b"}'),
    growing("an escape, cut", Report, '{"title":"a\\·n\\u·00·e9\\·"b"}'),
    growing("a lone surrogate", Report, r'{"title":"\ud83d"·}', final={"title": ""}, fails=True),
    growing("U+0085 in a string", Report, '{"title":"a\x85·b"}'),
    growing(
        "a raw line break: kept, or an error",
        Report,
        '{"title":"a\n·b"}',
        final={"title": "a\nb"},
        refusable=True,
    ),
    growing(
        "an invalid escape", Report, '{"title":"App·\\·Http"}', final={"title": "App"}, fails=True
    ),
]

_MEMBERS = [
    growing("half a name is not shown", Open, '{"title":"a",·"ti·tle2"·:"b"}'),
    growing("no value is made up", Open, '{"title"·:·"a",·"n":·4}'),
    growing("other names", Renamed, '{"heading":"a·b"}', task="typed", final=_AB),
    growing("a recursive model", Node, '{"title":"a","parts":[{"title":"b·","parts":[]}·]}'),
    growing(
        "a frozen, strict model",
        Frozen,
        '{"day":"2024-01-0·2",·"title":"a·b"}',
        task="typed",
        final={"day": {"date": "2024-01-02"}, **_AB},
        whole=("day",),
    ),
    growing(
        "validators that look at other members",
        Ranged,
        '{"low":1,·"high":2·,"title":"a·b"}',
        task="typed",
        final={"low": 1, "high": 2, **_AB},
    ),
    growing(
        "a validator of the whole refuses",
        Ranged,
        '{"low":1,·"high":20·,"title":"a·b"}',
        task="typed",
        final={"low": 1, "high": 20, **_AB},
        fails=True,
    ),
]

_ENDS = [
    growing(
        "cut off by length",
        Report,
        '{"title":"One· tw',
        final=_ONE,
        fails=True,
        finish="length",
    ),
    growing("cut off behind a value", Measured, '{"title":"a"·', final={"title": "a"}, fails=True),
    growing("an empty answer", Report, "", final={}, fails=True),
    growing("nothing but blanks", Report, " \n· ", final={}, fails=True),
    growing("nothing but prose", Report, "I cannot ·help with that.", final={}, fails=True),
]

_MALFORMED = [
    growing(
        "malformed, not incomplete",
        Measured,
        '{"title":"a",·"size":4x·9}',
        final={"title": "a"},
        fails=True,
    ),
    growing(
        '{"size":1x, and no more',
        Measured,
        '{"title":"a","size":1x',
        final={"title": "a"},
        fails=True,
    ),
    growing("no comma", Measured, '{"title":"a"· "size":4}', final={"title": "a"}, fails=True),
    growing("no colon", Report, '{"title" ·"a"}', final={}, fails=True),
    growing("a bracket too many", Report, '{"title":"a"}·}', final={"title": "a"}, fails=True),
    growing("10,000 brackets", Report, "·".join(["[" * 1000] * 10), final={}, fails=True),
    growing(
        "blanks without end",
        Report,
        '{"title":"a",·' + "·".join([" " * 1000] * 10),
        final={"title": "a"},
        fails=True,
    ),
]

CASES = [*_PLACES, *_SCALARS, *_STRINGS, *_MEMBERS, *_ENDS, *_MALFORMED]
