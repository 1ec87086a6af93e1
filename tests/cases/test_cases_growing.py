"""Growing objects: what shows of scalars, strings, names and members while they arrive."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from case_models import Named
from partial_case import WAYS, Grows, Same, check_partial
from pydantic import BaseModel, RootModel

from partialstream import Atomic, Gate


class Count(BaseModel):
    n: int


class Measure(BaseModel):
    x: float


class Flags(BaseModel):
    a: bool
    b: bool | None


class Color(enum.Enum):
    RED = "red"
    DARK_RED = "red dark"


class Typed(BaseModel):
    color: Color | None = None
    size: Literal["S", "XL"] | None = None
    day: dt.date | None = None
    at: dt.datetime | None = None
    key: uuid.UUID | None = None
    price: Decimal | None = None


class Report(BaseModel):
    title: str
    sections: list[Section]


class Section(BaseModel):
    head: str
    bullets: list[str] = []


class Anything(BaseModel):
    v: Any


class Card(BaseModel):
    id: Annotated[int, Gate]
    title: str


class Cards(BaseModel):
    cards: list[Card]


class Place(BaseModel):
    name: Annotated[str, Atomic]
    note: str = ""


KEY = "12345678-1234-5678-1234-567812345678"

ROWS = [
    # Numbers and words.
    Grows(
        "an int that becomes a float is never shown",
        Count,
        [('{"n": 1', {}), (".5}", {})],
        status="invalid",
    ),
    Grows(
        "a number shows at its delimiter",
        Measure,
        [('{"x":1', {}), ("2", Same), (".", Same), ("5e", Same), ("3", Same), ("}", {"x": 12.5e3})],
    ),
    Grows("an exponent that goes on", Measure, [('{"x":1e+2', {}), ("3}", {"x": 1e23})]),
    Grows(
        "a number shows at a blank", Count, [('{"n":12', {}), (" ", {"n": 12}), ("}", {"n": 12})]
    ),
    Grows("a minus alone", Count, [('{"n":-', {}), ("1", Same), ("}", {"n": -1})]),
    Grows(
        "words are held back",
        Flags,
        [
            ('{"a":tru', {}),
            ("e", Same),
            (',"b":nul', {"a": True}),
            ("l", Same),
            ("}", {"a": True, "b": None}),
        ],
    ),
    Grows("not a number", Measure, [('{"x":N', {}), ("a", Same)], status="truncated"),
    Grows("a root number is complete only at the end", RootModel[int], [("1", Same), ("2", Same)]),
    Grows("a root word", RootModel[bool | None], [("tru", Same), ("e", Same), (" ", True)]),
    # Parsed strings.
    Grows(
        "an enum and a literal cut in the middle",
        Typed,
        [
            ('{"color":"red', {}),
            (" dark", Same),
            ('"', {"color": Color.DARK_RED}),
            (',"size":"X', Same),
            ('L"}', {"color": Color.DARK_RED, "size": "XL"}),
        ],
    ),
    Grows(
        "a date and a time cut in the middle",
        Typed,
        [
            ('{"day":"2024-01-0', {}),
            ('2"', {"day": dt.date(2024, 1, 2)}),
            (',"at":"2024-01-02T03:04', Same),
            (
                ':05"}',
                {
                    "day": dt.date(2024, 1, 2),
                    "at": dt.datetime(2024, 1, 2, 3, 4, 5),
                },
            ),
        ],
    ),
    Grows(
        "a UUID and a decimal cut in the middle",
        Typed,
        [
            (f'{{"key":"{KEY[:20]}', {}),
            (f'{KEY[20:]}"', {"key": uuid.UUID(KEY)}),
            (',"price":"1', Same),
            ('0.50"', {"key": uuid.UUID(KEY), "price": Decimal("10.50")}),
            ("}", {"key": uuid.UUID(KEY), "price": Decimal("10.50")}),
        ],
    ),
    Grows("a decimal number", Typed, [('{"price":10', {}), (".25}", {"price": Decimal("10.25")})]),
    # Strings.
    Grows(
        "a string grows",
        Named,
        [
            ('{"name":"', {"name": ""}),
            ("a", {"name": "a"}),
            ("b", {"name": "ab"}),
            ('"}', {"name": "ab"}),
        ],
    ),
    Grows(
        "a delta of nothing but structure",
        Named,
        [
            ("{", {}),
            ('"name"', Same),
            (":", Same),
            ('"', {"name": ""}),
            ('"', {"name": ""}),  # now it is complete
            ("}", {"name": ""}),
        ],
    ),
    # Names.
    Grows(
        "no partial name and no invented value",
        Named,
        [('{"na', {}), ('me"', Same), (":", Same)],
        status="truncated",
    ),
    Grows(
        "a member that the model does not know",
        Named,
        [('{"foo":"bar","foo', {}), ('":1}', {})],
        status="invalid",
    ),
    Grows("a name with an escape", Named, [('{"na\\u00', {}), ('6de":"a"}', {"name": "a"})]),
    Grows(
        "of two equal names the last wins",
        Count,
        [('{"n":1,', {"n": 1}), ('"n":2}', {"n": 2})],
        steady=False,
    ),
    # Nesting.
    Grows(
        "lists append and objects fill",
        Report,
        [
            ('{"title":"T","sections":[', {"title": "T", "sections": []}),
            ("{", {"title": "T", "sections": [{}]}),
            ('"head":"H', {"title": "T", "sections": [{"head": "H"}]}),
            ('","bullets":["a', {"title": "T", "sections": [{"head": "H", "bullets": ["a"]}]}),
            ('","', {"title": "T", "sections": [{"head": "H", "bullets": ["a", ""]}]}),
            (
                'b"]},{"head"',
                {"title": "T", "sections": [{"head": "H", "bullets": ["a", "b"]}, {}]},
            ),
            (
                ':"I"}',
                {"title": "T", "sections": [{"head": "H", "bullets": ["a", "b"]}, {"head": "I"}]},
            ),
            (
                "]}",
                {"title": "T", "sections": [{"head": "H", "bullets": ["a", "b"]}, {"head": "I"}]},
            ),
        ],
    ),
    Grows(
        "a member of any type",
        Anything,
        [
            ('{"v":{"a', {"v": {}}),
            ('":["x', {"v": {"a": ["x"]}}),
            ('",1', {"v": {"a": ["x"]}}),
            ("]", {"v": {"a": ["x", 1]}}),
            ("}}", {"v": {"a": ["x", 1]}}),
        ],
    ),
    # Marks.
    Grows(
        "an atomic member",
        Place,
        [
            ('{"name":"Bre', {}),
            ('men"', {"name": "Bremen"}),
            (',"note":"o', {"name": "Bremen", "note": "o"}),
            ('"}', {"name": "Bremen", "note": "o"}),
        ],
    ),
    Grows(
        "a gate hides its object",
        Cards,
        [
            ('{"cards":[{"title":"La', {"cards": []}),
            ('mp","id":1', Same),
            ("}", {"cards": [{"id": 1, "title": "Lamp"}]}),
            (
                ',{"id":2,"title":"R',
                {"cards": [{"id": 1, "title": "Lamp"}, {"id": 2, "title": "R"}]},
            ),
            ('ug"}]}', {"cards": [{"id": 1, "title": "Lamp"}, {"id": 2, "title": "Rug"}]}),
        ],
    ),
    # Around the object.
    Grows("prose behind", Named, [('⟨{"name":"a"}⟩', {"name": "a"}), (" done", Same)]),
    Grows(
        "prose before",
        Named,
        [("Here {x} is: ", Same), ('⟨{"name":"a"', {"name": "a"}), ("}⟩", {"name": "a"})],
    ),
    Grows(
        "a fence",
        Named,
        [
            ("``", Same),
            ("`json\n", Same),
            ('⟨{"name":"a"', {"name": "a"}),
            ("}⟩\n``", {"name": "a"}),
            ("`\n", Same),
        ],
    ),
    Grows(
        "thinking",
        Named,
        [
            ('<think>{"name":"x"}</think>', Same),
            ('⟨{"name":"a"', {"name": "a"}),
            ("}⟩", {"name": "a"}),
        ],
    ),
    # The end.
    Grows(
        "cut off",
        Report,
        [('{"title":"T', {"title": "T"}), ('","sec', {"title": "T"})],
        status="truncated",
        tail='{"title":"T","sec',
    ),
    Grows(
        "cut off by its length",
        Named,
        [('{"name":"T', {"name": "T"})],
        status="truncated",
        tail='{"name":"T',
        finish="length",
    ),
    Grows(
        "a missing member",
        Report,
        [('{"title":"T"', {"title": "T"}), ("}", {"title": "T"})],
        status="invalid",
    ),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", ROWS, ids=str)
def test_growing(case: Grows, way: str) -> None:
    check_partial(case, way)
