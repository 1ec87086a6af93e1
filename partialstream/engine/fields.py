"""Text that has been read, and where in it the parts of an object stand.

An object's members are taken apart, also incomplete ones, and put together; its strings,
numbers and words are found for the tokens that carry them. Of a slice that was cut out unread
the parser says why it is not JSON.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from sys import maxsize
from typing import TYPE_CHECKING, Any, Final, Union, cast

from typing_extensions import override

from partialstream.engine.parser import Handler, SyntaxReader
from partialstream.engine.position import Position
from partialstream.errors import JSONSyntaxError, LimitExceededError
from partialstream.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from partialstream.results import Path


class Transcript:
    """Text that grows at its end, of which slices can be had cheaply.

    Args:
        offset: The offset of its first character in a larger text.

    Attributes:
        start: The offset of its first character.
        end: The offset after its last character.
        pieces: The text in pieces.
        starts: The offset of each.

    Example:
        >>> transcript = Transcript(offset=10)
        >>> for piece in ("ab", "cde", "f"):
        ...     transcript.append(piece)
        >>> transcript.slice(11, 15)
        'bcde'
        >>> transcript.end, transcript.text
        (16, 'abcdef')
    """

    __slots__ = ("end", "pieces", "start", "starts")

    def __init__(self, offset: int = 0) -> None:
        self.pieces: list[str] = []
        self.starts: list[int] = []
        self.start = self.end = offset

    def append(self, piece: str) -> None:
        """More text."""
        if piece:
            self.pieces.append(piece)
            self.starts.append(self.end)
            self.end += len(piece)

    @property
    def text(self) -> str:
        """All of it. Joined at each call."""
        return "".join(self.pieces)

    def slice(self, start: int, end: int) -> str:
        """The text between two offsets, at a cost that grows with its length only."""
        first = bisect_right(self.starts, start) - 1
        last = bisect_right(self.starts, end - 1)
        text = "".join(self.pieces[first:last])
        begin = start - self.starts[first]
        return text[begin : begin + end - start]


class _Members(Handler):
    """Notes where the members of the root object begin and end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._name = ""
        self._start = 0
        self.reader: SyntaxReader | None = None
        self.found: dict[str, str] = {}

    @property
    def _depth(self) -> int:
        return 0 if self.reader is None else self.reader.depth

    @override
    def begin_object(self, start: int) -> None:
        if self._depth == 2:
            self._start = start

    begin_array = begin_object

    @override
    def begin_string(self, start: int) -> None:
        if self._depth == 1:
            self._start = start

    @override
    def name(self, name: str) -> None:
        if self._depth == 1:
            self._name = name

    @override
    def scalar(self, raw: str, end: int) -> None:
        if self._depth == 1:
            self._add(raw)

    @override
    def end_string(self, end: int) -> None:
        if self._depth == 1:
            self._add(self._text[self._start : end])

    @override
    def end(self, end: int) -> None:
        if self._depth == 1:
            self._add(self._text[self._start : end])

    def _add(self, raw: str) -> None:
        self.found.pop(self._name, None)  # of a name that occurs twice, the last one counts
        self.found[self._name] = raw


def complete_members(text: str, limits: Limits = DEFAULT_LIMITS) -> dict[str, str]:
    """The members of an object that are complete, each with its JSON text.

    Args:
        text: A JSON object, or the beginning of one; after something malformed, nothing is
            found any more.
        limits: See `Limits`.

    Example:
        >>> complete_members('{"a": [1, 2], "b": "x", "c": 12')
        {'a': '[1, 2]', 'b': '"x"'}
    """
    if text[:1] != "{":
        return {}
    handler = _Members(text)
    handler.reader = SyntaxReader(handler, limits=limits)
    try:
        handler.reader.feed(text)
    except (JSONSyntaxError, LimitExceededError):
        pass  # what came before stands
    return handler.found


def object_text(members: Mapping[str, str]) -> str:
    """Write an object whose members are texts.

    Args:
        members: By name, each member's value, a JSON text; it stays as it is.

    Returns:
        A JSON document.

    Example:
        >>> object_text({"name": '"saw"', "price": "1.50"})
        '{"name": "saw", "price": 1.50}'
    """
    pairs = (f"{json.dumps(name, ensure_ascii=False)}: {raw}" for name, raw in members.items())
    return f"{{{', '.join(pairs)}}}"


class _MemberNames(Handler):
    def __init__(self) -> None:
        self.names: list[str] = []
        self.reader: SyntaxReader | None = None

    @override
    def name(self, name: str) -> None:
        if self.reader is not None and self.reader.depth == 1:
            self.names.append(name)


def find_syntax_error(
    raw: str,
    position: Position,
    path: Path,
    *,
    limits: Limits = DEFAULT_LIMITS,
    complete: bool = True,
) -> JSONSyntaxError | None:
    """Find out why a slice is not valid JSON, None if it is.

    Args:
        raw: The slice.
        position: Where it begins in the text.
        path: Where it stands in the document.
        limits: Passed on to the parser.
        complete: Whether it is a whole value; False for one that the end of the text cuts.

    Raises:
        LimitExceededError: The parser did not get to an answer.
    """
    reader = SyntaxReader(Handler(), limits=limits, position=position, path=path)
    try:
        consumed = reader.feed(raw)
        closed = reader.finish() if complete else reader.done
    except JSONSyntaxError as error:
        return error
    reason = ""
    if consumed < len(raw):
        reason = f"unexpected {raw[consumed]!r} behind a value"
    elif complete and not closed:
        reason = "unexpected end of a value"
    if not reason:
        return None
    place = position.after(raw[:consumed])
    return JSONSyntaxError(
        reason, offset=place.offset, line=place.line, column=place.column, path=path
    )


def member_names(raw: str, position: Position, path: Path, limits: Limits) -> list[str]:
    """The names of an object's own members; `[]` for other values.

    Raises:
        JSONSyntaxError: It is not valid JSON.
        LimitExceededError: It is nested too deeply.
    """
    try:
        value: Any = json.loads(raw)
    except (ValueError, RecursionError):
        pass  # it is for our own parser to say why
    else:
        return list(cast("dict[str, Any]", value)) if isinstance(value, dict) else []
    handler = _MemberNames()
    handler.reader = SyntaxReader(handler, limits=limits, position=position, path=path)
    handler.reader.feed(raw)
    return handler.names


_UNLIMITED: Final = Limits(depth=maxsize, whitespace_run=maxsize)
"""Whoever validates the text has watched its limits."""


class Leaf:
    """A string, a number or a word.

    Attributes:
        start: The offset of its first character; of a string's, of that after the quote.
        end: The offset after its last character; None while it is open.
        known: The offset up to which the text has to go, so that this is known to be its end:
            after a string's quote, and after the character that follows a number or word.
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


class LeafReader(Handler):
    """Notes where leaves stand, while the text arrives.

    Somebody else judges the text. What is not JSON is read as far as it could have become some.

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

    def __init__(self, offset: int = 0) -> None:
        self.offset = offset
        self.root: Leaf | Tree | None = None
        position = Position(offset, 1, offset)
        # None from the end on, or from what is not JSON on: no cycle keeps this alive then.
        self._reader: SyntaxReader | None
        self._reader = SyntaxReader(self, limits=_UNLIMITED, position=position)
        self._open: list[Tree] = []  # the objects and arrays under way
        self._keys: list[str | int] = []  # in each, the name or index of the value under way
        self._text: Leaf | None = None  # the string under way

    def feed(self, text: str) -> None:
        """Read on."""
        self.offset += len(text)
        if self._reader is not None:
            try:
                self._reader.feed(text)
            except JSONSyntaxError:
                self._reader = None

    def finish(self) -> None:
        """The text ends here, which completes a root number."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.finish()

    @override
    def begin_object(self, start: int) -> None:
        self._begin("")

    @override
    def begin_array(self, start: int) -> None:
        self._begin(0)

    @override
    def name(self, name: str) -> None:
        self._keys[-1] = name

    @override
    def begin_string(self, start: int) -> None:
        self._text = Leaf(start + 1, is_text=True)
        self._put(self._text)

    @override
    def end_string(self, end: int) -> None:
        if self._text is not None:
            self._text.end = end - 1
            self._text.known = end

    @override
    def scalar(self, raw: str, end: int) -> None:
        leaf = Leaf(end - len(raw), is_text=False)
        leaf.end = end
        leaf.known = end if self._reader is None else end + 1
        self._put(leaf)

    @override
    def end(self, end: int) -> None:
        self._open.pop()
        self._keys.pop()

    def _begin(self, key: str | int) -> None:
        tree: Tree = {}
        self._put(tree)
        self._open.append(tree)
        self._keys.append(key)

    def _put(self, value: Leaf | Tree) -> None:
        """A value has begun, or is complete."""
        if not self._open:
            self.root = value
            return
        members = self._open[-1]
        key = self._keys[-1]
        members.pop(key, None)  # of members of one name the last one counts, where it stands
        members[key] = value
        if isinstance(key, int):
            self._keys[-1] = key + 1


def leaves(value: Leaf | Tree | None) -> Iterator[tuple[Path, Leaf]]:
    """The leaves at and below a value, in the order of the text, each with its path from there."""
    waiting: list[tuple[Path, Leaf | Tree]] = [] if value is None else [((), value)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, Leaf):
            yield path, value
        else:
            waiting += [((*path, key), value[key]) for key in reversed(value)]
