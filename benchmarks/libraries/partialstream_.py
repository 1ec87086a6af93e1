"""The tasks with partialstream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import partialstream
from benchmarks import documents, loopback
from benchmarks.libraries import on_a_loop

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from benchmarks.libraries import Run
    from partialstream.client.options.mode import API


def read_items(type_: Any, deltas: Iterable[str]) -> Iterable[Any]:
    """Validated items."""
    return partialstream.stream_items(type_, deltas)


def items_stream(kind: str, count: int, delta: int = documents.DELTA) -> Run:
    """Items from an iterable of deltas."""
    document = documents.items(kind, count, delta)

    def run() -> int:
        delivered = 0
        for _ in partialstream.stream_items(document.type, document.deltas):
            delivered += 1
        return delivered

    return run


def items_push(kind: str, count: int, delta: int = documents.DELTA) -> Run:
    """Items from deltas that are pushed one by one."""
    document = documents.items(kind, count, delta)

    def run() -> int:
        delivered = 0
        parser = partialstream.ItemParser(document.type)
        feed = parser.feed
        for each in document.deltas:
            for _ in feed(each):
                delivered += 1
        parser.finish()
        return delivered

    return run


def set_up(count: int) -> Run:
    """A stream whose list is empty; so many times."""

    def run() -> int:
        for _ in range(count):
            for _ in partialstream.stream_items(documents.Product, ['{"items": []}']):
                pass
        return count

    return run


class EntriesRead:
    """A list or dict that grows beyond so many entries and is read at every snapshot."""

    def __init__(self, shape: str, size: int, count: int) -> None:
        self._type, self._start, self._deltas = documents.entries(shape, size, count)

    def prepare(self) -> None:
        """Read the first entries; this is not measured."""
        self._parser = partialstream.PartialParser(self._type)
        snapshot = self._parser.feed(self._start)
        if snapshot is not None:
            len(snapshot.entries)

    def __call__(self) -> int:
        """Read the others, a delta each."""
        feed = self._parser.feed
        for each in self._deltas:
            snapshot = feed(each)
            if snapshot is not None:
                len(snapshot.entries)
        return len(self._deltas)


entries_read = EntriesRead


def growing(shape: str, size: int, delta: int = documents.DELTA) -> Run:
    """A growing object; no snapshot is looked at."""
    document = documents.growing(shape, size, delta)

    def run() -> int:
        parser = partialstream.PartialParser(document.type)
        feed = parser.feed
        for each in document.deltas:
            feed(each)
        parser.finish()
        return len(document.deltas)

    return run


def growing_attribute(shape: str, size: int, delta: int = documents.DELTA) -> Run:
    """A growing object whose reader looks at one attribute of each snapshot."""
    document = documents.growing(shape, size, delta)

    def run() -> int:
        parser = partialstream.PartialParser(document.type)
        feed = parser.feed
        for each in document.deltas:
            snapshot = feed(each)
            if snapshot is not None:
                _ = snapshot.title
        return len(document.deltas)

    return run


def growing_dump(shape: str, size: int, delta: int = documents.DELTA) -> Run:
    """A growing object whose reader dumps each snapshot."""
    document = documents.growing(shape, size, delta)

    def run() -> int:
        parser = partialstream.PartialParser(document.type)
        for each in document.deltas:
            snapshot = parser.feed(each)
            if snapshot is not None:
                snapshot.model_dump()
        return len(document.deltas)

    return run


def changes(shape: str, size: int, delta: int = documents.DELTA) -> Run:
    """What a growing object gains, as changes."""
    document = documents.growing(shape, size, delta)

    def run() -> int:
        for _ in partialstream.stream_partial(document.type, document.deltas).changes():
            pass
        return len(document.deltas)

    return run


def snapshots(shape: str, size: int, delta: int = documents.DELTA) -> Run:
    """The snapshots of the same; none is looked at."""
    document = documents.growing(shape, size, delta)

    def run() -> int:
        for _ in partialstream.stream_partial(document.type, document.deltas):
            pass
        return len(document.deltas)

    return run


def snapshots_compared(shape: str, size: int, delta: int = documents.DELTA) -> Run:
    """What a growing object gains, found by comparing each snapshot with the one before."""
    document = documents.growing(shape, size, delta)

    def run() -> int:
        before: Any = {}
        for snapshot in partialstream.stream_partial(document.type, document.deltas):
            now = snapshot.model_dump(mode="json")
            for _ in _gained((), before, now):
                pass
            before = now
        return len(document.deltas)

    return run


def _gained(path: tuple[str | int, ...], before: Any, now: Any) -> Iterator[tuple[Any, ...]]:
    if isinstance(now, dict) and isinstance(before, dict):
        for name, value in now.items():
            if name in before:
                yield from _gained((*path, name), before[name], value)
            else:
                yield (*path, name), "set", value
    elif isinstance(now, list) and isinstance(before, list):
        for index, (old, new) in enumerate(zip(before, now, strict=False)):
            yield from _gained((*path, index), old, new)
        for index in range(len(before), len(now)):
            yield (*path, index), "set", now[index]
    elif now != before:
        if isinstance(now, str) and isinstance(before, str) and now.startswith(before):
            yield path, "append", now[len(before) :]
        else:
            yield path, "set", now


def http_sync(base_url: str, api: API = "chat") -> Run:
    """Items from bytes, over the sync client."""
    import openai  # here, since reading deltas takes neither its time nor its memory

    sdk = openai.OpenAI(base_url=base_url, api_key="benchmark")
    client = partialstream.from_openai(sdk, api=api)

    def run() -> int:
        delivered = 0
        for _ in client.create_iterable(response_model=documents.Offer, **loopback.REQUEST):
            delivered += 1
        return delivered

    return run


def http_async(base_url: str, api: API = "chat") -> Run:
    """Items from bytes, over the async client."""
    import openai  # see above

    sdk = openai.AsyncOpenAI(base_url=base_url, api_key="benchmark")
    client = partialstream.from_openai(sdk, api=api)

    async def read() -> int:
        delivered = 0
        stream = client.create_iterable(response_model=documents.Offer, **loopback.REQUEST)
        async for _ in stream:
            delivered += 1
        return delivered

    return on_a_loop(read)


def responses_sync(base_url: str) -> Run:
    """Items from the bytes of the Responses API, over the sync client."""
    return http_sync(base_url, "responses")


def responses_async(base_url: str) -> Run:
    """Items from the bytes of the Responses API, over the async client."""
    return http_async(base_url, "responses")


def job_async(base_url: str, count: int) -> Run:
    """A job: documents to rows in a file, with its journal."""
    return _job("async", base_url, count)


def job_sync(base_url: str, count: int) -> Run:
    """A job with a sync client, in threads."""
    return _job("sync", base_url, count)


def _job(kind: str, base_url: str, count: int) -> Run:
    from benchmarks.jobs import document, over_http  # as above

    def run() -> int:
        over_http(kind, base_url, map(document, range(count)))
        return count

    return run
