"""One document as it is read: which rows the journal has, and how many there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from etl_runs import Row

from partialstream.etl import Document
from partialstream.etl.journal.journal import Journal
from partialstream.etl.prompting import Prompting
from partialstream.etl.reading import CallPlan, DocumentReader
from partialstream.etl.serialization.row_format import RowFormat
from partialstream.results import Item, Outcome, RejectedItem, Timing
from partialstream.stream.events import AttemptStarted, ItemRejected

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLAN = CallPlan(Row, RowFormat(Row, {}), Prompting("{text}"), True, {}, priced=False)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "run.db") as journal:
        journal.begin_run({})
        yield journal


def reader_of(journal: Journal, on_row: Any = None) -> DocumentReader:
    known = journal.begin("d", b"", resume=True, can_replace=True, retry_failed=False)
    return DocumentReader(PLAN, journal, Document("d", "text"), known, on_row)


def item(index: int, count: int = 1) -> Item[Row]:
    row = Row(article="Lamp", count=count)
    return Item(row, index, ("items", index), row.model_dump_json())


def rejected(index: int) -> ItemRejected:
    error = ValueError("wrong")
    return ItemRejected(RejectedItem(index, "{}", error, ("items", index)))


def test_a_row_is_counted_once_however_often_it_comes(journal: Journal) -> None:
    counts: list[int] = []
    reader = reader_of(journal, lambda: counts.append(reader.rows))
    for event in (item(0), rejected(1), item(2), item(1)):
        reader.feed(event)
    assert counts == [1, 2, 3, 3]
    assert [row.value is not None for row in journal.rows_of(1)] == [True, True, True]


def test_a_row_is_in_the_journal_before_it_is_announced(journal: Journal) -> None:
    stored: list[int] = []
    reader = reader_of(journal, lambda: stored.append(len(journal.rows_of(1))))
    for index in range(3):
        reader.feed(item(index))
    assert stored == [1, 2, 3]


class FakeClient:
    """Takes the arguments of a call, and has nothing for it."""

    elements: Any = None

    def create_iterable(self, **_: Any) -> Any:
        return FakeStream()

    def continue_items(self, elements: Any, **_: Any) -> Any:
        self.elements = list(elements)
        return FakeStream()


class FakeStream:
    attempts = ()
    usage = None
    outcome = Outcome("complete")
    timing = Timing(0.0)

    @property
    def cost(self) -> float | None:
        raise ModuleNotFoundError("the extra cost is not installed")


@pytest.mark.parametrize(
    ("stored", "resumed"), [([], None), ([0, 1, 2], [0, 1, 2]), ([0, 1, 3], [0, 1]), ([2, 3], None)]
)
def test_a_list_is_resumed_at_its_first_gap(
    stored: list[int], resumed: list[int] | None, tmp_path: Path
) -> None:
    with Journal(tmp_path / "run.db") as journal:
        journal.begin_run({})
        reader = reader_of(journal)
        for index in stored:
            reader.feed(item(index))
    client: Any = FakeClient()
    with Journal(tmp_path / "run.db") as journal:
        journal.begin_run({})
        reader = reader_of(journal)
        assert reader.resume() is None
        reader.open_list(client)
        assert reader.resumed == (resumed is not None)
    found = client.elements
    assert (found and [element.index for element in found]) == resumed


def test_the_cost_is_not_looked_up_if_the_price_is_not_known(journal: Journal) -> None:
    client: Any = FakeClient()
    reader = reader_of(journal)
    reader.open_list(client)
    result = reader.finish(None)
    assert (result.status, result.stats.cost) == ("done", None)


def test_a_repair_says_that_the_list_is_complete(journal: Journal) -> None:
    reader = reader_of(journal)
    for cause, complete in (("resume", False), ("repair", True)):
        reader.feed(AttemptStarted(2, cause))  # type: ignore[arg-type]  # of a literal
        (found,) = journal._db.execute("SELECT list_complete FROM documents").fetchone()
        assert bool(found) == complete


def test_a_row_that_cannot_be_serialized_is_rejected_with_the_reason(journal: Journal) -> None:
    reader = reader_of(journal)
    row = Row(article="\ud800", count=1)
    reader.feed(Item(row, 0, ("items", 0), "{}"))
    [stored] = journal.rows_of(1)
    assert stored.value is None
    journal.complete(1, reader.stats)
    [letter] = journal.dead_letters()
    assert "cannot be written as JSON" in letter.reason
