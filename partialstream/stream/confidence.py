"""How likely the values of items and snapshots were, by the tokens that carry them."""

from __future__ import annotations

import math
import weakref
from threading import Lock
from typing import TYPE_CHECKING, Any

from pydantic import AliasChoices, AliasPath, BaseModel

from partialstream.engine.fields import Leaf, LeafReader, Tree, leaves
from partialstream.results import Confidence
from partialstream.validation.paths import part_of, rootless, steps_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from partialstream.engine.alignment import Alignment
    from partialstream.engine.fields import Transcript
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
    if reference is None or index is None or reference() is not snapshot:
        return None
    return index.lowest(snapshot, steps_of(path), end)


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
