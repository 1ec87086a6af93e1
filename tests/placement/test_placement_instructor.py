"""The same answers to requests that instructor has shaped."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import instructor
import pytest
from client_runs import async_sdk, sync_sdk
from placement_runs import LIST, OBJECTS, PRODUCTS, SHAPES, SIZES, Product, content

import partialstream
from partialstream.testing import Answer, ReplayServer, ToolCall

if TYPE_CHECKING:
    from collections.abc import Callable

TOOL = "IterableProduct"
ASKED: dict[str, Any] = {
    "model": "m",
    "messages": [{"role": "user", "content": "Products, please."}],
    "response_model": Product,
    "max_retries": 0,
}
TOOLS, JSON = instructor.Mode.TOOLS, instructor.Mode.JSON
in_both_modes = pytest.mark.parametrize("mode", [TOOLS, JSON], ids=["tools", "json"])


def read_sync(server: ReplayServer, mode: instructor.Mode) -> tuple[list[Product], Any]:
    with sync_sdk(base_url=server.base_url) as sdk:
        client: Any = partialstream.from_instructor(instructor.from_openai(sdk, mode=mode))
        stream = client.create_iterable(**ASKED)
        return list(stream), stream


def read_async(server: ReplayServer, mode: instructor.Mode) -> tuple[list[Product], Any]:
    async def main() -> tuple[list[Product], Any]:
        async with async_sdk(base_url=server.base_url) as sdk:
            client: Any = partialstream.from_instructor(instructor.from_openai(sdk, mode=mode))
            stream = client.create_iterable(**ASKED)
            return [item async for item in stream], stream

    return asyncio.run(main())


both = pytest.mark.parametrize("read", [read_sync, read_async])


def items(
    read: Callable[[ReplayServer, instructor.Mode], tuple[list[Product], Any]],
    answer: Answer,
    expected: list[Product],
    mode: instructor.Mode,
) -> None:
    answers = [replace(answer, chunk_size=size) for size in SIZES]
    with ReplayServer(answers) as server:
        for _ in SIZES:
            values, stream = read(server, mode)
            assert values == expected
            assert stream.outcome.status == "complete"
        if mode is TOOLS:
            assert server.requests[0].body["tool_choice"]["function"]["name"] == TOOL


def renamed(text: str) -> str:
    """As instructor's request names the member."""
    return text.replace('{"items":', '{"tasks":')


@both
@in_both_modes
@pytest.mark.parametrize(("text", "expected"), SHAPES.values(), ids=list(SHAPES))
def test_in_the_content(
    read: Any, mode: instructor.Mode, text: str, expected: list[Product]
) -> None:
    items(read, content(renamed(text)), expected, mode)


@both
@pytest.mark.parametrize(("text", "expected"), SHAPES.values(), ids=list(SHAPES))
def test_in_a_tool_call(read: Any, text: str, expected: list[Product]) -> None:
    items(read, Answer(renamed(text), as_tool=True), expected, TOOLS)


@both
def test_one_tool_call_per_item(read: Any) -> None:
    calls = [ToolCall(TOOL, text) for text in OBJECTS]
    items(read, Answer(tool_calls=calls), PRODUCTS, TOOLS)


@both
@pytest.mark.parametrize("before", [True, False], ids=["before ours", "behind ours"])
@pytest.mark.parametrize("arguments", ['{"query": "x"}', '{"name": "Paris"}'])
def test_another_tool_called_beside_ours(read: Any, before: bool, arguments: str) -> None:
    calls = [ToolCall(TOOL, f'{{"tasks": {LIST}}}'), ToolCall("search", arguments)]
    items(read, Answer(tool_calls=calls[::-1] if before else calls), PRODUCTS, TOOLS)


@both
@pytest.mark.parametrize(
    "draft", ['Let me think: {"tasks": [{"name": "draft"}]}', '{"name": "draft"}', "Sure [1] {x}."]
)
def test_a_draft_in_the_content_before_the_tool_call(read: Any, draft: str) -> None:
    calls = [ToolCall(TOOL, f'{{"tasks": {LIST}}}')]
    items(read, Answer(draft, tool_calls=calls), PRODUCTS, TOOLS)
