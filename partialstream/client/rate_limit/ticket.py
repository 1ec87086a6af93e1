"""A request that waits for its turn, in a thread or in an event loop."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from anyio import Event, move_on_after
from typing_extensions import override

from partialstream.stream.loops import running_loop

if TYPE_CHECKING:
    from partialstream.stream.steps import Steps


class Ticket:
    """A place in the queue of a thread; `AsyncTicket` is one of a task.

    Args:
        tokens: How many the request will take, as far as that can be said.
        since: When it came.

    Attributes:
        due: When it is to ask again, None while that is for others to say.
        in_queue: Whether it is in the queue.
    """

    def __init__(self, tokens: int, since: float) -> None:
        self.tokens = tokens
        self.since = since
        self.due: float | None = None
        self.in_queue = False
        self._woken = threading.Event()

    def arm(self) -> None:
        """From now on, to be woken ends the next wait."""
        self._woken.clear()

    def wake(self) -> bool:
        """End its wait, from any thread and any task; False if there is no wait any more."""
        self._woken.set()
        return True

    def is_dead(self) -> bool:
        """Whether its wait cannot go on, as its event loop is closed."""
        return False

    def wait(self, seconds: float) -> Steps[None]:
        """Wait for so long at most."""
        yield from ()
        self._woken.wait(seconds)


class AsyncTicket(Ticket):
    """A place in the queue of a task, on asyncio or trio. Made, and waited with, in its loop."""

    def __init__(self, tokens: int, since: float) -> None:
        super().__init__(tokens, since)
        self._call_soon, self._is_closed = running_loop()
        self._event = Event()

    @override
    def arm(self) -> None:
        self._event = Event()

    @override
    def wake(self) -> bool:
        try:
            self._call_soon(self._event.set)
        except RuntimeError:  # its loop is over, and with it the wait
            return False
        return True

    @override
    def is_dead(self) -> bool:
        return self._is_closed()

    @override
    def wait(self, seconds: float) -> Steps[None]:
        yield self._wait(seconds)

    async def _wait(self, seconds: float) -> None:
        with move_on_after(seconds):
            await self._event.wait()
