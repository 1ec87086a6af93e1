"""Members that cannot be valid, members that stand, members that are carried over."""

from __future__ import annotations

import json
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from runs import feed
from strategies import Cut, cuts

from partialstream import OutputValidationError, PartialParser
from partialstream.validation.locations import complete_members


class Color(Enum):
    RED = "red"


class Part(BaseModel):
    size: int = Field(gt=0)


class Thing(BaseModel):
    name: str = Field(max_length=5)
    color: Color = Color.RED
    kind: Literal["a", "b"] = "a"
    part: Part | None = None
    parts: list[Part] = []
    when: int | str = 0
    free: str = ""


def refused(model: type[BaseModel], text: str) -> tuple[str, OutputValidationError] | None:
    """What had been read when a parser refused a member, and its error."""
    parser = PartialParser(model, fail_fast=True)
    for number, char in enumerate(text, 1):
        try:
            parser.feed(char)
        except OutputValidationError as error:
            return (text[:number], error) if error.path else None
    return None


@pytest.mark.parametrize(
    ("until", "loc"),
    [
        ('{"color": "blue"', ("color",)),
        ('{"name": "lamp", "kind": "c"', ("kind",)),
        ('{"name": "a long name"', ("name",)),
        ('{"part": {"size": 0}', ("part", "size")),
        ('{"parts": [{"size": 1}, {"size": -1}', ("parts", 1, "size")),
        ('{"part": 3,', ("part",)),
    ],
)
def test_a_member_is_refused_at_its_last_character(until: str, loc: tuple[Any, ...]) -> None:
    found = refused(Thing, until + ' and {"more" that is never read')
    assert found is not None
    assert found[0] == until
    cause = found[1].__cause__
    assert isinstance(cause, ValidationError)
    assert cause.errors()[0]["loc"] == loc
    assert found[1].raw in until
    assert found[1].outcome is not None
    assert found[1].outcome.status == "invalid"


def test_the_messages_are_those_of_pydantic() -> None:
    found = refused(Thing, '{"kind": "c"')
    with pytest.raises(ValidationError) as raised:
        Thing.model_validate_json('{"name": "x", "kind": "c"}')
    assert found is not None
    assert isinstance(found[1].__cause__, ValidationError)
    theirs, ours = raised.value.errors()[0], found[1].__cause__.errors()[0]
    for key in ("loc", "msg", "type", "input"):
        assert ours[key] == theirs[key]  # type: ignore[literal-required]  # one key after another


def test_without_fail_fast_only_the_whole_is_refused() -> None:
    parser = PartialParser(Thing)
    parser.feed('{"name": "lamp", "kind": "c", "free": "x"')
    assert parser.standing == {"name": '"lamp"', "free": '"x"'}
    with pytest.raises(OutputValidationError) as raised:
        parser.feed("}")
    assert raised.value.path == ()
    assert parser.standing == {"name": '"lamp"', "free": '"x"'}


class Rewritten(Thing):
    @model_validator(mode="before")
    @classmethod
    def rewrite(cls, data: dict[str, Any]) -> dict[str, Any]:
        return {**data, "kind": "a"}


class Choosing(BaseModel):
    kind: Literal["a"] = Field(validation_alias=AliasChoices("kind", "sort"))


class Made(BaseModel):
    kind: Literal["a"]

    def __init__(self, **data: Any) -> None:
        super().__init__(**{**data, "kind": "a"})


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (Rewritten, '{"name": "x", "kind": "c"}'),
        (Choosing, '{"sort": "c", "kind": "a"}'),
        (Made, '{"kind": "c"}'),
        (Thing, '{"name": "x", "when": "soon"}'),
    ],
)
def test_what_may_still_become_valid_is_not_refused(model: type[BaseModel], text: str) -> None:
    model.model_validate_json(text)
    parser = PartialParser(model, fail_fast=True)
    for char in text:
        parser.feed(char)
    assert parser.finish() == model.model_validate_json(text)


class Looking(BaseModel):
    low: int
    high: int

    @field_validator("high")
    @classmethod
    def above(cls, value: int, info: ValidationInfo) -> int:
        if "low" in info.data and value <= info.data["low"]:
            raise ValueError("high must be above low")
        return value


def test_a_validator_that_looks_at_others_waits_for_them() -> None:
    found = refused(Looking, '{"low": 3, "high": 1, "more": 1}')
    assert found is not None
    assert found[0] == '{"low": 3, "high": 1,'
    found = refused(Looking, '{"high": 1, "low": 3, "more": 1}')
    assert found is not None
    assert found[0] == '{"high": 1, "low": 3,'
    assert refused(Looking, '{"high": 5, "low": 3}') is None


def test_a_model_that_fails_as_a_whole_leaves_nothing_standing() -> None:
    class Ordered(BaseModel):
        low: int
        high: int

        @model_validator(mode="after")
        def in_order(self) -> Ordered:
            if self.low > self.high:
                raise ValueError("low is above high")
            return self

    parser = PartialParser(Ordered, fail_fast=True)
    with pytest.raises(OutputValidationError):
        parser.feed('{"low": 3, "high": 1}')
    assert parser.standing == {}


class Aliased(BaseModel):
    model_config = ConfigDict(populate_by_name=True)
    unit_price: float = Field(alias="unitPrice", ge=0)
    name: str = ""


def test_what_stands_goes_by_its_name_in_the_text() -> None:
    parser = PartialParser(Aliased)
    parser.feed('{"unitPrice": 1.50, "unknown": 1, "name": "x", ')
    assert parser.standing == {"unitPrice": "1.50", "name": '"x"'}
    parser = PartialParser(Aliased)
    with pytest.raises(OutputValidationError):
        parser.feed('{"unitPrice": -1, "name": "x"}')
    assert parser.standing == {"name": '"x"'}


@given(cuts)
def test_carried_members_are_there_from_the_beginning(cut: Cut) -> None:
    carried = {"name": '"la\\u006dp"', "part": '{"size": 1.0}', "when": "12"}
    parser = PartialParser(Thing, carried=carried)
    snapshots = [parser.feed(delta) for delta in cut(' {\n "free": "x", "kind": "b"}')]
    shown = [snapshot for snapshot in snapshots if snapshot is not None]
    assert [(each.name, each.part, each.when) for each in shown] == [
        ("lamp", Part(size=1), 12)
    ] * len(shown)
    assert parser.finish() == Thing(name="lamp", part=Part(size=1), when=12, free="x", kind="b")
    assert list(parser.standing) == ["name", "part", "when", "free", "kind"]
    assert {**parser.standing, **carried} == parser.standing


@pytest.mark.parametrize("text", ["{}", " { \n } ", "```json\n{}\n```"])
def test_nothing_may_be_left_to_send(text: str) -> None:
    parser = PartialParser(Thing, carried={"name": '"lamp"', "when": "1"})
    for char in text:
        parser.feed(char)
    assert parser.finish() == Thing(name="lamp", when=1)


def test_a_carried_member_that_comes_again_counts_at_the_end() -> None:
    parser = PartialParser(Thing, carried={"name": '"lamp"', "free": '"old"'})
    names: list[str] = []
    for char in '{"name": "rug", "kind": "b"}':
        snapshot = parser.feed(char)
        if snapshot is not None:
            names.append(snapshot.name)
    assert set(names[:-1]) == {"lamp"}
    assert parser.finish() == Thing(name="rug", free="old", kind="b")


def test_errors_behind_carried_members_have_the_places_of_the_text() -> None:
    parser = PartialParser(Thing, carried={"name": '"lamp"'})
    with pytest.raises(ValueError, match="expected") as raised:
        parser.feed('{"free" 1}')
    assert raised.value.offset == 8  # type: ignore[attr-defined]  # a JSONSyntaxError
    assert parser.standing == {"name": '"lamp"'}


def test_what_is_no_object_has_no_members() -> None:
    assert complete_members("[1]") == {}
    assert complete_members("") == {}
    assert complete_members('{"a": 1, "b": [1, {"c": 2}], "a": 3, x') == {
        "b": '[1, {"c": 2}]',
        "a": "3",
    }


PARTS: list[Any] = [{"size": 0}, {"size": 2}, [{"size": 1}, {"size": 0}], [{"size": 1}]]
VALUES = st.sampled_from(
    ["lamp", "a long name", "red", "blue", "a", "c", 0, 1, -1, None, [], *PARTS]
)


class Strict(Thing):
    model_config = ConfigDict(extra="forbid")
    tags: Annotated[list[str], Field(max_length=1)] = []


@given(
    st.sampled_from([Thing, Strict, Aliased, Looking, Choosing, Rewritten]),
    st.dictionaries(
        st.sampled_from(
            "name color kind part parts when free low high unitPrice unit_price sort tags".split()
        ),
        VALUES,
    ),
)
def test_never_a_false_alarm(model: type[BaseModel], members: dict[str, Any]) -> None:
    text = json.dumps(members)
    if refused(model, text) is not None:
        with pytest.raises(ValidationError):
            model.model_validate_json(text)


class Counted(BaseModel):
    count: int
    kind: Literal["a"]


@pytest.mark.parametrize("whole", [True, False])
def test_what_comes_again_does_not_stand_before_the_object_was_validated(whole: bool) -> None:
    text = '{"count": "many", "kind": 7}'
    parser = PartialParser(Counted, carried={"count": "1"}, fail_fast=True)
    with pytest.raises(OutputValidationError) as caught:
        feed(parser, [text] if whole else list(text))
    assert caught.value.path == ("kind",)
    assert parser.standing == {"count": "1"}
