"""A server that takes requests and says nothing at all, not even headers."""

from __future__ import annotations

import socket
import threading
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
        self._connections: list[socket.socket] = []
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
            self._connections.append(connection)
            threading.Thread(target=self._read, args=(connection,), daemon=True).start()

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
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        for connection in self._connections:
            connection.close()
