"""Snapshots are instances of the user's model in every respect."""

from __future__ import annotations

import copy
import json
import pickle
import warnings
from typing import Annotated, Any

import pytest
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    RootModel,
    TypeAdapter,
    computed_field,
)

from partialstream import PartialParser


class Inner(BaseModel):
    text: str
    n: int = 7


class Report(BaseModel):
    """A report."""

    title: str
    pages: int
    inner: Inner | None = None
    rows: list[Inner] = Field(default_factory=list)


TEXT = '{"title": "On pa", "rows": [{"text": "a"}, {"text": "b'


def snapshot_of(model: Any, text: str = TEXT) -> Any:
    snapshot = PartialParser(model).feed(text)
    assert snapshot is not None
    return snapshot


def test_what_has_not_arrived_reads_as_its_default_or_none() -> None:
    snapshot = snapshot_of(Report)
    assert (snapshot.title, snapshot.pages, snapshot.inner) == ("On pa", None, None)
    assert [(row.text, row.n) for row in snapshot.rows] == [("a", 7), ("b", 7)]
    assert snapshot.model_fields_set == {"title", "rows"}
    assert repr(snapshot.model_fields_set) in ("{'title', 'rows'}", "{'rows', 'title'}")
    assert snapshot.rows[1].model_fields_set == {"text"}


@pytest.mark.parametrize(
    "touch",
    [
        repr,
        str,
        lambda s: s.title,
        lambda s: s.__dict__,
        lambda s: s.__class__,
        lambda s: s.model_dump(),
        lambda s: s.model_dump_json(),
        lambda s: s == s,
        lambda s: s.model_copy(),
        lambda s: copy.copy(s),
        lambda s: copy.deepcopy(s),
        lambda s: list(s),
        lambda s: dict(s),
        lambda s: isinstance(s, Report),
        lambda s: TypeAdapter(Report).dump_python(s),
        lambda s: TypeAdapter(Report).validate_python(s),
        lambda s: Report.model_validate(s),
        lambda s: s.model_extra,
        lambda s: hasattr(s, "no_such_thing"),
        lambda s: pickle.dumps(s),
        lambda s: s.__rich_repr__(),
        lambda s: s.model_fields_set,
    ],
)
def test_any_first_touch_makes_it_whole(touch: Any) -> None:
    snapshot = snapshot_of(Report)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a serializer warns of a required member that is None
        touch(snapshot)
    assert snapshot.title == "On pa"
    assert type(snapshot) is Report
    assert snapshot.model_dump(exclude_unset=True) == {
        "title": "On pa",
        "rows": [{"text": "a"}, {"text": "b"}],
    }


def test_copies_are_equal_and_apart() -> None:
    for make in (
        copy.copy,
        copy.deepcopy,
        lambda s: s.model_copy(),
        lambda s: s.model_copy(deep=True),
    ):
        snapshot = snapshot_of(Report)
        copied = make(snapshot)
        assert copied == snapshot
        assert isinstance(copied, Report)
        assert copied.model_fields_set == snapshot.model_fields_set
        copied.title = "another"
        assert snapshot.title == "On pa"
    revived = pickle.loads(pickle.dumps(snapshot_of(Report)))
    assert revived == snapshot_of(Report)


def test_snapshots_of_equal_content_are_equal_and_of_other_content_not() -> None:
    parser = PartialParser(Report)
    first, second = parser.feed(TEXT), parser.feed("x")
    assert first != second
    assert first == snapshot_of(Report)
    assert snapshot_of(Inner, '{"text": "a"') == Inner(text="a")


def test_dumping_a_snapshot_nested_in_others() -> None:
    class Holder(BaseModel):
        report: Report
        reports: list[Report]

    text = (
        '{"report": {"title": "a", "inner": {"text": "b"}}, "reports": [{"title": "c", "pages": 3'
    )
    dumped = snapshot_of(Holder, text + ", ").model_dump_json(exclude_unset=True)
    assert json.loads(dumped) == json.loads(text + "}]}")


def test_frozen_models_and_hashes() -> None:
    class Frozen(BaseModel):
        model_config = ConfigDict(frozen=True)
        text: str

    snapshot = snapshot_of(Frozen, '{"text": "a')
    assert hash(snapshot) == hash(Frozen(text="a"))
    assert {snapshot: 1}[Frozen(text="a")] == 1
    with pytest.raises(ValueError, match="frozen"):
        snapshot.text = "b"


def test_extra_members_are_where_pydantic_puts_them() -> None:
    class Open(BaseModel):
        model_config = ConfigDict(extra="allow")
        text: str = ""

    snapshot = snapshot_of(Open, '{"text": "a", "more": ["b')
    assert snapshot.more == ["b"]
    assert snapshot.model_extra == {"more": ["b"]}
    assert snapshot.model_fields_set == {"text", "more"}
    assert snapshot_of(Report).model_extra is None


def test_extra_members_are_in_the_order_of_the_text() -> None:
    class Open(BaseModel):
        model_config = ConfigDict(extra="allow")
        text: str = ""

    names = [f"member {number}" for number in range(50)]
    members = ", ".join(f'"{name}": "a"' for name in names[:-1])
    snapshot = snapshot_of(Open, f'{{{members}, "text": "b", "{names[-1]}": "c')
    assert list(snapshot.model_extra or ()) == names


def test_private_attributes_and_slots_have_their_defaults() -> None:
    class Private(BaseModel):
        text: str
        _cache: dict[str, int] = PrivateAttr(default_factory=dict)
        _count: int = 3
        _unset: int = PrivateAttr()

    first = snapshot_of(Private, '{"text": "a')
    second = snapshot_of(Private, '{"text": "a')
    first._cache["x"] = 1
    assert (first._count, second._cache) == (3, {})
    with pytest.raises(AttributeError):
        _ = first._unset


def test_a_private_attribute_made_of_validated_data_is_not_there_yet() -> None:
    class Private(BaseModel):
        text: str
        _length: int = PrivateAttr(default_factory=lambda data: len(data["text"]))  # type: ignore[misc]

    if not hasattr(
        Private.__private_attributes__["_length"], "default_factory_takes_validated_data"
    ):
        pytest.skip(
            "this pydantic does not hand validated data to the factories of private attributes"
        )
    parser = PartialParser(Private)
    snapshot = parser.feed('{"text": "ab')
    assert snapshot is not None
    assert not hasattr(snapshot, "_length")
    parser.feed('c"}')
    assert parser.finish()._length == 3


def test_methods_properties_and_computed_fields_work() -> None:
    class Computed(BaseModel):
        text: str
        n: int = 2

        @computed_field
        def twice(self) -> str:
            return self.text * self.n

        def shout(self) -> str:
            return self.text.upper()

    snapshot = snapshot_of(Computed, '{"text": "ab')
    assert snapshot.shout() == "AB"
    assert snapshot.model_dump() == {"text": "ab", "n": 2, "twice": "abab"}


def test_a_model_that_watches_its_subclasses_sees_none() -> None:
    seen: list[str] = []

    class Registered(BaseModel):
        def __init_subclass__(cls, **kwargs: Any) -> None:
            super().__init_subclass__(**kwargs)
            seen.append(cls.__name__)

    class Child(Registered):
        text: str

    snapshot = snapshot_of(Child, '{"text": "a')
    assert type(snapshot) is Child
    assert snapshot.text == "a"
    assert seen == ["Child"]
    assert Child.__subclasses__() == []


def test_a_default_factory_runs_once_for_an_object() -> None:
    made: list[int] = []

    def make() -> int:
        made.append(len(made))
        return made[-1]

    class Stamped(BaseModel):
        text: str
        stamp: int = Field(default_factory=make)
        later: str = Field(default_factory=lambda data: data["text"])

    parser = PartialParser(Stamped)
    snapshots = [parser.feed(delta) for delta in ('{"text": "a', "b", "c")]
    assert [snapshot.stamp for snapshot in snapshots if snapshot is not None] == [0, 0, 0]
    assert snapshots[0] is not None
    assert snapshots[0].later is None  # it asks for what is not validated yet
    assert made == [0]


def test_a_default_is_not_shared_between_objects() -> None:
    first, second = snapshot_of(Report, '{"title": "a'), snapshot_of(Report, '{"title": "a')
    first.rows.append(Inner(text="x"))
    assert second.rows == []


def test_inheritance_and_generics() -> None:
    class Child(Report):
        more: str = ""

    snapshot = snapshot_of(Child, '{"title": "a", "more": "b')
    assert isinstance(snapshot, Report)
    assert isinstance(snapshot, Child)
    assert snapshot.more == "b"
    assert Child.__doc__ is None
    assert type(snapshot_of(Child)).__doc__ is None


class Tree(RootModel[dict[str, "Tree | str"]]):
    def names(self) -> list[str]:
        return list(self.root)


class Wrapped(RootModel[Report]):
    pass


class Twice(RootModel[RootModel[list[str]]]):
    pass


def test_snapshots_of_root_models() -> None:
    snapshot = snapshot_of(Tree, '{"a": {"b": "x')
    assert snapshot.names() == ["a"]
    assert snapshot.root["a"].root == {"b": "x"}
    wrapped = snapshot_of(Wrapped)
    assert wrapped.root.title == "On pa"
    assert wrapped.model_fields_set == {"root"}
    twice = snapshot_of(Twice, '["a", "b')
    assert twice.root.root == ["a", "b"]
    assert isinstance(twice, Twice)


def test_a_model_that_may_not_be_set_has_snapshots_too() -> None:
    class Guarded(BaseModel):
        text: str

        def __setattr__(self, name: str, value: Any) -> None:
            raise TypeError("not allowed")

    assert snapshot_of(Guarded, '{"text": "a').text == "a"


def test_a_snapshot_is_of_the_model_before_anybody_looks() -> None:
    snapshot = snapshot_of(Report)
    assert type(snapshot) is Report
    assert type(vars(snapshot)["rows"][1]) is Inner


LONG = 200


def long_list(held: bool, change: Any = None) -> None:
    """Read a long list; each snapshot is what has arrived, and stays so while it is held."""
    parser = PartialParser(Report)
    parser.feed('{"title": "a", "rows": [')
    kept: list[tuple[Any, list[tuple[str, int]]]] = []
    expected: list[tuple[str, int]] = []
    for number in range(LONG):
        comma = ", " if number else ""
        for delta, shown in (
            (f'{comma}{{"text": "r', ("r", 7)),
            (str(number), (f"r{number}", 7)),
            (f'", "n": {number}}}', (f"r{number}", number)),
        ):
            snapshot = parser.feed(delta)
            assert snapshot is not None
            rows = [(row.text, row.n) for row in snapshot.rows]
            assert rows == [*expected, shown]
            if held:
                kept.append((snapshot, rows))
            if change is not None:
                change(snapshot.rows)
        expected.append((f"r{number}", number))
    for snapshot, rows in kept:
        assert [(row.text, row.n) for row in snapshot.rows] == rows


@pytest.mark.parametrize("held", [True, False])
def test_snapshots_of_a_long_list(held: bool) -> None:
    long_list(held)


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows.clear(),
        lambda rows: rows.pop(0),
        lambda rows: rows.reverse(),
        lambda rows: rows.sort(key=lambda row: -row.n),
        lambda rows: rows.append(None),
        lambda rows: rows.insert(0, None),
    ],
)
def test_a_reader_who_changes_a_long_list_changes_no_other(change: Any) -> None:
    long_list(held=False, change=change)


class Ledger(BaseModel):
    entries: dict[str, int | str | list[str]]


class Numbers(BaseModel):
    entries: dict[str, Annotated[str, Field(max_length=3)] | list[int]]


def long_dict(model: type[BaseModel], held: bool, change: Any = None) -> None:
    """Read a long dict; each snapshot is what a parser of its own shows, and stays so."""
    names = [f"k{number}" for number in range(80)]
    names += [name for number in range(80, 150) for name in (f"k{number}", f"k{number}")]
    names += ["k3", "k149", "k149", "k4", "new", "k5", "new", "last"]
    values = ['"ab"', "[1, 2]", '"abcdef"', '["x", "y"]', "1", "{}"]
    members = [f'"{name}": {values[n * 7 % 11 % 6]}' for n, name in enumerate(names)]
    text = f'{{"entries": {{{", ".join(members)}'
    parser = PartialParser(model)
    beginning = 900
    parser.feed(text[:beginning])
    kept: list[tuple[Any, list[tuple[str, Any]]]] = []
    for start in range(beginning, len(text), 3):
        snapshot: Any = parser.feed(text[start : start + 3])
        if snapshot is None:
            continue
        entries = list(copy.deepcopy(snapshot.entries).items())
        if start % 4 == 0:
            fresh: Any = PartialParser(model).feed(text[: start + 3])
            assert entries == list(fresh.entries.items())
        if held is True:
            kept.append((snapshot, entries))
        if change is not None:
            change(snapshot.entries)
    for snapshot, entries in kept:
        assert list(snapshot.entries.items()) == entries


@pytest.mark.parametrize("model", [Ledger, Numbers])
@pytest.mark.parametrize("held", [True, False])
def test_snapshots_of_a_long_dict(model: type[BaseModel], held: bool) -> None:
    long_dict(model, held)


@pytest.mark.parametrize(
    "change",
    [
        lambda entries: entries.clear(),
        lambda entries: entries.pop("k0"),
        lambda entries: entries.popitem(),
        lambda entries: entries.update(more=1),
        lambda entries: entries.update(k0="changed"),
        lambda entries: (entries.popitem(), entries.update(more=1)),
    ],
)
def test_a_reader_who_changes_a_long_dict_changes_no_other(change: Any) -> None:
    long_dict(Ledger, held=False, change=change)


@pytest.mark.parametrize("shape", ["list", "dict"])
def test_long_snapshots_are_copied_where_references_cannot_be_counted(
    shape: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("partialstream.engine.nodes._references", None)
    if shape == "list":
        long_list(held=True)
    else:
        long_dict(Ledger, held=True)


@pytest.mark.parametrize("held", ["entries", "items", "iterator", "vars"])
def test_who_holds_a_part_of_a_long_snapshot_keeps_it(held: str) -> None:
    parser = PartialParser(Ledger)
    parser.feed('{"entries": {' + ", ".join(f'"k{n}": {n}' for n in range(100)))
    kept: list[tuple[Any, int]] = []
    for number in range(100, 130):
        snapshot: Any = parser.feed(f', "k{number}": "x')
        entries = snapshot.entries
        part: Any = {
            "entries": entries,
            "items": entries.items(),
            "iterator": iter(entries),
            "vars": vars(snapshot).values(),
        }[held]
        kept.append((part, len(entries)))
        del snapshot, entries, part
        parser.feed('yz"')
    for part, size in kept:
        assert size == (len(next(iter(part))) if held == "vars" else len(list(part)))


@pytest.mark.parametrize("held", [True, False])
def test_snapshots_of_a_long_text(held: bool) -> None:
    parser = PartialParser(Inner)
    kept = [parser.feed('{"text": "')]
    for number in range(LONG):
        snapshot = parser.feed("é" if number == LONG // 2 else "abc")
        assert snapshot is not None
        if held:
            kept.append(snapshot)
    assert snapshot is not None
    assert len(snapshot.text) == 3 * LONG - 2
    if held:
        texts = [each.text for each in kept if each is not None]
        assert [snapshot.text[: len(text)] for text in texts] == texts
        assert len(set(map(len, texts))) == LONG + 1
