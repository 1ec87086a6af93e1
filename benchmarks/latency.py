"""When a result is there: the first item, each item, all of them; streamed and not.

A clock at the transport sees when bytes arrive: the hand-over delay of an item is the time from
the bytes that close it to the item.
"""

from __future__ import annotations

import json
import statistics
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any

import httpx2
import openai

import partialstream
from benchmarks import documents, loopback
from benchmarks.report import Row
from benchmarks.server import served
from partialstream.cli.chart import Chart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from benchmarks.measure import Workers
    from partialstream.cli.chart import Point

    Read = Callable[[Any, Iterator[str]], Iterable[Any]]

ITEMS = 10
PACES = (25, 50, 100, 200)
QUICK_PACES = (50, 200)
JUDGED_PACE = 50

HANDED_OVER = 200
"""Items whose hand-over is timed."""

QUICK_HANDED_OVER = 100

PACE = 1_000


def measure(workers: Workers, *, quick: bool) -> Iterator[Row | Chart]:
    """Measure latency.

    Args:
        workers: Not needed: the clock is in this process, the server in another.
        quick: At fewer paces, with fewer items.
    """
    with served(1) as base_url:  # the first request of a process imports what it needs
        _streamed(base_url, 1)
        _whole(base_url)
    lines: dict[str, list[Point]] = {}
    for pace in QUICK_PACES if quick else PACES:
        run, whole = _both(pace)
        subject = f"latency, {ITEMS} items at {pace} tokens a second"
        target = "first item / not streamed" if pace == JUDGED_PACE else None
        value = run.items[0] / whole
        yield Row(subject, "first item, streamed / not streamed", value, target=target)
        yield Row(subject, "first item, streamed", run.items[0] * 1e3, "ms")
        yield Row(subject, "all items, streamed", run.end * 1e3, "ms")
        yield Row(subject, "first and all items, not streamed", whole * 1e3, "ms")
        lines[f"streamed, {pace} tokens/s"] = [
            (number, seconds) for number, seconds in enumerate(run.items, 1)
        ]
        lines[f"not streamed, {pace} tokens/s"] = [(1, whole), (ITEMS, whole)]
    yield Chart(
        "latency-by-item",
        f"When each of {ITEMS} items is there",
        "number of the item",
        "seconds since the request",
        lines,
    )
    count = QUICK_HANDED_OVER if quick else HANDED_OVER
    with served(count, PACE) as base_url:
        run = _streamed(base_url, count)
    delays = sorted(delay * 1e3 for delay in run.delays())
    subject = f"hand-over, {count} items at {PACE} tokens a second"
    yield Row(subject, "p50", statistics.median(delays), "ms")
    share = statistics.quantiles(delays, n=100, method="inclusive")[98]
    yield Row(subject, "p99", share, "ms", target="hand-over")
    for delta in (1, 4, 16, 256):
        what = f"items late, deltas of {delta} characters: the most deltas"
        yield Row("hand-over", what, late(delta), "deltas", target="late")


def _both(pace: float) -> tuple[_Run, float]:
    """A response streamed, and seconds until it is there unstreamed, at the same time.

    Both wait nearly all of that time.
    """
    with ThreadPoolExecutor(1) as other, served(ITEMS, pace) as base_url:
        whole = other.submit(_whole, base_url)
        run = _streamed(base_url, ITEMS)
        return run, whole.result()


@dataclass
class _Run:
    """A streamed response and its times, in seconds since the request."""

    arrived: list[tuple[float, bytes]] = field(default_factory=list)
    items: list[float] = field(default_factory=list)
    end: float = 0.0

    def delays(self) -> list[float]:
        """From the arrival of the bytes that close an item to the item."""
        body = b"".join(piece for _, piece in self.arrived)
        received: list[tuple[int, float]] = []
        size = 0
        for seconds, piece in self.arrived:
            size += len(piece)
            received.append((size, seconds))
        text, place, waiting = "", 0, documents.ends(documents.offers(len(self.items)))
        closed: list[float] = []
        for event in body.split(b"\n\n"):
            place += len(event) + 2
            text += _content(event)
            while waiting and len(text) >= waiting[0]:
                del waiting[0]
                # The blank line after the event is what ends it.
                closed.append(next(seconds for size, seconds in received if size >= place))
        if len(closed) != len(self.items):
            raise RuntimeError(f"{len(closed)} items were closed, {len(self.items)} delivered")
        return [there - then for there, then in zip(self.items, closed, strict=True)]


class _Watched(httpx2.SyncByteStream):
    """A response's bytes, with the time at which they come out of the connection."""

    def __init__(self, stream: httpx2.SyncByteStream, run: _Run, start: float) -> None:
        self._stream = stream
        self._run = run
        self._start = start

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._stream:
            self._run.arrived.append((perf_counter() - self._start, piece))
            yield piece

    def close(self) -> None:
        self._stream.close()


class _Transport(httpx2.HTTPTransport):
    """Watches the bytes of responses."""

    def __init__(self, run: _Run, start: float) -> None:
        super().__init__()
        self._run = run
        self._start = start

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        response = super().handle_request(request)
        if not isinstance(response.stream, httpx2.SyncByteStream):
            raise TypeError("a sync transport gives a sync stream")
        response.stream = _Watched(response.stream, self._run, self._start)
        return response


def _streamed(base_url: str, count: int) -> _Run:
    run = _Run()
    start = perf_counter()
    with openai.OpenAI(
        base_url=base_url,
        api_key="benchmark",
        http_client=httpx2.Client(transport=_Transport(run, start)),
    ) as sdk:
        client = partialstream.from_openai(sdk)
        stream = client.create_iterable(response_model=documents.Offer, **loopback.REQUEST)
        for _ in stream:
            run.items.append(perf_counter() - start)
        run.end = perf_counter() - start
    if len(run.items) != count:
        raise RuntimeError(f"{count} items were sent, {len(run.items)} arrived")
    return run


def _whole(base_url: str) -> float:
    """Seconds until all items are there, without streaming."""
    start = perf_counter()
    with openai.OpenAI(base_url=base_url, api_key="benchmark", max_retries=0) as sdk:
        answer = sdk.chat.completions.create(**loopback.REQUEST)
    content = answer.choices[0].message.content or ""
    for item in json.loads(content)["items"]:
        documents.Offer.model_validate(item)
    return perf_counter() - start


def _content(event: bytes) -> str:
    """The piece of the response in an SSE event."""
    if not event.startswith(b"data: {"):
        return ""
    choices = json.loads(event[len(b"data: ") :]).get("choices")
    if not choices:
        return ""
    delta = choices[0]["delta"]
    if delta.get("tool_calls"):
        arguments: str = delta["tool_calls"][0]["function"]["arguments"]
        return arguments
    return delta.get("content") or ""


def late(delta: int, read: Read = partialstream.stream_items) -> int:
    """How many deltas are read beyond the one that closes an item, at most.

    Args:
        delta: Characters of a delta.
        read: Gives items from deltas.
    """
    document = documents.items("flat", 100, delta)
    taken = 0

    def deltas() -> Iterator[str]:
        nonlocal taken
        for each in document.deltas:
            taken += 1
            yield each

    beyond: list[int] = []
    for end, _ in zip(documents.ends(document.text), read(document.type, deltas()), strict=True):
        beyond.append(taken - -(-end // delta))
    return max(beyond)
