"""What `stream.events()` gives, beside `Item`; and a search for words in the texts of events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeGuard, TypeVar

from partialstream.deltas import Channel, Token  # noqa: TC001 - for `typing.get_type_hints`
from partialstream.engine.changes import Change
from partialstream.results import AttemptCause, Item, Outcome, RejectedItem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from partialstream.errors import PartialStreamError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TextDelta:
    """Text of the response, as it arrived.

    Attributes:
        text: The text, never empty.
        channel: What it belongs to: the content, a tool call, the reasoning, a refusal.
        tokens: The tokens whose last character is in it, with the alternatives to them, if the
            provider reports them (`logprobs=True`, `top_logprobs=5`). Tokens without text, like
            the end-of-sequence token, are omitted.
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
    """A request is made. Only in streams that may make several.

    Attributes:
        number: 1 for the first.
        cause: Why it is made; see `AttemptCause`.
    """

    number: int
    cause: AttemptCause


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    """A response was not all that was wanted. Another attempt follows, or the error is raised.

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
    """The rest of a broken response is asked for.

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
"""Events about requests, in streams that may make several."""

ItemEvent = TextDelta | Item[T] | ItemRejected | ItemRepaired | AttemptEvent | Finished
"""What the events of an item stream are."""

PartialEvent = TextDelta | Snapshot[T] | Change | AttemptEvent | Finished
"""What the events of a partial stream are."""

WITHOUT_SNAPSHOTS: Final = (
    *(Change, TextDelta, AttemptStarted, AttemptFailed, Resumed),
    Finished,
)
"""The kinds of the events of a partial stream that is read as changes."""

Event = ItemEvent[T] | PartialEvent[T]
"""What the events of a session are, which is one of the two."""


def is_item(event: object) -> TypeGuard[Item[Any]]:
    """Whether an event is an item, whatever its type."""
    return isinstance(event, Item)


class WordWatch:
    """Finds words in the texts of a stream, however they are cut.

    It looks at each character once or twice, and keeps no more of a text than the longest word
    less one character. A word is found wherever its characters stand, also within another word.
    What it looks at is what the model writes, not what that means: in a JSON string, a quote or
    a line feed is escaped, and other characters may be. `stop_when=` looks at values.

    Args:
        words: A word, or several; they may hold blanks.
        ignore_case: Whether upper and lower case are the same, in any script.

    Raises:
        ValueError: There is no word, or an empty one.

    Example:
        >>> from partialstream import TextDelta, stream_items
        >>> deltas = ['I am sor', 'ry, but here is a list: [1, 2', ', 3]']
        >>> stream = stream_items(int, deltas)

        Three lines watch it:

        >>> watch = WordWatch(["sorry", "cannot"])
        >>> for event in stream.events():
        ...     if isinstance(event, TextDelta) and watch.feed(event.text, event.channel): break
        >>> stream.text
        'I am sorry, but here is a list: [1, 2'
    """

    def __init__(self, words: str | Iterable[str], *, ignore_case: bool = False) -> None:
        self._ignore_case = ignore_case
        given = [words] if isinstance(words, str) else list(words)
        if not given or not all(given):
            raise ValueError(f"there must be words to look for, and none empty: {given!r}")
        self._words = [(self._folded(word), word) for word in given]
        self._kept = max(len(folded) for folded, _ in self._words) - 1
        self._ends: dict[Channel | None, str] = {}

    def feed(self, text: str, channel: Channel | None = None) -> list[str]:
        """Take the next piece of a text.

        Args:
            text: The piece, of any length.
            channel: Which of several texts it belongs to: what the model thinks and what it
                answers are not one text.

        Returns:
            The words whose last character is in this piece, in the order in which they were
            given, each once.
        """
        before = self._ends.get(channel, "")
        seen = before + self._folded(text)
        found = [
            word
            for folded, word in self._words
            # Whatever ends in `before` has been found.
            if seen.find(folded, max(0, len(before) - len(folded) + 1)) >= 0
        ]
        self._ends[channel] = seen[max(0, len(seen) - self._kept) :]
        return found

    def _folded(self, text: str) -> str:
        # Done character by character, so that it does not matter where the text was cut.
        return text.casefold() if self._ignore_case else text
