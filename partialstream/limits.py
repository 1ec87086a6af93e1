"""Bounds on the memory, the work and the time that a stream may take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from partialstream.errors import LimitExceededError
from partialstream.spelling import fields_meant

SHORT_TEXT: Final = 8
"""Characters of a text that may be repeated without limit; see `Limits.repeated_items`."""


@fields_meant
@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on the memory, the work and the time that a stream may take.

    Exceeding one raises `LimitExceededError`, except for `text_kept`, which only bounds what is
    kept for the caller. Sizes are in characters, that of an event in bytes.

    Attributes:
        depth: Levels of nested arrays and objects. pydantic's own parser stops at 201.
        item_size: Characters of one item, or of the whole text of a growing object.
            16 Mi is a hundred times the longest response of today's models.
        item_count: Elements of the list, including rejected ones.
        total_size: Characters of the whole text, including prose and skipped members.
        text_kept: Characters of the text that a stream keeps, for `stream.text` and for resuming.
            A longer text is still streamed, but `stream.text` raises. The same number of
            characters is kept from the start of the reasoning, of the refusal and of other
            metadata (`metadata.extra`); `metadata.shortened` is True if there was more, which the
            events of the stream still report. `confidence` covers at least as many of the last
            characters.
        event_size: Bytes of one event or document of a body, including comments; each line counts
            as 64 more, about the overhead of holding it. 16 Mi is the size allowed for an item,
            and a thousand times an ordinary event. Several copies may be held while it is read.
        channels: Parallel texts in one response: choices, blocks, output items, tool calls. Each
            takes some kilobytes. Models make at most about a hundred calls at once.
        rejected_size: Characters of the invalid items that are kept in `rejected`; each error in
            them counts as 400, about what pydantic's errors take. 4 Mi is ten thousand small
            items, more than any model sends in one response. A smaller limit detects a response
            of the wrong kind earlier.
        whitespace_run: Consecutive blanks outside strings. A model constrained by a grammar that
            has nothing left to say emits blanks until its tokens run out.
        repeated_items: Consecutive elements of a streamed list with the same text. A model caught
            in a loop repeats itself until its tokens run out, while no sensible list of labels or
            of empty rows repeats one a thousand times; if your items always differ, 20 is enough
            and saves more tokens. Texts of up to `SHORT_TEXT` characters (numbers, `true`, short
            words) do not count. None for no limit.
        idle_seconds: Seconds without a delta in any text: the document, reasoning or a refusal.
            Comments, pings and empty deltas do not count as progress; the time runs from the
            first one after the last delta. The default is half of the OpenAI SDK's timeout, as
            reasoning models are silent for minutes before their first token. The stream ends as
            `stalled`. Requests made by a client are bounded even while nothing arrives. For
            streams opened elsewhere, the clock is only checked when a chunk arrives (with text
            deltas, at every 64th empty one at the latest), so an iterator that blocks forever has
            to be bounded by the code that opened it.

    Example:
        >>> Limits(item_count=100).item_count
        100
    """

    depth: int = 200
    item_size: int = 16 * 1024 * 1024
    item_count: int = 10_000_000
    total_size: int = 4 * 1024 * 1024 * 1024
    text_kept: int = 1024 * 1024
    event_size: int = 16 * 1024 * 1024
    channels: int = 1000
    rejected_size: int = 4 * 1024 * 1024
    whitespace_run: int = 4096
    repeated_items: int | None = 1000
    idle_seconds: float = 300.0

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value: float | None = getattr(self, name)
            if value is None:
                if name != "repeated_items":
                    raise ValueError(f"Limits.{name} must be a number, not None")
            elif value <= 0:
                raise ValueError(f"Limits.{name} must be positive, not {value!r}")


DEFAULT_LIMITS = Limits()

_MESSAGES: Final = {
    "depth": "more than {} levels of nesting",
    "item_size": "{what} has more than {} characters",
    "item_count": "more than {} items",
    "total_size": "more than {} characters",
    "text_kept": "no more than {} characters of text are kept",
    "event_size": "an event of the response has not ended after {} bytes",
    "channels": "more than {} parallel texts in one response",
    "rejected_size": "the items that do not validate take more than {} characters, {what}",
    "whitespace_run": "more than {} consecutive blanks",
    "repeated_items": "more than {} items in a row are the same, {what}",
}


def exceeded(limits: Limits, name: str, what: str = "") -> LimitExceededError:
    """The error for a limit that was exceeded.

    Args:
        limits: The limits.
        name: Which of them.
        what: What is too large, for messages that name it.
    """
    return limit_error(name, getattr(limits, name), what)


def limit_error(name: str, allowed: float, what: str = "") -> LimitExceededError:
    """As `exceeded`, where no more is known of the limits."""
    return LimitExceededError(name, allowed, _MESSAGES[name].format(allowed, what=what))
