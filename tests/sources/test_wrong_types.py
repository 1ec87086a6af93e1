"""Whatever stands at a place of a chunk, only errors of this library come out."""

from __future__ import annotations

import json
import math
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from pydantic import BaseModel
from source_runs import read_all, texts
from wire_sequences import ERRORS, ITEMS, SEQUENCES, framed, wrapped

from partialstream import (
    PartialStreamError,
    ProviderError,
    astream_items,
    stream_items,
    stream_partial,
)
from partialstream.sources.detect import source_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator

Step = str | int


class Product(BaseModel):
    name: str


def nested(depth: int) -> Any:
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


class Opaque:
    """What has attributes, and none that anybody knows."""

    def __init__(self) -> None:
        self.value = 1


DEEP = nested(5_000)
LONG = "x" * 20_000

JSON_VALUES: dict[str, Any] = {
    "null": None,
    "true": True,
    "zero": 0,
    "minus one": -1,
    "a float": 1.5,
    "a large integer": 10**400,
    "a large float": 1e308,
    "an empty text": "",
    "a text": "x",
    "a long text": LONG,
    "half a surrogate pair": "\ud83d",
    "an empty list": [],
    "a list": [1],
    "a list of lists": [[["x"]]],
    "a list of objects": [{}, {"a": 1}, {"type": []}],
    "a list nested deeply": DEEP,
    "an empty object": {},
    "an object": {"a": 1},
    "an object of objects": {"type": {}, "id": [], "name": {}, "text": {}, "index": {}},
    "NaN": math.nan,
    "infinity": math.inf,
}

IN_BYTES = (
    *("null", "a large integer", "a large float", "a long text", "half a surrogate pair"),
    *("a list of objects", "a list nested deeply", "an object of objects", "NaN", "infinity"),
)
"""Those of them that are read from bytes as well: the others come from JSON as they are."""

OTHER_VALUES: dict[str, Any] = {
    "bytes": b"x",
    "a tuple": (1,),
    "a set": {1},
    "an object": object(),
    "an object with attributes": Opaque(),
    "a class": Opaque,
    "names that are none": {1: 2, None: 3, ("a",): 4},
    "an integer of too many digits": 10**5_000,
    "values that are no JSON": {"a": {1}, "b": object()},
}


def places(value: Any, path: tuple[Step, ...] = ()) -> Iterator[tuple[Step, ...]]:
    """All paths into a value, that of the value itself first."""
    yield path
    if isinstance(value, dict):
        for name, member in value.items():
            yield from places(member, (*path, name))
    elif isinstance(value, list):
        for index, element in enumerate(value):
            yield from places(element, (*path, index))


def replaced(value: Any, path: tuple[Step, ...], new: Any) -> Any:
    """The value with another one at a place, and nothing that it shares with it changed."""
    if not path:
        return new
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


def places_in(chunks: list[Any]) -> list[tuple[int, tuple[Step, ...]]]:
    """The places in a sequence, each with the number of its chunk.

    Of a place that many chunks have beside the same others, as each has its `id`, that in the
    first and that in the last of them.
    """
    numbers: dict[Any, list[int]] = {}
    for number, chunk in enumerate(chunks):
        for path in places(chunk):
            parent = chunk
            for step in path[:-1]:
                parent = parent[step]
            beside = frozenset(parent) if isinstance(parent, dict) else len(parent)
            numbers.setdefault((path, beside), []).append(number)
    return sorted(
        {(number, path) for (path, _), all_ in numbers.items() for number in (all_[0], all_[-1])},
        key=str,
    )


def variants(chunks: list[Any], new: Any) -> Iterator[tuple[str, list[Any]]]:
    """A sequence with each of its places replaced in turn."""
    for number, path in places_in(chunks):
        changed = replaced(chunks[number], path, new)
        yield f"chunk {number} {path}", [*chunks[:number], changed, *chunks[number + 1 :]]


def dump(value: Any) -> str:
    """JSON, also where it is nested too deep for the standard library to write it."""
    try:
        return json.dumps(value)
    except RecursionError:
        return json.dumps(replace_deep(value)).replace('"<deep>"', "[" * 5_001 + "]" * 5_001)


def replace_deep(value: Any) -> Any:
    if value is DEEP:
        return "<deep>"
    if isinstance(value, dict):
        return {name: replace_deep(member) for name, member in value.items()}
    return [replace_deep(element) for element in value] if isinstance(value, list) else value


def items(chunks: Iterable[Any]) -> Iterable[Any]:
    return stream_items(Product, chunks)


def items_in_detail(chunks: Iterable[Any]) -> Iterable[Any]:
    """Items with their confidence, for which the tokens are read."""
    return stream_items(Product, chunks).detailed()


def events(chunks: Iterable[Any]) -> Iterable[Any]:
    return stream_items(Product, chunks).events()


def snapshots(chunks: Iterable[Any]) -> Iterable[Any]:
    return stream_partial(Product, chunks)


def items_async(chunks: Iterable[Any]) -> Iterable[Any]:
    async def source() -> AsyncIterator[Any]:
        for chunk in chunks:
            yield chunk

    async def read() -> list[Product]:
        return [each async for each in astream_items(Product, source())]

    return anyio.run(read)


def foreign_error(read: Callable[[Any], Iterable[Any]], chunks: Iterable[Any]) -> str | None:
    """Read a stream to its end; give the foreign error that comes out, None if none does."""
    try:
        for _ in read(chunks):
            pass
    except PartialStreamError:
        return None
    except Exception as error:  # noqa: BLE001  any other error is what is looked for
        return repr(error)[:200]
    return None


ALL = {**SEQUENCES, **{f"error: {name}": chunks for name, chunks in ERRORS.items()}}


@pytest.mark.parametrize("name", SEQUENCES)
def test_the_sequences_are_valid(name: str) -> None:
    chunks = SEQUENCES[name]
    if name.startswith("invoked"):
        chunks = [wrapped(each) for each in chunks]
    for stream in (chunks, [framed(chunks, name)]):
        found = [each.name for each in stream_items(Product, stream, on_invalid="skip")]
        assert found == ITEMS


@pytest.mark.parametrize("name", ALL)
def test_json_of_a_wrong_type_at_every_place(name: str) -> None:
    foreign: list[str] = []
    for what, value in JSON_VALUES.items():
        for where, chunks in variants(ALL[name], value):
            invoked = name.startswith("invoked")
            given = [wrapped(each, dump) for each in chunks] if invoked else chunks
            errors = [foreign_error(items_in_detail, given)]
            if what in IN_BYTES:
                errors.append(foreign_error(items, [framed(given, name, dump)]))
            foreign += [f"{what} at {where}: {error}" for error in errors if error is not None]
    assert not foreign, "\n".join(foreign[:20])


@pytest.mark.parametrize("name", [name for name in ALL if not name.startswith("invoked")])
def test_what_is_no_json_at_every_place(name: str) -> None:
    foreign: list[str] = []
    for what, value in OTHER_VALUES.items():
        for where, chunks in variants(ALL[name], value):
            error = foreign_error(items, chunks)
            if error is not None:
                foreign.append(f"{what} at {where}: {error}")
    assert not foreign, "\n".join(foreign[:20])


def as_object(value: Any) -> Any:
    """A value as an SDK gives it, with attributes for members."""
    if isinstance(value, dict) and all(isinstance(name, str) for name in value):
        return SimpleNamespace(**{name: as_object(each) for name, each in value.items()})
    return list(map(as_object, value)) if isinstance(value, list) and value is not DEEP else value


@pytest.mark.parametrize("name", [name for name in ALL if not name.startswith("invoked")])
def test_an_attribute_of_a_wrong_type_at_every_place(name: str) -> None:
    foreign: list[str] = []
    for what in ("null", "a float", "a text", "a list", "an object of objects"):
        for where, chunks in variants(ALL[name], JSON_VALUES[what]):
            error = foreign_error(items, list(map(as_object, chunks)))
            if error is not None:
                foreign.append(f"{what} at {where}: {error}")
    assert not foreign, "\n".join(foreign[:20])


KINDS: dict[str, list[Any]] = {
    "text": ['[{"name":"Tea"},', '{"na'],
    "bytes": [framed(SEQUENCES["chat"][1:3], "chat")],
    "NDJSON": [framed(SEQUENCES["ollama"][1:3], "ollama")],
    "an array": [bytearray(b"["), memoryview(b"{}")],
    "nothing": [None, "", b"", None],
    "numbers": [5, 1.5, True],
    "an object": [object()],
    "an object with attributes": [Opaque()],
    "a class": [Opaque],
    "empty containers": [{}, [], (), set()],
    "lists": [[{"name": "x"}], ["}"]],
    "an unknown dict": [{"unheardOf": 1}],
    "an error": [ValueError("no")],
    **{name: chunks[1:3] for name, chunks in SEQUENCES.items() if len(chunks) > 2},
}


@pytest.mark.parametrize("read", [items, items_in_detail, events, snapshots, items_async])
@pytest.mark.parametrize("first", KINDS)
def test_chunks_of_several_kinds_in_one_stream(read: Any, first: str) -> None:
    foreign: list[str] = []
    for second, others in KINDS.items():
        for more in ([], ["[", "]"], ["}"] * 100):
            chunks = [*KINDS[first], *others, *more, *KINDS[first]]
            error = foreign_error(read, chunks)
            if error is not None:
                foreign.append(f"{second}, {len(more)} more: {error}")
    assert not foreign, "\n".join(foreign[:20])


@pytest.mark.parametrize(
    "odd", [{}, {"a": 1}, [], ["}"], (), {1}, b"x", 5, 1.5, object(), Opaque()]
)
@pytest.mark.parametrize("texts", [1, 2, 63, 64, 65, 200])
@pytest.mark.parametrize("read", [items, items_in_detail, events, snapshots, items_async])
def test_what_is_no_text_among_texts(read: Any, texts: int, odd: Any) -> None:
    object_only = read is snapshots
    start = '{"name":"' if object_only else '[{"name":"Tea"},{"name":"'
    chunks = [start, *"x" * texts, odd, '"}', "" if object_only else "]"]
    found: list[Any] = []
    with pytest.raises(ProviderError, match="unknown chunk"):
        found.extend(read(chunks))  # keeps what came ahead of an error
    if read is items:
        assert found == [Product(name="Tea")]


@pytest.mark.parametrize("texts", [1, 2, 63, 64, 65, 200])
@pytest.mark.parametrize("read", [items, items_async])
def test_a_text_of_a_derived_class_is_a_text(read: Any, texts: int) -> None:
    class Text(str):
        __slots__ = ()

    chunks = ['[{"name":"', *"x" * texts, Text("y"), None, Text('"}'), "", "]"]
    assert list(read(chunks)) == [Product(name="x" * texts + "y")]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("chat", {"choices": [{"index": 0, "delta": {"tool_calls": [{"type": []}]}}]}),
        ("chat", {"choices": [{"index": 0, "delta": {}, "finish_reason": []}]}),
        ("cohere", {"type": "message-end", "delta": {"finish_reason": []}}),
        ("converse", {"contentBlockDelta": {"contentBlockIndex": [], "delta": {"text": ""}}}),
    ],
)
def test_what_says_nothing_is_left_out(name: str, change: dict[str, Any]) -> None:
    chunks = SEQUENCES[name]
    expected = texts(read_all(source_for(chunks[0]), chunks))
    source = source_for(chunks[0])
    assert texts(read_all(source, [*chunks[:-1], change, chunks[-1]])) == expected
