"""However a model writes itself as JSON: the changes lead there, and never show what it hides."""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass
from datetime import date, timedelta  # noqa: TC003 - pydantic looks them up
from decimal import Decimal  # noqa: TC003 - as above
from typing import Annotated, Any, Literal

import pytest
from arrived import State
from pydantic import (
    AliasChoices,
    AliasPath,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    RootModel,
    SecretStr,
    SerializeAsAny,
    WrapSerializer,
    computed_field,
    field_serializer,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic.alias_generators import to_camel
from strategies import cut_by, cut_everywhere, cut_whole
from typing_extensions import TypedDict

from partialstream.engine.changes import Recording
from partialstream.validation.recording import RecordingParser


class Camel(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, serialize_by_alias=True)
    first_name: str
    last_names: list[str]


class Mixed(BaseModel):
    model_config = ConfigDict(populate_by_name=True)
    a: str = Field(validation_alias=AliasChoices("x", "a"), serialization_alias="A")
    inner: list[Camel]


class Pathed(BaseModel):
    name: str = Field(validation_alias=AliasPath("names", 0))
    other: str


class Whole(BaseModel):
    x: str

    @model_serializer
    def write(self) -> str:
        return f"<{self.x}>"


class HasWhole(BaseModel):
    parts: list[Whole]
    by_name: dict[str, Whole]
    one: Whole | None = None
    text: str


class Point(TypedDict, total=False):
    at: date
    label: str


class Kinds(enum.Enum):
    A = "a"


@dataclass
class Data:
    x: Decimal
    label: str


class Scalars(BaseModel):
    day: date
    days: list[date]
    by_day: dict[str, date]
    points: list[Point]
    kind: Kinds
    kinds: tuple[Kinds, ...]
    span: timedelta
    cost: Decimal
    ratio: float
    pair: tuple[int, str]
    data: list[Data]
    secret: SecretStr
    raw: bytes
    unique: set[int]
    anything: Any


class Ids(RootModel[dict[str, list[int]]]):
    pass


class Rooted(BaseModel):
    ids: Ids
    all_ids: list[Ids]


class Texts(RootModel[list[Annotated[str, PlainSerializer(lambda text: text.upper())]]]):
    pass


class Hidden(BaseModel):
    shown: str
    secret: str = Field(exclude=True)
    parts: list[Camel] = Field(exclude=True)
    last: str = "end"


class Computed(BaseModel):
    words: list[str]

    @computed_field(alias="wordCount")
    @property
    def word_count(self) -> int:
        return len(self.words)


class Outer(BaseModel):
    parts: list[Computed]
    note: str


class Dog(BaseModel):
    kind: Literal["dog"]
    bark: str
    loud: bool = True


class Cat(BaseModel):
    kind: Literal["cat"]
    purr: str

    @field_serializer("purr")
    def quietly(self, purr: str) -> str:
        return purr.lower()


class Pets(BaseModel):
    pets: list[Annotated[Dog | Cat, Field(discriminator="kind")]]
    best: Dog | None = None
    either: str | list[Dog] | int


class Wrapped(BaseModel):
    text: Annotated[str, WrapSerializer(lambda value, handler: handler(value) + "!")]
    maybe: Annotated[str, PlainSerializer(str.upper)] | None
    items: list[Annotated[str, PlainSerializer(str.upper)]]
    any_pet: SerializeAsAny[Dog]
    plain: str


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    name: str


class Validated(BaseModel):
    name: str
    tags: list[str]

    @field_validator("name")
    @classmethod
    def strip(cls, name: str) -> str:
        return name.strip()

    @model_validator(mode="after")
    def add(self) -> Validated:
        self.tags.append("added")
        return self


class HasValidated(BaseModel):
    all: list[Validated]


class Left(BaseModel):
    model_config = ConfigDict(ser_json_timedelta="float", ser_json_bytes="hex")
    span: timedelta
    spans: list[timedelta]
    raw: bytes


DOG = {"kind": "dog", "bark": "wuff"}
DOCUMENTS: list[tuple[type[BaseModel], Any]] = [
    (Camel, {"firstName": "Ada", "lastNames": ["King", "Byron"]}),
    (Mixed, {"x": "text", "inner": [{"firstName": "Ada", "lastNames": ["K"]}]}),
    (Pathed, {"other": "x", "names": ["first", "second"]}),
    (Whole, {"x": "abc"}),
    (HasWhole, {"parts": [{"x": "a"}, {"x": "b"}], "by_name": {"k": {"x": "c"}}, "text": "abc"}),
    (
        Scalars,
        {
            "day": "2026-01-02",
            "days": ["2026-01-02", "2026-01-03"],
            "by_day": {"a": "2026-01-02"},
            "points": [{"at": "2026-01-02"}, {"label": "abc", "at": "2026-01-03"}],
            "kind": "a",
            "kinds": ["a", "a"],
            "span": "PT1H",
            "cost": "1.50",
            "ratio": 1,
            "pair": [1, "x"],
            "data": [{"x": "1.5", "label": "abc"}],
            "secret": "hush",
            "raw": "abc",
            "unique": [3, 1, 2, 3],
            "anything": {"a": [1, {"b": "text"}, None]},
        },
    ),
    (Rooted, {"ids": {"a": [1, 2]}, "all_ids": [{"b": [3]}, {}]}),
    (Ids, {"a": [1, 2], "b": []}),
    (Texts, ["ab", "cd"]),
    (Hidden, {"secret": "hush", "shown": "text", "parts": [{"firstName": "A", "lastNames": []}]}),
    (Outer, {"parts": [{"words": ["a", "b"]}, {"words": []}], "note": "text"}),
    (Pets, {"pets": [DOG, {"kind": "cat", "purr": "PRR"}], "best": DOG, "either": "text"}),
    (Pets, {"pets": [], "either": [DOG, DOG]}),
    (Pets, {"pets": [{"bark": "late", "kind": "dog"}], "either": 5}),
    (Wrapped, {"text": "ab", "maybe": "cd", "items": ["ef"], "any_pet": DOG, "plain": "gh"}),
    (Open, {"name": "abc", "more": {"a": ["text"]}, "x y": [1]}),
    (HasValidated, {"all": [{"name": "  ab ", "tags": ["x"]}, {"tags": [], "name": "c"}]}),
    (Left, {"span": "PT1H", "spans": ["PT2H"], "raw": "abc"}),
]


@pytest.mark.parametrize("by_alias", [None, False, True])
@pytest.mark.parametrize("cut", [cut_everywhere, cut_by(7), cut_whole], ids=["1", "7", "all"])
@pytest.mark.parametrize(("model", "document"), DOCUMENTS)
def test_the_changes_lead_to_what_the_model_writes(
    model: type[BaseModel], document: Any, cut: Any, by_alias: bool | None
) -> None:
    text = json.dumps(document)
    parser: RecordingParser[Any] = RecordingParser(model, Recording(by_alias))
    state = State()
    states = []
    for delta in cut(text):
        parser.feed(delta)
        state.add(parser.take_changes())
        states.append(state.value)
    final = parser.finish().model_dump(mode="json", by_alias=by_alias)
    assert state.value == final
    assert state.completeness(())
    assert "hush" not in repr(states)


@pytest.mark.parametrize("model", [Camel, Pets, Outer, Open])
def test_strings_of_plain_fields_grow(model: type[BaseModel]) -> None:
    document = next(document for each, document in DOCUMENTS if each is model)
    parser: RecordingParser[Any] = RecordingParser(model)
    operations = []
    for char in json.dumps(document):
        parser.feed(char)
        operations += [change.op for change in parser.take_changes()]
    assert operations.count("append") >= 2
