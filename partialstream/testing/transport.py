"""The HTTP server below the application: uvicorn, with access to the TCP connection.

uvicorn's own server checks ten times a second whether it is to stop, and waits for open responses.
This one stops at once, and drops them. Only this module uses what is not public in uvicorn, and
checks it on import.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import socket
import struct
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import uvicorn
from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from starlette.applications import Starlette

LINK = "partialstream.link"
"""The key of the `Link` in the ASGI scope's state."""

_NO_LINGER = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)

# A reset lets the other side's kernel throw away what its program has not read yet. (Linux
# keeps it, others do not.) So that the deltas before it count, they get a moment's start.
_HEAD_START = 0.02


def check_uvicorn(protocol: type = H11Protocol, server: type = uvicorn.Server) -> None:
    """Check that uvicorn still has what this module overrides and reads.

    Raises:
        RuntimeError: It has not.
    """
    used = [(protocol, "connection_made"), (protocol, "connection_lost")]
    used += [(server, "main_loop"), (server, "shutdown"), (server, "serve")]
    missing = [f"{owner.__name__}.{name}" for owner, name in used if not hasattr(owner, name)]
    if "app_state" not in inspect.signature(protocol).parameters:
        missing.append(f"{protocol.__name__}(app_state=)")
    if missing:
        raise RuntimeError(
            f"ReplayServer does not support uvicorn {uvicorn.__version__}, which lacks "
            + ", ".join(missing)
        )


check_uvicorn()


@dataclass(eq=False)
class Link:
    """The TCP connection below a request."""

    transport: asyncio.Transport
    gone: asyncio.Future[float]  # when the connection ended, by `time.perf_counter`

    async def wait(self, seconds: float) -> None:
        """Wait for so long, or until the connection has ended."""
        timeout = None if seconds == float("inf") else seconds
        await asyncio.wait((self.gone,), timeout=timeout)

    async def close(self) -> None:
        """Send what is in the buffer, then FIN."""
        self.transport.close()
        await self.wait(float("inf"))

    async def reset(self) -> None:
        """Send what is in the buffer, then RST."""
        while self.transport.get_write_buffer_size() and not self.gone.done():
            await self.wait(0.001)  # asyncio tells of a full buffer, not of an empty one
        await self.wait(_HEAD_START)
        if not self.gone.done():
            connection: socket.socket = self.transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            self.transport.abort()
            await self.wait(float("inf"))


class LinkedProtocol(H11Protocol):
    """uvicorn's HTTP protocol, which shows its connection to the application."""

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn narrows it
        super().connection_made(transport)
        # asyncio does this only for sockets that say they are TCP; ours do not say. Without it
        # each delta waits for the acknowledgement of the one before.
        connection: socket.socket = transport.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._link = Link(transport, self.loop.create_future())
        self.app_state = {**self.app_state, LINK: self._link}

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        # The `Link` first, so that a lost response is not taken for a sent one.
        if not self._link.gone.done():
            self._link.gone.set_result(time.perf_counter())
        super().connection_lost(exc)


class PromptServer(uvicorn.Server):
    """A uvicorn server that stops at once, and drops every connection."""

    def __init__(self, app: Starlette) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=LinkedProtocol,
                ws="none",
                lifespan="off",
                log_config=None,  # the program's logging is not the server's to configure
                access_log=False,
                proxy_headers=False,
                server_header=False,
                date_header=False,
                timeout_keep_alive=600,  # a client's pool may rest for as long as a test does
            )
        )
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Ask the server to end; to be called in its event loop."""
        self._stop.set()

    @override
    async def main_loop(self) -> None:
        await self._stop.wait()

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # asyncio leaks a connection that it has accepted, but not yet given to a protocol, when
        # its listener is closed. So no more are accepted first, and those are waited for: the
        # task, its transport and its protocol start one after another.
        loop = asyncio.get_running_loop()
        for listener in sockets or []:
            with suppress(NotImplementedError):  # on Windows, which has no readers to remove
                loop.remove_reader(listener)
        for _ in range(3):
            await asyncio.sleep(0)
        while self.server_state.connections or self.server_state.tasks:
            for connection in list(self.server_state.connections):
                connection.transport.abort()
            await asyncio.sleep(0)
        for server in self.servers:
            server.close()
