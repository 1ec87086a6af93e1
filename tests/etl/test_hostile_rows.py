"""Rows, ids, texts and names that a sink cannot store: dead letters, and never the end of a run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from etl_runs import DRIVERS, lines
from etl_sinks import (
    JSONLPlace,
    ParquetPlace,
    Place,
    PostgreSQLPlace,
    SQLitePlace,
)
from extras import needs
from pydantic import BaseModel, Field, create_model

from partialstream.etl import Batch, Document, DocumentRows, RowsRefusedError, SinkError, SinkRow
from partialstream.etl.serialization.row_format import RowFormat
from partialstream.etl.sinks.columns import columns_of
from partialstream.etl.sinks.specs import sink_of
from partialstream.testing import Answer, ReplayServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from partialstream.testing import ReplayRequest

pytestmark = [needs("parquet", "pyarrow"), needs("sql", "sqlalchemy")]

PLACES = [JSONLPlace, ParquetPlace, SQLitePlace, PostgreSQLPlace]

place_kinds = pytest.mark.parametrize("kind", PLACES, ids=lambda kind: kind.__name__)


class Wide(BaseModel):
    article: str
    count: int = 0
    price: float = 0.0
    tags: list[str] = []


GOOD = '{"article": "good", "count": 1}'

ROWS = {
    "plain": GOOD,
    "nul": '{"article": "a\\u0000b"}',
    "nul in a list": '{"article": "a", "tags": ["\\u0000"]}',
    "surrogate": '{"article": "a\\ud800b"}',
    "surrogate in a list": '{"article": "a", "tags": ["\\udfff"]}',
    "pair": '{"article": "\\ud83d\\ude00"}',
    "great": '{"article": "a", "count": 1180591620717411303424}',
    "negative": '{"article": "a", "count": -1180591620717411303424}',
    "just": '{"article": "a", "count": 9223372036854775807}',
    "nan": '{"article": "a", "price": "NaN"}',
    "infinite": '{"article": "a", "price": "-Infinity"}',
    "tiny": '{"article": "a", "price": 5e-324}',
    "long": json.dumps({"article": "x" * 1_000_000}),
    "controls": '{"article": "\\u0001\\u001f\\u007f\\u0085\\u2028\\ufeff\\uffff"}',
}

IDS = ["nul \x00", "ü 😀 \ufeff", "long " * 2000, "quote ' \" ; -- %s %(a)s :a", "\n\r\t\\", " "]


def model(request: ReplayRequest) -> Answer:
    name = request.body["messages"][0]["content"].partition("\n")[2]
    return Answer(f'{{"items": [{ROWS[name]}, {GOOD}]}}', chunk_size=10_000)


@place_kinds
@pytest.mark.parametrize("commit", ["document", "row"])
def test_a_document_with_any_values_does_not_stop_the_others(
    kind: Any, commit: str, tmp_path: Path
) -> None:
    if commit == "row" and kind in (JSONLPlace, ParquetPlace):
        pytest.skip("it cannot replace rows")
    documents = [
        *(Document(name, name) for name in ROWS),
        *(Document(id_, "plain", {"note": "\ud800 \x00"}) for id_ in IDS),
        Document("bad text", "\ud800"),
        Document("bad metadata", "plain", {"note": "\ud800", "used": True}),
    ]

    def prompt(document: Document) -> str:
        return (
            f"{document.metadata['note'] if 'used' in document.metadata else ''}\n{document.text}"
        )

    with kind(tmp_path) as place, ReplayServer(model) as server:
        options = {
            "journal": tmp_path / "run.db",
            "sink": place.spec,
            "response_model": Wide,
            "prompt": prompt,
            "commit": commit,
            "max_retries": 0,
        }
        summary = DRIVERS[0].run(server, documents, **options)
        assert not summary.interrupted
        found: dict[str, set[int]] = {}
        for each in place.objects():
            found.setdefault(each["document"], set()).add(each["row"])
        stored = {(each["document"], each["row"]): each for each in place.objects()}
        letters = lines(tmp_path / "run.dead-letters.jsonl")
        lost = {(each["document"], each.get("row")) for each in letters}
        for document in documents:
            if document.id in found:
                rejected = {row for id_, row in lost if id_ == document.id}
                assert found[document.id] | rejected == {0, 1}, document.id
            else:
                assert (document.id, None) in lost
        assert summary.done == len(found)
        assert summary.failed == len(documents) - len(found)
        assert {"bad text", "bad metadata"}.isdisjoint(found)
        assert {"plain", "just", "tiny", "long", "controls", "pair", *IDS[3:]} <= set(found)
        assert stored["long", 0]["article"] == "x" * 1_000_000
        assert stored["controls", 0]["article"] == "\x01\x1f\x7f\x85\u2028\ufeff\uffff"
        assert stored["pair", 0]["article"] == "😀"
        assert stored["just", 0]["count"] == 2**63 - 1
        assert stored["tiny", 0]["price"] == 5e-324
        if "nul" in found:
            assert stored["nul", 0]["article"] == "a\x00b"
        again = DRIVERS[0].run(server, documents, **options)
        assert (again.known, again.failed_before) == (summary.done, summary.failed)


# -- names of columns ----------------------------------------------------------------------


NAMES = [
    'quote "', "apostrophe '", "back`tick", "select", "order", "table", "user", "a space", "a.b",
    "a%b", "%s", "%(x)s", "a:b", ":c", "a(b)", "[c]", "ümläut", "日本", "Case", "a,b", "a\\b",
    "1st", "value", "rowid", "index", "a\nb", "?", "$1", "--", "x" * 63,
]  # fmt: skip


@place_kinds
def test_fields_may_have_any_name(kind: Any, tmp_path: Path) -> None:
    fields: dict[str, Any] = {
        f"field_{number}": (int | None, Field(None, alias=name))
        for number, name in enumerate(NAMES)
    }
    odd = create_model("Odd", **fields)
    rows: RowFormat[Any] = RowFormat(odd, {})
    columns = columns_of(rows.schema())
    names = [column.name for column in columns[2:]]
    value = json.dumps({name: number for number, name in enumerate(names)})
    with kind(tmp_path) as place:
        state = None
        for number in (1, 2):
            sink = sink_of(place.spec)
            state = sink.open(columns, state) or state
            batch = Batch(number, [DocumentRows(f"d{number}", [SinkRow(0, value)])])
            state = sink.deliver(batch) or state
            sink.close()
        found = place.objects()
        assert len(found) == 2
        for each in found:
            assert [each[name] for name in names] == list(range(len(names)))


@pytest.fixture
def postgresql(tmp_path: Path) -> Iterator[Place]:
    with PostgreSQLPlace(tmp_path) as place:
        yield place


def test_names_that_differ_only_in_case_are_refused_where_they_are_the_same(
    postgresql: Place, tmp_path: Path
) -> None:
    schema = {"type": "object", "properties": {"A": {"type": "integer"}, "a": {"type": "integer"}}}
    columns = columns_of({**schema, "required": ["A", "a"]})
    batch = Batch(1, [DocumentRows("d", [SinkRow(0, '{"A": 1, "a": 2}')])])
    for place in (JSONLPlace(tmp_path), ParquetPlace(tmp_path), postgresql):
        sink = sink_of(place.spec)
        sink.open(columns, None)
        sink.deliver(batch)
        sink.close()
        assert [(each["A"], each["a"]) for each in place.objects()] == [(1, 2)]
    sink = sink_of(SQLitePlace(tmp_path).spec)
    with pytest.raises(SinkError, match=r"'A' and 'a'.* upper and lower case"):
        sink.open(columns, None)
    sink.close()
    place = SQLitePlace(tmp_path)
    sink = sink_of(place.spec)
    schema["properties"] = {"Document": {"type": "integer"}}
    with pytest.raises(SinkError, match="'document' and 'Document'"):
        sink.open(columns_of(schema), None)
    sink.close()


def test_names_that_postgresql_would_truncate_are_refused(postgresql: Place) -> None:
    schema = {"type": "object", "properties": {"ü" * 32: {"type": "integer"}}}
    sink = sink_of(postgresql.spec)
    with pytest.raises(SinkError, match="longer than 63 bytes"):
        sink.open(columns_of(schema), None)
    sink.close()
    assert postgresql.objects() == []


# -- members that there is no column for ---------------------------------------------------


@place_kinds
@pytest.mark.parametrize("name", ["document", "row"])
def test_a_row_cannot_overwrite_its_key_columns(kind: Any, name: str, tmp_path: Path) -> None:
    with kind(tmp_path) as place:
        sink = sink_of(place.spec)
        columns = columns_of({"type": "object", "properties": {"article": {"type": "string"}}})
        sink.open(columns, None)
        text = json.dumps({"article": "x", name: "x"})
        good = DocumentRows("good", [SinkRow(0, '{"article": "document row"}')])
        with pytest.raises(RowsRefusedError, match=f"no column for '{name}'"):
            sink.deliver(Batch(1, [good, DocumentRows("bad", [SinkRow(0, text)])]))
        sink.deliver(Batch(1, [good]))
        sink.close()
        assert [each["document"] for each in place.objects()] == ["good"]
