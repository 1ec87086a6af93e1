"""Models of every kind, each with a text that it takes."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import (
    AliasChoices,
    AliasPath,
    BaseModel,
    ConfigDict,
    Field,
    RootModel,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    computed_field,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic.dataclasses import dataclass
from typing_extensions import NotRequired, Self, TypedDict

T = TypeVar("T")


class Tree(BaseModel):
    name: str
    children: list[Tree] = []


class Linked(BaseModel):
    value: int
    next: Linked | None = None


class Page(BaseModel, Generic[T]):
    rows: list[T]
    total: int | None = None
    best: T | None = None


class Tags(RootModel[list[str]]):
    pass


class Scores(RootModel[dict[str, list[float]]]):
    pass


class Tagged(BaseModel):
    tags: Tags
    scores: Scores


class Aliased(BaseModel):
    name: str = Field(alias="n")
    size: str = Field(validation_alias=AliasChoices("size", "sz", AliasPath("dim", 0)))
    first: str = Field(default="-", validation_alias=AliasPath("list", 0))


class Camel(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)
    first_name: str
    last_name: str


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)
    name: str
    tags: tuple[str, ...] = ()


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    name: str


class OpenTyped(BaseModel):
    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, int]
    name: str


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str


class Deaf(BaseModel):
    model_config = ConfigDict(extra="ignore")
    name: str


class Defaults(BaseModel):
    name: str = "none"
    tags: list[str] = Field(default_factory=list)
    made: list[int] = Field(default_factory=lambda: [1])
    copy_of: str = Field(default_factory=lambda data: data["name"])


class Nullable(BaseModel):
    name: str | None
    age: int | None


class Before(BaseModel):
    name: str
    age: int

    @model_validator(mode="before")
    @classmethod
    def rename(cls, data: Any) -> Any:
        if isinstance(data, dict) and "years" in data:
            data = {**data, "age": data["years"]}
        return data


class After(BaseModel):
    low: int
    high: int

    @model_validator(mode="after")
    def in_order(self) -> Self:
        if self.low > self.high:
            raise ValueError("low is above high")
        return self


class Wrapped(BaseModel):
    name: str

    @model_validator(mode="wrap")
    @classmethod
    def shout(cls, data: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        made = handler(data)
        made.name = made.name.upper()
        return made


class Checked(BaseModel):
    base: int
    before: int
    after: int
    plain: int
    wrap: int

    @field_validator("before", mode="before")
    @classmethod
    def add_before(cls, value: Any, info: ValidationInfo) -> Any:
        return value + info.data["base"]

    @field_validator("after", mode="after")
    @classmethod
    def add_after(cls, value: int, info: ValidationInfo) -> int:
        return value + info.data["before"]

    @field_validator("plain", mode="plain")
    @classmethod
    def add_plain(cls, value: Any, info: ValidationInfo) -> int:
        return int(value) + int(info.data["after"])

    @field_validator("wrap", mode="wrap")
    @classmethod
    def add_wrap(
        cls, value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> int:
        return int(handler(value)) + int(info.data["plain"])


class Computed(BaseModel):
    first: str
    last: str

    @computed_field  # type: ignore[prop-decorator]  # mypy does not know properties below it
    @property
    def full(self) -> str:
        return f"{self.first} {self.last}"


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)
    day: dt.date
    color: Color
    count: int
    at: dt.datetime | None = None


@dataclass
class Point:
    x: int
    y: int = 0


@dataclasses.dataclass
class Plain:
    name: str
    point: Point


class Row(TypedDict):
    name: str
    size: NotRequired[int]


class Holder(BaseModel):
    point: Point
    row: Row
    plain: Plain | None = None


class Circle(BaseModel):
    kind: Literal["circle"] = "circle"
    radius: float


class Square(BaseModel):
    kind: Literal["square"] = "square"
    side: float
    note: str = ""


Shape = Annotated[Circle | Square, Field(discriminator="kind")]


class Drawing(BaseModel):
    shapes: list[Shape]
    main: Shape | None = None


class Private(BaseModel):
    name: str
    _seen: list[str] = []

    def model_post_init(self, context: Any) -> None:
        self._seen.append(self.name)


ZOO: dict[str, tuple[Any, str]] = {
    "recursive": (
        Tree,
        '{"name":"a","children":[{"name":"b","children":[{"name":"c"}]},{"name":"d"}]}',
    ),
    "linked": (Linked, '{"value":1,"next":{"value":2,"next":{"value":3,"next":null}}}'),
    "generic": (
        Page[Circle],
        '{"rows":[{"radius":1.5},{"radius":2}],"total":2,"best":{"radius":2}}',
    ),
    "generic of a scalar": (Page[int], '{"rows":[1,2],"best":2}'),
    "root list": (Tags, '["a","bc"]'),
    "root dict": (Scores, '{"a":[1.5,2],"b":[]}'),
    "root models inside": (Tagged, '{"tags":["a","b"],"scores":{"x":[1]}}'),
    "aliases": (Aliased, '{"n":"a","sz":"L","list":["f","g"]}'),
    "an alias path": (Aliased, '{"dim":["XL",2],"n":"a"}'),
    "alias generator": (Camel, '{"firstName":"A","last_name":"B"}'),
    "frozen": (Frozen, '{"name":"a","tags":["x","y"]}'),
    "extra allow": (Open, '{"x":[1,{"y":"z"}],"name":"a","more":"text"}'),
    "extra allow, typed": (OpenTyped, '{"x":1,"name":"a","y":2}'),
    "extra forbid": (Closed, '{"name":"a"}'),
    "extra ignore": (Deaf, '{"x":{"name":"b"},"name":"a","y":[1]}'),
    "defaults": (Defaults, '{"tags":["x"],"name":"n"}'),
    "nothing but defaults": (Defaults, "{}"),
    "nullable": (Nullable, '{"name":null,"age":null}'),
    "nullable, not null": (Nullable, '{"name":"a","age":3}'),
    "model validator before": (Before, '{"name":"a","years":3}'),
    "model validator after": (After, '{"low":1,"high":2}'),
    "model validator wrap": (Wrapped, '{"name":"a"}'),
    "field validators": (Checked, '{"base":1,"before":2,"after":3,"plain":4,"wrap":5}'),
    "field validators, out of order": (
        Checked,
        '{"wrap":5,"plain":4,"after":3,"before":2,"base":1}',
    ),
    "computed": (Computed, '{"first":"A","last":"B"}'),
    "strict": (Strict, '{"day":"2024-01-02","color":"blue","count":3,"at":"2024-01-02T03:04:05"}'),
    "dataclass and TypedDict inside": (
        Holder,
        '{"point":{"x":1,"y":2},"row":{"name":"a"},"plain":{"name":"b","point":{"x":3}}}',
    ),
    "discriminated": (
        Drawing,
        '{"shapes":[{"kind":"circle","radius":1},{"side":2,"note":"x","kind":"square"}],"main":{"kind":"square","side":3}}',
    ),
    "private attributes": (Private, '{"name":"a"}'),
}

OTHERS: dict[str, tuple[Any, str]] = {
    "a pydantic dataclass": (Point, '{"x":1,"y":2}'),
    "a dataclass": (Plain, '{"name":"a","point":{"x":1}}'),
    "a TypedDict": (Row, '{"name":"a","size":1}'),
    "a discriminated union": (Shape, '{"kind":"square","side":2}'),
    "nested lists": (list[list[int]], "[[1,2],[],[3]]"),
    "a tuple": (tuple[int, str], '[1,"a"]'),
    "a set": (set[int], "[1,2,2]"),
    "a date": (dt.date, '"2024-01-02"'),
    "an enum": (Color, '"red"'),
    "a literal": (Literal["a", 1], '"a"'),
    "anything": (Any, '{"a":[1,null]}'),
    "a constrained number": (Annotated[int, Field(ge=0)], "7"),
    "an optional model": (Tree | None, '{"name":"a"}'),
}
