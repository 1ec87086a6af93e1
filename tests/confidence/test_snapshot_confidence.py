"""`confidence(snapshot, path)` for objects that grow, and for the finished one."""

from __future__ import annotations

import asyncio
import copy
import gc
import weakref
from contextlib import suppress
from dataclasses import dataclass
from math import exp
from typing import TYPE_CHECKING, Annotated, Any

import pytest
from hypothesis import given
from pydantic import (
    AliasChoices,
    AliasPath,
    BaseModel,
    ConfigDict,
    Field,
    RootModel,
    model_validator,
)
from spoken import (
    END,
    chunk,
    chunks_of,
    confidences_of,
    random_sizes,
    random_tokens,
    token,
    tokens_of,
)
from strategies import chances, spell, values

from partialstream import (
    Atomic,
    IncompleteStreamError,
    TextDelta,
    astream_partial,
    confidence,
    stream_partial,
)
from partialstream.stream.confidence import _indexes

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

    from partialstream.deltas import Token


class Section(BaseModel):
    title: str
    bullets: list[str] = []


class Report(BaseModel):
    name: str
    pages: int | None = None
    sections: list[Section] = []


REPORT = tokens_of(
    ('{"name":"', -8),
    ("On", -1),
    (' pa', -2),
    ('per","pages', -4),
    ('":1', -0.5),
    ("2", -0.25),
    (',"sections":[{"', -8),
    ('title":"A', -1),
    ('","bullets":["', -8),
    ("b", -2),
    ('","c', -1),
    ('"]}]}', -8),
)  # fmt: skip

PATHS = ["name", "pages", "sections.0.title", "sections.0.bullets.1", "sections", ""]

# By the number of tokens that have come.
TABLE: Mapping[int, list[float | None]] = {
    1: [None, None, None, None, None, None],
    2: [-1, None, None, None, None, -1],
    3: [-3, None, None, None, None, -3],
    4: [-7, None, None, None, None, -7],
    6: [-7, None, None, None, None, -7],
    7: [-7, -0.75, None, None, None, -7],
    8: [-7, -0.75, -1, None, -1, -7],
    10: [-7, -0.75, -1, None, -2, -7],
    11: [-7, -0.75, -1, -1, -2, -7],
    12: [-7, -0.75, -1, -1, -2, -7],
}


def snapshots(model: Any, tokens: list[Token]) -> list[Any]:
    """All snapshots, of an answer that may break off."""
    found: list[Any] = []
    with suppress(IncompleteStreamError):
        found.extend(stream_partial(model, chunks_of(tokens)))
    return found


def told(snapshot: BaseModel) -> list[float | None]:
    return [confidence(snapshot, path) for path in PATHS]


@pytest.mark.parametrize("count", TABLE)
def test_a_growing_object_by_hand(count: int) -> None:
    expected = [None if each is None else exp(each) for each in TABLE[count]]
    if count == 1:
        assert told(snapshots(Report, REPORT[:1])[-1]) == [None] * len(PATHS)
    else:
        assert told(snapshots(Report, REPORT[:count])[-1]) == expected


def test_an_early_snapshot_does_not_hear_of_what_comes_later() -> None:
    kept = snapshots(Report, REPORT)
    late = [[confidence(each, path) for path in PATHS] for each in reversed(kept)]
    early = [told(snapshots(Report, REPORT[: n + 1])[-1]) for n in range(len(REPORT))]
    seen = [each for n, each in enumerate(early) if not n or each != early[n - 1]]
    late.reverse()
    assert [each for n, each in enumerate(late) if not n or each != late[n - 1]] == seen


class Aliased(BaseModel):
    model_config = ConfigDict(populate_by_name=True)
    one: int = Field(alias="eins")
    two: int = Field(0, validation_alias=AliasChoices("zwei", AliasPath("inner", "deux")))
    three: int = 0


@dataclass
class Point:
    x: int


class Row(RootModel[list[int]]):
    pass


class Mixed(BaseModel):
    model_config = ConfigDict(extra="allow")
    row: Row
    by_name: dict[str, float]
    any_: Any
    point: Point
    short: Annotated[str, Atomic]


OTHERS: list[tuple[Any, str, dict[Any, float | None]]] = [
    (Aliased, '{"eins":1,"zwei":2}', {"one": -3, "two": -3, "three": None}),
    (Aliased, '{"one":1,"inner":{"deux":2}}', {"one": -3, "two": -3}),
    (Row, "[1,2]", {"0": -3, 1: -3, (): -3, "2": None}),
    (RootModel[int], "12", {(): -6}),
    (RootModel[str], '"ab"', {(): -6}),
    (
        Mixed,
        '{"row":[1],"by_name":{"a.b":1,"c":22},"any_":{"x":[true]},"point":{"x":1},"short":"",'
        '"more":[null]}',
        {
            "row.0": -3,
            ("by_name", "a.b"): -3,
            "by_name.c": -6,
            "by_name.d": None,
            "any_.x.0": -12,
            "any_.x.0.y": None,
            "point": -3,
            "point.x": -3,
            "short": -3,
            "more.0": -12,
            "more.first": None,
            "row": -3,
            (): -12,
        },
    ),
]


@pytest.mark.parametrize(("model", "text", "logprobs"), OTHERS)
def test_paths_are_those_of_fields(model: Any, text: str, logprobs: dict[Any, Any]) -> None:
    *_, final = snapshots(model, [token(char, -3) for char in text])
    found = {path: confidence(final, path) for path in logprobs}
    assert found == {path: None if each is None else exp(each) for path, each in logprobs.items()}


@pytest.mark.parametrize(
    ("model", "text", "path"),
    [
        (Aliased, '{"eins":1,"zwei":2}', "eins"),
        (Aliased, '{"one":1,"inner":{"deux":2}}', "inner"),
        (RootModel[str], '"ab"', "0"),
    ],
)
def test_what_the_model_does_not_have_is_refused(model: Any, text: str, path: str) -> None:
    *_, final = snapshots(model, [token(char, -3) for char in text])
    with pytest.raises(ValueError, match=path):
        confidence(final, path)


def test_what_does_not_show_has_no_confidence() -> None:
    class Guarded(BaseModel):
        name: Annotated[str, Atomic]
        text: str = ""

    tokens = tokens_of(('{"text":"x","name":"', -1), ("On", -2), ('"}', -4))
    assert [confidence(each, "name") for each in snapshots(Guarded, tokens)] == [
        None,
        exp(-2),
    ]


@given(values, chances)
def test_the_finished_object_against_the_slow_way(value: Any, chance: random.Random) -> None:
    model = RootModel[dict[str, Any]]
    text = spell({"value": value}, chance)
    tokens = random_tokens(text, chance)
    *_, final = stream_partial(model, chunks_of(tokens, random_sizes(len(tokens), chance)))
    for path, probability in confidences_of(text, tokens).items():
        assert confidence(final, path) == probability
    assert confidence(final) == min(confidences_of(text, tokens).values(), default=None)


def test_of_what_no_stream_gave_nothing_is_known() -> None:
    *_, final = snapshots(Report, REPORT)
    assert confidence(final, "name") == exp(-7)
    assert final == Report.model_validate(final.model_dump())
    assert confidence(Report(name="x"), "name") is None
    assert confidence(copy.deepcopy(final), "name") is None
    assert confidence(final.sections[0], "title") is None
    for untold in (['{"name":"x"}'], [chunk([], '{"name":"x"}'), END]):
        *_, final = stream_partial(Report, untold)
        assert confidence(final, "name") is None


def test_a_value_that_does_not_stand_in_the_text() -> None:
    class Renamed(BaseModel):
        name: str

        @model_validator(mode="before")
        @classmethod
        def rename(cls, members: dict[str, Any]) -> dict[str, Any]:
            return {"name": members["title"]}

    *_, final = snapshots(Renamed, tokens_of(('{"title":"x"}', -1)))
    assert (final.name, confidence(final, "name"), confidence(final)) == ("x", None, exp(-1))


def test_a_model_that_nobody_can_watch() -> None:
    class Slotted(BaseModel):
        __slots__ = ("own",)
        name: str

    *_, final = snapshots(Slotted, tokens_of(('{"name":"x"}', -1)))
    assert final.name == "x"
    assert confidence(final, "name") is None


def test_nothing_is_known_any_more_of_snapshots_that_are_gone() -> None:
    gc.collect()
    before = len(_indexes)
    kept = snapshots(Report, REPORT)
    assert len(_indexes) == before + len(kept)
    gone = weakref.ref(kept[0])
    kept.clear()
    gc.collect()
    assert gone() is None
    assert len(_indexes) == before


def test_an_async_stream_and_its_final_object() -> None:
    async def read() -> Report:
        async def chunks() -> Any:
            for each in chunks_of(REPORT):
                yield each

        return await astream_partial(Report, chunks()).final()

    assert confidence(asyncio.run(read()), "name") == exp(-7)


def test_events_bring_the_tokens_of_their_text() -> None:
    events = list(stream_partial(Report, chunks_of(REPORT)).events())
    texts = [event for event in events if isinstance(event, TextDelta)]
    assert [each for event in texts for each in event.tokens] == REPORT
