"""The end of a run: no more documents are taken, and threads are asked until they have ended."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import anyio
from anyio.lowlevel import checkpoint

from partialstream.etl import Document, threads
from partialstream.etl.inputs.source import DocumentSource
from partialstream.etl.threads import ReadingThreads

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest


def test_after_stop_there_are_no_more_documents() -> None:
    async def endless() -> AsyncIterator[Document]:
        await anyio.sleep_forever()
        yield Document("d", "text")

    async def read() -> None:
        source = DocumentSource([Document("d", "text")])
        source.stop()
        assert await source.next() is None
        source = DocumentSource(endless())
        found: list[Document | None] = []

        async def take() -> None:
            found.append(await source.next())

        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(take)
            await checkpoint()
            source.stop()
        assert found == [None, None, None]
        await source.close()

    anyio.run(read)


def test_a_thread_is_asked_to_end_until_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def ask(thread: Any) -> None:
        asked.append(thread)
        if len(asked) == 3:  # it was not in a request before
            entered.close()

    monkeypatch.setattr(threads, "end_request", ask)
    monkeypatch.setattr(threads, "_AGAIN", 0.001)

    async def cancel() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(reading.end_on_cancel)
            await checkpoint()
            group.cancel_scope.cancel()

    reading = ReadingThreads()
    with ExitStack() as entered:
        entered.enter_context(reading.entered())
        anyio.run(cancel)
    assert len(asked) == 3
    assert reading.cancelled


def test_streams_that_were_read_are_not_kept() -> None:
    class Stream:
        closed = 0

        def close(self) -> None:
            self.closed += 1

    reading = ReadingThreads()
    stream: Any = Stream()
    with reading.reading(stream):
        assert reading._streams == {stream}
    assert reading._streams == set()
    reading.cancelled = True
    with reading.reading(stream):
        assert stream.closed == 1
