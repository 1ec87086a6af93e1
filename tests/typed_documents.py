"""Models of many kinds, and documents that fit them, for the contract tests."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal  # noqa: TC003 - pydantic looks it up
from typing import Annotated, Any, Literal
from uuid import UUID  # noqa: TC003 - pydantic looks it up

from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, RootModel, TypeAdapter
from strategies import chances, spell, texts, values
from typing_extensions import TypedDict

Document = dict[str, Any]
Documents = st.SearchStrategy[Document]


class Flat(BaseModel):
    name: str
    price: float
    count: int = 0
    sold: bool | None = None


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Parsed(BaseModel):
    day: date
    at: datetime
    id: UUID
    cost: Decimal
    colour: Colour
    size: Literal["small", "large", 3]


class Section(BaseModel):
    heading: str = ""
    bullets: list[str] = Field(default_factory=list)
    flats: list[Flat] = Field(default_factory=list)


class Report(BaseModel):
    title: str
    first: Section | None = None
    sections: list[Section]


class Mapped(BaseModel):
    prices: dict[str, float]
    notes: dict[str, list[str]]
    anything: Any = None


class Cat(BaseModel):
    kind: Literal["cat"]
    purr: str


class Dog(BaseModel):
    kind: Literal["dog"]
    bark: list[str]


Pet = Annotated[Cat | Dog, Field(discriminator="kind")]


class Unions(BaseModel):
    value: str | int | list[str] | None
    pet: Pet
    pets: list[Pet] = Field(default_factory=list)
    either: Flat | list[Flat] | None = None


class Aliased(BaseModel):
    model_config = ConfigDict(extra="allow")
    name: str = Field(alias="fullName")
    tags: tuple[str, ...] = ()
    ids: set[int] = Field(default_factory=set)


class Tree(BaseModel):
    name: str
    children: list[Tree] = Field(default_factory=list)


class Pair(TypedDict):
    left: str
    right: list[int]


class Rows(RootModel[list[Pair]]):
    pass


@dataclass
class Point:
    x: float
    label: str


def _record(**members: st.SearchStrategy[Any]) -> Documents:
    return st.fixed_dictionaries(members)


def _with(required: Documents, **optional: st.SearchStrategy[Any]) -> Documents:
    return st.tuples(required, st.fixed_dictionaries({}, optional=optional)).map(
        lambda parts: {**parts[0], **parts[1]}
    )


def _few(elements: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(elements, max_size=3)


_floats = st.floats(-1e9, 1e9)
_flats = _with(
    _record(name=texts, price=_floats | st.integers(-9, 9)),
    count=st.integers(-(10**20), 10**20),
    sold=st.none() | st.booleans(),
)
_parsed = _record(
    day=st.dates().map(str),
    at=st.datetimes().map(datetime.isoformat),
    id=st.uuids().map(str),
    cost=st.decimals(allow_nan=False, allow_infinity=False, places=2).map(str),
    colour=st.sampled_from(["red", "blue"]),
    size=st.sampled_from(["small", "large", 3]),
)
_sections = st.fixed_dictionaries(
    {}, optional={"heading": texts, "bullets": _few(texts), "flats": _few(_flats)}
)
_reports = _with(
    _record(title=texts, sections=_few(_sections)), first=st.none() | _sections, unknown=values
)
_maps = _with(
    _record(
        prices=st.dictionaries(texts, _floats, max_size=3),
        notes=st.dictionaries(texts, _few(texts), max_size=3),
    ),
    anything=values,
)
_pets = _record(kind=st.just("cat"), purr=texts) | _record(kind=st.just("dog"), bark=_few(texts))
_unions = _with(
    _record(value=st.none() | texts | st.integers(-99, 99) | _few(texts), pet=_pets),
    pets=_few(_pets),
    either=st.none() | _flats | _few(_flats),
)
_aliased = _with(
    _record(fullName=texts), tags=_few(texts), ids=_few(st.integers(0, 9)), extra=values
)
_trees: Documents = st.recursive(
    _record(name=texts),
    lambda trees: _record(name=texts, children=st.lists(trees, max_size=2)),
    max_leaves=4,
)
_rows = _few(_record(left=texts, right=_few(st.integers(0, 99))))

DOCUMENTS: dict[type[BaseModel], st.SearchStrategy[Any]] = {
    Flat: _flats,
    Parsed: _parsed,
    Report: _reports,
    Mapped: _maps,
    Unions: _unions,
    Aliased: _aliased,
    Tree: _trees,
    Rows: _rows,
}

ITEMS: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (Flat, _flats),
    (Parsed, _parsed),
    (Section, _sections),
    (Report, _reports),
    (Pet, _pets),
    (Tree, _trees),
    (Pair, _record(left=texts, right=_few(st.integers(0, 99)))),
    (Point, _record(x=_floats, label=texts)),
    (str, texts),
    (int, st.integers(-(10**20), 10**20)),
    (float, _floats),
    (bool, st.booleans()),
    (list[str], _few(texts)),
    (Flat | None, st.none() | _flats),
    (dict[str, int], st.dictionaries(texts, st.integers(0, 99), max_size=3)),
    (Any, values),
]


def _shuffled(value: Any, chance: Any) -> Any:
    """The same with the members of its objects in another order."""
    if isinstance(value, dict):
        names = list(value)
        chance.shuffle(names)
        return {name: _shuffled(value[name], chance) for name in names}
    if isinstance(value, list):
        return [_shuffled(element, chance) for element in value]
    return value


def _spelled(value: Any, chance: Any) -> str:
    return spell(_shuffled(value, chance) if chance.random() < 0.3 else value, chance)


@st.composite
def typed_texts(draw: st.DrawFn) -> tuple[type[BaseModel], str]:
    """A model and a document that fits it, as text."""
    model = draw(st.sampled_from(list(DOCUMENTS)))
    return model, _spelled(draw(DOCUMENTS[model]), draw(chances))


@st.composite
def item_texts(draw: st.DrawFn) -> tuple[Any, list[str]]:
    """The type of an item, and items as texts."""
    type_, elements = draw(st.sampled_from(ITEMS))
    items = draw(st.lists(elements, max_size=4))
    chance = draw(chances)
    return type_, [_spelled(item, chance) for item in items]


def validate(type_: Any, text: str) -> Any:
    """What pydantic says."""
    return TypeAdapter(type_).validate_json(text)
