"""Ctrl-C: the first one finishes the open documents, the second one stops at once."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


async def run_until_interrupted(
    work: Callable[[], Awaitable[object]], stop: Callable[[], object]
) -> bool:
    """Await `work`, calling `stop` at the first Ctrl-C and cancelling `work` at the second.

    In a thread other than the main one, and on Windows, Ctrl-C is left to Python.

    Returns:
        Whether Ctrl-C was pressed.

    Raises:
        Exception: What `work` raises, as it is.
    """
    if threading.current_thread() is not threading.main_thread() or os.name == "nt":
        await work()
        return False
    interrupts = 0

    async def watch(scope: anyio.CancelScope) -> None:
        nonlocal interrupts
        with anyio.open_signal_receiver(signal.SIGINT) as signals:
            async for _ in signals:
                interrupts += 1
                if interrupts == 1:
                    stop()
                else:
                    scope.cancel()

    failure: BaseException | None = None
    async with anyio.create_task_group() as group:
        group.start_soon(watch, group.cancel_scope)
        try:
            await work()
        # The last two come from functions of the caller; a group would wrap them.
        except (Exception, KeyboardInterrupt, SystemExit) as error:  # noqa: BLE001 - raised below
            failure = error
        group.cancel_scope.cancel()
    if failure is not None:
        raise failure
    return interrupts > 0
