"""One response of a provider: its deltas, metadata and timing, and how it ended."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

from partialstream.deltas import AnswerMetadata, Delta
from partialstream.errors import (
    IncompleteStreamError,
    PartialStreamError,
    ProviderError,
    RefusalError,
)
from partialstream.limits import DEFAULT_LIMITS, Limits
from partialstream.quoting import mask_keys
from partialstream.results import Outcome, Timing
from partialstream.sources.base import TextSource

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from partialstream.deltas import Token
    from partialstream.sources.base import Source


_LENGTH = frozenset(
    {
        "length",
        "max_tokens",
        "max_output_tokens",
        "model_length",
        "model_context_window_exceeded",
        "incomplete",
        "pause_turn",  # the response is to be continued
    }
)
_REFUSED = frozenset({"refusal"})
_FILTERED = frozenset(
    {
        "content_filter",
        # Gemini's, "language" being one that it is not to answer in.
        *("safety", "recitation", "blocklist", "prohibited_content", "spii", "language"),
        *("image_safety", "image_recitation", "image_prohibited_content"),
    }
)

# Foreign exceptions are told apart by the names of their classes, so that no library has to be
# imported. These names mean the same wherever they come from: httpx, httpcore, httpx2, h11, h2,
# aiohttp, requests, urllib3 and the standard library.
_STALLED = frozenset(
    # OpenAI's APITimeoutError is an APIConnectionError too, hence looked for first.
    {"TimeoutException", "TimeoutError", "Timeout", "ReadTimeoutError", "APITimeoutError"}
)
_DISCONNECTED = frozenset(
    {
        "TransportError",
        "NetworkError",
        "ProtocolError",
        "ConnectionError",
        "APIConnectionError",
        "ClientError",
        "StreamError",
        "IncompleteRead",
        "EOFError",
    }
)
_PROVIDER = frozenset({"APIError", "APIStatusError", "EventStreamError"})

# These mean something else elsewhere, and so count only with the package that they come from:
# what decoding a body raises, of which each library has a word of its own, and names such as
# `error`.
_DISCONNECTED_IN: dict[str, frozenset[str]] = {
    "aiohttp": frozenset({"HttpProcessingError"}),
    "anyio": frozenset({"BrokenResourceError", "ClosedResourceError", "EndOfStream"}),
    "brotli": frozenset({"error"}),
    "_brotli": frozenset({"error"}),
    "brotlicffi": frozenset({"error"}),
    "compression": frozenset({"ZstdError"}),
    "gzip": frozenset({"BadGzipFile"}),
    "http": frozenset({"HTTPException"}),
    "httpx": frozenset({"DecodingError"}),
    "httpx2": frozenset({"DecodingError"}),
    "requests": frozenset({"ChunkedEncodingError", "ContentDecodingError"}),
    "ssl": frozenset({"SSLError"}),
    "urllib3": frozenset({"DecodeError", "SSLError"}),
    "zlib": frozenset({"error"}),
    "zstandard": frozenset({"ZstdError"}),
}


class ResponseStream:
    """Picks the source by the first chunk, and keeps the time.

    Args:
        clock: Seconds, from any start.
        started: When the request was made, by that clock; None: now.

    Attributes:
        timing: When things arrived.
        first_chunk: When the first chunk of this response did, None before it.
        tokens: The tokens that came with the last deltas.
        limits: What the response may ask of its reader, which sets them.
    """

    limits: Limits = DEFAULT_LIMITS

    def __init__(
        self, *, clock: Callable[[], float] = perf_counter, started: float | None = None
    ) -> None:
        self._clock = clock
        self._started = clock() if started is None else started
        self._source: Source | None = None
        self._metadata: AnswerMetadata | None = None
        self._quiet_since: float | None = None  # arrival of the first chunk without a delta
        self._quiet_behind = 0
        self.timing = Timing()
        self.first_chunk: float | None = None
        self.tokens: Sequence[Token] = ()

    def another(self) -> ResponseStream:
        """The next response of the same stream: its times are counted on."""
        response = ResponseStream(clock=self._clock, started=self._started)
        response.timing = self.timing
        return response

    def begin(self) -> None:
        """The request is made now, and not when this was set up."""
        self._started = self._clock()

    @property
    def metadata(self) -> AnswerMetadata:
        """What the response says beside its text."""
        if self._metadata is None:  # not earlier, as the limits are set later
            limits = self.limits
            self._metadata = AnswerMetadata(
                text_kept=limits.text_kept, channels_allowed=limits.channels
            )
        return self._metadata

    @property
    def framed(self) -> bool:
        """Whether the protocol marks the end of a response; bare text does not."""
        return self._source is not None and not isinstance(self._source, TextSource)

    def elapsed(self) -> float:
        """Seconds since the request."""
        return self._clock() - self._started

    def feed(self, chunk: Any) -> list[Delta]:
        """Take a chunk.

        Raises:
            ProviderError: It is an error, or of unknown shape.
        """
        source = self._source
        if source is None:
            if chunk is None or chunk == "" or chunk == b"":
                return []
            source = self._source = self._source_for(chunk)
            self.first_chunk = self.elapsed()
        deltas = source.feed(chunk)
        self.tokens = source.metadata.tokens
        if deltas:
            self._quiet_since = None
            if self.timing.first_delta is None:
                self.timing.first_delta = self.elapsed()
        return deltas

    def _source_for(self, chunk: Any) -> Source:
        if isinstance(chunk, str):
            return TextSource(self.metadata)
        # Imported where it is needed: text needs no wire format.
        from partialstream.sources.detect import source_for

        return source_for(chunk, self.metadata, limits=self.limits)

    def check_idle(self, behind: int) -> None:
        """A chunk has brought no delta: look at the clock.

        Counted from the first such chunk behind the last delta, and not from that delta: what
        its reader did with it is not the stream's time.

        Args:
            behind: Characters that have come past `feed`; more than before is progress, too.

        Raises:
            TimeoutError: There was none for longer than allowed.
        """
        now = self._clock()
        if self._quiet_since is None or behind != self._quiet_behind:
            self._quiet_since, self._quiet_behind = now, behind
        elif now - self._quiet_since >= self.limits.idle_seconds:
            allowed = self.limits.idle_seconds
            raise TimeoutError(f"no delta for {allowed:g} s (Limits.idle_seconds)")

    def finish(self) -> list[Delta]:
        """The chunks ended.

        Raises:
            ProviderError: What was left over is an error.
        """
        source = self._source
        if source is None:
            return []
        # Not every source has something to say at the end, and so replaces the last tokens.
        source.metadata.tokens = []
        deltas = source.finish()
        self.tokens = source.metadata.tokens
        return deltas

    def ended(self) -> None:
        """The stream is over."""
        if self.timing.total is None:
            self.timing.total = self.elapsed()


def resolve(
    document: Outcome, metadata: AnswerMetadata, *, framed: bool, open_ended: bool
) -> Outcome:
    """Put together how a stream ended that came to its end.

    Args:
        document: What the parser says.
        metadata: What the provider said.
        framed: Whether the provider's protocol marks the end of a response.
        open_ended: Whether nothing in the document says that it is at its end.
    """
    reason = metadata.finish_reason
    word = (reason or "").lower()
    if metadata.refusal or word in _REFUSED:
        return Outcome("refused", reason, metadata.refusal, document.tail)
    if metadata.filter_reason is not None or word in _FILTERED:
        return Outcome("filtered", reason, metadata.filter_reason or "", document.tail)
    status = document.status
    if word in _LENGTH and (status in ("empty", "no_json") or open_ended):
        status = "truncated"
    elif framed and reason is None and not metadata.terminated:
        # Nobody has said that this is all.
        if status != "complete" or open_ended:
            status = "disconnected"
    return Outcome(status, reason, document.detail, document.tail)


def error_of(outcome: Outcome) -> PartialStreamError | None:
    """The error that an outcome is raised as; None for a complete response."""
    if outcome.ok:
        return None
    if outcome.status == "refused":
        return RefusalError(f"the model refused: {mask_keys(outcome.detail)}", outcome=outcome)
    if outcome.status == "filtered":
        reason = outcome.detail or outcome.finish_reason
        return RefusalError(f"a content filter stepped in: {reason}", outcome=outcome)
    return IncompleteStreamError.of(outcome)


def translate(error: Exception, document: Outcome) -> PartialStreamError | None:
    """Our error for an exception that a stream of chunks raised; None if it is not for us.

    Args:
        error: What iterating the chunks raised.
        document: What the parser says of the text until then.
    """
    if isinstance(error, PartialStreamError):
        return error
    classes = _classes_of(error)
    names = {cls.__name__ for cls in classes}
    text = mask_keys(str(error)) or type(error).__name__
    if names & _STALLED:
        return IncompleteStreamError.of(Outcome("stalled", detail=text, tail=document.tail))
    # Google's and botocore's errors are ClientErrors as well, as are aiohttp's lost connections;
    # OpenAI's lost connections are APIErrors.
    told = names & _PROVIDER and "APIConnectionError" not in names
    if not told and (names & _DISCONNECTED or any(map(_is_disconnect, classes))):
        return IncompleteStreamError.of(Outcome("disconnected", detail=text, tail=document.tail))
    if told:
        # Google's SDK calls the status a code; OpenAI's code is a word.
        code = getattr(error, "code", None)
        status = getattr(error, "status_code", code)
        return ProviderError(
            text,
            chunk=getattr(error, "body", None),
            code=None if code is None else str(code),
            status=status if isinstance(status, int) else None,
            outcome=Outcome("disconnected", detail=text, tail=document.tail),
        )
    return None


def _classes_of(error: BaseException) -> tuple[type, ...]:
    """The classes of an exception, and of one that it hides: requests' of a time-out."""
    classes = type(error).__mro__
    below = error.__cause__ or error.__context__
    if below is not None and any(
        cls.__name__ == "ConnectionError" and cls.__module__ == "requests.exceptions"
        for cls in classes
    ):
        return classes + type(below).__mro__
    return classes


def _is_disconnect(cls: type) -> bool:
    """Whether a class of exceptions tells of a lost connection in the package it comes from."""
    package = cls.__module__.partition(".")[0]
    return package in _DISCONNECTED_IN and cls.__name__ in _DISCONNECTED_IN[package]
