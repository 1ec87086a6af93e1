"""For tests of streaming code: a scripted server, texts cut anew, streams without a server.

>>> from partialstream.testing import Answer, ReplayServer, faults
>>> answers = [Answer(fault=faults.HTTPError(429, retry_after=0)), Answer('{"items":[]}')]
>>> with ReplayServer(answers) as server:
...     server.base_url.startswith("http://127.0.0.1:")
True

answers.py, faults.py    scripted answers, and their faults
script.py                an answer as deltas, which wires/ renders in a provider's format
plan.py, app.py          the writes of a response, and the application that makes them
server.py, transport.py  the server, and the connection below it
received.py              the requests that it received
endpoint.py              a replay server, or with `--live` a real endpoint
recut.py                 the same text in other pieces
fakes.py                 streams without a server

`ReplayServer` needs the extra `partialstream[server]`; the rest needs nothing.
"""

from partialstream.testing import faults
from partialstream.testing.answers import Answer, ToolCall
from partialstream.testing.endpoint import Endpoint, endpoint, endpoint_parser
from partialstream.testing.fakes import (
    AsyncFakeStream,
    FakeStream,
    async_fake_stream,
    fake_stream,
)
from partialstream.testing.faults import Fault
from partialstream.testing.received import ReplayRequest
from partialstream.testing.recut import (
    characters,
    chat_chunks,
    every_cut,
    recut,
    recut_bytes,
    sse_body,
)
from partialstream.testing.server import ReplayServer

__all__ = [
    "Answer",
    "AsyncFakeStream",
    "Endpoint",
    "FakeStream",
    "Fault",
    "ReplayRequest",
    "ReplayServer",
    "ToolCall",
    "async_fake_stream",
    "characters",
    "chat_chunks",
    "endpoint",
    "endpoint_parser",
    "every_cut",
    "fake_stream",
    "faults",
    "recut",
    "recut_bytes",
    "sse_body",
]
