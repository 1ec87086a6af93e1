"""A stream of items holds the open item only; snapshots share what is complete."""

from __future__ import annotations

import itertools
import json
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from partialstream import ItemParser, Limits, PartialParser, stream_items

if TYPE_CHECKING:
    from collections.abc import Iterator

MEGABYTE = 1_000_000


class Product(BaseModel):
    name: str
    description: str
    price: float


class Section(BaseModel):
    title: str
    bullets: list[str]


class Report(BaseModel):
    title: str
    sections: list[Section]
    notes: dict[str, list[str]]


ALL_THE_SAME = Limits(repeated_items=None)


def chunks(megabytes: float, size: int) -> Iterator[str]:
    """A list of items, made on the way."""
    product = {"name": "Lamp", "description": "Warm light. " * 15, "price": 9.5}
    block = (json.dumps(product) + ", ") * (1 + size // 50)
    yield "["
    for _ in range(int(megabytes * MEGABYTE / len(block))):
        for start in range(0, len(block), size):
            yield block[start : start + size]
    yield block[:-2] + "]"


def read_stream(megabytes: float, size: int) -> int:
    return sum(1 for _ in stream_items(Product, chunks(megabytes, size), limits=ALL_THE_SAME))


def push(megabytes: float, size: int) -> int:
    parser = ItemParser(Product, limits=ALL_THE_SAME)
    count = sum(len(parser.feed(chunk)) for chunk in chunks(megabytes, size))
    parser.finish()
    return count


def peak_growth(read: Any, megabytes: float, size: int) -> float:
    """Megabytes that reading needs at its peak."""
    read(0.1, size)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        assert read(megabytes, size) > megabytes * 3000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return (peak - before) / MEGABYTE


@pytest.mark.parametrize("read", [read_stream, push])
@pytest.mark.parametrize(("megabytes", "size"), [(20, 4096), (1, 4)])
def test_delivered_items_are_not_held(read: Any, megabytes: float, size: int) -> None:
    assert peak_growth(read, megabytes, size) < 5


def snapshots(document: dict[str, Any]) -> Iterator[Report]:
    """All snapshots but the last, which is the validated object."""
    parser = PartialParser(Report)
    text = json.dumps(document)
    for start in range(0, len(text) - 4, 4):
        snapshot = parser.feed(text[start : start + 4])
        if snapshot is not None:
            yield snapshot


DOCUMENT = {
    "title": "Lamps",
    "sections": [{"title": f"Part {n}", "bullets": ["one", "two"]} for n in range(5)],
    "notes": {"a": ["first", "second"], "b": ["third"], "c": []},
}


def closed(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[Any, Any]]:
    """All values of a document that are no scalars, with their paths."""
    if isinstance(value, dict):
        members: Any = value.items()
    elif isinstance(value, list):
        members = enumerate(value)
    else:
        return
    yield path, value
    for key, member in members:
        yield from closed(member, (*path, key))


def at(snapshot: Any, path: tuple[str | int, ...]) -> Any:
    """The value at a path as far as it is there."""
    for step in path:
        try:
            if isinstance(snapshot, BaseModel):
                snapshot = getattr(snapshot, str(step))
            else:
                snapshot = snapshot[step]
        except (IndexError, KeyError, TypeError):
            return None
    return snapshot


def plain(value: Any) -> Any:
    return value.model_dump() if isinstance(value, BaseModel) else value


PATHS = [path for path, _ in closed(DOCUMENT) if len(path) > 1]


@pytest.mark.parametrize("path", PATHS, ids=str)
def test_what_is_complete_is_shared_between_snapshots(path: tuple[str | int, ...]) -> None:
    whole = dict(closed(DOCUMENT))[path]
    seen = [at(snapshot, path) for snapshot in snapshots(DOCUMENT)]
    last = seen[-1]
    assert plain(last) == whole
    complete = list(itertools.takewhile(lambda value: value is last, reversed(seen)))
    # Only the snapshots in which it still grew may hold another object that looks the same:
    # all characters were there, and its closing bracket was not.
    before = seen[: len(seen) - len(complete)]
    assert len(complete) > 1 or path == PATHS[-1]
    assert sum(plain(value) == whole for value in before) <= 2


def test_an_earlier_snapshot_does_not_change() -> None:
    seen = [(snapshot, snapshot.model_dump_json()) for snapshot in snapshots(DOCUMENT)]
    untouched = list(snapshots(DOCUMENT))
    assert len(seen) == len(untouched) > 50
    for (snapshot, dumped), late in zip(seen, untouched, strict=True):
        assert snapshot.model_dump_json() == late.model_dump_json() == dumped
