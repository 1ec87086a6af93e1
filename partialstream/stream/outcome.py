"""How a stream ended: from what the document, the provider and the transport say."""

from __future__ import annotations

from partialstream.errors import (
    IncompleteStreamError,
    PartialStreamError,
    ProviderError,
    RefusalError,
)
from partialstream.results import AnswerMetadata, Outcome

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
        return RefusalError(f"the model refused: {outcome.detail}", outcome=outcome)
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
    text = str(error) or type(error).__name__
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
