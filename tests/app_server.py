"""Serves web applications in a thread of the tests' process."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from typing_extensions import override
from uvicorn import Config, Server

if TYPE_CHECKING:
    from collections.abc import Iterator


class AppServer(Server):
    """A uvicorn server that leaves no connection open.

    uvicorn leaves those that it accepts while it shuts down, and those whose client does not read.
    Python warns of them when they are collected, which is in some later test.
    """

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for listener in sockets or []:
            asyncio.get_running_loop().remove_reader(listener)
        for _ in range(3):  # a connection becomes a task, a transport and a protocol
            await asyncio.sleep(0)
        await super().shutdown(sockets)
        while connections := list(self.server_state.connections):
            for connection in connections:
                connection.transport.abort()
            await asyncio.sleep(0)


@contextmanager
def serving(app: Any, **options: Any) -> Iterator[str]:
    """Serve an application; gives its address."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    # Not with `Connection: close`: Node takes a body that is broken off for complete then.
    options = {"log_level": "critical", "timeout_graceful_shutdown": 1, **options}
    server = AppServer(Config(app, loop="asyncio", **options))
    thread = threading.Thread(target=lambda: server.run(sockets=[listener]), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()
    assert not thread.is_alive(), "the server does not stop"
