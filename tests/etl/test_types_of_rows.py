"""Whatever the type of a row, each sink gives back what pydantic writes."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import json
import uuid
from collections.abc import AsyncIterable, Iterable
from decimal import Decimal
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Optional, Union

import pytest
from etl_runs import lines
from etl_sinks import JSONLPlace, ParquetPlace, Place, PostgreSQLPlace, SQLitePlace
from extras import needs
from hypothesis import given, settings
from hypothesis import strategies as st
from openai import OpenAI
from pydantic import (
    AnyUrl,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    PlainSerializer,
    RootModel,
    SecretStr,
    TypeAdapter,
    WrapSerializer,
    computed_field,
    create_model,
    field_serializer,
    model_serializer,
)
from typing_extensions import NotRequired, TypedDict

from partialstream import from_openai
from partialstream.etl import Batch, Column, Document, DocumentRows, Extraction, SinkRow
from partialstream.etl.serialization.row_format import RowFormat
from partialstream.etl.sinks.columns import columns_of
from partialstream.etl.sinks.specs import sink_of
from partialstream.testing import ReplayServer

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = [needs("parquet", "pyarrow"), needs("sql", "sqlalchemy")]

KINDS: list[type[Place]] = [JSONLPlace, ParquetPlace, SQLitePlace]


def written(type_: Any, value: Any) -> dict[str, Any]:
    """What pydantic writes, as the members of an object."""
    rows: RowFormat[Any] = RowFormat(type_, {})
    found = json.loads(TypeAdapter(type_).dump_json(value, by_alias=rows._by_alias, warnings=False))
    columns = [column.name for column in columns_of(rows.schema())[2:]]
    if columns == ["value"] and not (isinstance(found, dict) and set(found) == {"value"}):
        return {"value": found}
    return dict(found)


def read(place: Place, columns: Sequence[Column]) -> list[dict[str, Any]]:
    """What is in a sink, in the order of its rows, by the values that JSON has."""
    found = sorted(place.objects(), key=lambda each: each["row"])
    kinds = {column.name: column.kind for column in columns}
    return [
        {name: plain(value, kinds[name], place) for name, value in row.items()} for row in found
    ]


def plain(value: Any, kind: str, place: Place) -> Any:
    if isinstance(value, datetime.date):
        return value.isoformat()
    if kind == "json" and isinstance(value, str) and isinstance(place, ParquetPlace):
        return json.loads(value)
    return value


def check(place: Place, type_: Any, values: Sequence[Any]) -> None:
    """Deliver values, open the sink again as a later run does, and compare."""
    rows: RowFormat[Any] = RowFormat(type_, {})
    columns = columns_of(rows.schema())
    batch = Batch(
        1,
        [
            DocumentRows(
                "d", [SinkRow(place, rows.dump(value)) for place, value in enumerate(values)]
            )
        ],
    )
    sink = sink_of(place.spec)
    sink.open(columns, None)
    state = sink.deliver(batch)
    sink.close()
    sink = sink_of(place.spec)
    sink.open(columns, state)
    sink.close()
    found = read(place, columns)
    assert len(found) == len(values)
    for index, (row, value) in enumerate(zip(found, values, strict=True)):
        assert (row.pop("document"), row.pop("row")) == ("d", index)
        expected = written(type_, value)
        missing = {name: row.pop(name) for name in list(row) if name not in expected}
        assert row == expected
        assert not any(each is not None for each in missing.values())


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    with request.param(tmp_path) as place:
        yield place


# -- types that people write ---------------------------------------------------------------


class Colour(enum.Enum):
    RED = "red"
    NONE = None
    ONE = 1


class Size(enum.IntEnum):
    SMALL = 1
    LARGE = 2


class Node(BaseModel):
    name: str
    below: list[Node] = []
    one: Node | None = None


class Aliased(BaseModel):
    article: str = Field(alias="Artikel")
    count: int = Field(validation_alias="Anzahl", serialization_alias="n")


class ByAlias(Aliased):
    model_config = ConfigDict(serialize_by_alias=True)


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    a: int


class TypedExtra(BaseModel):
    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, int] = Field(init=False)
    a: int


class Anything(BaseModel):
    a: Any
    b: object = 5
    c: Literal["x", None]
    d: JsonValue
    e: None
    f: Colour
    g: Literal["x", 1]
    h: Literal[True]
    i: Any | None = None


class Serialized(BaseModel):
    price: int
    note: str
    on: datetime.date
    both: Annotated[int, PlainSerializer(lambda value: f"{value}")] = 1
    typed: Annotated[int, PlainSerializer(lambda value: f"{value}", return_type=str)] = 1
    wrapped: Annotated[int, WrapSerializer(lambda value, handler: [handler(value)])] = 1

    @field_serializer("price")
    def _price(self, value: int):  # type: ignore[no-untyped-def]  # on purpose
        return f"{value} EUR"

    @field_serializer("note")
    def _note(self, value: str) -> str | None:
        return value or None

    @field_serializer("on")
    def _on(self, value: datetime.date) -> str:
        return value.strftime("%d.%m.%Y")

    @computed_field
    @property
    def twice(self) -> int:
        return 2 * self.price


class Other(BaseModel):
    a: int

    @model_serializer
    def _write(self):  # type: ignore[no-untyped-def]  # on purpose
        return {"z": self.a}


class More(BaseModel):
    a: int

    @model_serializer(mode="wrap")
    def _write(self, handler: Any) -> dict[str, Any]:
        return {**handler(self), "document": "x"}


class Special(BaseModel):
    path: Path = Path("a/b")
    secret: SecretStr = SecretStr("x")
    url: AnyUrl = AnyUrl("http://127.0.0.1/")
    address: IPv4Address = IPv4Address("127.0.0.1")
    id: uuid.UUID = uuid.UUID(int=5)
    took: datetime.timedelta = datetime.timedelta(seconds=5)
    at: datetime.time = datetime.time(5)
    hidden: int = Field(default=1, exclude=True)
    made: list[int] = Field(default_factory=lambda: [1])


class Partly(TypedDict):
    a: int
    b: NotRequired[str]


@dataclasses.dataclass
class Point:
    x: float
    label: str = "p"
    beside: Point | None = None


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    lives: str
    tail: Decimal = Decimal("1.50")


class Empty(BaseModel):
    pass


Odd = TypedDict(
    "Odd", {"a:b": int, "x%y": int, 'q"q': int, "with space": int, "ä": int, "(p)": int}
)


class Root(RootModel[list[int]]):
    pass


class RootOfDict(RootModel[dict[str, int]]):
    pass


class RootOfModel(RootModel[Node]):
    pass


ANYTHING = {"a": None, "c": None, "d": None, "e": None, "f": None, "g": 1, "h": True}
TYPES: list[tuple[Any, list[Any]]] = [
    (
        Node,
        [{"name": "a", "below": [{"name": "b"}], "one": None}, {"name": "c", "one": {"name": "d"}}],
    ),
    (Aliased, [{"Artikel": "Lamp", "Anzahl": 3}]),
    (ByAlias, [{"Artikel": "Lamp", "Anzahl": 3}]),
    (Open, [{"a": 1}, {"a": 1, "document": "x", "row": 9, "b": [1]}]),
    (TypedExtra, [{"a": 1}, {"a": 1, "document": 5}]),
    (Anything, [ANYTHING, {**ANYTHING, "a": [1], "b": "t", "d": {"x": None}, "f": 1, "i": False}]),
    (Serialized, [{"price": 5, "note": "", "on": "2024-02-29"}]),
    (Other, [{"a": 1}]),
    (More, [{"a": 1}]),
    (Special, [{}]),
    (Partly, [{"a": 1}, {"a": 1, "b": "x"}]),
    (Point, [{"x": 1, "beside": {"x": 2.5}}]),
    (
        Annotated[Cat | Dog, Field(discriminator="kind")],
        [{"kind": "cat", "lives": 9}, {"kind": "dog", "lives": "1"}],
    ),
    (Cat | int | None, [{"kind": "cat", "lives": 9}, 5, None]),
    (Empty, [{}]),
    (Odd, [{"a:b": 1, "x%y": 2, 'q"q': 3, "with space": 4, "ä": 5, "(p)": 6}]),
    (Root, [[1, 2], []]),
    (RootOfDict, [{"document": 1}, {}]),
    (RootOfModel, [{"name": "a"}]),
    (dict[int, str], [{1: "a"}, {}]),
    (tuple[int, str], [(1, "a")]),
    (set[int], [{1, 2}]),
    (str, ["", "null", '{"a": 1}', "{}"]),
    (bytes, [b"abc"]),
    (datetime.date, ["2024-02-29"]),
    (datetime.date | None, ["2024-02-29", None]),
    (Size, [1, 2]),
    (bool, [True, False]),
    (Decimal, ["10.10"]),
]


@pytest.mark.parametrize(
    ("type_", "values"), TYPES, ids=[str(number) for number in range(len(TYPES))]
)
def test_types_that_people_write(place: Place, type_: Any, values: list[Any]) -> None:
    check(place, type_, [TypeAdapter(type_).validate_python(value) for value in values])


@pytest.mark.parametrize("many", [True, False])
@pytest.mark.parametrize("spelling", [Iterable, AsyncIterable])
def test_rows_that_are_spelled_as_an_iterable(spelling: Any, many: bool, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    answer = json.dumps({"items" if many else "value": [{"name": "a"}]})
    with ReplayServer(answer) as server, OpenAI(base_url=server.base_url, api_key="test") as sdk:
        extraction = Extraction(
            from_openai(sdk),
            spelling[Node],
            model="any",
            prompt="{text}",
            many=many,
            journal=tmp_path / "run.db",
            sink=path,
        )
        [row] = list(extraction.rows([Document("d", "a")]))
    assert row.value == (Node(name="a") if many else [Node(name="a")])
    [line] = lines(path)
    value = Node(name="a").model_dump(mode="json")
    assert line == {"document": "d", "row": 0, **(value if many else {"value": [value]})}


def test_types_in_postgresql(tmp_path: Path) -> None:
    with PostgreSQLPlace(tmp_path) as place:
        url = place.spec.rpartition("#")[0]
        for number, (type_, values) in enumerate(TYPES):
            place.spec = f"{url}#table_{number}"
            check(place, type_, [TypeAdapter(type_).validate_python(value) for value in values])


# -- random ones ---------------------------------------------------------------------------

TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
LONG = st.integers(-(2**63), 2**63 - 1)
ZONES = st.sampled_from(
    [None, datetime.timezone.utc, datetime.timezone(datetime.timedelta(hours=-5, minutes=30))]
)
FLAT: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (str, TEXT),
    (int, LONG),
    (float, st.floats(allow_nan=False, allow_infinity=False)),
    (bool, st.booleans()),
    (datetime.date, st.dates()),
    (datetime.datetime, st.datetimes(timezones=ZONES)),
    (datetime.time, st.times()),
    (datetime.timedelta, st.timedeltas(datetime.timedelta(-999), datetime.timedelta(999))),
    (Decimal, st.decimals(allow_nan=False, allow_infinity=False, places=3)),
    (bytes, TEXT.map(str.encode)),
    (Colour, st.sampled_from(Colour)),
    (Size, st.sampled_from(Size)),
    (Literal["a", "b"], st.sampled_from("ab")),
    (Literal["a", 1, None], st.sampled_from(["a", 1, None])),
    (JsonValue, st.recursive(st.none() | st.booleans() | TEXT | LONG, st.lists, max_leaves=4)),
    (None, st.none()),
    (uuid.UUID, st.uuids()),
]
HASHABLE = FLAT[:10]


def deeper(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    hashable = st.sampled_from(HASHABLE)
    return st.one_of(
        inner.map(lambda of: (Optional[of[0]], st.none() | of[1])),  # noqa: UP045 - it may be None
        inner.map(lambda of: (list[of[0]], st.lists(of[1], max_size=3))),
        inner.map(lambda of: (dict[str, of[0]], st.dictionaries(TEXT, of[1], max_size=3))),
        inner.map(lambda of: (dict[int, of[0]], st.dictionaries(LONG, of[1], max_size=3))),
        hashable.map(lambda of: (set[of[0]], st.sets(of[1], max_size=3))),
        hashable.map(lambda of: (frozenset[of[0]], st.frozensets(of[1], max_size=3))),
        st.tuples(inner, inner).map(
            lambda of: (tuple[of[0][0], of[1][0]], st.tuples(of[0][1], of[1][1]))
        ),
        st.tuples(hashable, hashable).map(
            lambda of: (Union[of[0][0], of[1][0]], of[0][1] | of[1][1])  # noqa: UP007 - as above
        ),
        st.lists(inner, max_size=3).map(model_of),
    )


def model_of(members: Sequence[tuple[Any, Any]]) -> tuple[Any, st.SearchStrategy[Any]]:
    made: Any = create_model(
        "Inner", **{f"m{place}": (of, ...) for place, (of, _) in enumerate(members)}
    )
    values = {f"m{place}": values for place, (_, values) in enumerate(members)}
    return made, st.fixed_dictionaries(values).map(lambda given: made.model_construct(**given))


TYPE = st.recursive(st.sampled_from(FLAT), deeper, max_leaves=4)


@st.composite
def types_of_rows(draw: st.DrawFn) -> tuple[Any, list[Any]]:
    """A type, and some values of it."""
    members = draw(st.lists(TYPE, max_size=4))
    shape = draw(st.sampled_from(["model", "root", "typed dict", "dataclass", "type", "union"]))
    names = [
        f"field {place}" if shape == "typed dict" else f"f{place}" for place in range(len(members))
    ]
    fields = dict(zip(names, members, strict=True))
    values = st.fixed_dictionaries({name: of[1] for name, of in fields.items()})
    if shape in ("root", "type", "union") and not members:
        shape = "model"
    type_: Any
    if shape == "model":
        type_ = create_model("Row", **{name: (of[0], ...) for name, of in fields.items()})
        values = values.map(lambda given: type_.model_construct(**given))
    elif shape == "typed dict":
        type_ = TypedDict("Row", {name: of[0] for name, of in fields.items()})  # type: ignore[misc]  # its fields are drawn
    elif shape == "dataclass":
        type_ = dataclasses.make_dataclass("Row", [(name, of[0]) for name, of in fields.items()])
        values = values.map(lambda given: type_(**given))
    elif shape == "root":
        type_, own = RootModel[members[0][0]], members[0][1]
        values = own.map(lambda given: type_.model_construct(given))
    elif shape == "type":
        type_, values = members[0]
    else:
        one, first = model_of(members)
        two, second = model_of(members[:1])
        type_, values = one | two, first | second
    return type_, draw(st.lists(values, min_size=1, max_size=3))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=30, deadline=None)
@given(made=types_of_rows())
def test_random_types(
    kind: type[Place], made: tuple[Any, list[Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    type_, values = made
    check(kind(tmp_path_factory.mktemp("types")), type_, values)
