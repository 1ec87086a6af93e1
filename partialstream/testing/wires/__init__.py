"""The wire formats that the replay server speaks, one file each.

A wire reads a request into an `Ask` and renders a `Script` as bytes. To add one, write a file
with a `Wire` and append it to `WIRES`; answers, faults, pacing and recording need no change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from partialstream.testing.wires.anthropic import AnthropicWire
from partialstream.testing.wires.chat import ChatWire
from partialstream.testing.wires.gemini import GeminiWire
from partialstream.testing.wires.responses import ResponsesWire

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from partialstream.testing.script import Ask, Part, Script


class Rendering(Protocol):
    """One streamed answer as bytes. Called in the order of the methods, each event whole."""

    def opening(self) -> bytes:
        """Render what comes before the first delta, `b""` if nothing does."""
        ...

    def delta(self, part: Part, text: str) -> bytes:
        """Render one delta, and what has to stand before it."""
        ...

    def closing(self) -> bytes:
        """Render what comes behind the last delta: finish reason and usage."""
        ...

    def done(self) -> bytes:
        """Render the mark that ends the stream, `b""` if the wire has none."""
        ...


class Wire(Protocol):
    """A wire format."""

    @property
    def route(self) -> str:
        """The path it answers POST requests on, in Starlette's notation."""
        ...

    def read(self, path: str, body: Mapping[str, Any]) -> Ask:
        """Read what a request asks for.

        Raises:
            ValueError: If it is no request of this wire.
        """
        ...

    def render(self, ask: Ask, script: Script) -> Rendering:
        """Begin to render a streamed answer."""
        ...

    def whole(self, ask: Ask, script: Script) -> bytes:
        """Render an answer that is not streamed."""
        ...

    def error(self, message: str, *, status: int, code: str | None = None) -> bytes:
        """Render the body of an HTTP error."""
        ...

    def error_event(self, message: str, *, code: str | None = None) -> bytes:
        """Render an error inside a stream."""
        ...


WIRES: tuple[Wire, ...] = (ChatWire(), ResponsesWire(), AnthropicWire(), GeminiWire())
"""The wires that a server speaks."""
