"""What of a growing object shows: gates, atomic members, lists, dicts, sets, names."""

from __future__ import annotations

from collections.abc import Sequence  # noqa: TC003 - pydantic looks it up
from typing import Annotated, Any

import pytest
from pydantic import (
    AfterValidator,
    AliasChoices,
    AliasPath,
    BaseModel,
    ConfigDict,
    Field,
    Json,
    JsonValue,
    RootModel,
    StringConstraints,
)
from runs import run_partial
from typing_extensions import TypeAliasType, TypedDict

from partialstream import Atomic, Gate, PartialParser


def grow(model: type[BaseModel], *deltas: str) -> list[Any]:
    """What shows after each delta, as plain data; the deltas need not close the object."""
    parser: PartialParser[Any] = PartialParser(model)
    seen: list[Any] = []
    for delta in deltas:
        parser.feed(delta)
        snapshot = parser.snapshot
        seen.append(None if snapshot is None else snapshot.model_dump(exclude_unset=True))
    return seen


class Card(BaseModel):
    id: Annotated[int, Gate]
    title: str
    note: str | None = None


class Cards(BaseModel):
    cards: list[Card]


def test_an_object_is_hidden_until_its_gate_is_complete() -> None:
    assert grow(Card, '{"title": "a", ', '"id": 1', "2", ', "note": "b', 'c"}') == [
        None,
        None,
        None,
        {"title": "a", "id": 12, "note": "b"},
        {"title": "a", "id": 12, "note": "bc"},
    ]


def test_a_hidden_element_holds_no_place_yet() -> None:
    assert grow(
        Cards,
        '{"cards": [{"title": "a"',
        ', "id": 1',
        "}",
        ', {"title": "b", "note": "x',
        '", "id": 2, "x": {"deep": [',
    ) == [
        {"cards": []},
        {"cards": []},
        {"cards": [{"title": "a", "id": 1}]},
        {"cards": [{"title": "a", "id": 1}]},
        {"cards": [{"title": "a", "id": 1}, {"title": "b", "note": "x", "id": 2}]},
    ]


class Gates(BaseModel):
    a: Annotated[str, Gate]
    b: Annotated[int | None, Gate] = Field(default=None, alias="B")
    c: Annotated[str, AfterValidator(str.upper), Gate] = ""
    text: str = ""


def test_all_gates_have_to_be_complete() -> None:
    assert grow(Gates, '{"text": "x", "a": "', 'y", "B": 1, ', '"c": "z"', "}") == [
        None,
        None,
        {"text": "x", "a": "y", "b": 1, "c": "Z"},
        {"text": "x", "a": "y", "b": 1, "c": "Z"},
    ]


@pytest.mark.parametrize("again", ['"id": 1, "id": 2, "id": 3', '"id": "x", "id": 1'])
def test_a_gate_that_occurs_again_opens_once(again: str) -> None:
    assert grow(Cards, '{"cards": [{"title": "a", ' + again, ', "note": "', 'b"}, {"title": "') == [
        {"cards": [{"title": "a", "id": 2}]} if again.endswith("3") else {"cards": []},
        {"cards": [{"title": "a", "id": int(again[-1]), "note": ""}]},
        {"cards": [{"title": "a", "id": int(again[-1]), "note": "b"}]},
    ]


def test_a_gate_with_several_names_opens_with_any_of_them() -> None:
    class Item(BaseModel):
        id: Annotated[int, Gate] = Field(validation_alias=AliasChoices("id", "ID", "Id"))
        text: str = ""

    assert grow(Item, '{"text": "a', '", "ID": 3, ') == [None, {"text": "a", "id": 3}]


def test_an_object_whose_gate_never_comes_shows_when_it_is_complete() -> None:
    class Item(BaseModel):
        gate: Annotated[int, Gate] = 0
        text: str

    class Holder(BaseModel):
        items: list[Item]

    assert grow(Holder, '{"items": [{"text": "a', '"}', ", {") == [
        {"items": []},
        {"items": [{"text": "a"}]},
        {"items": [{"text": "a"}]},
    ]


def test_an_invalid_gate_keeps_its_object_hidden() -> None:
    assert (
        grow(Cards, '{"cards": [{"id": "x", "title": "a"', "}", ', {"id": 1, "title": "b"}')
        == [{"cards": []}] * 3
    )


def test_atomic_values_show_when_they_are_complete() -> None:
    class Inner(BaseModel):
        text: str

    class Place(BaseModel):
        name: Annotated[str, Atomic]
        tags: Annotated[list[str], Atomic]
        inner: Annotated[Inner, Atomic]
        maybe: Annotated[str | None, Atomic] = None
        plain: Inner | None = None

    deltas = [
        '{"name": "Bre',
        'men", "tags": ["a"',
        '], "inner": {"text": "x"',
        '}, "maybe": "y',
        '", "plain": {"text": "z',
    ]
    assert grow(Place, *deltas) == [
        {},
        {"name": "Bremen"},
        {"name": "Bremen", "tags": ["a"]},
        {"name": "Bremen", "tags": ["a"], "inner": {"text": "x"}},
        {
            "name": "Bremen",
            "tags": ["a"],
            "inner": {"text": "x"},
            "maybe": "y",
            "plain": {"text": "z"},
        },
    ]


def test_strings_that_validation_may_change_or_refuse_by_pattern_show_when_complete() -> None:
    class Texts(BaseModel):
        plain: str = ""
        stripped: Annotated[str, StringConstraints(strip_whitespace=True)] = ""
        upper: Annotated[str, StringConstraints(to_upper=True)] = ""
        pattern: Annotated[str, StringConstraints(pattern="^a+$")] = ""
        after: Annotated[str, AfterValidator(str.title)] = ""

    for field, raw, value in (
        ("stripped", " a ", "a"),
        ("upper", "ab", "AB"),
        ("pattern", "aa", "aa"),
        ("after", "ab", "Ab"),
    ):
        cut = f'{{"{field}": "{raw}'
        assert grow(Texts, cut, '"') == [{}, {field: value}]
    assert grow(Texts, '{"plain": " a ') == [{"plain": " a "}]

    class Stripped(BaseModel):
        model_config = ConfigDict(str_strip_whitespace=True)
        text: str

    assert grow(Stripped, '{"text": " a ', '"') == [{}, {"text": "a"}]


def test_a_string_that_is_too_long_stays_as_it_is_and_the_object_is_refused() -> None:
    class Short(BaseModel):
        text: Annotated[str, Field(max_length=3)]
        more: str = ""

    run = run_partial(Short, ['{"text": "abc', 'd"', ', "more": "x', '"}'])
    assert [snapshot.text for snapshot in run.values] == ["abc", "abcd", "abcd"]
    assert run.status == "invalid"

    class Configured(BaseModel):
        model_config = ConfigDict(str_max_length=3)
        text: str

    assert grow(Configured, '{"text": "abc', "d") == [{"text": "abc"}, {"text": "abcd"}]


def test_an_element_that_is_invalid_hides_those_behind_it() -> None:
    class Rows(BaseModel):
        rows: list[int]
        lists: list[list[str]] = []

    assert grow(
        Rows, '{"rows": [1, 2, ', '"x", 4, [5], {"a": 6}, ', '7], "lists": [["a', '"], 1, ["b'
    ) == [
        {"rows": [1, 2]},
        {"rows": [1, 2]},
        {"rows": [1, 2], "lists": [["a"]]},
        {"rows": [1, 2], "lists": [["a"]]},
    ]


def test_an_object_that_is_invalid_stays_as_far_as_it_goes() -> None:
    class Inner(BaseModel):
        a: int
        b: str

    class Outer(BaseModel):
        inner: Inner
        more: str = ""

    assert grow(Outer, '{"inner": {"b": "x"', "}", ', "more": "y') == [
        {"inner": {"b": "x"}},
        {"inner": {"b": "x"}},
        {"inner": {"b": "x"}, "more": "y"},
    ]


def test_dicts_sets_and_tuples_grow_as_far_as_they_are_certain() -> None:
    class Box(BaseModel):
        names: dict[str, list[str]] = {}
        numbers: dict[int, str] = {}
        unique: set[int] = set()
        frozen: frozenset[str] = frozenset()
        many: tuple[str, ...] = ()
        pair: tuple[str, int] = ("", 0)
        bare: list = []  # type: ignore[type-arg]  # as users write it
        mapping: dict = {}  # type: ignore[type-arg]
        sequence: Sequence[int] = ()

    assert grow(Box, '{"names": {"a": ["x', '"], "b": [')[-1] == {"names": {"a": ["x"], "b": []}}
    assert grow(Box, '{"numbers": {"1": "x"', "}") == [{}, {"numbers": {1: "x"}}]
    assert grow(Box, '{"unique": [1, 2, 1, 3')[-1] == {"unique": {1, 2}}
    assert grow(Box, '{"frozen": ["a", "b')[-1] == {"frozen": frozenset("a")}
    assert grow(Box, '{"many": ["a", "b')[-1] == {"many": ("a", "b")}
    assert grow(Box, '{"pair": ["a", 1', "]") == [{}, {"pair": ("a", 1)}]
    assert grow(Box, '{"bare": ["a", {"b": ["c')[-1] == {"bare": ["a", {"b": ["c"]}]}
    assert grow(Box, '{"mapping": {"a": {"b": ["c')[-1] == {"mapping": {"a": {"b": ["c"]}}}
    assert grow(Box, '{"sequence": [1, 2, ', "3]") == [{}, {"sequence": [1, 2, 3]}]


def test_what_can_not_be_in_a_set_ends_what_shows_of_it() -> None:
    class Box(BaseModel):
        things: set[Any]

    run = run_partial(Box, ['{"things": ["a", [1], "b"', "]}"])
    assert [snapshot.things for snapshot in run.values] == [{"a"}]
    assert run.status == "invalid"


class Node(TypedDict, total=False):
    name: str
    children: list[Node]


class Forest(RootModel[list["Forest"]]):
    pass


Alias = TypeAliasType("Alias", "str | list[Alias] | dict[str, Alias]")


def test_types_that_hold_themselves_grow() -> None:
    class Holder(BaseModel):
        node: Node | None = None
        forest: Forest | None = None
        alias: Alias = ""
        json_: JsonValue = None

    start = '{"node": {"name": "a", "children": [{"children": [{"name": "b'
    assert grow(Holder, start) == [
        {"node": {"name": "a", "children": [{"children": [{"name": "b"}]}]}}
    ]
    assert grow(Holder, '{"forest": [[], [[') == [{"forest": [[], [[]]]}]
    assert grow(Holder, '{"alias": ["a", {"b": ["c') == [{"alias": ["a", {"b": ["c"]}]}]
    assert grow(Holder, '{"json_": ["a"', "]") == [{}, {"json_": ["a"]}]


def test_members_by_alias_and_extra_members() -> None:
    class Named(BaseModel):
        model_config = ConfigDict(extra="allow", validate_by_name=True, validate_by_alias=True)
        first: str = Field(alias="1st", default="")
        inner: int = Field(validation_alias=AliasPath("deep", "n"), default=0)

    deltas = ['{"1st": "a', '", "first": "b', '", "deep": {"n": 1}, "x": ["y', '"], "x": {"z": "']
    assert grow(Named, *deltas) == [
        {"first": "a"},
        {"first": "b"},  # a name that comes again begins again, as the last one wins
        {"first": "b", "x": ["y"]},
        {"first": "b", "x": {"z": ""}},
    ]
    assert Named.model_validate_json('{"deep": {"n": 1}}').model_extra == {}


def test_an_extra_member_with_the_name_of_a_field_does_not_fill_it() -> None:
    class Aliased(BaseModel):
        model_config = ConfigDict(extra="allow")
        n: int = Field(alias="number", default=0)

    snapshot = PartialParser(Aliased).feed('{"n": "x", "number": 3, "more": "y')
    assert snapshot is not None
    assert (snapshot.n, snapshot.model_extra) == (3, {"more": "y"})


def test_extra_members_have_a_type_too() -> None:
    class Scores(BaseModel):
        model_config = ConfigDict(extra="allow")
        __pydantic_extra__: dict[str, int]
        name: str = ""

    assert grow(Scores, '{"a": 1, "b": "x", "c": [2], "d": 3, ') == [{"a": 1, "d": 3}]


def test_unknown_members_are_left_out() -> None:
    class Strict(BaseModel):
        a: str

    assert grow(Strict, '{"x": {"a": "no"}, "y": ["z', '"], "a": "b') == [{}, {"a": "b"}]


def test_json_in_a_string_and_other_types_show_when_complete() -> None:
    class Holder(BaseModel):
        inside: Json[list[int]] = []
        data: bytes = b""

    assert grow(Holder, '{"inside": "[1, 2', ']", "data": "ab', '"') == [
        {},
        {"inside": [1, 2]},
        {"inside": [1, 2], "data": b"ab"},
    ]


def test_a_repeated_name_begins_again() -> None:
    class Text(BaseModel):
        a: str
        b: str = ""

    assert grow(Text, '{"a": "first", "b": "x", "a": "', "second") == [
        {"a": "", "b": "x"},
        {"a": "second", "b": "x"},
    ]
    assert run_partial(Text, ['{"a": "first", "a": "second"}']).values[-1] == Text(a="second")


class Size(TypedDict):
    root: str
    width: int


def test_a_root_model_of_a_typed_dict_grows() -> None:
    parser = PartialParser(RootModel[Size])
    shown = [parser.feed(text) for text in ('{"root": "a', 'b", "wid', 'th": 3}')]
    assert [each and each.root for each in shown] == [
        {"root": "a"},
        {"root": "ab"},
        {"root": "ab", "width": 3},
    ]
    assert parser.finish() == RootModel[Size]({"root": "ab", "width": 3})
