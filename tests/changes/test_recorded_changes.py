"""The changes of a growing object lead from nothing to each snapshot, and to the final object."""

from __future__ import annotations

import copy
from datetime import date
from typing import Annotated, Any

from arrived import State, arrived
from hypothesis import given
from pydantic import (
    BaseModel,
    Field,
    PlainSerializer,
    RootModel,
    computed_field,
    field_serializer,
    model_validator,
)
from strategies import Cut, Fault, cut_everywhere, cuts, faults
from typed_documents import typed_texts

from partialstream import Atomic, Gate, PartialStreamError
from partialstream.engine.changes import Change, Recording, merged
from partialstream.validation.recording import RecordingParser


def recorded(
    model: type[BaseModel], deltas: list[str], *, by_alias: bool = False
) -> tuple[list[list[Change]], BaseModel]:
    """The changes of each delta, compared with each snapshot; and the final object."""
    parser: RecordingParser[Any] = RecordingParser(model, Recording(by_alias))
    state = State()
    changes: list[list[Change]] = []
    before: list[tuple[Any, Any]] = []
    for delta in deltas:
        snapshot = parser.feed(delta)
        changes.append(parser.take_changes())
        assert bool(changes[-1]) <= (snapshot is not None)
        state.add(changes[-1])
        if snapshot is not None:
            assert state.value == arrived(snapshot, by_alias=by_alias)
            before.append((state.value, copy.deepcopy(state.value)))
    final = parser.finish()
    changes.append(parser.take_changes())
    state.add(changes[-1])
    assert state.value == final.model_dump(mode="json", by_alias=by_alias)
    assert state.completeness(())
    assert all(value == copied for value, copied in before)
    return changes, final


def written(changes: list[list[Change]]) -> list[list[tuple[Any, ...]]]:
    return [
        [
            (".".join(map(str, c.path)), c.op, *([] if c.op == "complete" else [c.value]))
            for c in each
        ]
        for each in changes
    ]


@given(typed_texts(), cuts)
def test_changes_lead_to_each_snapshot_and_to_the_object(
    typed: tuple[type[BaseModel], str], cut: Cut
) -> None:
    model, text = typed
    recorded(model, cut(text))
    recorded(model, cut(text), by_alias=True)


@given(typed_texts(), cuts)
def test_merged_changes_lead_to_the_same(typed: tuple[type[BaseModel], str], cut: Cut) -> None:
    model, text = typed
    changes, final = recorded(model, cut(text))
    for size in (1, 3, len(changes)):
        state, bare = State(), State()
        for start in range(0, len(changes), size):
            part = [change for each in changes[start : start + size] for change in each]
            state.add(merged(part))
            bare.add(part)
            assert state.value == bare.value
            for path in bare.complete:
                assert state.completeness(path)
        assert state.value == final.model_dump(mode="json")


@given(typed_texts(), faults, cuts)
def test_faulty_documents_have_changes_as_far_as_they_have_snapshots(
    typed: tuple[type[BaseModel], str], fault: Fault, cut: Cut
) -> None:
    model, text = typed
    parser: RecordingParser[Any] = RecordingParser(model)
    state = State()
    try:
        for delta in cut(fault(text)):
            snapshot = parser.feed(delta)
            state.add(parser.take_changes())
            if snapshot is not None:
                assert state.value == arrived(snapshot)
    except PartialStreamError:
        pass


class Paper(BaseModel):
    title: str
    tags: list[str] = Field(default_factory=list)
    pages: int = 1


def test_each_delta_says_what_it_brought() -> None:
    deltas = ['{"ti', 'tle": "O', "n p", 'aper", "tags', '": ["a', 'b", "c"], "pages": 1', "2}"]
    changes, _ = recorded(Paper, deltas)
    assert written(changes) == [
        [("", "set", {})],
        [("title", "set", "O")],
        [("title", "append", "n p")],
        [("title", "append", "aper"), ("title", "complete")],
        [("tags", "set", ["a"])],
        [("tags.0", "append", "b"), ("tags.1", "set", "c"), ("tags", "complete")],
        [("pages", "set", 12), ("", "complete")],
        [],
    ]


def test_a_document_that_comes_at_once_is_one_change() -> None:
    changes, _ = recorded(Paper, ['{"title": "On paper", "tags": ["a", "b"]}'])
    value = {"title": "On paper", "tags": ["a", "b"], "pages": 1}
    assert written(changes)[0] == [("", "set", value), ("", "complete")]


class Section(BaseModel):
    heading: str
    level: int = 1

    @computed_field
    @property
    def anchor(self) -> str:
        return self.heading.lower()


class Book(BaseModel):
    sections: list[Section]


def test_defaults_and_computed_fields_come_when_their_object_is_complete() -> None:
    changes, _ = recorded(
        Book, ['{"sections": [{"heading": "A', 'b"', "}", ', {"heading": "C"}', "]}"]
    )
    assert written(changes) == [
        [("", "set", {"sections": [{"heading": "A"}]})],
        [("sections.0.heading", "append", "b"), ("sections.0.heading", "complete")],
        [
            ("sections.0.level", "set", 1),
            ("sections.0.anchor", "set", "ab"),
            ("sections.0", "complete"),
        ],
        [
            ("sections.1", "set", {"heading": "C", "level": 1, "anchor": "c"}),
            ("sections.1", "complete"),
        ],
        [("", "complete")],
        [],
    ]


class Guarded(BaseModel):
    summary: Annotated[str, Atomic]
    part: GatedPart | None = None


class GatedPart(BaseModel):
    note: str
    kind: Annotated[str, Gate]
    more: str


Guarded.model_rebuild()


def test_what_snapshots_hide_changes_hide() -> None:
    text = '{"summary": "ab", "part": {"note": "n", "kind": "k", "more": "m"}}'
    changes, _ = recorded(Guarded, list(text))
    flat = [change for each in written(changes) for change in each]
    assert flat == [
        ("", "set", {}),
        ("summary", "set", "ab"),
        ("part", "set", {"note": "n", "kind": "k"}),
        ("part.note", "complete"),
        ("part.kind", "complete"),
        ("part.more", "set", ""),
        ("part.more", "append", "m"),
        ("part.more", "complete"),
        ("part", "complete"),
        ("", "complete"),
    ]


class Shouted(BaseModel):
    word: str
    days: list[Annotated[date, PlainSerializer(lambda day: day.year)]]
    secret: str = Field(exclude=True)
    plain: list[date]

    @field_serializer("word")
    def shout(self, word: str) -> str:
        return word.upper()


def test_what_a_function_writes_comes_when_it_is_complete_and_what_is_excluded_never() -> None:
    text = '{"word": "ab", "days": ["2026-01-02"], "secret": "s", "plain": ["2026-01-02"]}'
    parser = RecordingParser(Shouted)
    state, seen = State(), []
    for char in text:
        parser.feed(char)
        changes = parser.take_changes()
        state.add(changes)
        seen += [(c.path, c.op, c.value) for c in changes]
    assert seen == [
        ((), "set", {}),
        (("word",), "set", "AB"),
        (("word",), "complete", None),
        (("days",), "set", [2026]),
        (("days",), "complete", None),
        (("plain",), "set", []),
        (("plain", 0), "set", "2026-01-02"),
        (("plain",), "complete", None),
        ((), "complete", None),
    ]
    assert state.value == parser.finish().model_dump(mode="json")


class Reading(BaseModel):
    unit: str
    value: float

    @field_serializer("value")
    def with_unit(self, value: float) -> str:
        return f"{value} {self.unit}"


def test_a_field_whose_serializer_reads_others_comes_with_the_whole() -> None:
    parser = RecordingParser(Reading)
    for delta in ('{"value": 1.5', ', "unit": "m'):
        parser.feed(delta)
        assert all("value" not in change.path for change in parser.take_changes())
    parser.feed('"}')
    assert Change(("value",), "set", "1.5 m") in parser.take_changes()


class Sorted(BaseModel):
    names: list[str]
    label: str

    @model_validator(mode="after")
    def sort(self) -> Sorted:
        self.names.sort()
        self.label += "!"
        return self


def test_what_a_validator_of_the_whole_changes_is_changed_at_the_end() -> None:
    changes, _ = recorded(Sorted, ['{"names": ["b", "a"], "label": "x"', "}"])
    assert written(changes)[1] == [
        ("names.0", "set", "a"),
        ("names.1", "set", "b"),
        ("label", "append", "!"),
        ("", "complete"),
    ]


class Tags(RootModel[list[date]]):
    pass


def test_a_root_model_is_what_it_is_around() -> None:
    changes, _ = recorded(Tags, ['["2026-01-02"', ', "2026-01-03"', "]"])
    assert written(changes) == [
        [("", "set", ["2026-01-02"])],
        [("1", "set", "2026-01-03")],
        [("", "complete")],
        [],
    ]


def test_names_are_aliases_where_that_is_asked_for() -> None:
    class Named(BaseModel):
        full_name: str = Field(alias="fullName")

    changes, _ = recorded(Named, ['{"fullName": "a', 'b"}'], by_alias=True)
    assert written(changes)[:1] == [[("", "set", {"fullName": "a"})]]
    changes, _ = recorded(Named, ['{"fullName": "a', 'b"}'])
    assert written(changes)[:1] == [[("", "set", {"full_name": "a"})]]


def test_fields_that_are_carried_are_set_first() -> None:
    parser = RecordingParser(Paper, carried={"title": '"On paper"'})
    parser.feed("{")
    assert parser.take_changes() == [
        Change((), "set", {"title": "On paper"}),
        Change(("title",), "complete"),
    ]
    parser.feed('"pages": 3}')
    assert parser.take_changes() == [
        Change(("tags",), "set", []),
        Change(("pages",), "set", 3),
        Change((), "complete"),
    ]


def test_work_does_not_grow_with_what_has_arrived() -> None:
    """Changes of a long text and of a long list: each as large as what it brought."""
    parser = RecordingParser(Paper)
    parser.feed('{"tags": [')
    for _ in range(500):
        parser.feed('"tag", ')
        changes = parser.take_changes()
        assert sum(len(repr(change)) for change in changes) < 200
    parser.feed('"x"], "title": "')
    parser.take_changes()
    for _ in range(500):
        parser.feed("word ")
        (change,) = parser.take_changes()
        assert change == Change(("title",), "append", "word ")


def test_escapes_that_are_cut_are_held_back() -> None:
    text = '{"title": "\\u00e4\\ud83d\\ude00", "pages": 12}'
    changes, _ = recorded(Paper, cut_everywhere(text))
    texts = [c.value for each in changes for c in each if c.path == ("title",)]
    assert texts == ["", "ä", "😀", None]
