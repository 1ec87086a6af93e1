"""Types of any shape, and documents that fit them: what the changes of all of them are held to."""

from __future__ import annotations

import enum
from dataclasses import make_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from typing import Annotated, Any, Literal, Optional
from uuid import UUID

from hypothesis import strategies as st
from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    RootModel,
    SecretStr,
    WrapSerializer,
    computed_field,
    field_serializer,
    model_serializer,
    model_validator,
)
from strategies import chances, spell, texts, values
from typing_extensions import NotRequired, Required, TypedDict

from partialstream import Atomic, Gate

Typed = tuple[Any, st.SearchStrategy[Any]]
"""A type, and the JSON values that fit it."""


class Kind(enum.Enum):
    A = "a"
    ONE = 1


class Tree(BaseModel):
    name: str
    children: list[Tree] = Field(default_factory=list)
    by_name: dict[str, Tree] = Field(default_factory=dict)


class Chain(TypedDict, total=False):
    text: Required[str]
    next: Optional[Chain]  # noqa: UP045 - evaluated, and a string in the class


class Dog(BaseModel):
    kind: Literal["dog"]
    bark: str
    loud: bool = True


class Cat(BaseModel):
    kind: Literal["cat", 7]
    purrs: list[str]


class Bird(TypedDict):
    kind: Literal["bird"]
    song: str


class Number(BaseModel):
    value: int


class Written(BaseModel):
    """A model that writes itself."""

    x: str
    y: list[str] = Field(default_factory=list)

    @model_serializer(mode="wrap")
    def write(self, handler: Any) -> Any:
        return {"written": handler(self), "size": len(self.y)}


NAMES = [
    "a",
    "b",
    "",
    "~",
    "/",
    "~0",
    "0",
    "1",
    "__proto__",
    "constructor",
    "prototype",
    "é",
    "\u2028",
]
STRINGS = [
    *("e\u0301", "👩\u200d👩\u200d👧", "🇩🇪", "\x00", "\x7f\x85", "\u2028\n", ']}"', "\\u0041"),
    *("…", "<br>", "data: x\n\n"),
]
names = st.sampled_from(NAMES)
strings = texts | st.sampled_from(STRINGS)
small = st.integers(-9, 9)


def few(fits: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(fits, max_size=3)


def members(**fits: Any) -> st.SearchStrategy[Any]:
    """Objects; members whose values are in a tuple may be missing."""
    optional = {name: fit[0] for name, fit in fits.items() if isinstance(fit, tuple)}
    required = {name: fit for name, fit in fits.items() if name not in optional}
    return st.fixed_dictionaries(required, optional=optional)


trees = st.recursive(
    members(name=strings),
    lambda inner: members(
        name=strings,
        children=(few(inner),),
        by_name=(st.dictionaries(names, inner, max_size=2),),
    ),
    max_leaves=4,
)
chains = st.recursive(
    members(text=strings), lambda inner: members(text=strings, next=st.none() | inner), max_leaves=4
)
numbers = members(value=small)

LEAVES: list[Typed] = [
    *[(str, strings)] * 3,
    (int, st.integers(-(2**70), 2**70)),
    (float, st.floats(allow_nan=False, allow_infinity=False) | small),
    (float, st.sampled_from([float("nan"), float("inf"), float("-inf")])),
    (bool, st.booleans()),
    (None, st.none()),
    (Decimal, st.decimals(allow_nan=False, allow_infinity=False, places=2).map(str)),
    (date, st.dates().map(str)),
    (datetime, st.datetimes().map(datetime.isoformat)),
    (time, st.times().map(time.isoformat)),
    (timedelta, st.sampled_from(["PT1H", "P3DT2S", 12.5])),
    (bytes, st.sampled_from(["abc", "", "é"])),
    (UUID, st.uuids().map(str)),
    (Kind, st.sampled_from(["a", 1])),
    (Literal["x", 3, None], st.sampled_from(["x", 3, None])),
    (SecretStr, strings),
    (Any, values),
    (Annotated[str, Atomic], strings),
    (Annotated[str, Field(min_length=1)], strings.filter(bool)),
    (Annotated[str, Field(pattern=r"^[a-z]*$")], st.sampled_from(["", "abc"])),
    (Annotated[str, AfterValidator(str.strip)], strings),
    (Annotated[str, BeforeValidator(lambda value: value)], strings),
    (Annotated[str, PlainSerializer(str.upper)], strings),
    (Annotated[str, WrapSerializer(lambda value, handler: handler(value) + "!")], strings),
    (Annotated[int, PlainSerializer(lambda number: {"n": number})], small),
    (list[Annotated[date, PlainSerializer(lambda day: [day.year])]], few(st.dates().map(str))),
    (set[int], few(small)),
    (Tree, trees),
    (Chain, chains),
    (Written, members(x=strings, y=(few(strings),))),
    (
        Annotated[Dog | Cat | Bird, Field(discriminator="kind")],
        members(kind=st.just("dog"), bark=strings, loud=(st.booleans(),))
        | members(kind=st.sampled_from(["cat", 7]), purrs=few(strings))
        | members(song=strings, kind=st.just("bird")),
    ),
    (str | int | list[str] | Number | None, st.none() | strings | small | few(strings) | numbers),
    (Number | Tree, numbers | trees),
    (Annotated[list[str], Atomic], few(strings)),
    (Annotated[Tree, Atomic], trees),
]


@st.composite
def types(draw: st.DrawFn, depth: int = 2) -> Typed:
    """Types of any kind."""
    if depth == 0 or draw(st.integers(0, 9)) < 4:
        return draw(st.sampled_from(LEAVES))
    kind = draw(st.sampled_from([*"llddtpori", "model", "model", "typed", "dataclass"]))
    if kind == "model":
        return draw(models(depth - 1))
    if kind in ("typed", "dataclass"):
        return draw(records(depth - 1, kind))
    inner, fits = draw(types(depth - 1))
    made: dict[str, Typed] = {
        "l": (list[inner], few(fits)),
        "d": (dict[str, inner], st.dictionaries(names | texts, fits, max_size=3)),
        "i": (dict[int, inner], st.dictionaries(st.integers(0, 9).map(str), fits, max_size=3)),
        "t": (tuple[inner, ...], few(fits)),
        "p": (tuple[inner, str], st.tuples(fits, strings).map(list)),
        "o": (Optional[inner], st.none() | fits),  # noqa: UP045 - it may be None
        "r": (RootModel[inner], fits),
    }
    return made[kind]


_number = count()


@st.composite
def records(draw: st.DrawFn, depth: int, kind: str) -> Typed:
    """TypedDicts and dataclasses."""
    name = f"{kind}{next(_number)}"
    fields = {f"f{n}": draw(types(depth)) for n in range(draw(st.integers(1, 4)))}
    fits = {key: fit for key, (_, fit) in fields.items()}
    if kind == "dataclass":
        made = make_dataclass(name, [(key, type_) for key, (type_, _) in fields.items()])
        return made, st.fixed_dictionaries(fits)
    if draw(st.booleans()):
        made = TypedDict(name, {key: type_ for key, (type_, _) in fields.items()})
        return made, st.fixed_dictionaries(fits)
    made = TypedDict(name, {key: NotRequired[type_] for key, (type_, _) in fields.items()})
    return made, st.fixed_dictionaries({}, optional=fits)


@st.composite
def models(draw: st.DrawFn, depth: int = 2) -> Typed:
    """Models, with all that says how they are read and written."""
    config: dict[str, Any] = {}
    namespace: dict[str, Any] = {"__module__": __name__, "__annotations__": {}}
    required: dict[str, Any] = {}
    optional: dict[str, Any] = {}
    for number in range(draw(st.integers(1, 4))):
        key = f"f{number}"
        type_, fits = draw(types(depth))
        options: dict[str, Any] = {}
        read_as = key
        style = draw(st.sampled_from(["", "", "", "", *"asxceg"]))
        if style == "a":
            read_as = options["alias"] = draw(names) + key
        elif style == "s":
            options["serialization_alias"] = draw(names) + key
        elif style == "c":
            read_as = f"{key}x"
            options["validation_alias"] = AliasChoices(read_as, f"{key}y")
        elif style == "x":
            options["exclude"] = True
        elif style == "e":
            options["exclude_if"] = lambda value: not value
        elif style == "g":
            type_ = Annotated[type_, Gate]
        (required if draw(st.integers(0, 3)) else optional)[read_as] = fits
        if read_as in optional:
            options["default"] = draw(st.sampled_from([None, "d", 3]))
        namespace["__annotations__"][key] = type_
        namespace[key] = Field(**options)
    if draw(st.booleans()):
        config["serialize_by_alias"] = draw(st.booleans())
    if draw(st.integers(0, 3)) == 0:
        config["extra"] = draw(st.sampled_from(["allow", "ignore"]))
        optional |= {"more": values, "x~/y": strings}
    if draw(st.integers(0, 4)) == 0:
        config |= {"ser_json_timedelta": "float", "ser_json_bytes": "base64"}
    if draw(st.integers(0, 4)) == 0:
        namespace["seen"] = computed_field(alias="Seen")(property(_seen))
    write = draw(st.sampled_from([None, None, None, _write, _write_last]))
    if write is not None:
        namespace["write"] = field_serializer("f0", mode="plain")(write)
    check = draw(st.sampled_from([None, None, ("after", _same), ("before", _same_data)]))
    if check is not None:
        namespace["check"] = model_validator(mode=check[0])(check[1])  # type: ignore[call-overload]
    namespace["model_config"] = ConfigDict(**config)
    made = type(f"Model{next(_number)}", (BaseModel,), namespace)
    return made, st.fixed_dictionaries(required, optional=optional)


def _seen(self: Any) -> list[str]:
    return sorted(map(str, self.__dict__))


def _write(self: Any, value: Any) -> Any:
    return [str(value)]


def _write_last(self: Any, value: Any) -> Any:
    """What looks at another field."""
    return str(getattr(self, list(type(self).model_fields)[-1]))


def _same(self: Any) -> Any:
    return self


def _same_data(cls: Any, data: Any) -> Any:
    return data


@st.composite
def any_texts(draw: st.DrawFn) -> tuple[Any, str]:
    """A type, and the text of an object or array that fits it."""
    type_, fits = draw(models() | types())
    value = draw(fits.filter(lambda value: isinstance(value, dict | list)))
    return type_, spell(value, draw(chances))
