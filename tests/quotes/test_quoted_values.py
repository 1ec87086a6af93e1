"""Which values of a type are quotes, and what is wrong with those that are not found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Annotated, Any, Generic, Literal, TypeVar

import pytest
from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Json,
    RootModel,
    SecretStr,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from typing_extensions import NamedTuple, Self, TypedDict

from partialstream.validation.markers import Quote
from partialstream.validation.quoted import QuoteFinder, quote_plan

Quoted = Annotated[str, Quote]


class Inner(BaseModel):
    name: Quoted
    note: str = ""


class Tree(BaseModel):
    name: Quoted
    below: list[Tree] = []


class Other(BaseModel):
    kind: Literal["other"]
    text: str


class Cat(BaseModel):
    kind: Literal["cat"]
    says: Quoted


class Typed(TypedDict, total=False):
    name: Quoted
    size: int


@dataclass
class Data:
    name: Quoted
    size: int


class Root(RootModel[list[Quoted]]):
    pass


class Everything(BaseModel):
    plain: str
    quoted: Quoted
    maybe: Quoted | None = None
    marked_outside: Annotated[str | None, Quote] = None
    many: list[Quoted] = []
    marked_list: Annotated[list[str], Quote] = []
    pairs: dict[str, Quoted] = {}
    pair: tuple[int, Quoted] | None = None
    words: tuple[Quoted, ...] = ()
    inner: Inner | None = None
    either: Cat | Other | None = None
    tagged: Annotated[Cat | Other, Field(discriminator="kind")] | None = None
    literal: Literal["none"] | Quoted | None = None
    number: int | Quoted | None = None
    checked: Annotated[str, AfterValidator(str.strip), Quote] | None = None
    typed: Typed | None = None
    data: Data | None = None
    root: Root | None = None
    default: Quoted = "not in the text"
    renamed: Quoted = Field("", alias="as")


TEXT = "Lamp, rug and vase."

CASES: list[tuple[dict[str, Any], list[tuple[str | int, ...]]]] = [
    ({"maybe": "rug", "marked_outside": "rug"}, [("maybe",), ("marked_outside",)]),
    (
        {"many": ["rug", "vase"], "marked_list": ["rug"]},
        [("many", 0), ("many", 1), ("marked_list", 0)],
    ),
    ({"pairs": {"a b": "rug"}, "pair": [1, "vase"]}, [("pairs", "a b"), ("pair", 1)]),
    ({"words": ["rug", "vase"]}, [("words", 0), ("words", 1)]),
    ({"inner": {"name": "rug", "note": "free"}}, [("inner", "name")]),
    ({"either": {"kind": "cat", "says": "rug"}}, [("either", "says")]),
    ({"either": {"kind": "other", "text": "free"}}, []),
    ({"tagged": {"kind": "cat", "says": "rug"}}, [("tagged", "says")]),
    ({"literal": "none"}, []),
    ({"literal": "rug"}, [("literal",)]),
    ({"number": 5}, []),
    ({"number": "rug"}, [("number",)]),
    ({"checked": " rug "}, [("checked",)]),
    (
        {"typed": {"name": "rug"}, "data": {"name": "vase", "size": 1}},
        [("typed", "name"), ("data", "name")],
    ),
    ({"root": ["rug"]}, [("root", 0)]),
    ({"as": "rug"}, [("renamed",)]),
    ({"many": ["", "  "]}, []),
]


@pytest.mark.parametrize(("given", "paths"), CASES)
def test_the_quotes_of_a_value(given: dict[str, Any], paths: list[Any]) -> None:
    value = Everything.model_validate({"plain": "free", "quoted": "Lamp", **given})
    spans = QuoteFinder(Everything, TEXT).find(value)
    assert [*spans] == [("quoted",), *paths]
    for span in spans.values():
        assert TEXT[span.start : span.end] in ("Lamp", "rug", "vase")


@pytest.mark.parametrize(("given", "paths"), CASES)
def test_errors_name_the_quotes_that_are_not_found(given: dict[str, Any], paths: list[Any]) -> None:
    value = Everything.model_validate({"plain": "free", "quoted": "Lamp", **given})
    if not paths:
        return
    with pytest.raises(ValidationError) as caught:
        QuoteFinder(Everything, "Lamp").find(value)
    errors = caught.value.errors()
    by_alias = [("as",) if path == ("renamed",) else path for path in paths]
    assert [error["loc"] for error in errors] == by_alias  # as pydantic's own errors
    assert {error["type"] for error in errors} == {"quote_not_found"}


class Shop(str, Enum):
    BREMEN = "Bremen"


class Shouted(BaseModel):
    sku: Annotated[str, AfterValidator(lambda text: text.upper() + "-1"), Quote]
    clean: Annotated[str, BeforeValidator(lambda text: text.strip("*")), Quote] = ""
    shop: Annotated[Shop, Quote] = Shop.BREMEN
    names: Annotated[list[Quoted], AfterValidator(sorted)] = []

    @model_validator(mode="after")
    def _changes(self) -> Self:
        if self.clean == "the rug":
            self.clean = "article 7"
        return self


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Quoted]


class Base(BaseModel):
    name: str


class Derived(Base):
    name: Quoted
    note: Quoted = "none"


class Square(TypedDict):
    kind: Literal["square"]
    text: str


class Circle(TypedDict):
    kind: Literal["circle"]
    text: Quoted


class Wide(TypedDict):
    wide: Quoted


class Pair(NamedTuple):
    first: Quoted
    second: str


T = TypeVar("T")


class Box(BaseModel, Generic[T]):
    content: T


@dataclass
class WithDefault:
    name: Quoted
    note: Quoted = "not in the text"


BY_ALIAS = ConfigDict(serialize_by_alias=True)


class Aliased(BaseModel):
    model_config = BY_ALIAS
    article: Quoted = Field(alias="Article name")
    other: Quoted = Field("", validation_alias=AliasChoices("o", "O"), serialization_alias="Other")


TEXTS = "lamp, the rug, Bremen, VASE, cup"

ODD: list[tuple[Any, str, dict[tuple[str | int, ...], str]]] = [
    # A validator has changed the text: the span is that of the text that the model wrote.
    (Shouted, '{"sku": "lamp"}', {("sku",): "lamp"}),
    (Shouted, '{"sku": "lamp", "clean": "the rug"}', {("sku",): "lamp", ("clean",): "the rug"}),
    (Shouted, '{"sku": "lamp", "clean": "**cup**"}', {("sku",): "lamp", ("clean",): "cup"}),
    (Shouted, '{"sku": "lamp", "shop": "Bremen"}', {("sku",): "lamp", ("shop",): "Bremen"}),
    (
        Shouted,
        '{"sku": "lamp", "names": ["lamp", "cup"]}',
        {("sku",): "lamp", ("names", 0): "cup", ("names", 1): "lamp"},
    ),
    (Open, '{"a": "lamp", "b": "vase"}', {("a",): "lamp", ("b",): "VASE"}),
    (Base | Derived, '{"name": "lamp", "note": "cup"}', {("name",): "lamp", ("note",): "cup"}),
    (Square | Circle | Wide, '{"kind": "circle", "text": "cup"}', {("text",): "cup"}),
    (Square | Circle | Wide, '{"kind": "square", "text": "free"}', {}),
    (Square | Circle | Wide, '{"wide": "cup"}', {("wide",): "cup"}),
    (
        Annotated[Square | Circle, Field(discriminator="kind")],
        '{"kind": "circle", "text": "cup"}',
        {("text",): "cup"},
    ),
    (Box[Quoted], '{"content": "cup"}', {("content",): "cup"}),
    (
        Box[Box[list[Quoted]]],
        '{"content": {"content": ["cup"]}}',
        {("content", "content", 0): "cup"},
    ),
    (WithDefault, '{"name": "cup"}', {("name",): "cup"}),
    (dict[Quoted, int], '{"cup": 1}', {("cup", "[key]"): "cup"}),
    (dict[date, Quoted], '{"2026-01-02": "cup"}', {("2026-01-02",): "cup"}),
    (Annotated[str, StringConstraints(to_upper=True, max_length=4), Quote], '"cup"', {(): "cup"}),
    (Annotated[Literal["cup", "jug"], Quote], '"cup"', {(): "cup"}),
    (Aliased, '{"Article name": "cup", "O": "lamp"}', {("article",): "cup", ("other",): "lamp"}),
    (list[set[Quoted]], '[["cup"]]', {(0, 0): "cup"}),
    (Pair, '["cup", "free"]', {(0,): "cup"}),
    (Pair, '{"first": "cup", "second": "free"}', {(0,): "cup"}),
    (Json[list[Quoted]], '"[\\"cup\\"]"', {(0,): "cup"}),
    (
        Annotated[dict[str, Any], Quote],
        '{"key": "cup", "more": ["lamp", {"x": "Bremen"}, 5, null]}',
        {("key",): "cup", ("more", 0): "lamp", ("more", 1, "x"): "Bremen"},
    ),
    (Annotated[SecretStr, Quote], '"cup"', {(): "cup"}),  # of other types, what was written
    (Annotated[int, Quote], "5", {}),
]


@pytest.mark.parametrize(("type_", "raw", "expected"), ODD)
def test_the_text_that_the_model_wrote(type_: Any, raw: str, expected: dict[Any, str]) -> None:
    value = TypeAdapter(type_).validate_json(raw)
    spans = QuoteFinder(type_, TEXTS).find(value, raw)
    found = {path: TEXTS[span.start : span.end] for path, span in spans.items()}
    assert found == expected


def test_a_text_of_another_type_is_a_quote_as_well() -> None:
    type_ = Annotated[date, Quote]
    value = TypeAdapter(type_).validate_json('"2026-01-02"')
    assert QuoteFinder(type_, "on 2026-01-02").find(value, '"2026-01-02"')[()].start == 3
    with pytest.raises(ValidationError, match="does not contain '2026-01-02'"):
        QuoteFinder(type_, "on 2 January").find(value, '"2026-01-02"')
    assert QuoteFinder(type_, "").find(value) == {}  # what was written is not known


@pytest.mark.parametrize("type_", [Annotated[Shop, Quote], Annotated[Literal["Bremen"], Quote]])
def test_a_fixed_value_that_is_marked_is_a_quote(type_: Any) -> None:
    with pytest.raises(ValidationError):
        QuoteFinder(type_, "Berlin").find(TypeAdapter(type_).validate_json('"Bremen"'))


@pytest.mark.parametrize(
    "type_",
    [
        Annotated[Literal["Bremen"] | str, Quote],
        Annotated[Literal["Bremen"] | None, Quote],
        Annotated[Shop | str, Quote],
    ],
)
def test_a_fixed_value_in_a_union_that_is_marked_is_not_a_quote(type_: Any) -> None:
    value = TypeAdapter(type_).validate_json('"Bremen"')
    assert QuoteFinder(type_, "Berlin").find(value) == {}


def test_the_order_of_a_union_counts() -> None:
    # The two types are equal.
    for type_, found in ((Quoted | str, 1), (str | Quoted, 0)):
        assert len(QuoteFinder(type_, "a cup").find("cup")) == found


def test_written_paths_are_those_of_the_serialized_value() -> None:
    value = Aliased.model_validate({"Article name": "cup", "o": "lamp"})
    paths = quote_plan(Aliased).written_paths(value, by_alias=True)
    assert paths == {("article",): ("Article name",), ("other",): ("Other",)}
    row = TypeAdapter(Aliased).dump_python(value)
    assert [row[path[0]] for path in paths.values()] == ["cup", "lamp"]
    with pytest.raises(ValidationError) as caught:
        QuoteFinder(Aliased, "").find(value, '{"Article name": "cup", "O": "lamp"}')
    assert [error["loc"] for error in caught.value.errors()] == [("Article name",), ("O",)]


def test_an_error_names_the_quote_that_is_missing() -> None:
    with pytest.raises(ValidationError) as caught:
        QuoteFinder(list[Quoted], "cup").find(["cup", "a {jug}", "x" * 1000])
    first, second = caught.value.errors()
    assert first["msg"] == (
        "Input should be a quote from the document, copied word for word; "
        "the document does not contain 'a {jug}'"
    )
    assert second["msg"].endswith(f"'{'x' * 200}…'")
    assert (first["loc"], second["loc"]) == ((1,), (2,))
    assert second["input"] == "x" * 1000


def test_a_recursive_type() -> None:
    value = Tree.model_validate({"name": "Lamp", "below": [{"name": "rug", "below": []}]})
    assert [*QuoteFinder(Tree, TEXT).find(value)] == [("name",), ("below", 0, "name")]


@pytest.mark.parametrize("type_", [int, str, Other, list[Other]])
def test_types_without_quotes(type_: Any) -> None:
    assert not QuoteFinder(type_, "").has_quotes


@pytest.mark.parametrize("type_", [Quoted, Inner, list[Tree], Root, Typed, Data, Cat | Other])
def test_types_with_quotes(type_: Any) -> None:
    assert QuoteFinder(type_, "").has_quotes


def test_a_quote_by_itself() -> None:
    assert [*QuoteFinder(Quoted, TEXT).find("rug")] == [()]
    assert [*QuoteFinder(list[Quoted], TEXT).find(["rug"])] == [(0,)]


def test_the_mark_changes_nothing_else() -> None:
    assert TypeAdapter(Inner).json_schema()["properties"]["name"] == {
        "title": "Name",
        "type": "string",
    }
    assert Inner.model_validate({"name": "free"}).name == "free"
