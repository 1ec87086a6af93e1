"""What no library can do without over HTTP: to read the bytes, and to parse each event."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2
import jiter

from benchmarks import loopback
from benchmarks.libraries import on_a_loop

if TYPE_CHECKING:
    from benchmarks.libraries import Run

BODY = loopback.REQUEST | {"stream": True}


def http_sync(base_url: str) -> Run:
    """All bytes, over a sync client."""
    client = httpx2.Client(base_url=base_url)

    def run() -> int:
        read = 0
        with client.stream("POST", "/chat/completions", json=BODY) as response:
            for piece in response.iter_bytes():
                read += len(piece)
        return read

    return run


def http_async(base_url: str) -> Run:
    """All bytes, over an async client."""
    client = httpx2.AsyncClient(base_url=base_url)

    async def read() -> int:
        size = 0
        async with client.stream("POST", "/chat/completions", json=BODY) as response:
            async for piece in response.aiter_bytes():
                size += len(piece)
        return size

    return on_a_loop(read)


def events_sync(base_url: str) -> Run:
    """All bytes, of which each event is cut out and parsed as JSON, and no more."""
    client = httpx2.Client(base_url=base_url)

    def run() -> int:
        events = 0
        rest = b""
        with client.stream("POST", "/chat/completions", json=BODY) as response:
            for piece in response.iter_bytes():
                *complete, rest = (rest + piece).split(b"\n\n")
                events += _parse(complete)
        return events

    return run


def events_async(base_url: str) -> Run:
    """The same, over an async client."""
    client = httpx2.AsyncClient(base_url=base_url)

    async def read() -> int:
        events = 0
        rest = b""
        async with client.stream("POST", "/chat/completions", json=BODY) as response:
            async for piece in response.aiter_bytes():
                *complete, rest = (rest + piece).split(b"\n\n")
                events += _parse(complete)
        return events

    return on_a_loop(read)


def _parse(events: list[bytes]) -> int:
    parsed = 0
    for event in events:
        data = event[len(b"data: ") :]
        if data != b"[DONE]":
            jiter.from_json(data)
            parsed += 1
    return parsed
