"""A server that takes requests and says nothing at all, not even headers."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self


class SilentServer:
    """Listens on a port of its own within a `with` block.

    Attributes:
        requests: How many have arrived.
    """

    def __init__(self) -> None:
        self.requests = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._connections: list[tuple[socket.socket, threading.Thread]] = []
        self._over = threading.Event()  # a client has hung up
        self._asked = threading.Event()

    @property
    def url(self) -> str:
        """Its URL."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def wait_asked(self, timeout: float = 10.0) -> bool:
        """Wait for a request."""
        return self._asked.wait(timeout)

    def wait_hung_up(self, timeout: float = 10.0) -> bool:
        """Wait until a client hangs up."""
        return self._over.wait(timeout)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            reading = threading.Thread(target=self._read, args=(connection,), daemon=True)
            self._connections.append((connection, reading))
            reading.start()

    def _read(self, connection: socket.socket) -> None:
        try:
            while data := connection.recv(65536):
                if data.startswith(b"POST"):
                    self.requests += 1
                    self._asked.set()
        except OSError:
            pass
        self._over.set()

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        # No thread is left in a call on a file that is closed: its number will be another's.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        self._listener.close()
        for connection, reading in self._connections:
            with suppress(OSError):  # the client has hung up
                connection.shutdown(socket.SHUT_RDWR)
            reading.join()
            connection.close()
