"""Where in a JSON text its strings, numbers and words stand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, Union

from partialstream.engine.tokens import BLANKS, LITERALS, run_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from partialstream.results import Path

_STRING_CONTENT: Final = run_of(r'[^"\\]*(?:\\.[^"\\]*)*')
_SCALAR: Final = run_of(r'[^ \t\n\r,:\[\]{}"]*')


class Leaf:
    """A string, a number or a word.

    Attributes:
        start: The offset of its first character; of a string's, of that behind the quote.
        end: The offset behind its last character; None while it is open.
        known: The offset up to which the text has to go, so that this is known to be its end:
            behind a string's quote, and behind the character that follows a number.
        is_text: Whether it is a string.
    """

    __slots__ = ("end", "is_text", "known", "start")

    def __init__(self, start: int, *, is_text: bool) -> None:
        self.start = start
        self.end: int | None = None
        self.known: int | None = None
        self.is_text = is_text

    def slice(self, upto: int) -> tuple[int, int] | None:
        """The part of the text that makes the value, as far as the text goes to `upto`.

        Returns:
            Two offsets. A string that has not ended is there as far as it goes; of an empty
            one it is the closing quote that makes it. None for what is not there yet.
        """
        start, end = self.start, upto if self.end is None else self.end
        if self.known is not None and self.known <= upto:
            return start, max(end, start + 1)
        end = min(end, upto)
        return (start, end) if self.is_text and end > start else None


Tree = dict[str | int, Union["Leaf", "Tree"]]
"""The members of an object, or the elements of an array. Of members of one name the last."""


class LeafReader:
    """Notes where leaves stand, while the text arrives.

    It does not judge: what it is fed is JSON, or the beginning of some, by somebody else's
    word. Of any other text it finds something or other, and does not fail.

    Args:
        offset: Where the document begins in a larger text.

    Attributes:
        root: What has been found, None before anything was. An open string is in it, an open
            number or word is not.
        offset: How far the text has been read.

    Example:
        >>> reader = LeafReader()
        >>> reader.feed('{"a": [true, "xy"], "b": "z')
        >>> [(path, leaf.start, leaf.end) for path, leaf in leaves(reader.root)]
        [(('a', 0), 7, 11), (('a', 1), 14, 16), (('b',), 26, None)]
    """

    __slots__ = (
        "_cut_escape",
        "_keys",
        "_leaf",
        "_name",
        "_name_next",
        "_open",
        "_until",
        "offset",
        "root",
    )

    def __init__(self, offset: int = 0) -> None:
        self.offset = offset
        self.root: Leaf | Tree | None = None
        self._open: list[Tree] = []  # the objects and arrays under way
        self._keys: list[str | int] = []  # in each, the name or index of the value under way
        self._name_next = False
        self._name: list[str] | None = None  # the pieces of the name under way
        self._leaf: Leaf | None = None  # the leaf under way
        self._until: int | None = None  # where it ends, if it is a word
        self._cut_escape = False  # whether a backslash was the last character

    def feed(self, text: str) -> None:
        """Read on."""
        base = self.offset
        pos = 0
        while pos < len(text):
            if self._is_in_string:
                pos = self._string(text, pos)
            elif self._leaf is not None:
                pos = self._scalar(text, pos)
            elif self.root is None or self._open:
                pos = BLANKS(text, pos).end()
                if pos < len(text):
                    pos += self._between(text[pos], base + pos)
            else:
                break  # behind the document
        self.offset = base + len(text)

    def finish(self) -> None:
        """The text ends here, which completes a root number."""
        if not self._is_in_string:
            self._end_leaf(self.offset, self.offset)

    @property
    def _is_in_string(self) -> bool:
        """Whether the text goes on inside of a string, or of a name."""
        return self._name is not None or (self._leaf is not None and self._leaf.is_text)

    def _between(self, char: str, place: int) -> int:
        """Read what stands between names, strings and scalars; gives how many characters."""
        if char == '"':
            if self._name_next:
                self._name = []
            else:
                self._leaf = Leaf(place + 1, is_text=True)
                self._put(self._leaf)
        elif char in "{[":
            tree: Tree = {}
            self._put(tree)
            self._open.append(tree)
            self._keys.append(0 if char == "[" else "")
            self._name_next = char == "{"
        elif char in "}]":
            if self._open:
                self._open.pop()
                self._keys.pop()
            self._name_next = False
        elif char == ",":
            key = self._keys[-1] if self._keys else 0
            if isinstance(key, str):
                self._name_next = True
            elif self._keys:
                self._keys[-1] = key + 1
        elif char == ":":
            self._name_next = False
        else:
            self._leaf = Leaf(place, is_text=False)
            word = LITERALS.get(char)
            self._until = None if word is None else place + len(word)
            return 0  # its first character is read with the others
        return 1

    def _string(self, text: str, pos: int) -> int:
        """Read on in a name or a string."""
        end = pos
        if self._cut_escape:
            self._cut_escape = False
            end += 1  # whatever it is, it ends nothing
        end = _STRING_CONTENT(text, end).end()
        closed = text.startswith('"', end)
        if not closed and end < len(text):
            self._cut_escape = True
            end += 1
        if self._name is not None:
            self._name.append(text[pos:end])
        if closed:
            self._end_string(self.offset + end)
            end += 1
        return end

    def _end_string(self, place: int) -> None:
        if self._name is not None:
            self._keys[-1] = _decoded("".join(self._name))
            self._name = None
        else:
            self._end_leaf(place, place + 1)

    def _scalar(self, text: str, pos: int) -> int:
        """Read on in a number or a word."""
        end = _SCALAR(text, pos).end()
        place = self.offset + end
        if self._until is not None and place >= self._until:
            self._end_leaf(place, place)  # a word does not go on
        elif end < len(text):
            self._end_leaf(place, place + 1)
        return end

    def _end_leaf(self, place: int, known: int) -> None:
        leaf = self._leaf
        if leaf is not None:
            leaf.end = place
            leaf.known = known
            self._leaf = None
            if not leaf.is_text:
                self._put(leaf)

    def _put(self, value: Leaf | Tree) -> None:
        """A value has begun, or is complete."""
        if not self._open:
            self.root = value
            return
        members = self._open[-1]
        key = self._keys[-1]
        members.pop(key, None)  # of members of one name the last one counts, where it stands
        members[key] = value


def leaves(value: Leaf | Tree | None) -> Iterator[tuple[Path, Leaf]]:
    """The leaves at and below a value, in the order of the text, each with its path from there."""
    waiting: list[tuple[Path, Leaf | Tree]] = [] if value is None else [((), value)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, Leaf):
            yield path, value
        else:
            waiting += [((*path, key), value[key]) for key in reversed(value)]


def _decoded(name: str) -> str:
    """A name, from what stands between its quotes."""
    if "\\" not in name:
        return name
    try:
        decoded: str = json.loads(f'"{name}"')
    except ValueError:
        return name  # it is not JSON
    return decoded
