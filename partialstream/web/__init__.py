"""A stream as an HTTP response, for browsers.

encode.py     events in, text out: for any framework
wires/        the formats: our own, NDJSON, AI SDK, AG-UI, plain JSON; one file for each
endings.py    how a stream ended: messages for the page
checks.py     arguments that are checked before anything is sent
response.py   the response for Starlette and FastAPI
sending.py    its body: heartbeats, and browsers that leave
pump.py       reads a stream and hands the frames on
reading.py    ... in the event loop or in a thread
replay/       what was sent is kept, so that a page that reloads goes on
files.py      the browser's ES module and its types, in static/
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from partialstream.extras import requires_extra
from partialstream.web.encode import aencode, encode
from partialstream.web.wires.ag_ui import AgUi
from partialstream.web.wires.ai_sdk import AiSdk
from partialstream.web.wires.base import Wire
from partialstream.web.wires.ndjson import Ndjson
from partialstream.web.wires.object import Object
from partialstream.web.wires.sse import Sse

if TYPE_CHECKING:
    from partialstream.web.files import static
    from partialstream.web.replay import Replay
    from partialstream.web.response import StreamResponse, respond

__all__ = [
    "AgUi",
    "AiSdk",
    "Ndjson",
    "Object",
    "Replay",
    "Sse",
    "StreamResponse",
    "Wire",
    "aencode",
    "encode",
    "respond",
    "static",
]

_HOMES = {
    "Replay": "replay",
    "StreamResponse": "response",
    "respond": "response",
    "static": "files",
}
"""What is loaded when it is used: other frameworks, with `encode`, do without Starlette."""


if not TYPE_CHECKING:  # type checkers would take any name for one that is there

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        with requires_extra("web", f"web.{name}"):
            module = import_module(f"{__name__}.{_HOMES[name]}")
        value = getattr(module, name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
