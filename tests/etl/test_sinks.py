"""What sinks make of rows, and of what they cannot hold."""

from __future__ import annotations

import datetime
import json
import sys
import time
from decimal import Decimal  # noqa: TC003  # pydantic needs it
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest
from etl_runs import DRIVERS, Model, Row, expected, job, lines
from etl_sinks import (
    SINKS,
    JSONLPlace,
    ParquetPlace,
    Place,
    PostgreSQLPlace,
    SQLitePlace,
    postgresql,
    select_all,
)
from extras import needs
from pydantic import BaseModel, ConfigDict

from partialstream.etl import (
    Batch,
    Column,
    Document,
    DocumentRows,
    RowsRefusedError,
    Sink,
    SinkError,
    SinkRow,
)
from partialstream.etl.serialization.row_format import RowFormat
from partialstream.etl.sinks.columns import columns_of
from partialstream.etl.sinks.specs import sink_of
from partialstream.etl.sinks.sql import _describe
from partialstream.testing import ReplayServer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

pytestmark = [needs("parquet", "pyarrow"), needs("sql", "sqlalchemy")]

driver = DRIVERS[0]


@pytest.fixture(params=SINKS, ids=lambda kind: kind.__name__)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Where rows go."""
    with request.param(tmp_path) as place:
        yield place


class Inner(BaseModel):
    name: str
    size: int | None = None


class Article(BaseModel):
    text: str
    count: int
    price: float
    exact: Decimal
    sold: bool
    on: datetime.date
    at: datetime.datetime
    kind: Literal["a", "b"]
    note: str | None
    inner: Inner
    tags: list[str] = []
    either: int | str = 0


VALUE = {
    "text": "Ünïcode 😀 \u2028 \t \"'",
    "count": 2**53 + 1,
    "price": 3,
    "exact": "10.10",
    "sold": True,
    "on": "2024-02-29",
    "at": "2024-02-29T12:00:00Z",
    "kind": "b",
    "note": None,
    "inner": {"name": "x"},
    "tags": ["y", "ü"],
    "either": "z",
}


def deliver(sink: Any, type_: Any, *documents: tuple[str, list[Any]], number: int = 1) -> Any:
    """Deliver values in a sink that is opened for them."""
    rows: RowFormat[Any] = RowFormat(type_, {})
    sink.open(columns_of(rows.schema()), None)
    return sink.deliver(batch_of(rows, *documents, number=number))


def batch_of(rows: RowFormat[Any], *documents: tuple[str, list[Any]], number: int = 1) -> Batch:
    return Batch(
        number,
        [
            DocumentRows(
                id_, [SinkRow(index, rows.dump(value)) for index, value in enumerate(values)]
            )
            for id_, values in documents
        ],
    )


def test_each_field_is_stored_in_a_column_of_its_type(place: Place) -> None:
    sink = sink_of(place.spec)
    deliver(sink, Article, ("d", [Article.model_validate(VALUE)]))
    sink.close()
    [found] = place.objects()
    assert list(found) == ["document", "row", *Article.model_fields]
    as_json = isinstance(place, JSONLPlace)
    nested: Any = {"inner": {"name": "x", "size": None}, "tags": ["y", "ü"], "either": "z"}
    if isinstance(place, ParquetPlace):
        nested = {
            "inner": '{"name":"x","size":null}',
            "tags": '["y","ü"]',
            "either": '"z"',
        }
    assert found == {
        "document": "d",
        "row": 0,
        **VALUE,
        **nested,
        "price": 3.0,
        "on": "2024-02-29" if as_json else datetime.date(2024, 2, 29),
    }


def test_a_job_delivers_to_every_sink(place: Place, tmp_path: Path) -> None:
    with ReplayServer(Model()) as server:
        summary = driver.run(server, job(12, rows=3), journal=tmp_path / "run.db", sink=place.spec)
    assert place.rows() == expected(12, rows=3)
    assert (place.count(), summary.delivered) == (36, 12)


def test_a_job_without_rows_has_a_sink(place: Place, tmp_path: Path) -> None:
    with ReplayServer('{"items": []}', repeat=True) as server:
        for _ in range(2):  # the next run finds it
            summary = driver.run(
                server, [Document("a", "1")], journal=tmp_path / "run.db", sink=place.spec
            )
    assert (place.count(), summary.rows) == (0, 0)
    if not isinstance(place, PostgreSQLPlace):
        assert Path(place.spec.partition("///")[2].partition("#")[0] or place.spec).exists()


def test_a_file_that_cannot_be_created_is_an_error_before_any_request(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with ReplayServer(Model()) as server:
        with pytest.raises(SinkError, match=r"rows\.jsonl cannot be opened: "):
            driver.run(
                server,
                job(1),
                journal=tmp_path / "run.db",
                sink=tmp_path / "file" / "rows.jsonl",
            )
        assert not server.requests


def test_the_same_batch_again_is_stored_once(place: Place) -> None:
    rows: RowFormat[Any] = RowFormat(Row, {})
    batch = batch_of(rows, ("d", [Row(article="a", count=1)]), ("e", []))
    columns = columns_of(rows.schema())
    sink = sink_of(place.spec)
    before = sink.open(columns, None)
    sink.deliver(batch)
    sink.close()
    # Nobody has lived to mark it.
    sink = sink_of(place.spec)
    state = sink.open(columns, before)
    sink.deliver(batch)
    sink.close()
    assert place.rows() == {("d", 0, "a", 1)}
    assert place.count() == 1
    del state


@pytest.mark.parametrize("kind", [SQLitePlace, PostgreSQLPlace])
def test_a_database_replaces_the_rows_of_a_document(kind: Any, tmp_path: Path) -> None:
    with kind(tmp_path) as place, ReplayServer(Model()) as server:
        options = {"journal": tmp_path / "run.db", "sink": place.spec}
        driver.run(server, [Document("a", "1|3"), Document("b", "2|2")], **options)
        summary = driver.run(server, [Document("a", "1|1"), Document("b", "2|2")], **options)
        assert (summary.done, summary.known) == (1, 1)
        assert {(row[0], row[1]) for row in place.rows()} == {("a", 0), ("b", 0), ("b", 1)}
        assert len(server.requests) == 3


def test_a_document_that_fails_when_it_comes_again_has_no_rows(tmp_path: Path) -> None:
    place = SQLitePlace(tmp_path)
    options = {"journal": tmp_path / "run.db", "sink": place.spec}
    with ReplayServer(Model()) as server:
        driver.run(server, [Document("a", "1|3"), Document("b", "1|1")], **options)
        bad = Document("a", "", problem="cannot be read")
        summary = driver.run(server, [bad, Document("b", "1|1")], **options)
    assert (summary.failed, summary.known) == (1, 1)
    assert {row[0] for row in place.rows()} == {"b"}


# -- what cannot be stored -----------------------------------------------------------------


def test_what_a_database_refuses_is_a_dead_letter(tmp_path: Path) -> None:
    def text_of(number: int) -> str:
        name = {1: "a\\u0000b"}.get(number, "fine")
        return (
            f'{{"items": [{{"article": "ok", "count": 1}}, {{"article": "{name}", "count": 2}}]}}'
        )

    with PostgreSQLPlace(tmp_path) as place:
        answers = [text_of(number) for number in range(4)]
        with ReplayServer(answers) as server:
            summary = driver.run(
                server,
                job(4),
                concurrency=1,
                journal=tmp_path / "run.db",
                sink=place.spec,
            )
        assert (summary.done, summary.failed) == (3, 1)
        assert {row[0] for row in place.rows()} == {"doc-0000", "doc-0002", "doc-0003"}
    [letter] = lines(tmp_path / "run.dead-letters.jsonl")
    assert letter["document"] == "doc-0001"
    assert "row" not in letter  # it is the document that failed
    assert letter["reason"].startswith("row 1: ")
    assert "NUL" in letter["reason"]
    assert letter["raw"] == '{"article": "a\\u0000b", "count": 2}'
    assert "ok" not in letter["reason"]  # the row itself is the user's data


@pytest.mark.parametrize("kind", [ParquetPlace, SQLitePlace, PostgreSQLPlace])
@pytest.mark.parametrize(("count", "row"), [(1, 0), (700, 0), (700, 333), (700, 699)])
def test_a_number_that_no_column_holds_refuses_its_document(
    kind: Any, count: int, row: int, tmp_path: Path
) -> None:
    class Big(BaseModel):
        note: str = "private"
        n: int

    wrong = [Big(n=2**70 if index >= row else 1) for index in range(count)]
    with kind(tmp_path) as place:
        sink = sink_of(place.spec)
        with pytest.raises(RowsRefusedError) as caught:
            deliver(sink, Big, ("a", [Big(n=1)]), ("b", wrong), ("c", [Big(n=3)]))
        sink.close()
        assert (caught.value.document, caught.value.row) == ("b", row)
        assert "private" not in caught.value.reason
        assert place.objects() == []


def test_an_error_of_a_database_does_not_quote_rows(tmp_path: Path) -> None:
    import sqlalchemy

    place = SQLitePlace(tmp_path)
    sink = sink_of(place.spec)
    deliver(sink, Row, ("a", [Row(article="x", count=1)]))
    engine = sqlalchemy.create_engine(place.spec.partition("#")[0])
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("ALTER TABLE articles RENAME COLUMN count TO other"))
    engine.dispose()
    private = batch_of(RowFormat(Row, {}), ("b", [Row(article="private", count=1)]))
    with pytest.raises(SinkError, match="cannot be written: OperationalError") as caught:
        sink.deliver(private)
    sink.close()
    error: BaseException | None = caught.value
    while error is not None:  # a traceback shows them all
        assert "private" not in str(error)
        error = error.__cause__
    assert _describe(ValueError("too long\nDETAIL: private")) == "ValueError: too long"


@pytest.mark.parametrize("kind", [SQLitePlace, PostgreSQLPlace])
def test_a_table_with_other_columns_is_refused(kind: Any, tmp_path: Path) -> None:
    class Other(BaseModel):
        article: int
        price: float

    with kind(tmp_path) as place:
        sink = sink_of(place.spec)
        deliver(sink, Other, ("d", [Other(article=1, price=1)]))
        sink.close()
        sink = sink_of(place.spec)
        with pytest.raises(SinkError) as caught:
            sink.open(columns_of(RowFormat(Row, {}).schema()), None)
        sink.close()
        assert "no column 'count'" in str(caught.value)
        assert "a column 'price' that no row has" in str(caught.value)
        assert "a column 'article' of type BIGINT, not TEXT" in str(caught.value)
        assert "not migrated" in str(caught.value)
        assert len(place.objects()) == 1


def test_an_unreachable_database_is_an_error_without_its_password(tmp_path: Path) -> None:
    sink = sink_of("postgresql://me:secret@127.0.0.1:1/there#rows")
    assert sink.name == "postgresql://127.0.0.1:1/there#rows"
    with pytest.raises(SinkError) as caught:
        sink.open(columns_of(RowFormat(Row, {}).schema()), None)
    sink.close()
    assert "cannot be opened" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_folder_with_other_parquet_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rows.parquet").mkdir()
    (tmp_path / "rows.parquet" / "old.parquet").touch()
    with pytest.raises(SinkError, match="did not write it"):
        sink_of(tmp_path / "rows.parquet").open([], None)


@pytest.mark.parametrize(
    ("spec", "error", "message"),
    [
        ("rows.xlsx", ValueError, "ends with .jsonl"),
        ("sqlite:///rows.db", ValueError, "names no table"),
        (5, TypeError, "must be a path"),
        ("postgres://me:secret@there/db#rows", ValueError, "write postgresql://"),
        ("sqlite:rows.db#rows", ValueError, "sqlite:///rows.db#rows"),
        ("foo://there#rows", ValueError, "names the database 'foo'"),
    ],
)
def test_an_unknown_sink_is_refused(spec: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        sink_of(spec)


@pytest.mark.parametrize("name", ["open", "deliver", "close"])
def test_a_sink_with_async_methods_is_refused(name: str) -> None:
    async def method(*_: Any) -> None: ...

    sink = Collected()
    setattr(sink, name, method)
    with pytest.raises(TypeError, match=f"async methods, and {name} is one"):
        sink_of(sink)


# -- columns -------------------------------------------------------------------------------


def test_a_field_with_the_name_of_a_key_column_is_refused() -> None:
    class Wrong(BaseModel):
        document: str

    with pytest.raises(ValueError, match="'document'"):
        columns_of(RowFormat(Wrong, {}).schema())


def test_a_union_has_the_columns_of_all() -> None:
    class A(BaseModel):
        kind: Literal["a"]
        same: int
        differs: int

    class B(BaseModel):
        kind: Literal["b"]
        same: int
        differs: str

    assert columns_of(RowFormat(A | B, {}).schema())[2:] == [
        Column("kind", "text"),
        Column("same", "integer"),
        Column("differs", "json"),
    ]


# -- sinks of the user's -------------------------------------------------------------------


class Collected:
    """A sink of the user's."""

    name = "collected"
    can_replace = True
    batch_rows = 1

    def __init__(self, seconds: float = 0.0, refused: str | None = None) -> None:
        self.seconds = seconds
        self.refused = refused
        self.batches: list[Batch] = []
        self.opened: list[str | None] = []
        self.closed = 0

    def open(self, columns: Sequence[Column], state: str | None) -> str | None:
        self.columns = list(columns)
        self.opened.append(state)
        return state

    def deliver(self, batch: Batch) -> str | None:
        if self.refused in [document.id for document in batch.documents if document.rows]:
            raise RowsRefusedError(str(self.refused), "not this one")
        time.sleep(self.seconds)
        self.batches.append(batch)
        return str(batch.number)

    def close(self) -> None:
        self.closed += 1


def test_any_object_with_the_methods_is_a_sink(tmp_path: Path) -> None:
    sink = Collected()
    assert isinstance(sink, Sink)
    with ReplayServer(Model()) as server:
        for count in (3, 5):
            driver.run(server, job(count, rows=2), journal=tmp_path / "run.db", sink=sink)
    assert [column.name for column in sink.columns] == ["document", "row", "article", "count"]
    documents = [document for batch in sink.batches for document in batch.documents]
    assert sorted(document.id for document in documents) == [f"doc-{n:04}" for n in range(5)]
    assert documents[0].rows[1].members == json.loads(documents[0].rows[1].text)
    assert [batch.number for batch in sink.batches] == list(range(1, len(sink.batches) + 1))
    assert sink.opened[0] is None
    assert sink.opened[1] is not None
    assert sink.closed == 2


def test_a_document_that_a_sink_refuses_fails_and_the_others_are_delivered(tmp_path: Path) -> None:
    sink = Collected(refused="doc-0002")
    with ReplayServer(Model()) as server:
        summary = driver.run(server, job(6, rows=2), journal=tmp_path / "run.db", sink=sink)
    assert (summary.done, summary.failed, summary.delivered) == (5, 1, 5)
    [letter] = lines(tmp_path / "run.dead-letters.jsonl")
    assert letter == {"document": "doc-0002", "reason": "not this one"}


def test_an_error_of_the_sink_ends_the_run_and_the_next_one_delivers(tmp_path: Path) -> None:
    class Broken(Collected):
        broken = True

        def deliver(self, batch: Batch) -> str | None:
            if self.broken:
                raise OSError("the disk is full")
            return super().deliver(batch)

    sink = Broken()
    with ReplayServer(Model()) as server:
        with pytest.raises(SinkError, match="the disk is full"):
            driver.run(server, job(5, rows=2), journal=tmp_path / "run.db", sink=sink)
        sink.broken = False
        summary = driver.run(server, job(5, rows=2), journal=tmp_path / "run.db", sink=sink)
        assert len(server.requests) <= 10  # those that were under way go on
    assert summary.delivered == 5
    assert sum(len(batch.documents) for batch in sink.batches) == 5


def test_a_slow_sink_slows_the_documents(tmp_path: Path) -> None:
    sink = Collected(seconds=0.05)
    behind: list[int] = []

    def documents() -> Iterator[Document]:
        for number, document in enumerate(job(60, rows=1)):
            behind.append(number - sum(len(batch.documents) for batch in sink.batches))
            yield document

    with ReplayServer(Model()) as server:
        driver.run(server, documents(), concurrency=4, journal=tmp_path / "run.db", sink=sink)
    assert sum(len(batch.documents) for batch in sink.batches) == 60
    assert max(behind) <= 4 + 4 + 5 + 1  # read, waiting, in a batch, taken


@pytest.mark.parametrize("kind", [JSONLPlace, ParquetPlace, SQLitePlace])
def test_rows_with_extra_fields_are_one_column(kind: Any, tmp_path: Path) -> None:
    class Open(BaseModel):
        model_config = ConfigDict(extra="allow")
        article: str

    place = kind(tmp_path)
    value = {"article": "a", "document": 1}  # which would be a column twice
    sink = sink_of(place.spec)
    deliver(sink, Open, ("d", [Open.model_validate(value)]))
    sink.close()
    [found] = place.objects()
    written = json.dumps(value, separators=(",", ":")) if kind is ParquetPlace else value
    assert found == {"document": "d", "row": 0, "value": written}


def test_a_database_is_closed_after_the_run(tmp_path: Path) -> None:
    place = SQLitePlace(tmp_path)
    with ReplayServer(Model()) as server:
        driver.run(server, job(2, rows=1), journal=tmp_path / "run.db", sink=place.spec)
    assert len(select_all(place.spec)) == 2
    assert not list(Path(tmp_path).glob("rows.db-*"))


@pytest.mark.parametrize(
    ("spec", "module", "extra"),
    [("rows.parquet", "pyarrow", "parquet"), ("sqlite:///rows.db#rows", "sqlalchemy", "sql")],
)
def test_a_missing_package_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, spec: str, module: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ModuleNotFoundError, match=rf"needs {module}: .*partialstream\[{extra}\]"):
        sink_of(spec)


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ModuleNotFoundError, match="needs psycopg, the driver"):
        sink_of("postgresql+psycopg://there/db#rows")


@needs("sql", "sqlalchemy", "psycopg")
def test_a_table_in_another_schema_is_found_again() -> None:
    import sqlalchemy

    with postgresql() as url:
        engine = sqlalchemy.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
        with engine.begin() as connection:
            connection.execute(sqlalchemy.text('CREATE SCHEMA "Sales"'))
        rows: RowFormat[Row] = RowFormat(Row, {})
        for state in (None, "0"):
            sink = sink_of(f"{url}#Sales.rows")
            sink.open(columns_of(rows.schema()), state)
            sink.close()
        inspector = sqlalchemy.inspect(engine)
        assert inspector.get_table_names("Sales") == ["rows"]
        assert inspector.get_table_names() == []
        engine.dispose()


@needs("sql", "psycopg")
def test_a_connection_that_was_closed_while_it_was_not_used() -> None:
    import psycopg

    columns = columns_of(RowFormat(Row, {}).schema())
    with postgresql() as url:
        sink = sink_of(f"{url}#articles")
        sink.open(columns, None)
        for number in range(2):
            row = SinkRow(0, '{"article": "Lamp", "count": 1}')
            sink.deliver(Batch(number + 1, [DocumentRows(f"d{number}", [row])]))
            # As a server does that is restarted, or a firewall after some minutes.
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                    "WHERE pid != pg_backend_pid() AND datname = current_database()"
                )
        sink.close()
        assert {each["document"] for each in select_all(f"{url}#articles")} == {"d0", "d1"}
