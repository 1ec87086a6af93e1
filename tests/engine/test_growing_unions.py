"""Unions grow as soon as it is known which member it is, and not before."""

from __future__ import annotations

import enum
from datetime import date  # noqa: TC003 - pydantic looks it up
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Discriminator, Field, RootModel, Tag
from runs import run_partial, shown
from typing_extensions import TypeAliasType

from partialstream import Gate, PartialParser
from partialstream.testing import every_cut


class Cat(BaseModel):
    kind: Literal["cat", "lion"]
    purr: str = ""


class Dog(BaseModel):
    kind: Literal["dog"]
    bark: list[str] = []


class Owner(BaseModel):
    pet: Annotated[Cat | Dog, Field(discriminator="kind")]
    name: str = ""


class Home(BaseModel):
    pets: list[Annotated[Cat | Dog, Field(discriminator="kind")]] = []
    maybe: Annotated[Cat | Dog | None, Field(discriminator="kind")] = None


def grow(model: type[BaseModel], *deltas: str) -> list[Any]:
    parser: PartialParser[Any] = PartialParser(model)
    seen: list[Any] = []
    for delta in deltas:
        parser.feed(delta)
        snapshot = parser.snapshot
        seen.append(None if snapshot is None else snapshot.model_dump(exclude_unset=True))
    return seen


def test_a_tagged_union_grows_behind_its_discriminator() -> None:
    deltas = ['{"pet": {"ki', 'nd": "do', 'g"', ', "bark": ["w', "oof"]
    assert grow(Owner, *deltas) == [
        {},
        {},
        {"pet": {"kind": "dog"}},
        {"pet": {"kind": "dog", "bark": ["w"]}},
        {"pet": {"kind": "dog", "bark": ["woof"]}},
    ]
    assert isinstance(PartialParser(Owner).feed("".join(deltas)).pet, Dog)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("pet", "later"),
    [
        ('{"purr": "rrr", "kind": "cat"}', {"purr": "rrr", "kind": "cat"}),  # not its first member
        ('{"kind": "cow", "purr": "rrr"}', None),
        ('{"kind": null}', None),
        ('{"kind": 3}', None),
        ('{"kind": [1]}', None),
        ('{"kind": {"cat": 1}}', None),
        ('{"kind": true, "purr": ""}', None),
        ('{"kind": NaN}', None),
        ('{"kind": 77777777777777777777777}', None),
        ("{}", None),
        ('["cat"]', None),
        ('"cat"', None),
    ],
)
@pytest.mark.parametrize("model", [Owner, Home])
def test_what_does_not_tell_at_once_shows_when_it_is_complete(
    model: type[BaseModel], pet: str, later: Any
) -> None:
    field, value = ("pet", pet) if model is Owner else ("maybe", pet)
    start = f'{{"{field}": {value}'
    before = run_partial(model, list(start[:-1])).values
    assert all(field not in snapshot.model_fields_set for snapshot in before)
    after = grow(model, start, ", ")[-1]
    assert after == ({} if later is None else {field: later})
    in_list = f'{{"pets": [{{"kind": "lion"}}, {pet}, {{"kind": "cat", "purr": "r'
    shown_pets = grow(Home, in_list)[-1]["pets"]
    # Behind what is invalid, none has a place to show at.
    assert shown_pets == [{"kind": "lion"}] + (
        [] if later is None else [later, {"kind": "cat", "purr": "r"}]
    )


def test_the_discriminator_is_found_in_any_cut() -> None:
    text = (
        '{"pets": [{"kind": "lion", "purr": "a"}, {"kind": "dog", "bark": ["b"]}], "maybe": null}'
    )
    final = shown(Home.model_validate_json(text))
    for halves in every_cut(text):
        assert shown(run_partial(Home, list(halves)).values[-1]) == final


class Size(enum.IntEnum):
    SMALL = 1
    LARGE = 2


class Small(BaseModel):
    size: Literal[Size.SMALL]
    text: str = ""


class Large(BaseModel):
    size: Literal[Size.LARGE]
    text: str = ""


class Yes(BaseModel):
    ok: Literal[True]
    text: str = ""


class No(BaseModel):
    ok: Literal[False]
    text: str = ""


def test_discriminators_may_be_numbers_words_and_enums() -> None:
    class Boxes(BaseModel):
        box: Annotated[Small | Large, Field(discriminator="size")] | None = None
        answer: Annotated[Yes | No, Field(discriminator="ok")] | None = None

    answers = grow(Boxes, '{"answer": {"ok": false', ', "text": "n')
    assert answers[-1] == {"answer": {"ok": False, "text": "n"}}
    boxes = grow(Boxes, '{"box": {"size": 1, "text": "a', '"}')
    assert boxes == [{"box": {"size": Size.SMALL, "text": "a"}}] * 2
    assert grow(Boxes, '{"box": {"size": 3, "text": "a', '"}') == [{}, {}]


def kind_of(value: Any) -> str:
    return "cat" if isinstance(value, Cat) or "purr" in value else "dog"


def test_a_callable_discriminator_is_asked_when_the_object_is_complete() -> None:
    class Holder(BaseModel):
        pet: Annotated[
            Annotated[Cat, Tag("cat")] | Annotated[Dog, Tag("dog")], Discriminator(kind_of)
        ]

    assert grow(Holder, '{"pet": {"kind": "cat", "purr": "r"', "}") == [
        {},
        {"pet": {"kind": "cat", "purr": "r"}},
    ]


class Gated(BaseModel):
    kind: Literal["gated"]
    id: Annotated[int, Gate]
    text: str = ""


class Tagged(BaseModel):
    kind: Annotated[Literal["tagged"], Gate]
    text: str = ""


def test_gates_hide_a_union_member_too() -> None:
    class Holder(BaseModel):
        all: list[Annotated[Gated | Tagged, Field(discriminator="kind")]]

    assert grow(
        Holder,
        '{"all": [{"kind": "tagged", "text": "a',
        '"}, {"kind": "gated", "text": "b',
        '", "id": 1, ',
    ) == [
        {"all": [{"kind": "tagged", "text": "a"}]},
        {"all": [{"kind": "tagged", "text": "a"}]},
        {"all": [{"kind": "tagged", "text": "a"}, {"kind": "gated", "text": "b", "id": 1}]},
    ]


class Branch(BaseModel):
    kind: Literal["branch"]
    left: Annotated[Branch | Leaf, Field(discriminator="kind")]
    note: str = ""


class Leaf(BaseModel):
    kind: Literal["leaf"]
    text: str


Branch.model_rebuild()


def test_a_union_that_holds_itself_grows() -> None:
    text = '{"kind": "branch", "left": {"kind": "branch", "left": {"kind": "leaf", "text": "a'
    assert grow(Branch, text) == [
        {
            "kind": "branch",
            "left": {"kind": "branch", "left": {"kind": "leaf", "text": "a"}},
        }
    ]


Names = TypeAliasType("Names", list[str] | None)


class Either(BaseModel):
    text_or_number: str | int = 0
    text_or_texts: str | list[str] | None = None
    record_or_number: Cat | float | None = None
    two_records: Cat | Dog | None = None
    text_or_date: str | date = ""
    left_first: Annotated[int | str, Field(union_mode="left_to_right")] = 0
    short_or_number: Annotated[str, Field(max_length=3)] | int = 0
    maybe_any: Any | None = None
    nested: list[str | None] | None = None
    by_kind: str | list[int | list[str]] | dict[str, int] = ""
    numbers: int | float = 0
    of_aliases: Names | int | dict[str, str] = 0


@pytest.mark.parametrize(
    ("field", "text", "closing", "growing", "final"),
    [
        ("text_or_number", '"12', '"', "12", "12"),
        ("text_or_number", "12", ",", None, 12),
        ("text_or_texts", '"a', '"', "a", "a"),
        ("text_or_texts", '["a', '"]', ["a"], ["a"]),
        (
            "record_or_number",
            '{"kind": "cat", "purr": "r',
            '"}',
            *[{"kind": "cat", "purr": "r"}] * 2,
        ),
        ("two_records", '{"kind": "cat"', "}", None, {"kind": "cat"}),
        ("text_or_date", '"2020-01-01', '"', None, "2020-01-01"),
        ("left_first", '"12', '"', None, 12),
        ("short_or_number", '"12', '"', None, "12"),
        ("short_or_number", '"12345', '"', None, 12345),
        ("maybe_any", '["a', '"]', ["a"], ["a"]),
        ("nested", '["a", null, "b', '"]', ["a", None, "b"], ["a", None, "b"]),
        ("by_kind", "[1, [", "]]", [1, []], [1, []]),
        ("by_kind", '{"a": 1, ', '"b": 2}', {"a": 1}, {"a": 1, "b": 2}),
        ("numbers", "12", ",", None, 12),
        ("of_aliases", '["a', '"]', ["a"], ["a"]),
        ("of_aliases", '{"a": "b', '"}', {"a": "b"}, {"a": "b"}),
    ],
)
def test_a_union_grows_where_the_first_character_leaves_one_choice(
    field: str, text: str, closing: str, growing: Any, final: Any
) -> None:
    before, after = grow(Either, f'{{"{field}": {text}', closing)
    assert before == ({} if growing is None else {field: growing})
    assert after == {field: final}


def test_a_union_at_the_root() -> None:
    pet = RootModel[Annotated[Cat | Dog, Field(discriminator="kind")]]
    run = run_partial(pet, ['{"kind": "cat", "purr"', ': "r"}'])
    assert [value.root for value in run.values] == [Cat(kind="cat", purr="r")]
    maybe = RootModel[Cat | None]
    assert run_partial(maybe, list("null ")).values[-1].root is None
