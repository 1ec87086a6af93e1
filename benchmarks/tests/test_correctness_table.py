"""The table that compares libraries: its classifier, and this library's column."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from extras import needs
from pydantic import BaseModel

from benchmarks.correctness import compare, table
from benchmarks.correctness.case import Case, growing, items
from benchmarks.correctness.cases import CASES
from benchmarks.correctness.libraries import LIBRARIES
from benchmarks.correctness.libraries.asynchronous import stepwise
from benchmarks.correctness.run import Worker
from benchmarks.correctness.source import LeftOpen, Reported, Source, Unavailable
from benchmarks.correctness.verdict import WORDS, Record, same, shows_part, verdict
from benchmarks.correctness.worker import happening
from benchmarks.measure import Workers
from benchmarks.report import Row

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence

    Task = Callable[[Any, Source], Iterator[Any]]


class Named(BaseModel):
    name: str


A, B = Named(name="a"), Named(name="b")
TWO = items("two items", Named, '[⟨{"name":"a"}⟩·,⟨{"name":"b"}⟩·]')
CUT = items("a cut", Named, '[⟨{"name":"a"}⟩·,{"na', fails=True)
GROWS = growing("grows", Named, '{"name":"a·b·"}', shows=((0, {"name": "a"}),))
WHOLE = growing("an enum", Named, '{"name":"ab·c"}', whole=("name",))
EITHER = growing("a line break", Named, '{"name":"a·b"}', refusable=True)
GROWS_CUT = growing("a cut object", Named, '{"name":"a·b', final={"name": "ab"}, fails=True)


OF_ANTHROPIC = [case for case in CASES if "Anthropic" in case.key]
OTHERS = [case for case in CASES if "Anthropic" not in case.key]


@pytest.mark.parametrize(
    "cases",
    [
        pytest.param(OF_ANTHROPIC, marks=needs("providers", "anthropic"), id="Anthropic's SDK"),
        pytest.param(OTHERS, id="all others"),
    ],
)
def test_this_library_is_right_in_every_row(cases: list[Case]) -> None:
    words = {}
    with Worker("partialstream_", seconds=60) as worker:  # on a busy machine
        for case in cases:
            worker.send(case)
            record = worker.receive()
            if (word := verdict(case, record)) != "right":
                words[case.key] = word, record
    assert words == {}


def test_cases_are_told_apart_by_their_keys() -> None:
    assert len({case.key for case in CASES}) == len(CASES)


def test_marks_say_what_is_expected_when() -> None:
    case = items("marks", int, '[⟨1⟩·,⟨"x·y"⟩·,⟨{"a":·2}⟩]')
    assert case.deltas == ("[1", ',"x', 'y"', ',{"a":', "2}]")
    assert [(item.value, item.at) for item in case.items] == [(1, 1), ("xy", 2), ({"a": 2}, 4)]


def test_the_texts_of_growing_cases_are_their_objects() -> None:
    assert GROWS.deltas == ('{"name":"a', "b", '"}')
    assert GROWS.final == {"name": "ab"}


def plays(*steps: Any, final: Any = None) -> Task:
    """An adapter: a number reads so many deltas, an error is raised, all else is delivered."""

    def task(type_: Any, source: Source) -> Iterator[Any]:
        texts = source.texts()
        for step in steps:
            if isinstance(step, Exception):
                raise step
            if isinstance(step, int):
                list(itertools.islice(texts, step))
            else:
                yield step
        return final

    return task


@pytest.mark.parametrize(
    ("case", "task", "word"),
    [
        (TWO, plays(1, A, 1, B, 1), "right"),
        (TWO, plays(1, A, 2, B), "late"),
        (TWO, plays(3, A, B), "late"),
        (TWO, plays(1, A, 2), "lost"),
        (TWO, plays(2, B), "lost"),
        (TWO, plays(3), "lost"),
        (TWO, plays(1, A, Named(name="x")), "wrong value"),
        (TWO, plays(3, B, A), "wrong value"),
        (TWO, plays(1, A, 1, B, B), "wrong value"),
        (TWO, plays(1, A, ValueError("no JSON")), "refused"),
        (TWO, plays(1, A, 1, B, 1, ValueError("no JSON")), "refused"),
        (TWO, plays(1, A, RecursionError()), "crash"),
        (TWO, plays(1, A, KeyError("items")), "crash"),
        (CUT, plays(1, A, 1, ValueError("cut")), "right"),
        (CUT, plays(1, A, 1, Reported("cut")), "right"),
        (CUT, plays(2, A, ValueError("cut")), "late"),
        (CUT, plays(1, A, 1), "silent"),
        (CUT, plays(2, ValueError("cut")), "lost"),
        (CUT, plays(1, A, 1, B), "wrong value"),
        (CUT, plays(1, A, 1, TypeError("NoneType")), "crash"),
        (GROWS, plays(1, A, 2, final=Named(name="ab")), "right"),
        (GROWS, plays(1, {"name": "a"}, 2, final=Named(name="ab")), "right"),
        (GROWS, plays(2, {"name": "ab"}, 1, final=Named(name="ab")), "late"),
        (GROWS, plays(3, final=Named(name="ab")), "late"),
        (GROWS, plays(1, B, 2, final=Named(name="ab")), "wrong value"),
        (GROWS, plays(1, A, 2, final=B), "wrong value"),
        (GROWS, plays(1, A, 2), "lost"),
        (GROWS, plays(1, A, 2, final=A), "lost"),
        (GROWS, plays(1, A, ValueError("no JSON")), "refused"),
        (WHOLE, plays(2, Named(name="abc"), final=Named(name="abc")), "right"),
        (WHOLE, plays(1, Named(name="ab"), 1, final=Named(name="abc")), "wrong value"),
        (EITHER, plays(2, final=Named(name="ab")), "right"),
        (EITHER, plays(2, ValueError("a line break")), "right"),
        (EITHER, plays(2, final=A), "lost"),
        (TWO, plays(1, A, LeftOpen()), "left open"),
        (GROWS_CUT, plays(1, A, 1, ValueError("cut")), "right"),
        (GROWS_CUT, plays(1, A, 1, final=Named(name="ab")), "silent"),
        (GROWS_CUT, plays(1, B, 1, ValueError("cut")), "wrong value"),
    ],
)
def test_what_adapters_do_gets_its_word(case: Case, task: Task, word: str) -> None:
    library: Any = SimpleNamespace(**{case.task: task})
    assert verdict(case, happening(library, case)) == word


def test_a_task_that_an_adapter_has_not_is_not_judged() -> None:
    library: Any = SimpleNamespace(items=plays(3))
    assert verdict(GROWS, happening(library, GROWS)) == "n/a"


def test_a_type_that_a_library_has_not_is_not_judged() -> None:
    library: Any = SimpleNamespace(items=plays(1, Unavailable("no dates")))
    assert verdict(TWO, happening(library, TWO)) == "n/a"


def test_a_library_that_is_missing_is_told_so() -> None:
    library: Any = SimpleNamespace(items=plays(1, ModuleNotFoundError("no SDK")))
    assert verdict(TWO, happening(library, TWO)) == "not installed"


def test_every_word_is_explained() -> None:
    assert verdict(TWO, Record(died=True)) == "crash"
    assert verdict(TWO, Record(installed=False)) == "not installed"
    assert {"crash", "not installed", "n/a", "silent", "refused", "left open"} <= WORDS.keys()


def test_this_librarys_wrong_cells_are_a_missed_target(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(libraries: Sequence[str], cases: Sequence[Case]) -> list[list[Record]]:
        return [[Record(died=True) for _ in cases] for _ in libraries]

    monkeypatch.setattr(compare, "ask_all", ask)
    *rows, made = compare.measure(Workers(), quick=True)
    assert isinstance(made, table.Table)
    assert len(made.cells) == len(CASES) * len(LIBRARIES)
    missed = [row for row in rows if isinstance(row, Row) and row.missed]
    assert [(row.what, row.value) for row in missed] == [
        (f"partialstream: cells that are not right, of {len(CASES)}", len(CASES))
    ]


@pytest.mark.parametrize(
    ("value", "other", "equal"),
    [
        ({"a": [1, None]}, {"a": [1, None]}, True),
        ({"a": 1}, {"a": 1, "b": None}, False),
        ([1], [1, 2], False),
        (1, 1.0, True),
        (1, True, False),
        ([True], [1], False),
        ("1", 1, False),
    ],
)
def test_equal_values(value: Any, other: Any, *, equal: bool) -> None:
    assert same(value, other) is equal


@pytest.mark.parametrize(
    ("value", "whole", "part"),
    [
        (None, {"a": 1}, True),
        ({}, {"a": 1}, True),
        ({"a": None}, {"a": 1}, True),
        ({"b": None}, {"a": 1}, True),
        ({"b": 1}, {"a": 1}, False),
        ({"a": 1}, {"a": 12}, False),
        ({"a": "x"}, {"a": "xy"}, True),
        ({"a": "y"}, {"a": "xy"}, False),
        ({"a": "x\ud83d"}, {"a": "x\U0001f600"}, False),
        ({"a": "2024-01-0"}, {"a": {"date": "2024-01-02"}}, False),
        ({"a": [{"b": "x"}]}, {"a": [{"b": "xy"}, 1]}, True),
        ({"a": [1, 2]}, {"a": [1]}, False),
        ([], {"a": 1}, False),
    ],
)
def test_what_a_growing_value_may_show(value: Any, whole: Any, *, part: bool) -> None:
    assert shows_part(value, whole) is part


FAKE_WORKER = """
import json, sys, time

for line in sys.stdin:
    if "dies" in line:
        sys.exit(3)
    if "hangs" in line:
        time.sleep(60)
    print(json.dumps({"values": [[0, line.strip()]]}), flush=True)
"""


def test_a_case_that_kills_or_hangs_the_process_is_a_crash_and_the_next_one_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fake_worker.py").write_text(FAKE_WORKER)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    cases = [items(name, Named, "[]") for name in ("one", "dies", "two", "hangs", "three")]
    with Worker("any", seconds=2, module="fake_worker") as worker:
        records = [worker.ask(case) for case in cases]
    assert [record.died for record in records] == [False, True, False, True, False]
    assert [record.values for record in records if not record.died] == [
        [(0, "items: one")],
        [(0, "items: two")],
        [(0, "items: three")],
    ]
    assert records[3].message == "nothing came for 2 seconds"
    assert {verdict(case, record) for case, record in zip(cases, records, strict=True)} == {
        "wrong value",
        "crash",
    }


def test_async_values_are_fetched_one_by_one() -> None:
    given: list[int] = []

    async def values() -> AsyncIterator[int]:
        for number in range(3):
            given.append(number)
            yield number
        raise ValueError("the end")

    steps = stepwise(values())
    assert next(steps) == 0
    assert given == [0]
    assert [next(steps), next(steps)] == [1, 2]
    with pytest.raises(ValueError, match="the end"):
        next(steps)


def test_the_table_is_made_of_its_cells() -> None:
    right, crash = Record(values=[(0, {"name": "a"})]), Record(died=True)
    cells = [
        table.Cell("items", "two items", "one", "right", right),
        table.Cell("items", "two items", "other", "crash", crash),
    ]
    versions = {"one": "1.0", "other": "2.0"}
    assert "two items  right  crash" in table.as_text(cells, versions)
    markdown = table.as_markdown(cells, versions)
    assert "| two items | right | **crash** |" in markdown
    assert "| right, of | 1/1 | 0/1 |" in markdown
    written = json.loads(json.dumps(table.as_json(cells, versions)))
    assert [cell["word"] for cell in written["cells"]] == ["right", "crash"]


def test_each_library_has_its_file() -> None:
    folder = Path(table.__file__).parent / "libraries"
    assert {path.stem for path in folder.glob("*_.py")} - {"__init__"} == LIBRARIES.keys()
