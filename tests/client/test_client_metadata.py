"""What a stream tells beside its items: metadata and headers, for both clients."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from client_runs import ASK, STOP, Product, async_sdk, sync_sdk

from partialstream import AnswerMetadata, Usage, from_openai, stream_items
from partialstream.testing import Answer, ReplayServer, chat_chunks

ANSWER = Answer(
    '{"items": [{"name": "Lamp"}]}',
    reasoning="They like lamps.",
    usage=Usage(input_tokens=20, output_tokens=9, cached_tokens=8, reasoning_tokens=3),
)


def read(kind: str, api: Any) -> Any:
    """The stream, at its end."""

    async def read_async(server: ReplayServer) -> Any:
        async with async_sdk(base_url=server.base_url) as sdk:
            stream = from_openai(sdk, api=api).create_iterable(response_model=Product, **ASK)
            assert stream.headers == {}
            assert [product async for product in stream] == [Product(name="Lamp")]
            return stream

    with ReplayServer(ANSWER) as server:
        if kind == "async":
            return asyncio.run(read_async(server))
        with sync_sdk(base_url=server.base_url) as sdk:
            stream = from_openai(sdk, api=api).create_iterable(response_model=Product, **ASK)
            assert list(stream) == [Product(name="Lamp")]
            return stream


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize(
    ("api", "request_id"), [("chat", "chatcmpl-replay"), ("responses", "resp_replay")]
)
def test_of_a_request(kind: str, api: str, request_id: str) -> None:
    stream = read(kind, api)
    metadata: AnswerMetadata = stream.metadata
    assert metadata.model == "any"
    assert metadata.request_id == request_id
    assert metadata.finish_reason == STOP[api]
    assert metadata.reasoning == "They like lamps."
    assert metadata.terminated
    assert metadata.usage == stream.usage
    assert stream.usage == Usage(
        input_tokens=20, output_tokens=9, cached_tokens=8, reasoning_tokens=3
    )
    assert stream.headers["content-type"].startswith("text/event-stream")
    assert stream.headers["cache-control"] == "no-store"


def test_of_a_stream_that_was_open() -> None:
    stream = stream_items(Product, chat_chunks(['[{"name": "Lamp"}]'], model="m-1"))
    assert stream.metadata.model is None
    assert list(stream) == [Product(name="Lamp")]
    assert stream.metadata.model == "m-1"
    assert stream.metadata.finish_reason == "stop"
    assert stream.headers == {}


def test_of_the_last_answer_of_several() -> None:
    broken = Answer('{"items": [{"name": "Lamp"}, {"na', finish_reason="length")
    with (
        ReplayServer([broken, '{"items": [{"name": "Rug"}]}']) as server,
        sync_sdk(base_url=server.base_url) as sdk,
    ):
        stream = from_openai(sdk).create_iterable(response_model=Product, max_retries=1, **ASK)
        seen = [(product.name, stream.metadata.finish_reason) for product in stream]
    assert [name for name, _ in seen] == ["Lamp", "Rug"]
    assert seen[0][1] in (None, "length")  # it may come with the item
    assert seen[1][1] != "length"
    assert stream.metadata.finish_reason == "stop"
    assert stream.headers["content-type"].startswith("text/event-stream")
