"""What `stream.events()` gives, beside `Item`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from partialstream.results import Channel, Item, Outcome, RejectedItem

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TextDelta:
    """Text of the answer, as it arrived.

    Attributes:
        text: The text, never empty.
        channel: What it belongs to: the content, a tool call, the reasoning, a refusal.
    """

    text: str
    channel: Channel


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
class Finished:
    """The stream ended. The last event, before an error is raised if there is one.

    Attributes:
        outcome: How it ended.
    """

    outcome: Outcome


ItemEvent = TextDelta | Item[T] | ItemRejected | Finished
"""What the events of an item stream are."""

PartialEvent = TextDelta | Snapshot[T] | Finished
"""What the events of a partial stream are."""
