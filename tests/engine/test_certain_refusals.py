"""What may be refused before the object is complete, and what has to wait."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import (
    AfterValidator,
    AliasChoices,
    AliasPath,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    OnErrorOmit,
    PositiveInt,
    RootModel,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticOmit, PydanticUseDefault
from runs import run_partial
from strategies import Cut, cuts

from partialstream import JSONSyntaxError, OutputValidationError, PartialParser
from partialstream.validation.locations import complete_members


def _joined(value: list[int] | str) -> Any:
    return ",".join(map(str, value)) if isinstance(value, list) else value


def _default_if_empty(value: Any) -> Any:
    if value == "":
        raise PydanticUseDefault
    return value


def _omit_if_empty(value: Any) -> Any:
    if value == "":
        raise PydanticOmit
    return value


def _above_first(value: int, info: ValidationInfo) -> int:
    if value <= info.data.get("first", 0):
        raise ValueError("not above the first")
    return value


class Part(BaseModel):
    size: PositiveInt = Field(alias="Size")


class Choosing(BaseModel):
    x: list[int] | Annotated[str, BeforeValidator(_joined)] = ""
    y: Part | Annotated[int, BeforeValidator(lambda v: 1 if isinstance(v, dict) else v)] = 1


class Lenient(BaseModel):
    xs: list[OnErrorOmit[int]] = []
    empties: list[Annotated[int, BeforeValidator(_omit_if_empty)]] = []
    n: Annotated[int, BeforeValidator(_default_if_empty)] = 5


class First(BaseModel):
    first: int
    rest: list[Annotated[int, AfterValidator(_above_first)]] = []
    also: dict[str, Annotated[int, AfterValidator(_above_first)]] = {}


def _default_beside_first(value: Any, info: ValidationInfo) -> Any:
    if info.data.get("first") == value:
        raise PydanticUseDefault
    return value


class Beside(BaseModel):
    first: int
    n: Annotated[int, BeforeValidator(_default_beside_first)] = 5
    marks: set[Any] = set()


class Named(BaseModel):
    model_config = ConfigDict(populate_by_name=True)
    size: PositiveInt = Field(1, alias="Size")
    kind: Literal["a"] = Field("a", validation_alias=AliasChoices(AliasPath("in", "kind"), "sort"))
    z: int = 0


class Rewritten(Named):
    @model_validator(mode="before")
    @classmethod
    def rewrite(cls, data: dict[str, Any]) -> dict[str, Any]:
        return {"size": data.get("much", 1), **data} if data.get("z") != 7 else {}


class Deep(BaseModel):
    parts: list[Part] = []
    part: Part | None = None
    table: dict[str, PositiveInt] = {}
    few: list[str] = Field([], max_length=1)
    keys: dict[Annotated[str, Field(max_length=1)], int] = {}
    few_of_few: list[Annotated[list[int], Field(max_length=1)]] = []
    numbers: RootModel[list[PositiveInt]] | None = None


def refused_at(model: type[BaseModel], text: str, **options: Any) -> tuple[str, Any]:
    """What had been read when a parser raised for a member, and the error; `text`, None if not."""
    parser = PartialParser(model, fail_fast=True, **options)
    for number, char in enumerate(text, 1):
        try:
            parser.feed(char)
        except OutputValidationError as error:
            return text[:number], error if error.path else None
    return text, None


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (Choosing, '{"x": [1, "x", 2]}'),
        (Choosing, '{"y": {"Size": 0}}'),
        (Lenient, '{"xs": [1, "x", 2], "n": ""}'),
        (Lenient, '{"empties": [1, "", 2]}'),
        (Beside, '{"first": 1, "n": 1, "marks": [1, "a"]}'),
        (First, '{"first": 1, "rest": [2, 3], "also": {"a": 2}}'),
        (Named, '{"size": 0, "Size": 1}'),
        (Named, '{"Size": 1, "size": 0}'),
        (Named, '{"sort": "b", "in": {"kind": "a"}}'),
        (Rewritten, '{"Size": 0, "z": 7}'),
    ],
)
@given(cut=cuts)
def test_what_is_valid_as_a_whole_is_never_refused(
    model: type[BaseModel], text: str, cut: Cut
) -> None:
    parser: PartialParser[Any] = PartialParser(model, fail_fast=True)
    for delta in cut(text):
        parser.feed(delta)
    assert parser.finish() == model.model_validate_json(text)
    assert parser.standing == complete_members(text)


@pytest.mark.parametrize(
    ("model", "until", "rest"),
    [
        (Deep, '{"parts": [{"Size": 1}, {"Size": 0,', '"more": 1}]}'),
        (Deep, '{"part": {"Size": 0,', '"more": 1}}'),
        (Deep, '{"table": {"a": 0,', '"b": 1}}'),
        (Deep, '{"few": ["a", "b"]', "}"),
        (Deep, '{"keys": {"ab": 1}', "}"),
        (Deep, '{"few_of_few": [[1], [1, 2]', "]}"),
        (Deep, '{"numbers": [1, 0]', "}"),
        (Choosing, '{"y": [1]', "}"),
        (Beside, '{"first": 1, "marks": [1, [2]', "]}"),
        (First, '{"first": 1, "rest": [2, 1]', "}"),
        (First, '{"rest": [2, 1], "first": 1,', '"more": 1}'),
        (Named, '{"size": 1, "Size": 0,', '"z": 1}'),
    ],
)
def test_what_is_certain_is_refused_where_it_ends(
    model: type[BaseModel], until: str, rest: str
) -> None:
    with pytest.raises(ValidationError) as raised:
        model.model_validate_json(until + rest)
    theirs = raised.value.errors(include_url=False, include_context=False)
    # A number in a list ends at the bracket that ends the list.
    read, error = refused_at(model, until + rest)
    assert read in (until, until[:-1])
    assert isinstance(error.__cause__, ValidationError)
    assert error.__cause__.errors(include_url=False, include_context=False) == theirs
    assert theirs[0]["loc"][: len(error.path)] == error.path
    assert error.outcome.status == "invalid"


def test_a_member_is_refused_though_what_follows_is_malformed() -> None:
    text = '{"few": ["a", "b"], "table": {x'
    for deltas in ([text], list(text)):
        run = run_partial(Deep, deltas, fail_fast=True)
        assert isinstance(run.exception, OutputValidationError)
        assert run.exception.path == ("few",)
    assert isinstance(run_partial(Deep, [text]).exception, JSONSyntaxError)


def test_members_that_do_not_go_by_their_own_names_stand() -> None:
    parser = PartialParser(Named)
    parser.feed('{"in": {"kind": "a"}, "sort": "a", "unknown": 1, "z": 1, "size": 2, "Size": 0,')
    assert list(parser.standing) == ["in", "sort", "z"]


class Anything(BaseModel):
    model_config = ConfigDict(extra="allow")
    z: int = 0


def test_what_the_model_may_look_at_stands() -> None:
    for model in (Anything, Rewritten):
        parser = PartialParser(model)
        parser.feed('{"much": 3, "z": 1, ')
        assert parser.standing == {"much": "3", "z": "1"}
    strict = PartialParser(Named)
    strict.feed('{"much": 3, "z": 1, ')
    assert strict.standing == {"z": "1"}


def test_a_carried_member_refuses_nothing_early_because_it_may_come_again() -> None:
    parser = PartialParser(First, fail_fast=True, carried={"first": "3"})
    for char in '{"rest": [2], "first": 1}':
        parser.feed(char)
    assert parser.finish() == First(first=1, rest=[2])
    parser = PartialParser(First, fail_fast=True, carried={"rest": "[2]"})
    for char in '{"first": 3, "rest": [4]}':
        parser.feed(char)
    assert parser.finish() == First(first=3, rest=[4])
    read, error = refused_at(Deep, '{"table": {"a": 0}, "few": []}', carried={"part": "null"})
    assert (read, error.path) == ('{"table": {"a": 0}', ("table", "a"))


def test_a_carried_field_that_comes_by_another_name_does_not_show_before_the_end() -> None:
    parser = PartialParser(Named, carried={"size": "3"})
    shown = [parser.feed(char) for char in '{"Size": 4, "z": 1}']
    sizes = [snapshot.size for snapshot in shown if snapshot is not None]
    assert (set(sizes[:-1]), sizes[-1]) == ({3}, 4)


def test_lines_are_those_of_the_text_behind_carried_members_of_several_lines() -> None:
    for carried in ({}, {"part": '{\n "Size": 1\n}', "few": "[\n]"}):
        parser = PartialParser(Deep, carried=carried)
        with pytest.raises(JSONSyntaxError) as raised:
            parser.feed('\n{"table": {},\n "keys" 1}')
        assert (raised.value.line, raised.value.column, raised.value.offset) == (3, 9, 23)


def test_carried_members_stand_before_anything_has_come() -> None:
    carried = {"few": "[]"}
    parser = PartialParser(Deep, carried=carried)
    assert parser.standing == carried
    parser.feed("So: ")
    parser.standing.clear()
    assert parser.standing == carried


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from(["", "a", "b", 0, 1, 2, 7, None]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["Size", "size", "kind", "ab"]), inner, max_size=2)
    ),
    max_leaves=4,
)
MODELS: list[type[BaseModel]] = [Choosing, Lenient, First, Named, Rewritten, Deep, Anything]


@given(st.data())
def test_a_refusal_holds_whatever_follows(data: st.DataObject) -> None:
    model = data.draw(st.sampled_from(MODELS))
    names = _names(model)
    members = data.draw(st.dictionaries(st.sampled_from(names), VALUES))
    _, error = refused_at(model, json.dumps(members))
    if error is None:
        return
    others = data.draw(st.dictionaries(st.sampled_from(names), VALUES))
    kept = error.path[0]
    given_too = {name: members[name] for name in members if model is First or name == kept}
    with pytest.raises(ValidationError):
        model.model_validate_json(json.dumps({**others, **given_too}))


def _names(model: type[BaseModel]) -> list[str]:
    return [
        *model.model_fields,
        *(["Size", "in", "sort", "much"] if issubclass(model, Named) else []),
    ]


@given(st.data(), cuts)
def test_a_refusal_is_the_same_however_the_text_is_cut(data: st.DataObject, cut: Cut) -> None:
    model = data.draw(st.sampled_from(MODELS))
    text = json.dumps(data.draw(st.dictionaries(st.sampled_from(_names(model)), VALUES)))
    one, other = (run_partial(model, deltas, fail_fast=True) for deltas in (list(text), cut(text)))
    assert type(one.exception) is type(other.exception)
    assert str(one.exception) == str(other.exception)
