"""Words in text that arrives in pieces, and the texts of a stream in which to look for them."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest
from client_runs import ASK, Product, async_sdk, sync_sdk
from life import run_async

from partialstream import TextDelta, WordWatch, from_openai
from partialstream.deltas import Channel
from partialstream.testing import (
    Answer,
    ReplayServer,
    ToolCall,
    characters,
    every_cut,
    faults,
    recut,
)

pytestmark = pytest.mark.usefixtures("nothing_is_left_of_others")


def found(watch: WordWatch, pieces: list[str]) -> list[tuple[str, int]]:
    """Each word with the piece that it was found in."""
    return [(word, n) for n, piece in enumerate(pieces) for word in watch.feed(piece)]


TEXT = "I'm sorry, but I can not. Sorry!"


def test_words_are_found_in_the_piece_that_holds_their_last_character() -> None:
    words = ["sorry", "can not", "but I", "y,", "?", "Sorry"]
    ends = {word: TEXT.index(word) + len(word) for word in words if word in TEXT}
    assert len(ends) == 5
    for first, second in every_cut(TEXT):
        where = dict(found(WordWatch(words), [first, second]))
        assert where == {word: int(end > len(first)) for word, end in ends.items()}
    assert sorted(found(WordWatch(words), characters(TEXT))) == sorted(
        (word, end - 1) for word, end in ends.items()
    )


def test_words_and_cuts_at_random() -> None:
    chance = random.Random(11)
    for seed in range(300):
        text = "".join(chance.choices("ab", k=40))
        words = sorted({"".join(chance.choices("ab", k=chance.randint(1, 5))) for _ in range(3)})
        pieces = recut(text, seed=seed, max_piece=6)
        expected: list[tuple[str, int]] = []
        for number, (start, piece) in enumerate(
            zip(itertools.accumulate(map(len, pieces), initial=0), pieces, strict=False)
        ):
            end = start + len(piece)
            expected += [
                (word, number)
                for word in words
                if any(text.endswith(word, 0, place) for place in range(start + 1, end + 1))
            ]
        assert found(WordWatch(words), pieces) == expected


def test_upper_and_lower_case_in_any_script() -> None:
    text = "Straße, ΣΊΣΥΦΟΣ and İstanbul"
    words = ["STRASSE", "σίσυφος", "i\u0307STAN", "AND"]
    for pieces in map(list, every_cut(text)):
        assert {word for word, _ in found(WordWatch(words, ignore_case=True), pieces)} == set(words)
        assert found(WordWatch(words), pieces) == []


def test_texts_side_by_side_are_not_one_text() -> None:
    watch = WordWatch("sorry")
    reasoning, content = Channel("reasoning"), Channel("content")
    assert watch.feed("sor", reasoning) == []
    assert watch.feed("ry sor", content) == []
    assert watch.feed("so ry", reasoning) == []
    assert watch.feed("ry", content) == ["sorry"]


def test_one_word_is_a_word_and_not_letters() -> None:
    assert WordWatch("ab").feed("b a") == []
    assert WordWatch("ab").feed("cab") == ["ab"]
    assert WordWatch("a").feed("aa") == ["a"]


@pytest.mark.parametrize("words", ["", [], [""], ["a", ""]])
def test_there_must_be_words(words: Any) -> None:
    with pytest.raises(ValueError, match="there must be words to look for"):
        WordWatch(words)


def test_only_the_end_of_a_text_is_kept() -> None:
    watch = WordWatch(["four", "a"])
    for _ in range(1000):
        watch.feed("x" * 100)
    assert [len(end) for end in watch._ends.values()] == [3]


ITEMS = '{"items":[{"name":"Lamp"},{"name":"Sorry"}]}'
OBJECT = '{"name":"Sorry"}'


def answer(text: str, mode: str, size: int) -> Answer:
    reasoning = "A lamp? They may be sorry."
    if mode == "tools":
        calls = [ToolCall("Product", text)]
        return Answer("Well: ", tool_calls=calls, reasoning=reasoning, chunk_size=size)
    return Answer(text, reasoning=reasoning, chunk_size=size)


async def async_events(stream: Any, watch: WordWatch | None = None) -> list[Any]:
    told = []
    async for event in stream.events():
        told.append(event)
        if watch and isinstance(event, TextDelta) and watch.feed(event.text, event.channel):
            break
    return told


def events(server: ReplayServer, asynchronous: bool, method: str, **kwargs: Any) -> list[Any]:
    if not asynchronous:
        with sync_sdk(base_url=server.base_url) as sdk:
            return list(getattr(from_openai(sdk), method)(**ASK, **kwargs).events())

    async def main() -> list[Any]:
        async with async_sdk(base_url=server.base_url) as sdk:
            return await async_events(getattr(from_openai(sdk), method)(**ASK, **kwargs))

    told: list[Any] = run_async(main)
    return told


@pytest.mark.parametrize("max_retries", [0, 1])
@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("mode", ["json_schema", "tools"])
@pytest.mark.parametrize("method", ["create_iterable", "create_partial"])
def test_all_that_the_model_writes_is_in_the_events(
    method: str, mode: str, asynchronous: bool, max_retries: int
) -> None:
    text = ITEMS if method == "create_iterable" else OBJECT
    for size in (1, 5, 1000):
        with ReplayServer(answer(text, mode, size)) as server:
            told = events(
                server,
                asynchronous,
                method,
                response_model=Product,
                mode=mode,
                max_retries=max_retries,
            )
        texts: dict[str, str] = {}
        for event in told:
            if isinstance(event, TextDelta):
                texts[event.channel.kind] = texts.get(event.channel.kind, "") + event.text
        assert next(iter(texts)) == "reasoning"
        assert texts.pop("reasoning") == "A lamp? They may be sorry."
        if mode == "tools":
            assert texts == {"content": "Well: ", "tool": text}
        else:
            assert texts == {"content": text}


def test_a_word_in_the_reasoning_ends_a_stream_that_is_watched() -> None:
    reasoning = "They may be sorry."
    stalled = Answer(ITEMS, reasoning=reasoning, chunk_size=2, fault=faults.Stall(after=12))
    with ReplayServer(stalled) as server, sync_sdk(base_url=server.base_url) as sdk:
        stream = from_openai(sdk).create_iterable(response_model=Product, **ASK)
        watch = WordWatch("be sorry", ignore_case=True)
        for event in stream.events():
            if isinstance(event, TextDelta) and watch.feed(event.text, event.channel):
                break
        assert isinstance(event, TextDelta)
        assert event.channel.kind == "reasoning"
        stream.close()
        assert server.requests[0].wait_hung_up(10.0)
        assert len(stream.text) < len(ITEMS)


def test_a_word_in_an_async_stream_that_is_watched() -> None:
    async def main(server: ReplayServer) -> None:
        async with async_sdk(base_url=server.base_url) as sdk:
            stream = from_openai(sdk).create_iterable(response_model=Product, **ASK)
            told = await async_events(stream, WordWatch("Sorry"))
            texts = [event.text for event in told if isinstance(event, TextDelta)]
            assert "".join(texts) == ITEMS[: ITEMS.index("Sorry") + len("Sorry")]
            await stream.close()

    with ReplayServer(Answer(ITEMS, chunk_size=1)) as server:
        run_async(lambda: main(server))
