"""`Item.confidence` and the tokens of text events, by hand and against the slow way."""

from __future__ import annotations

import asyncio
import json
import pickle
from math import exp
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from spoken import (
    CONTENT,
    END,
    body_of,
    chunk,
    chunks_of,
    confidences_of,
    late_chunks_of,
    random_sizes,
    random_tokens,
    token,
    tokens_of,
)
from strategies import chances, json_texts, spell, values

from partialstream import (
    Confidence,
    IncompleteStreamError,
    Item,
    TextDelta,
    Token,
    astream_items,
    stream_items,
)
from partialstream.testing import recut_bytes

if TYPE_CHECKING:
    import random

STREAMS = Path(__file__).resolve().parents[2].parent / "shared" / "streams"


class Product(BaseModel):
    name: str
    price: float
    tags: list[str] = []


PRODUCTS = tokens_of(
    ('{"items', -8),
    ('":[', -8),
    ('{"name', -8),
    ('": "Ru', -0.25),  # a quote, a name and a half
    ("g", -0.5),
    ('", "price": 3', -1),
    ("9", -2),
    ('.5},{"', -4),  # a number, braces, the next item
    ('name":"', -8),
    ("Tisch\u00e4", -0.125),
    ('","', -8),
    ('tags":["', -8),
    ("a", -0.25),
    ('","b"', -0.5),
    (',""]', -1),
    (', "', -8),
    ('price":1', -2),
    ("}]}", -8),
)


def test_the_tokens_of_each_value_by_hand() -> None:
    stream = stream_items(Product, chunks_of(PRODUCTS))
    rug, table = stream.detailed()
    assert rug.value == Product(name="Rug", price=39.5)
    assert rug.confidence == {("name",): exp(-0.75), ("price",): exp(-7)}
    assert rug.confidence is not None
    assert (rug.confidence.lowest, rug.confidence.lowest_path) == (exp(-7), ("price",))
    assert table.confidence == {
        ("name",): exp(-0.125),
        ("tags", 0): exp(-0.25),
        ("tags", 1): exp(-0.5),
        ("tags", 2): exp(-1),  # the quote that ends an empty string
        ("price",): exp(-2),
    }
    assert list(table.confidence) == [("name",), *(("tags", n) for n in range(3)), ("price",)]


@pytest.mark.parametrize(
    ("type_", "tokens", "expected"),
    [
        (int, [("[1", -1), ("2, ", -2), ("7]", -4)], [{(): exp(-3)}, {(): exp(-4)}]),
        (str, [('["', -1), ('", "a"', -2), ("]", -4)], [{(): exp(-2)}, {(): exp(-2)}]),
        (bool, [("[tr", -1), ("ue,", -2), ("false]", -4)], [{(): exp(-3)}, {(): exp(-4)}]),
        (list[int], [("[[1", -1), (",2],", -2), ("[]]", -4)], [{(0,): exp(-1), (1,): exp(-2)}, {}]),
        (dict[str, Any], [('[{"a":1', -1), (',"a":', -2), ("null}]", -4)], [{("a",): exp(-4)}]),
        (dict[str, Any], [('[{"a":{"b":1}', -1), (',"a":2', -2), ("}]", -4)], [{("a",): exp(-2)}]),
        (str, [('["', -1), (b"\xf0\x9f", -2), (b"\x98", -4), (b'\x80"]', -8)], [{(): exp(-14)}]),
        (str, [('["\\', -1), ("u00", -2), ("e9", -4), ('"]', -8)], [{(): exp(-7)}]),
        (int, [("Sure: ```", -1), ("json\n[", -1), ("5", -2), ("]\n```", -1)], [{(): exp(-2)}]),
        (dict[str, int], [('{"a":', -1), ("1", -2), ("}\n", -4)], [{("a",): exp(-2)}]),
    ],
)  # fmt: skip
def test_other_items_by_hand(
    type_: Any, tokens: list[tuple[str | bytes, float]], expected: list[Any]
) -> None:
    chunks = chunks_of(tokens_of(*tokens))
    assert [item.confidence for item in stream_items(type_, chunks).detailed()] == expected


def test_what_a_confidence_is() -> None:
    confidence = Confidence({("a", 0): 0.5, ("b",): 0.25, ("c",): 0.25})
    assert (confidence.lowest, confidence.lowest_path) == (0.25, ("b",))
    assert confidence == {("a", 0): 0.5, ("b",): 0.25, ("c",): 0.25} == dict(confidence)
    assert (len(confidence), ("a",) in confidence, confidence.get(("a",))) == (3, False, None)
    assert (Confidence({}).lowest, Confidence({}).lowest_path) == (1.0, None)
    same = pickle.loads(pickle.dumps(confidence))
    assert (same, hash(same)) == (confidence, hash(confidence))
    assert repr(Confidence({("a",): 0.5})) == "Confidence({('a',): 0.5})"


TOOL_CALL = {
    "index": 0,
    "id": "call_1",
    "type": "function",
    "function": {"name": "Product", "arguments": '{"name":"a","price":1}'},
}


@pytest.mark.parametrize(
    "chunks",
    [
        ['[{"name":"a","price":1}]'],
        [chunk([], '[{"name":"a","price":1}]'), END],
        [{**END, "choices": [{"index": 0, "delta": {"tool_calls": [TOOL_CALL]}}]}, END],
        [chunk([token("other", -1)], '[{"name":"a","price":1}]'), END],
    ],
    ids=["text", "no tokens", "a tool call", "tokens of another text"],
)
def test_without_tokens_there_is_no_confidence(chunks: list[Any]) -> None:
    assert [item.confidence for item in stream_items(Product, chunks).detailed()] == [None]


def test_a_value_of_which_a_token_is_missing_is_left_out() -> None:
    chunks = [chunk([], '[{"name":"L'), *chunks_of(tokens_of(('amp","price":', -1), ("1}]", -2)))]
    (item,) = stream_items(Product, chunks).detailed()
    assert item.confidence == {("price",): exp(-2)}


def test_several_texts_in_one_answer() -> None:
    def choices(*texts: tuple[str, float]) -> dict[str, Any]:
        whole = chunk([], "")
        whole["choices"] = [
            {**chunk(tokens_of((text, logprob)), text)["choices"][0], "index": index}
            for index, (text, logprob) in enumerate(texts)
        ]
        return whole

    chunks = [choices(("[1", -1), ("[3", -4)), choices((",2]", -2), ("]", -8))]
    items = list(stream_items(int, chunks).detailed())
    assert [(item.value, item.confidence) for item in items] == [
        (1, {(): exp(-1)}),
        (2, {(): exp(-2)}),
        (3, {(): exp(-4)}),
    ]


# -- any chunking ------------------------------------------------------------------------------


def joined(events: list[Any]) -> list[Any]:
    """Neighbouring text events as one; of items what does not depend on the time."""
    found: list[Any] = []
    for event in events:
        if isinstance(event, Item):
            found.append((event.value, event.index, event.raw, event.confidence))
        elif not isinstance(event, TextDelta):
            found.append(event)
        elif found and isinstance(found[-1], TextDelta):
            last = found[-1]
            found[-1] = TextDelta(last.text + event.text, CONTENT, last.tokens + event.tokens)
        else:
            found.append(event)
    return found


@given(st.lists(values, max_size=4), chances)
def test_the_grouping_of_tokens_makes_no_difference(elements: Any, chance: random.Random) -> None:
    text = f'Here: {{"items": {spell(elements, chance)}}}'
    tokens = random_tokens(text, chance)
    expected = joined(list(stream_items(Any, chunks_of(tokens), path="items").events()))
    assert sum(isinstance(event, tuple) for event in expected) == len(elements)
    for _ in range(3):
        chunks = chunks_of(tokens, random_sizes(len(tokens), chance))
        stream = stream_items(Any, chunks, path="items")
        assert joined(list(stream.events())) == expected
        data = body_of(chunks)
        stream = stream_items(
            Any, recut_bytes(data, seed=chance.randint(0, 99), max_piece=200), path="items"
        )
        assert joined(list(stream.events())) == expected
        stream = stream_items(Any, late_chunks_of(tokens, chance), path="items")
        assert joined(list(stream.events())) == expected
    told = [each for event in expected if isinstance(event, TextDelta) for each in event.tokens]
    assert [(each.data, each.logprob) for each in told] == [
        (each.data, each.logprob) for each in tokens
    ]


@given(st.lists(json_texts, min_size=1, max_size=4), chances)
def test_every_value_has_the_tokens_that_touch_it(texts: list[str], chance: random.Random) -> None:
    whole = f"[{', '.join(texts)}]"
    tokens = random_tokens(whole, chance)
    chunks = chunks_of(tokens, random_sizes(len(tokens), chance))
    items = list(stream_items(Any, chunks).detailed())
    assert len(items) == len(texts)
    base = 1
    for item, text in zip(items, texts, strict=True):
        base = whole.index(item.raw, base)
        assert item.confidence == confidences_of(item.raw, tokens, base)
        base += len(text)


# -- the tokens of text events ---------------------------------------------------------------


def test_the_likeliest_tokens_at_a_place_are_told_with_the_text() -> None:
    chunks = [
        chunk([], "["),
        chunk(tokens_of(("[", -1)), "[", top=2),
        chunk(tokens_of(("1],", -2)), "1],"),
        chunk([], " [2]]"),
        END,
    ]
    events = list(stream_items(list[int], chunks).events())
    texts = [event for event in events if isinstance(event, TextDelta)]
    assert [(event.text, [each.data for each in event.tokens]) for event in texts] == [
        ("[", []),
        ("[", [b"["]),
        ("1]", []),  # behind it stands the item
        (",", [b"1],"]),
        (" [2]", []),
        ("]", []),
    ]
    assert texts[1].tokens == (Token(CONTENT, b"[", -1, (("[", -1.0), ("[", -1.0))),)


def test_reasoning_has_tokens_of_its_own() -> None:
    thinking = chunk(tokens_of(("Hm", -1)), "")
    thinking["choices"][0]["delta"] = {"reasoning_content": "Hm"}
    events = list(stream_items(int, [thinking, *chunks_of(tokens_of(("[1]", -2)))]).events())
    told = [(e.channel.kind, e.text, len(e.tokens)) for e in events if isinstance(e, TextDelta)]
    assert told == [("reasoning", "Hm", 1), ("content", "[1", 0), ("content", "]", 1)]
    (item,) = [event for event in events if isinstance(event, Item)]
    assert item.confidence == {(): exp(-2)}


def test_an_async_stream_gives_the_same() -> None:
    async def read() -> list[Any]:
        async def chunks() -> Any:
            for each in chunks_of(PRODUCTS):
                yield each

        return [event async for event in astream_items(Product, chunks()).events()]

    assert joined(asyncio.run(read())) == joined(
        list(stream_items(Product, chunks_of(PRODUCTS)).events())
    )


def test_a_recorded_answer() -> None:
    recorded = STREAMS / "responses-openai-30abde17.sse"
    if not recorded.is_file():
        pytest.skip(f"the recorded streams are not at {STREAMS}")
    # Its text is a sentence and no JSON; so the tokens are looked at where the text is told.
    said = "The capital of Minas Gerais is Belo Horizonte."
    events: list[Any] = []
    with pytest.raises(IncompleteStreamError):
        events.extend(stream_items(Any, [recorded.read_bytes()]).events())
    texts = [event for event in events if isinstance(event, TextDelta)]
    assert "".join(event.text for event in texts) == said
    told = [each for event in texts for each in event.tokens]
    assert b"".join(each.data for each in told).decode() == said
    assert [each.logprob for each in told] == [
        each["logprob"]
        for line in recorded.read_text("utf-8").splitlines()
        if line.startswith('data: {"type":"response.output_text.delta"')
        for each in json.loads(line[6:])["logprobs"]
    ]
