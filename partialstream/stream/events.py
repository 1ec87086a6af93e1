"""What `stream.events()` gives, beside `Item`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from partialstream.results import AttemptCause, Channel, Item, Outcome, RejectedItem, Token

if TYPE_CHECKING:
    from partialstream.errors import PartialStreamError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TextDelta:
    """Text of the answer, as it arrived.

    Attributes:
        text: The text, never empty.
        channel: What it belongs to: the content, a tool call, the reasoning, a refusal.
        tokens: The tokens whose last character is in it, with the likeliest ones in their
            place, if the provider tells (`logprobs=True`, `top_logprobs=5`). Those of which
            nothing is in the text are left out, as the mark of the end.
    """

    text: str
    channel: Channel
    tokens: tuple[Token, ...] = ()


@dataclass(frozen=True, slots=True)
class ItemRejected:
    """An item did not validate.

    Attributes:
        item: The item and why.
    """

    item: RejectedItem


@dataclass(frozen=True, slots=True)
class Snapshot(Generic[T]):
    """A growing object has changed.

    Attributes:
        value: The object as it stands.
    """

    value: T


@dataclass(frozen=True, slots=True)
class AttemptStarted:
    """A request is made. Told by streams that may make several.

    Attributes:
        number: 1 for the first.
        cause: Why it is made; see `AttemptCause`.
    """

    number: int
    cause: AttemptCause


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    """An answer was not all that was wanted. Another attempt follows, or the error is raised.

    Attributes:
        number: The attempt's.
        error: What was wrong with it.
    """

    number: int
    error: PartialStreamError


@dataclass(frozen=True, slots=True)
class ItemRepaired:
    """An item that was rejected has come again, and is valid now. The item itself follows.

    Attributes:
        rejected: What it was before.
        attempt: The number of the request that it was repaired by.
    """

    rejected: RejectedItem
    attempt: int


@dataclass(frozen=True, slots=True)
class Resumed:
    """The rest of a broken answer is asked for.

    Attributes:
        attempt: The number of the request that asks for it.
        kept: What does not have to come again: how many elements of the list, or how many
            members of the object.
    """

    attempt: int
    kept: int


@dataclass(frozen=True, slots=True)
class Finished:
    """The stream ended. The last event, before an error is raised if there is one.

    Attributes:
        outcome: How it ended.
    """

    outcome: Outcome


AttemptEvent = AttemptStarted | AttemptFailed | Resumed
"""What tells of requests, in streams that may make several."""

ItemEvent = TextDelta | Item[T] | ItemRejected | ItemRepaired | AttemptEvent | Finished
"""What the events of an item stream are."""

PartialEvent = TextDelta | Snapshot[T] | AttemptEvent | Finished
"""What the events of a partial stream are."""

Event = ItemEvent[T] | PartialEvent[T]
"""What the events of a session are, which is one of the two."""
