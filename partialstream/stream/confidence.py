"""How likely the values of items and snapshots were, by the tokens that carry them."""

from __future__ import annotations

import math
import weakref
from sys import maxsize
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Union

from pydantic import AliasChoices, AliasPath, BaseModel
from typing_extensions import override

from partialstream.engine.parser import Handler, SyntaxReader
from partialstream.engine.position import Position
from partialstream.errors import JSONSyntaxError
from partialstream.limits import Limits
from partialstream.results import Confidence
from partialstream.validation.members import check_path
from partialstream.validation.paths import part_of, rootless, steps_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from partialstream.engine.alignment import Alignment
    from partialstream.engine.position import Transcript
    from partialstream.results import Path


def confidence_of(raw: str, start: int, tokens: Alignment) -> Confidence | None:
    """How likely the values of an item were.

    Args:
        raw: Its JSON text.
        start: Where it begins in the text that the tokens were aligned with.
        tokens: The tokens.

    Returns:
        None if not one token belongs to it.
    """
    if not tokens.touches(start, start + len(raw)):
        return None
    reader = LeafReader(start)
    reader.feed(raw)
    reader.finish()
    values: dict[Path, float] = {}
    for path, leaf in leaves(reader.root):
        probability = _probability(leaf, reader.offset, tokens)
        if probability is not None:
            values[path] = probability
    return Confidence(values)


def _probability(leaf: Leaf, upto: int, tokens: Alignment) -> float | None:
    """The probability of a leaf, as far as the text goes to `upto`; None if it has no tokens."""
    place = leaf.slice(upto)
    logprob = None if place is None else tokens.logprob(*place)
    return None if logprob is None else math.exp(logprob)


class TokenIndex:
    """A growing object's text and its tokens, and where the values are in it.

    Args:
        transcript: The text.
        start: Where in it this response begins; members before that were carried over.
        tokens: The tokens of the response's text, by the offsets of the transcript.
        path: Where the object stands in the document, by names in the text.
    """

    def __init__(
        self,
        transcript: Transcript,
        start: int,
        tokens: Alignment,
        path: Path = (),
    ) -> None:
        self._transcript = transcript
        self._start = start
        self._tokens = tokens
        self._path = path
        self._reader = LeafReader(transcript.start)
        self._ended = False
        self._lock = Lock()  # snapshots may be looked at by several threads

    def reads(self, transcript: Transcript) -> bool:
        """Whether this is the object's text; not so if another object has taken its place."""
        return transcript is self._transcript

    def remember(self, snapshot: object, *, ended: bool = False) -> None:
        """From now on, `confidence` knows of this snapshot.

        Args:
            snapshot: One that shows the text as it stands.
            ended: Whether the text has ended, which completes a root number.
        """
        self._ended = ended
        key = id(snapshot)

        def forget(reference: weakref.ref[object]) -> None:
            _indexes.pop(key, None)

        try:
            reference = weakref.ref(snapshot, forget)
        except TypeError:
            return  # no model, or one with slots of its own
        _indexes[key] = (reference, self, self._transcript.end)

    def lowest(self, snapshot: object, path: Path, end: int) -> float | None:
        """The lowest probability at and below a path, as far as the text goes to `end`."""
        with self._lock:
            reader = self._reader
            if reader.offset < end:
                reader.feed(self._transcript.slice(reader.offset, end))
                if self._ended and end == self._transcript.end:
                    reader.finish()
            root = reader.root
            for step in self._path:
                root = _child(root, step)
            found = _find(root, snapshot, path)
            probabilities = [
                _probability(leaf, end, self._tokens)
                for _, leaf in leaves(found)
                if leaf.start >= self._start
            ]
        return min((each for each in probabilities if each is not None), default=None)


_indexes: dict[int, tuple[weakref.ref[object], TokenIndex, int]] = {}
"""What is known of the snapshots that are alive, by their `id`: where their values are, and how
far the text went. Beside them and not in them: a snapshot is an instance of the user's model,
the last one made by pydantic, and looks like any other."""


def confidence(snapshot: BaseModel, path: str | int | Sequence[str | int] = ()) -> float | None:
    """How likely a value of a growing object was, as the model saw it.

    The values are found at the first look, not with each delta. What counts as a value's
    tokens, see `Confidence`.

    Args:
        snapshot: What a stream of snapshots gave, the finished object included. Of its parts
            and its copies nothing is known.
        path: The member, as `completeness` takes it: `"sections.0.title"` or
            `("sections", 0, "title")`, by field names and indexes. Empty: the object itself.

    Returns:
        The joint probability of the value's tokens, from 0 to 1; of a string that still grows,
        as far as it has come. Of a list or an object the lowest of the values in it. None where
        the provider gave no probabilities, and for what has not arrived or was kept from an
        earlier response.

    Raises:
        ValueError: No value of the model can have such a member.

    Example:
        >>> from partialstream import stream_partial
        >>> class Report(BaseModel):
        ...     title: str
        >>> def chunk(text: str, logprob: float) -> dict:
        ...     tokens = [{"token": text, "logprob": logprob, "bytes": list(text.encode())}]
        ...     choice = {"index": 0, "delta": {"content": text}, "logprobs": {"content": tokens}}
        ...     return {"object": "chat.completion.chunk", "choices": [choice]}
        >>> answer = [chunk('{"title":', 0.0), chunk(' "On', -0.1), chunk(' paper"}', -0.7)]
        >>> for report in stream_partial(Report, answer):
        ...     print(report, f"{confidence(report, 'title') or 0:.2f}")
        title=None 0.00
        title='On' 0.90
        title='On paper' 0.45
    """
    reference, index, end = _indexes.get(id(snapshot), (None, None, 0))
    steps = steps_of(path)
    known = reference is not None and index is not None and reference() is snapshot
    lowest = index.lowest(snapshot, steps, end) if known and index is not None else None
    if lowest is None and isinstance(snapshot, BaseModel):  # pyright: ignore[reportUnnecessaryIsInstance]  # of a list that grows, a list
        check_path(type(snapshot), steps)
    return lowest


def _find(found: Leaf | Tree | None, value: Any, path: Path) -> Leaf | Tree | None:
    """What stands in the text at a path by field names; None if it does not show.

    Args:
        found: What stands in the text for `value`.
        value: A snapshot, or a part of one.
        path: The way on from there.
    """
    for step in path:
        value = rootless(value)
        part = part_of(value, step)
        if part is None:
            return None
        if isinstance(value, BaseModel):
            found = _member(found, type(value), str(step))
        else:
            found = _child(found, part[0])
        value = part[1]
    return found


def _child(found: Leaf | Tree | None, step: str | int) -> Leaf | Tree | None:
    return found.get(step) if isinstance(found, dict) else None


def _member(found: Leaf | Tree | None, model: type[BaseModel], name: str) -> Leaf | Tree | None:
    """A member of an object in the text, by the name of the field that is read from it."""
    field = model.model_fields.get(name)
    alias = None if field is None else field.validation_alias
    choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
    paths = [
        choice.path if isinstance(choice, AliasPath) else [choice or name] for choice in choices
    ]
    for path in [*paths, [name]]:
        member: Leaf | Tree | None = found
        for step in path:
            member = _child(member, step)
        if member is not None:
            return member
    return None


# -- where the values stand in the text -----------------------------------------------------

_UNLIMITED: Final = Limits(depth=maxsize, whitespace_run=maxsize)
"""The limits are checked where the text is validated."""


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
