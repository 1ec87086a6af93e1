"""How much a stream may ask of the machine that reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SHORT_TEXT: Final = 8
"""Characters of an element that may come again and again; see `Limits.repeated_items`."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what a stream may make its reader hold, walk or wait for.

    Whatever exceeds one raises `LimitExceededError`. Sizes are in characters.

    Attributes:
        depth: Arrays and objects open at once. pydantic's own parser stops at 201.
        item_size: Characters of one item, or of the whole text of a growing object.
            16 Mi is a hundred times the longest answer of today's models.
        item_count: Elements of the list, rejected ones counted.
        total_size: Characters of the whole text, prose and skipped members counted.
        text_kept: Characters of the text so far that a stream of items keeps to show and to
            resume from. A longer text streams on, but `stream.text` can no longer be had.
        whitespace_run: Blanks in a row outside strings. A model that is held to a grammar and
            has nothing left to say pads with blanks until its tokens run out.
        repeated_items: Elements of a streamed list in a row that have the same text. A model
            that is caught in a loop says the same until its tokens run out. A thousand is
            beyond what a list of labels or of empty rows says in earnest; where items differ
            by nature, 20 is enough and saves more tokens. Texts of up to `SHORT_TEXT`
            characters (numbers, `true`, short words) do not count. None: no limit.
        idle_seconds: Seconds without a chunk. Half of the OpenAI SDK's own time-out: reasoning
            models are silent for minutes before their first token.

    Example:
        >>> Limits(item_count=100).item_count
        100
    """

    depth: int = 200
    item_size: int = 16 * 1024 * 1024
    item_count: int = 10_000_000
    total_size: int = 4 * 1024 * 1024 * 1024
    text_kept: int = 1024 * 1024
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
