"""Text blocks of Bedrock's that mean something, and those that only count the deltas.

Amazon's Nova, through InvokeModelWithResponseStream, gives each delta of a text an index of its
own, and stops a block after each, wherever in a value that is.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aws_messages import message
from pydantic import BaseModel
from source_runs import brief, read_all
from wire_sequences import adds, converse, wrapped

from partialstream import stream_items, stream_partial
from partialstream.sources.bedrock import BedrockSource
from partialstream.sources.detect import source_for
from partialstream.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RECORDINGS = Path(__file__).resolve().parents[2].parent / "shared" / "streams-odd"

START = converse("messageStart", role="assistant")
END = converse("messageStop", stopReason="end_turn")


class Product(BaseModel):
    name: str
    tags: list[str]


class Shelf(BaseModel):
    products: list[Product]


PRODUCTS = [
    Product(name="Tea", tags=["gr\u00fcn", "a } in ] text"]),
    Product(name="Cocoa \U0001f375", tags=[]),
    Product(name='"', tags=["\\", "x"]),
]
SHELF = Shelf(products=PRODUCTS)
DOCUMENTS = {
    "an object": SHELF.model_dump_json(),
    "a list": json.dumps([each.model_dump() for each in PRODUCTS]),
    "in a fence": f"Here you are:\n```json\n{SHELF.model_dump_json(indent=1)}\n```\nThat is all.",
}


def stop(index: int | None) -> dict[str, Any]:
    return converse("contentBlockStop", contentBlockIndex=index)


def each_with_its_stop(pieces: list[str]) -> Iterator[Any]:
    for index, piece in enumerate(pieces):
        yield adds(index, text=piece)
        yield stop(index)


def each_without_a_stop(pieces: list[str]) -> Iterator[Any]:
    for index, piece in enumerate(pieces):
        yield adds(index, text=piece)


def one_index_with_stops(pieces: list[str]) -> Iterator[Any]:
    for piece in pieces:
        yield adds(0, text=piece)
        yield stop(0)


def one_index(pieces: list[str]) -> Iterator[Any]:
    yield from (adds(0, text=piece) for piece in pieces)
    yield stop(0)


def no_index(pieces: list[str]) -> Iterator[Any]:
    for piece in pieces:
        yield converse("contentBlockDelta", delta={"text": piece})
        yield converse("contentBlockStop")


def counted_from_seven(pieces: list[str]) -> Iterator[Any]:
    for index, piece in enumerate(pieces):
        yield adds(index + 7, text=piece)
        yield stop(index + 7)


def counted_backwards(pieces: list[str]) -> Iterator[Any]:
    for index, piece in enumerate(pieces):
        yield adds(-index, text=piece)
        yield stop(-index)


def with_empty_deltas(pieces: list[str]) -> Iterator[Any]:
    """Nova's last delta is empty, at an index of its own."""
    for index, piece in enumerate(pieces):
        yield adds(2 * index, text="")
        yield stop(2 * index)
        yield adds(2 * index + 1, text=piece)
        yield stop(2 * index + 1)
    yield adds(2 * len(pieces), text="")
    yield stop(2 * len(pieces))


def an_index_that_sometimes_stays(pieces: list[str]) -> Iterator[Any]:
    """From the second delta on: by the first, each index counts one."""
    chance = random.Random(len(pieces))
    index = 0
    for number, piece in enumerate(pieces):
        yield adds(index, text=piece)
        if number == 0 or chance.random() < 0.5:
            yield stop(index)
            index += 1


PATTERNS = [
    each_with_its_stop,
    each_without_a_stop,
    one_index_with_stops,
    one_index,
    no_index,
    counted_from_seven,
    counted_backwards,
    with_empty_deltas,
    an_index_that_sometimes_stays,
]

each_pattern = pytest.mark.parametrize("pattern", PATTERNS)


def cuts(text: str) -> Iterator[list[str]]:
    """The text in single characters, and in pieces by chance."""
    yield list(text)
    chance = random.Random(text)
    for count in (1, 1, 2, 2, 3, 5, 10, 30):
        at = sorted(chance.choices(range(1, len(text)), k=count))
        yield [text[a:b] for a, b in zip([0, *at], [*at, len(text)], strict=True) if a < b]


def invoked(event: Any) -> bytes:
    return message(json.dumps(wrapped(event)["chunk"]), event_type="chunk")


SENT: dict[str, Callable[[list[Any]], list[Any]]] = {
    "invoked": lambda events: [wrapped(each) for each in events],
    "invoked, as bytes": lambda events: [invoked(each) for each in events],
    "converse": lambda events: events,
}


@pytest.mark.parametrize("how", SENT)
@pytest.mark.parametrize("document", DOCUMENTS)
@each_pattern
def test_a_document_cut_into_blocks(pattern: Any, document: str, how: str) -> None:
    for pieces in cuts(DOCUMENTS[document]):
        chunks = SENT[how]([START, *pattern(pieces), END])
        with stream_items(Product, chunks) as stream:
            assert list(stream) == PRODUCTS
        assert stream.outcome is not None
        assert stream.outcome.status == "complete"
        if document != "a list":
            assert stream_partial(Shelf, chunks).final() == SHELF


@each_pattern
def test_each_item_is_on_time(pattern: Any) -> None:
    pieces = list(DOCUMENTS["a list"])
    ends = [at for at, piece in enumerate(pieces) if "".join(pieces[: at + 1]).endswith("]}")]
    taken = 0

    def chunks() -> Iterator[Any]:
        nonlocal taken
        yield START
        for event in pattern(pieces):
            taken += bool(event.get("contentBlockDelta", {}).get("delta", {}).get("text"))
            yield event
        yield END

    found: list[int] = []
    for _ in stream_items(Product, chunks()):
        found.append(taken - 1)  # noqa: PERF401  the count at the time of each item
    assert found == ends


def test_a_tool_after_counted_deltas() -> None:
    begins = converse(
        "contentBlockStart",
        contentBlockIndex=2,
        start={"toolUse": {"toolUseId": "x", "name": "f"}},
    )
    events = [
        START,
        *each_with_its_stop(["Let me ", "look."]),
        begins,
        adds(2, toolUse={"input": '{"q":'}),
        adds(2, toolUse={"input": "1}"}),
        stop(2),
        adds(3, text="Found"),
        stop(3),
        adds(4, text=" it."),
        stop(4),
        END,
    ]
    assert brief(read_all(BedrockSource(), events)) == {
        ("content", 0): "Let me look.",
        ("tool", 2): '{"q":1}',
        ("content", 3): "Found it.",
    }


def test_reasoning_by_counted_deltas() -> None:
    thoughts = [adds(index, reasoningContent={"text": f"{index} "}) for index in range(3)]
    events = [START, *thoughts, adds(3, text="[1"), adds(4, text="]"), END]
    source = BedrockSource()
    assert brief(read_all(source, events)) == {("reasoning", 0): "0 1 2 ", ("content", 3): "[1]"}
    assert source.metadata.reasoning == "0 1 2 "


SEPARATE: dict[str, list[Any]] = {
    "more than one delta": [
        adds(0, text="Let me"),
        adds(0, text=" look."),
        stop(0),
        adds(1, text="["),
        adds(1, text="]"),
        stop(1),
    ],
    "announced": [
        converse("contentBlockStart", contentBlockIndex=0, start={}),
        adds(0, text="Let me look."),
        stop(0),
        converse("contentBlockStart", contentBlockIndex=1, start={}),
        adds(1, text="[]"),
        stop(1),
    ],
    "the second announced": [
        adds(0, text="Let me look."),
        stop(0),
        converse("contentBlockStart", contentBlockIndex=1, start={}),
        adds(1, text="[]"),
        stop(1),
    ],
    "side by side": [
        adds(0, text="Let me "),
        adds(0, text="l"),
        adds(1, text="["),
        adds(0, text="ook."),
        adds(1, text="]"),
    ],
    "in a whole answer": [
        {
            "output": {"message": {"content": [{"text": "Let me look."}, {"text": "[]"}]}},
            "stopReason": "end_turn",
        }
    ],
}


@pytest.mark.parametrize("events", SEPARATE.values(), ids=SEPARATE)
def test_blocks_that_are_certain_stay_apart(events: list[Any]) -> None:
    assert brief(read_all(BedrockSource(), events)) == {
        ("content", 0): "Let me look.",
        ("content", 1): "[]",
    }


BLOCKS = {
    "prose and a document": (["See [1] {x}:", DOCUMENTS["an object"]], PRODUCTS),
    "a document and prose": ([DOCUMENTS["an object"], "See [1] {x}."], PRODUCTS),
    "two objects": ([DOCUMENTS["an object"]] * 2, PRODUCTS * 2),
    "two lists": ([DOCUMENTS["a list"]] * 2, PRODUCTS * 2),
    "an object for each item": ([each.model_dump_json() for each in PRODUCTS], PRODUCTS),
    "prose in two blocks": (["So ", "far:", DOCUMENTS["an object"]], PRODUCTS),
}


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_two_blocks_read_the_same_together_and_apart(name: str, size: int) -> None:
    texts, expected = BLOCKS[name]
    events = [START]
    for index, text in enumerate(texts):
        events += [adds(index, text=text[at : at + size]) for at in range(0, len(text), size)]
        events.append(stop(index))
    assert list(stream_items(Product, [*events, END])) == expected
    if len(texts) == 2 and "lists" not in name:
        assert stream_partial(Shelf, [*events, END]).final() == SHELF


def test_counted_deltas_are_not_remembered() -> None:
    source = BedrockSource()
    for index in range(1000):
        source.feed(adds(index, text="x"))
        source.feed(stop(index))
    assert len(source._blocks._all) == len(source._blocks._by_index) == 1


@pytest.mark.parametrize(
    ("file", "text", "usage"),
    [
        ("bedrock-nova-invoke-3.eventstream", "On their first night in", Usage(30, 55)),
        ("bedrock-nova-invoke-4.eventstream", "Sure! It sounds like you want", Usage(5, 10)),
    ],
)
def test_recorded_bodies_are_one_text(file: str, text: str, usage: Usage) -> None:
    path = RECORDINGS / file
    if not path.is_file():
        pytest.skip(f"the recorded streams are not at {RECORDINGS}")
    body = path.read_bytes()
    chance = random.Random(file)
    for count in (0, 1, 10, 100):
        at = sorted(chance.choices(range(1, len(body)), k=count))
        reads = [body[a:b] for a, b in zip([0, *at], [*at, len(body)], strict=True) if a < b]
        source = source_for(reads[0])
        found = brief(read_all(source, reads))
        assert list(found) == [("content", 0)]
        assert found["content", 0].startswith(text)
        assert source.metadata.usage == usage
        assert source.metadata.terminated
