"""A stream as an HTTP response, for the browsers that people already have.

encode.py     events in, text out: for any framework
wires/        the formats: our own, NDJSON, AI SDK, AG-UI, plain JSON; one file for each
endings.py    how a stream ended, for whoever looks at the page
batches.py    changes within a window of time are merged
response.py   the response for Starlette and FastAPI: heartbeats, and browsers that leave
reading.py    ... and how the stream beside it is read, in the event loop or in a thread
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from partialstream.web.encode import aencode, encode
from partialstream.web.wires.ag_ui import AgUi
from partialstream.web.wires.ai_sdk import AiSdk
from partialstream.web.wires.base import Wire
from partialstream.web.wires.ndjson import Ndjson
from partialstream.web.wires.object import Object
from partialstream.web.wires.sse import Sse

if TYPE_CHECKING:
    from partialstream.web.response import StreamResponse, respond

__all__ = [
    "AgUi",
    "AiSdk",
    "Ndjson",
    "Object",
    "Sse",
    "StreamResponse",
    "Wire",
    "aencode",
    "encode",
    "respond",
]


def __getattr__(name: str) -> Any:
    # Loaded when it is used: whoever encodes for another framework has no Starlette.
    if name in ("StreamResponse", "respond"):
        from partialstream.web import response

        globals().update(StreamResponse=response.StreamResponse, respond=response.respond)
        return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
