"""Faults of a response, for `Answer(fault=...)`.

Most faults have `after`: how many deltas, reasoning and refusal counted, are sent before them.
With 0 a stream gets as far as its headers and its opening event. Where an answer has fewer
deltas than that, the fault occurs after the last one, before the end of the answer is marked.

A request with `stream: false` has no deltas to count: what cuts a stream short cuts the one
JSON body in its middle.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Fault:
    """Base of all faults."""


@dataclass(frozen=True, slots=True)
class PlacedFault(Fault):
    """Base of the faults that have a place among the deltas."""

    after: int = 0

    def __post_init__(self) -> None:
        if self.after < 0:
            raise ValueError(f"after must not be negative, not {self.after}")


@dataclass(frozen=True, slots=True)
class SpokenFault(PlacedFault):
    """Base of the faults that change the text of an answer; a recording cannot have them."""

    finish_reason: ClassVar[str]


@dataclass(frozen=True, slots=True)
class HTTPError(Fault):
    """An HTTP error instead of an answer.

    Attributes:
        status: 401, 429, 500, ….
        retry_after: Seconds for the `Retry-After` header, None for no such header. The standard
            knows whole seconds only; OpenAI's SDK reads fractions too, which makes tests fast.
        message: The text in the error body, None for one that names the status.
        code: The provider's code in the error body.
        headers: More headers, as pairs of name and value.

    Example:
        >>> HTTPError(429, retry_after=0.01).retry_after
        0.01
        >>> HTTPError(429, headers=(("retry-after-ms", "10"),)).headers
        (('retry-after-ms', '10'),)
    """

    status: int = 500
    retry_after: float | None = None
    message: str | None = None
    code: str | None = None
    headers: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if not 400 <= self.status <= 599:
            raise ValueError(f"an HTTP error has a status from 400 to 599, not {self.status}")


@dataclass(frozen=True, slots=True)
class LengthCut(SpokenFault):
    """The answer runs out of tokens: it stops, and its finish reason is `length`."""

    finish_reason = "length"


@dataclass(frozen=True, slots=True)
class ContentFilter(SpokenFault):
    """A filter steps in: the answer stops, and its finish reason is `content_filter`."""

    finish_reason = "content_filter"


@dataclass(frozen=True, slots=True)
class Refusal(SpokenFault):
    """The model turns to refusing in the middle of its answer.

    Attributes:
        text: What it says, cut into deltas like any text.
    """

    finish_reason = "stop"

    text: str = "I cannot help with that."


@dataclass(frozen=True, slots=True)
class Reset(PlacedFault):
    """The connection is reset (TCP RST), as by a crashed server or a proxy that restarts."""


@dataclass(frozen=True, slots=True)
class Disconnect(PlacedFault):
    """The connection is closed in the middle of the HTTP body, which the client can detect."""


@dataclass(frozen=True, slots=True)
class EndEarly(PlacedFault):
    """The HTTP body ends in order, but no finish reason and no `[DONE]` came."""


@dataclass(frozen=True, slots=True)
class Stall(PlacedFault):
    """Nothing is sent for a while, with the connection open; then the answer continues.

    Attributes:
        seconds: How long. By default until the client leaves or the server is closed.
    """

    seconds: float = math.inf


@dataclass(frozen=True, slots=True)
class ErrorEvent(PlacedFault):
    """The provider sends an error inside the stream, which ends with it.

    With `stream: false` it is what some gateways do: HTTP 200 and an error for a body.

    Attributes:
        message: The text in the error.
        code: The provider's code in the error, None for the usual one of the wire format.
    """

    message: str = "The server had an error while processing your request."
    code: str | None = None


@dataclass(frozen=True, slots=True)
class MalformedEvent(PlacedFault):
    """A line that is not an event of the wire; the stream continues.

    Attributes:
        line: The line, without its newlines.
    """

    line: str = 'data: {"choices": ['


@dataclass(frozen=True, slots=True)
class Comments(Fault):
    """Comment lines before the deltas, with which gateways keep a connection awake.

    Attributes:
        every: One comment before each so many deltas, the first one included.
        text: What the comment says.
    """

    every: int = 1
    text: str = "OPENROUTER PROCESSING"

    def __post_init__(self) -> None:
        if self.every < 1:
            raise ValueError(f"every must be positive, not {self.every}")


@dataclass(frozen=True, slots=True)
class NoDone(Fault):
    """The answer is complete, but the end-of-stream marker does not come.

    `[DONE]` of Chat Completions and `message_stop` of Anthropic are such markers. The Responses API
    and Gemini have none beside the end of the answer itself, so that nothing is missing there.
    """
