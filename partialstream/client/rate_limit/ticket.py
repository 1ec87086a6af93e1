"""A request that waits for its turn, in a thread or in an event loop."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

from anyio import Event, move_on_after
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable

    from partialstream.stream.steps import Steps


class Ticket:
    """A place in the queue of a thread; `AsyncTicket` is one of a task.

    Args:
        tokens: How many the request will take, as far as that can be said.
        since: When it came.

    Attributes:
        due: When it is to ask again, None while that is for others to say.
    """

    def __init__(self, tokens: int, since: float) -> None:
        self.tokens = tokens
        self.since = since
        self.due: float | None = None
        self._woken = threading.Event()

    def arm(self) -> None:
        """From now on, to be woken ends the next wait."""
        self._woken.clear()

    def wake(self) -> None:
        """End its wait. From any thread and any task."""
        self._woken.set()

    def wait(self, seconds: float) -> Steps[None]:
        """Wait for so long at most."""
        yield from ()
        self._woken.wait(seconds)


class AsyncTicket(Ticket):
    """A place in the queue of a task, on asyncio or trio. Made, and waited with, in its loop."""

    def __init__(self, tokens: int, since: float) -> None:
        super().__init__(tokens, since)
        self._call_soon = _scheduler()
        self._event = Event()

    @override
    def arm(self) -> None:
        self._event = Event()

    @override
    def wake(self) -> None:
        with suppress(RuntimeError):  # its loop is over, and with it the wait
            self._call_soon(self._event.set)

    @override
    def wait(self, seconds: float) -> Steps[None]:
        yield self._wait(seconds)

    async def _wait(self, seconds: float) -> None:
        with move_on_after(seconds):
            await self._event.wait()


def _scheduler() -> Callable[[Callable[[], Any]], Any]:
    """What calls a function in the running event loop, from any thread."""
    try:
        return asyncio.get_running_loop().call_soon_threadsafe
    except RuntimeError:  # the only other loop that anyio knows
        token: Any = import_module("trio").lowlevel.current_trio_token()
        schedule: Callable[[Callable[[], Any]], Any] = token.run_sync_soon
        return schedule
