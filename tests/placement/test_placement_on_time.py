"""What comes where it was asked for is handed over while the response is still on its way."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from client_runs import ASK, Product, async_sdk, sync_sdk
from placement_runs import MODES, OBJECTS, PRODUCTS, TOOL

from partialstream import from_openai
from partialstream.testing import Answer, ReplayServer, ToolCall, faults

if TYPE_CHECKING:
    from partialstream import Item

PAUSE = 8.0  # seconds of silence behind the item; only a late one waits for its end

SHAPES = {
    "as asked": ('{"items": [', "]}"),
    "a root array": ("[", "]"),
    "a root array in a fence": ("```json\n[", "]\n```"),
    "decoys before": ('{"meta": [{"k": 1}], "items": [', "]}"),
}


def pieces_of(opening: str, closing: str) -> list[str]:
    """Each item's last character ends a delta."""
    first, *rest = OBJECTS
    return [opening + first, *(", " + text for text in rest), closing]


def answer_of(pieces: list[str], mode: str, after: int) -> Answer:
    stall = faults.Stall(after, seconds=PAUSE)
    if mode == "tools":
        return Answer(tool_calls=[ToolCall(TOOL, pieces=pieces)], fault=stall)
    return Answer(pieces=pieces, fault=stall)


def items_sync(server: ReplayServer, mode: str, count: int) -> list[Item[Product]]:
    found: list[Item[Product]] = []
    with sync_sdk(base_url=server.base_url) as sdk:
        asked: dict[str, Any] = {**ASK, "response_model": Product, "mode": mode}
        for item in from_openai(sdk).create_iterable(**asked).detailed():
            found.append(item)
            if len(found) == count:
                break
    return found


def items_async(server: ReplayServer, mode: str, count: int) -> list[Item[Product]]:
    found: list[Item[Product]] = []

    async def main() -> None:
        async with async_sdk(base_url=server.base_url) as sdk:
            asked: dict[str, Any] = {**ASK, "response_model": Product, "mode": mode}
            stream: Any = from_openai(sdk).create_iterable(**asked)
            async with stream:
                async for item in stream.detailed():
                    found.append(item)
                    if len(found) == count:
                        break

    asyncio.run(main())
    return found


@pytest.mark.parametrize("read", [items_sync, items_async])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("opening", "closing"), SHAPES.values(), ids=list(SHAPES))
def test_items_in_their_place_are_on_time(read: Any, mode: str, opening: str, closing: str) -> None:
    pieces = pieces_of(opening, closing)
    for count in range(1, len(OBJECTS) + 1):
        with ReplayServer(answer_of(pieces, mode, after=count)) as server:
            found = read(server, mode, count)
        assert [item.value for item in found] == PRODUCTS[:count]
        assert found[-1].received_at < PAUSE / 2, f"item {count} came with the next delta"
