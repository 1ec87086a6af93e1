"""The wire formats that the replay server speaks, one file each.

A wire reads a request into an `Ask` and renders a `Script` as bytes. To add one, write a file
with a `Wire` and append it to `WIRES`; answers, faults, pacing and recording need no change.

base.py        what every wire does
chat.py, responses.py, anthropic.py, gemini.py
"""

from partialstream.testing.wires.anthropic import AnthropicWire
from partialstream.testing.wires.base import Wire
from partialstream.testing.wires.chat import ChatWire
from partialstream.testing.wires.gemini import GeminiWire
from partialstream.testing.wires.responses import ResponsesWire

__all__ = ["WIRES", "Wire"]

WIRES: tuple[type[Wire], ...] = (ChatWire, ResponsesWire, AnthropicWire, GeminiWire)
"""The wires that a server speaks."""
