"""How much a stream may ask of the machine that reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from partialstream.errors import LimitExceededError

SHORT_TEXT: Final = 8
"""Characters of an element that may come again and again; see `Limits.repeated_items`."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what a stream may make its reader hold, walk or wait for.

    Whatever exceeds one raises `LimitExceededError`, but for `text_kept`, which says what is
    kept for the caller to look at. Sizes are in characters, that of an event in bytes.

    Attributes:
        depth: Arrays and objects open at once. pydantic's own parser stops at 201.
        item_size: Characters of one item, or of the whole text of a growing object.
            16 Mi is a hundred times the longest response of today's models.
        item_count: Elements of the list, rejected ones counted.
        total_size: Characters of the whole text, prose and skipped members counted.
        text_kept: Characters of the text so far that a stream keeps to show and to resume from.
            A longer text streams on, but `stream.text` can no longer be had. As much is kept of
            the reasoning, of the refusal and of what else a provider says (`metadata.extra`), from
            their beginnings; `metadata.shortened` says that there was more, which the events of
            the stream give all the same. `confidence` knows the tokens of as many characters, the
            last ones, at least.
        event_size: Bytes of one event or document of a body, comments included; each line counts
            for 64 more, about what it takes to hold it. 16 Mi is as much as an item may have, and
            a thousand times an ordinary event; while an event is read, some copies of it are held.
        channels: Texts side by side in one response: choices, blocks, output items, tool calls. For
            each some kilobytes are held. Models make a hundred calls at once at most.
        rejected_size: Characters of the items that did not validate and are kept in `rejected`;
            each error in them counts for 400, about what pydantic's errors take. 4 Mi is ten
            thousand small items, and more than any model says in one response; with fewer, a
            response that is not what was requested is found out earlier.
        whitespace_run: Blanks in a row outside strings. A model that is held to a grammar and
            has nothing left to say pads with blanks until its tokens run out.
        repeated_items: Elements of a streamed list in a row that have the same text. A model
            that is caught in a loop says the same until its tokens run out. No list of labels
            or of empty rows repeats one a thousand times for a reason; where items differ
            by nature, 20 is enough and saves more tokens. Texts of up to `SHORT_TEXT`
            characters (numbers, `true`, short words) do not count. None: no limit.
        idle_seconds: Seconds without a delta, whatever text it belongs to: the document, reasoning
            or a refusal. Comments, pings and empty deltas are no progress; they are counted from
            the first one after the last delta. Half of the OpenAI SDK's own time-out: reasoning
            models are silent for minutes before their first token. The stream ends as `stalled`.
            What a client asks for is bounded also while nothing at all arrives. Of a stream that
            somebody else has opened, the clock is looked at when a chunk arrives (of bare texts,
            at the 64th empty one in a row at the latest); an iterator that waits for ever can only
            be bounded by whoever opened it.

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
    "channels": "more than {} texts side by side in one response",
    "whitespace_run": "more than {} blanks in a row",
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
