"""Looks for words in text that arrives in pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from partialstream.results import Channel


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
