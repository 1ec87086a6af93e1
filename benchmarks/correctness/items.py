"""Cases of items in texts."""

from __future__ import annotations

from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, RootModel, field_validator, model_validator

from benchmarks.correctness.case import items

T = TypeVar("T")


class Named(BaseModel):
    """An item."""

    name: str


class Aged(BaseModel):
    """An item that may be invalid."""

    name: str
    age: Annotated[int, Field(ge=0)]


class Cat(BaseModel):
    """One of two kinds."""

    kind: Literal["cat"]
    name: str


class Dog(BaseModel):
    """The other one."""

    kind: Literal["dog"]
    name: str
    size: int = 0


class Renamed(BaseModel):
    """An item whose JSON has another name."""

    model_config = ConfigDict(populate_by_name=True)

    name: str = Field(alias="productName")


class Tree(BaseModel):
    """An item in items."""

    name: str
    parts: list[Tree]


class Box(BaseModel, Generic[T]):
    """A generic item."""

    held: T


class Names(RootModel[list[str]]):
    """An item that is no object."""


class Checked(BaseModel):
    """An item that all validators look at; what they make of it is its value."""

    low: int
    high: int

    @field_validator("low", mode="before")
    @classmethod
    def _strip(cls, value: object) -> object:
        return value.strip() if isinstance(value, str) else value

    @model_validator(mode="after")
    def _check(self) -> Checked:
        if self.low > self.high:
            raise ValueError("low is more than high")
        return self


AB = '{"items":[⟨{"name":"a"}⟩·,⟨{"name":"b"}⟩·]}'

_PLACES = [
    items(
        "items on time",
        Named,
        '{"items"·:[⟨{"name"·:"a"}⟩·,⟨{"na·me":"b"}⟩·,·⟨{"name":"c"}⟩]}',
    ),
    items("the last item comes before ]}", Named, '{"items":[⟨{"name":"a"}⟩·,⟨{"name":"b"}⟩·]·}'),
    items("several items in a delta", Named, '{"items":[·⟨{"name":"a"}⟩,⟨{"name":"b"}⟩·]}'),
    items("objects in a row", Named, '⟨{"name":"a"}⟩·⟨{"na·me":"b"}⟩', path=None),
    items("objects on lines", Named, '⟨{"name":"a"}⟩·\n⟨{"na·me":"b"}⟩·\n', path=None),
    items("a list without an object around", Named, '[·⟨{"name":"a"}⟩·,⟨{"name":"b"}⟩·]', path=""),
    items(
        "two documents run together",
        Named,
        '{"items":[⟨{"name":"a"}⟩]·}{"items":[·⟨{"name":"b"}⟩]}',
    ),
    items("prose with brackets before", Named, "Here are [2] {i·tems}: ·" + AB),
    items("prose with braces before", Named, 'Note {x}·: [⟨{"name":"a"}⟩·]', path=""),
    items("prose behind", Named, AB + "· Let me know [if] {more}!"),
    items("a Markdown fence", Named, "`·``·json·\n·" + AB + "\n·```"),
    items("text behind a Markdown fence", Named, "```json\n" + AB + "\n·``·`\nThat is [it]."),
    items("a think block before", Named, '<th·ink>a list [a] or {"name":"x"}?</th·ink>' + AB),
    items("a think block that opens nowhere", Named, "a list [a] or {x}?</th·ink>·" + AB),
    items("</think> in a string", Named, '{"items":[⟨{"name":"</th·ink>"}⟩·,⟨{"name":"b"}⟩·]}'),
    items(
        "other arrays beside the list",
        Named,
        '{"meta":[{"k":1}],·"items":[⟨{"name":"a"}⟩·,⟨{"name":"b"}⟩],·"other":[{"z":1}]}',
    ),
    items("a bracket in a string before", Named, '{"note":"see [1]",·"items":[⟨{"name":"a"}⟩·]}'),
    items("blanks and blank deltas", Named, ' ·\n·{"items"· ·:\t[··⟨{"name": ·"a"}⟩·\n· ]·}· '),
]

_TYPES = [
    items("strings as items", str, '{"items":[⟨"x"⟩·,⟨"y·z"⟩·]}'),
    items("numbers as items", int, '{"items":[⟨1⟩,·⟨2·0⟩,·⟨3⟩·]}'),
    items(
        "scalars of all kinds", int | float | bool | None, "[⟨1⟩·,⟨2·.5⟩,⟨nu·ll⟩,·⟨true⟩]", path=""
    ),
    items("1e+2·3", float, "[⟨1e+2·3⟩·,⟨-·0.5⟩·]", path=""),
    items("null or an object", Named | None, '[⟨nul·l⟩,⟨{"name":"a"}⟩·]', path=""),
    items("lists as items", list[int], "[⟨[1,2]⟩·,⟨[·3]⟩·]", path=""),
    items(
        "a union whose members overlap",
        Named | Aged,
        '{"items":[⟨{"name":"a","age":1}⟩·,⟨{"name":"b"}⟩·]}',
    ),
    items(
        "a union with a discriminator",
        Annotated[Cat | Dog, Field(discriminator="kind")],
        '{"items":[⟨{"name":"a",·"kind":"dog","size":2}⟩·,⟨{"kind":"cat","name":"b"}⟩·]}',
    ),
    items("a recursive type", Tree, '[⟨{"name":"a","parts":[{"name":"b","parts":[]}]}⟩·]', path=""),
    items("a generic type", Box[list[int]], '{"items":[⟨{"held":[1,·2]}⟩·,⟨{"held":[]}⟩·]}'),
    items("a root model", Names, '[⟨["a","·b"]⟩·,⟨[]⟩·]', path=""),
    items("validators look at whole items", Checked, '[⟨{"low":1,·"high":2}⟩·]', path=""),
    items(
        "a validator refuses an item",
        Checked,
        '[⟨{"low":1,"high":2}⟩·,{"low":3,·"high":2}·,⟨{"low":4,"high":5}⟩·]',
        path="",
        fails=True,
    ),
    items(
        "an invalid item in the middle",
        Aged,
        '{"items":[⟨{"name":"a","age":1}⟩·,{"name":"b","age":-2},·⟨{"name":"c","age":3}⟩·]}',
        fails=True,
    ),
    items("a name twice: the last one counts", Named, '[⟨{"name":"x",·"name":"a"}⟩·]', path=""),
]

_STRINGS = [
    items(
        "braces and escapes in strings",
        Named,
        r'{"items":[⟨{"name":"}·{]\"\\"}⟩·,⟨{"name":"\\·\"}"}⟩·,⟨{"name":"[,"}⟩]}',
    ),
    items(
        "a surrogate pair, cut",
        Named,
        r'{"items":[⟨{"name":"\ud83d·\ude00"}⟩·,⟨{"name":"\u00·e9"}⟩·]}',
    ),
    items("a lone surrogate", Named, r'{"items":[⟨{"name":"a"}⟩·,{"name":"\ud83d"}·]}', fails=True),
    items("U+0085 in a string", Named, '{"items":[⟨{"name":"a\x85b"}⟩·,⟨{"name":"\u2028"}⟩·]}'),
    items(
        "an invalid escape",
        Named,
        '{"items":[⟨{"name":"a"}⟩·,{"name":"App\\Http"},{"name":"c"}·]}',
        fails=True,
    ),
]

_ENDS = [
    items(
        "cut off by length",
        Named,
        '{"items":[⟨{"name":"a"}⟩·,{"name":"b',
        fails=True,
        finish="length",
    ),
    items(
        "cut off, and said to be done",
        Named,
        '{"items":[⟨{"name":"a"}⟩·,{"name":"b',
        fails=True,
        finish="tool_calls",
    ),
    items("cut off between two items", Named, '{"items":[⟨{"name":"a"}⟩·,', fails=True),
    items(
        "stopped by a content filter",
        Named,
        '{"items":[⟨{"name":"a"}⟩·,{"name":"b',
        fails=True,
        finish="content_filter",
    ),
    items("an empty answer", Named, "", fails=True),
    items("nothing but blanks", Named, " \n· ", fails=True),
    items("nothing but prose", Named, "I cannot ·help with that.", fails=True),
    items("an empty list is no failure", Named, '{"items"·:[]·}'),
]

_MALFORMED = [
    items(
        "malformed, not incomplete",
        Aged,
        '{"items":[⟨{"name":"a","age":1}⟩·,{"name":"b","age":4x9·}]}',
        fails=True,
    ),
    items("[1 2", int, "[⟨1⟩ ·2", fails=True, path=""),
    items("[1]]", int, "[⟨1⟩·]·]", fails=True, path=""),
    items("no colon", Named, '[⟨{"name":"a"}⟩,·{"name" ·"b"}]', fails=True, path=""),
    items("10,000 brackets", Named, "·".join(["[" * 1000] * 10), fails=True, path=""),
    items(
        "blanks without end",
        Named,
        '{"items":[⟨{"name":"a"}⟩·,' + "·".join([" " * 1000] * 10),
        fails=True,
    ),
]

CASES = [*_PLACES, *_TYPES, *_STRINGS, *_ENDS, *_MALFORMED]
