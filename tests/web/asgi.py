"""A server's side of one request, without a server: an ASGI application is called directly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest
from extras import needs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

BACKENDS = ["asyncio", pytest.param("trio", marks=needs("dev", "trio"))]


class Connection:
    """A request, and what is sent for it.

    Args:
        headers: The request's headers.
        scope: What else is in its scope.

    Attributes:
        messages: What was sent.
        room: Set while the client takes more.
        fails: Raised by whatever sends, from then on.
    """

    def __init__(self, headers: dict[str, str] | None = None, **scope: Any) -> None:
        named = [(k.lower().encode(), v.encode()) for k, v in (headers or {}).items()]
        self.scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "method": "GET",
            "path": "/",
            "http_version": "1.1",
            "headers": named,
            **scope,
        }
        self.messages: list[MutableMapping[str, Any]] = []
        self.room = anyio.Event()
        self.room.set()
        self.fails: Exception | None = None
        self._left = anyio.Event()
        self._sent = anyio.Event()

    async def receive(self) -> MutableMapping[str, Any]:
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if self.fails is not None:
            raise self.fails
        self.messages.append(message)
        self._sent.set()
        await self.room.wait()

    async def run(self, app: Any) -> None:
        """Call the application."""
        await app(self.scope, self.receive, self.send)

    def leave(self) -> None:
        """The client closes the connection."""
        self._left.set()

    async def until(self, wanted: str) -> None:
        """Wait until a text was sent."""
        while wanted not in self.text:
            self._sent = anyio.Event()
            await self._sent.wait()

    @property
    def status(self) -> int:
        status: int = self.messages[0]["status"]
        return status

    @property
    def headers(self) -> dict[str, str]:
        return {k.decode(): v.decode() for k, v in self.messages[0]["headers"]}

    @property
    def text(self) -> str:
        return b"".join(message.get("body", b"") for message in self.messages).decode()

    @property
    def complete(self) -> bool:
        """Whether the body has come to its end."""
        last = self.messages[-1]
        return last["type"] == "http.response.body" and not last.get("more_body", False)


def run(backend: str, main: Callable[[], Awaitable[Any]], seconds: float = 30) -> Any:
    """Run a test in an event loop; it fails if it takes too long."""

    async def bounded() -> Any:
        with anyio.fail_after(seconds):
            return await main()

    return anyio.run(bounded, backend=backend)
