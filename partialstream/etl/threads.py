"""The threads that read the streams of a sync client.

A thread cannot be cancelled. When the run is, the request that it waits for is ended, or the
stream that it reads is closed, and the thread comes to its end by itself.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from anyio import CancelScope, sleep, sleep_forever

from partialstream.client.sync import end_request

if TYPE_CHECKING:
    from collections.abc import Generator

    from partialstream.stream.sync import ItemStream, PartialStream

_AGAIN: Final = 0.05
"""Seconds after which a thread that still waits is looked at again."""


class ReadingThreads:
    """The threads of a run, and the streams that they read.

    Attributes:
        cancelled: Whether the run is cancelled: errors in the threads may come from that.
    """

    def __init__(self) -> None:
        self.cancelled = False
        self._threads: set[threading.Thread] = set()
        self._streams: set[ItemStream[Any] | PartialStream[Any]] = set()

    @contextmanager
    def entered(self) -> Generator[None]:
        """The current thread makes requests while the block runs."""
        thread = threading.current_thread()
        self._threads.add(thread)
        try:
            yield
        finally:
            self._threads.discard(thread)

    @contextmanager
    def reading(self, stream: ItemStream[Any] | PartialStream[Any]) -> Generator[None]:
        """The current thread reads a stream while the block runs."""
        self._streams.add(stream)
        try:
            if self.cancelled:  # while the request was being made
                stream.close()
            yield
        finally:
            self._streams.discard(stream)

    async def end_on_cancel(self) -> None:
        """Wait for the cancellation, and then until all threads have come to their end."""
        try:
            await sleep_forever()
        finally:
            self.cancelled = True
            for stream in list(self._streams):
                stream.close()
            with CancelScope(shield=True):
                while self._threads:
                    for thread in list(self._threads):
                        end_request(thread)
                    await sleep(_AGAIN)
