"""The running event loop, of asyncio or trio, for other threads."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def running_loop() -> tuple[Callable[[Callable[[], Any]], Any], Callable[[], bool]]:
    """Of the running event loop: what calls a function in it, from any thread; whether it is over.

    Trio's cannot be asked: that it is over shows when something is to be called.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:  # the only other loop that anyio knows
        token: Any = import_module("trio").lowlevel.current_trio_token()
        return token.run_sync_soon, bool
    return loop.call_soon_threadsafe, loop.is_closed
