"""A Redis of the tests' own: Debian's `redis-server`, in a folder of its own."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


class Redis:
    """The server, on a free port; it may be stopped and started again."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port: int = listener.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> bool:
        """Start it; gives whether it runs, which it does not where the port is taken."""
        options = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "dir": self._folder,
            "save": "",
            "appendonly": "no",
            "loglevel": "warning",
        }
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        self._process = subprocess.Popen(
            ["redis-server", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        end = time.monotonic() + 30
        while self._process.poll() is None:
            assert time.monotonic() < end
            with suppress(OSError):
                if self.command("PING") == b"+PONG":
                    return True
            time.sleep(0.02)
        return False

    def command(self, *parts: str) -> bytes:
        """Send a command whose reply is one line."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(" ".join(parts).encode() + b"\r\n")
            return connection.recv(1000).split(b"\r\n")[0]

    def text(self, *parts: str) -> str:
        """Send a command whose reply is a text."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(" ".join(parts).encode() + b"\r\n")
            head, _, text = connection.recv(100_000).partition(b"\r\n")
            while len(text) < int(head[1:]):
                text += connection.recv(100_000)
            return text.decode()

    def freeze(self) -> None:
        """It takes connections, and does not respond."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait(10)


@contextmanager
def redis_server() -> Iterator[Redis]:
    """A Redis that is running; the test skips where there is none."""
    if shutil.which("redis-server") is None:
        pytest.skip("no redis-server here")
    with TemporaryDirectory() as folder:
        server = Redis(folder)
        while not server.start():  # another program has taken the port meanwhile
            server = Redis(folder)
        try:
            yield server
        finally:
            server.stop()
