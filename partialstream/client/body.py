"""The bytes of a streamed answer, and where they end.

They end with `[DONE]`, as for OpenAI's SDK: some servers keep the connection open behind it.
What ought to follow is the end of the HTTP body, and only a connection that has read it can
serve the next request; so it is given a moment to come.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from anyio import move_on_after

from partialstream.stream.deadline import Alarm
from partialstream.stream.transport import end_connection

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

_MOMENT: Final = 0.1  # seconds; the end of the HTTP body usually comes with [DONE]

# In a line of its own, and nothing follows: inside of JSON there are no line ends.
_DONE: Final = re.compile(rb"[\r\n]data: ?\[DONE\]\s*\Z")
_DONE_LENGTH: Final = 32


class _EndMark:
    """Looks for `[DONE]`, wherever the body is cut."""

    def __init__(self) -> None:
        self.seen = False
        self._tail = b""

    def look(self, chunk: bytes) -> bytes:
        """Look at the next piece of the body; gives it back."""
        self._tail = (self._tail + chunk[-_DONE_LENGTH:])[-_DONE_LENGTH:]
        self.seen = _DONE.search(self._tail) is not None
        return chunk


class Body:
    """An iterator over the bytes of a response.

    Args:
        response: The HTTP library's response (httpx of either generation), open and unread. It
            is closed with the body.

    Attributes:
        response: The same.
    """

    def __init__(self, response: Any) -> None:
        self.response = response
        self._chunks: Iterator[bytes] = response.iter_bytes()
        self._mark = _EndMark()

    def __iter__(self) -> Body:
        return self

    def __next__(self) -> bytes:
        if self._mark.seen:
            self._read_end()
            raise StopIteration
        return self._mark.look(next(self._chunks))

    def close(self) -> None:
        """Close the response."""
        self.response.close()

    def _read_end(self) -> None:
        """Give the end of the HTTP body a moment to come."""
        alarm = Alarm(_MOMENT, self._leave_end)
        try:
            for _ in self._chunks:
                pass
        except Exception:  # noqa: BLE001 - the answer is complete, whatever happens now
            pass
        finally:
            alarm.cancel()

    def _leave_end(self) -> None:
        """Leave the thread that waits for the end no more to wait for."""
        if not end_connection(self.response):
            with suppress(Exception):  # an alarm must not raise, and the answer is complete
                self.response.close()


class AsyncBody:
    """An async iterator over the bytes of a response.

    Args:
        response: The HTTP library's response, open and unread. It is closed with the body.

    Attributes:
        response: The same.
    """

    def __init__(self, response: Any) -> None:
        self.response = response
        self._chunks: AsyncIterator[bytes] = response.aiter_bytes()
        self._mark = _EndMark()

    def __aiter__(self) -> AsyncBody:
        return self

    async def __anext__(self) -> bytes:
        if self._mark.seen:
            await self._read_end()
            raise StopAsyncIteration
        return self._mark.look(await self._chunks.__anext__())

    async def aclose(self) -> None:
        """Close the response; a task that reads is woken by that."""
        await self.response.aclose()

    async def _read_end(self) -> None:
        """Give the end of the HTTP body a moment to come."""
        try:
            with move_on_after(_MOMENT):
                async for _ in self._chunks:
                    pass
        except Exception:  # noqa: BLE001 - the answer is complete, whatever happens now
            pass
