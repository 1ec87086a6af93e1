"""Which values of a type are quotes, and what is wrong with those that are not found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, BaseModel, Field, RootModel, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from partialstream.validation.markers import Quote
from partialstream.validation.quoted import QuoteFinder

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
def test_those_that_are_not_found_are_named(given: dict[str, Any], paths: list[Any]) -> None:
    value = Everything.model_validate({"plain": "free", "quoted": "Lamp", **given})
    if not paths:
        return
    with pytest.raises(ValidationError) as caught:
        QuoteFinder(Everything, "Lamp").find(value)
    errors = caught.value.errors()
    assert [error["loc"] for error in errors] == paths
    assert {error["type"] for error in errors} == {"quote_not_found"}


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
