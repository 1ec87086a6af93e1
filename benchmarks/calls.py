"""Python calls for one chunk of an HTTP response: how long the way of a delta is.

A transport without a network gives each chunk by itself, and `sys.setprofile` counts the calls
of Python functions, resumed generators included, from the bytes of one chunk until the next one
is asked for. Most chunks complete nothing; the most common count is theirs. Functions of the
HTTP library and of the SDK are named, but not counted.
"""

from __future__ import annotations

import statistics
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import httpx2
import openai

import partialstream
from benchmarks import documents, loopback
from benchmarks.report import Row
from partialstream.testing import sse_body

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import CodeType, FrameType

    from benchmarks.measure import Workers

    Read = Callable[[partialstream.Client], Iterable[Any]]

SUBJECT = "Python calls for a chunk that completes nothing"

ITEMS = 3
"""Of 140 characters each: about a hundred chunks."""

LIBRARIES = ("httpx2", "httpcore2", "openai")
"""Packages whose functions are only named."""


def measure(workers: Workers, *, quick: bool) -> Iterator[Row]:
    """Count calls.

    Args:
        workers: Not needed: calls are counted in this process.
        quick: Makes no difference.
    """
    for name, (read, target) in READERS.items():
        chain = calls_of_a_chunk(read)
        ours = [call for call in chain if not call.startswith(LIBRARIES)]
        others = [call for call in chain if call.startswith(LIBRARIES)]
        yield Row(SUBJECT, name, len(ours), "calls", target=target, notes=_listed(ours))
        what = f"{name}: of the HTTP library and the SDK"
        yield Row(SUBJECT, what, len(others), "calls", notes=_listed(others))


def _items(client: partialstream.Client, **options: Any) -> Iterable[Any]:
    return client.create_iterable(response_model=documents.Offer, **loopback.REQUEST, **options)


READERS: dict[str, tuple[Read, str]] = {
    "items": (_items, "calls: items"),
    "items, max_retries=2": (lambda client: _items(client, max_retries=2), "calls: retries"),
    "items, take=100": (lambda client: _items(client, take=100), "calls: take"),
    "growing object": (
        lambda client: client.create_partial(response_model=documents.Offers, **loopback.REQUEST),
        "calls: growing",
    ),
}
"""What reads the response, and the name of its target."""


def calls_of_a_chunk(read: Read) -> list[str]:
    """The functions that are called for the most common chunk, in order.

    Args:
        read: Makes the stream that is read.
    """
    deltas = documents.cut(documents.offers(ITEMS))
    body = sse_body(deltas)
    profile = _Profile()

    def respond(_: httpx2.Request) -> httpx2.Response:
        stream = _Chunks(body.split(b"\n\n")[:-1])
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, stream=stream)

    http_client = httpx2.Client(transport=httpx2.MockTransport(respond))
    with openai.OpenAI(
        base_url="http://127.0.0.1", api_key="benchmark", http_client=http_client
    ) as sdk:
        stream = read(partialstream.from_openai(sdk))
        sys.setprofile(profile)
        try:
            for _ in stream:
                pass
        finally:
            sys.setprofile(None)
    # Left out: the first chunk, which has the role, and those after the text.
    chunks = profile.chunks[1 : 1 + len(deltas)]
    usual = statistics.mode(map(len, chunks))
    return [_name(code) for code in next(each for each in chunks if len(each) == usual)]


class _Chunks(httpx2.SyncByteStream):
    """A body that gives one event at a time."""

    def __init__(self, events: list[bytes]) -> None:
        self._events = events

    def __iter__(self) -> Iterator[bytes]:
        for event in self._events:
            yield event + b"\n\n"


class _Profile:
    """The code of all functions called, of each chunk by itself."""

    def __init__(self) -> None:
        self.chunks: list[list[CodeType]] = []

    def __call__(self, frame: FrameType, event: str, argument: object) -> None:
        """What `sys.setprofile` calls."""
        if event != "call":
            return
        if frame.f_code is _Chunks.__iter__.__code__:
            self.chunks.append([])  # it is asked for the next one
        elif self.chunks:
            self.chunks[-1].append(frame.f_code)


def _name(code: CodeType) -> str:
    """Its file, from the package on, and its name."""
    name = getattr(code, "co_qualname", code.co_name)  # qualified from Python 3.11 on
    path = code.co_filename.replace("\\", "/")
    for package in ("partialstream", *LIBRARIES):
        _, found, rest = path.rpartition(f"/{package}/")
        if found:
            return f"{package}/{rest} {name}"
    return f"{path} {name}"


def _listed(calls: list[str]) -> tuple[str, ...]:
    """Each function, with how often it is called if that is more than once."""
    return tuple(
        f"{call} ({times} times)" if times > 1 else call for call, times in Counter(calls).items()
    )
