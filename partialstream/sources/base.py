"""What every source and every framing promises, and the envelope of the wire formats."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol

from partialstream.deltas import AnswerMetadata, Channel
from partialstream.errors import ProviderError
from partialstream.sources.common import as_dict, error_in, unknown_chunk, word_in
from partialstream.sources.metadata import keep_extra, keep_side_texts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from partialstream.deltas import Delta
    from partialstream.sources.tool_calls import ToolCall

Event = tuple[str, bytes, bool]
"""One event of a body: its type, `"message"` if it names none; its data; and whether these stood
in the body without a field name. A browser ignores such lines; providers send error bodies so, in
the place of a stream or within one."""

_CONTENT: Final = Channel("content")


class Framing(Protocol):
    """Tells where one event of a body ends and the next begins. It has no limits of its own."""

    @property
    def held(self) -> int:
        """Bytes of the event that has not ended."""
        ...

    def feed(self, data: bytes) -> Iterable[Event]:
        """Read some bytes and give the events that end in them."""
        ...

    def finish(self) -> Iterable[Event]:
        """End the body and give what was left."""
        ...


class Source(Protocol):
    """Turns the chunks of one response into deltas and metadata.

    Attributes:
        metadata: What the response has said beside its text so far; the same object from the
            first chunk to the last.
    """

    metadata: AnswerMetadata

    def feed(self, chunk: Any) -> list[Delta]:
        """Read one chunk.

        Args:
            chunk: What the provider sent, in the shape that this source reads; None is allowed
                and means nothing.

        Returns:
            The texts in it, in order, each with its channel; never an empty text. Two texts of
            the same document have equal channels, and a new tool call has a new one.

        Raises:
            ProviderError: If the chunk tells of an error or has an unknown shape. A chunk that
                holds text as well gives the text first, and the next call raises.
            LimitExceededError: If more texts begin than are allowed.
        """
        ...

    def finish(self, *, cut: bool = False) -> list[Delta]:
        """End the response. To be called once.

        Args:
            cut: Whether the stream ended before the response did, as after a dropped connection:
                what belongs to a proper end is then not made up.

        Returns:
            What could not be told before the end: the `{}` of a tool call without arguments,
            an event whose closing blank line is missing.

        Raises:
            ProviderError: As `feed` does, but at once: no call follows that could raise it.
        """
        ...


class Wire(Source, Protocol):
    """A source of chunks that are neither bytes nor text."""

    def read(self, chunk: Any, deltas: list[Delta]) -> None:
        """Read one chunk as `feed` does, and append its texts."""
        ...


class WireSource(ABC):
    """The envelope of a wire format: what is done for a chunk beside reading it.

    `_read` reads a chunk of any kind. Most chunks are one more piece of a text that has begun: once
    `_read` has bound a text to its place, `_piece` finds the next piece there by a short look.

    Args:
        metadata: Where to write what the response says beside its text; a new one by default.
    """

    _expected: ClassVar[str]
    """What a chunk ought to be, for the message about one that is something else."""

    def __init__(self, metadata: AnswerMetadata | None = None) -> None:
        self.metadata = AnswerMetadata() if metadata is None else metadata
        self._halves = SurrogateHalves()
        self._failure: ProviderError | None = None
        self._place: Any = None  # where the next piece of a text usually stands,
        self._channel = _CONTENT  # the channel of that text,
        self._call: ToolCall | None = None  # and the call that it belongs to, if any

    def feed(self, chunk: Any) -> list[Delta]:
        """Read one chunk, a dict or an SDK's object; see `Source`."""
        deltas: list[Delta] = []
        self.read(chunk, deltas)
        return deltas

    def read(self, chunk: Any, deltas: list[Delta]) -> None:
        """Read one chunk as `feed` does, and append its texts."""
        fields = chunk if chunk.__class__ is dict else self._fields_of(chunk)
        bound = self._place
        if bound is not None:
            try:
                place, text = self._piece(fields)
                if place == bound and text.__class__ is str and text[-1] < FIRST_SURROGATE:
                    if self._call is not None:
                        self._call.last = text
                    deltas.append((self._channel, text))
                    return
            except (AttributeError, LookupError, TypeError, ValueError):
                pass  # it is of another kind
        if self._failure is not None:
            raise self._failure
        metadata = self.metadata
        # Always a new list: whoever has the one of the last chunk keeps it as it is.
        metadata.tokens = []
        self._place = None
        texts: list[Delta] = []
        failure: ProviderError | None = None
        try:
            self._read(fields, texts)
        except ProviderError as error:
            failure = error
        failure = self._error_in(fields) or failure
        texts = self._halves.join_all(texts)
        keep_side_texts(metadata, texts)
        if failure is not None:
            if not texts:
                raise failure
            self._failure = failure
        if failure is not None or self._halves.held or metadata.tokens:
            self._place = None  # something waits or has to go
        deltas += texts

    def finish(self, *, cut: bool = False) -> list[Delta]:
        """End the response, and give what is known only now; see `Source`.

        What the last tool call is called with stays as it is if the stream or, by its own word
        (`length`, `max_tokens`), the response was cut; else a call without arguments is `{}`.
        """
        if self._failure is not None:
            raise self._failure
        return self._halves.finish() + self._finish(cut=cut)

    @abstractmethod
    def _read(self, fields: Any, deltas: list[Delta]) -> None:
        """Read a chunk of any kind, and append its texts. What precedes an error is given."""

    def _piece(self, fields: Any) -> tuple[Any, Any]:
        """Give the place and the text of an ordinary chunk.

        For any other it gives a place that is none, or raises what the look into it raises.
        """
        return None, None

    def _bind(self, place: Any, channel: Channel | None, call: ToolCall | None = None) -> None:
        """Say that the next pieces at a place go on with a text, and need no closer look."""
        if channel is not None:
            self._place, self._channel, self._call = place, channel, call

    def _finish(self, *, cut: bool) -> list[Delta]:
        return []

    def _error_in(self, fields: Any) -> ProviderError | None:
        return error_in(fields)

    def _fields_of(self, chunk: Any) -> Any:
        """Give a chunk that is not a dict in the shape in which it is read."""
        return self._dict(chunk)

    def _dict(self, value: Any) -> dict[str, Any]:
        """Give an object in a chunk as a dict, `{}` for None."""
        return as_dict(value, self._expected)

    def _keep_names(self, fields: dict[str, Any], model: str = "model", name: str = "id") -> None:
        """Keep the first model and the first id that a response tells."""
        metadata = self.metadata
        metadata.model = metadata.model or word_in(fields, model)
        metadata.request_id = metadata.request_id or word_in(fields, name)

    def _keep_reason(self, fields: dict[str, Any], name: str) -> str | None:
        """Keep the last reason that a response gives for its end; gives it, if it is here."""
        reason = word_in(fields, name)
        self.metadata.finish_reason = reason or self.metadata.finish_reason
        return reason

    def _keep_extra(self, fields: dict[str, Any], known: frozenset[str]) -> None:
        """Keep the members that are read nowhere else."""
        for name, value in fields.items():
            if name not in known and value:
                keep_extra(self.metadata, name, value)


# -- characters cut in two ---------------------------------------------------------------------

FIRST_SURROGATE: Final = "\ud800"
"""A text whose last character sorts before this one ends in a whole character."""


class SurrogateHalves:
    r"""Joins the halves of a surrogate pair that arrive in two deltas.

    A relay written in JavaScript may cut its text between the halves, and writes them as the
    escapes `\ud83d` and `\ude00` into two chunks. Python decodes each to a character of its
    own, which no UTF-8 can hold; together they are the one that the model wrote.

    Attributes:
        held: The first halves that wait for their second.

    Example:
        >>> from partialstream.deltas import Channel
        >>> halves, content = SurrogateHalves(), Channel("content")
        >>> [halves.join_all([(content, text)])[0][1] for text in ("a\ud83d", "\ude00b")]
        ['a', '😀b']
    """

    def __init__(self) -> None:
        self.held: dict[Channel, str] = {}

    def join_all(self, deltas: list[Delta]) -> list[Delta]:
        """Give each text with the half before it, and without a first half at its end."""
        if not self.held and all(text[-1] < FIRST_SURROGATE for _, text in deltas):
            return deltas
        joined = [(channel, self._join(channel, text)) for channel, text in deltas]
        return [delta for delta in joined if delta[1]]

    def finish(self) -> list[Delta]:
        """Give the halves that stayed alone."""
        held, self.held = self.held, {}
        return list(held.items())

    def _join(self, channel: Channel, text: str) -> str:
        held = self.held.pop(channel, "")
        if held and "\udc00" <= text[:1] <= "\udfff":
            pair = (held + text[0]).encode("utf-16", "surrogatepass").decode("utf-16")
            text = pair + text[1:]
        else:
            text = held + text
        if FIRST_SURROGATE <= text[-1:] <= "\udbff":
            self.held[channel] = text[-1]
            text = text[:-1]
        return text


# -- no wire format at all ---------------------------------------------------------------------


class TextSource:
    """Reads a stream of texts: each chunk is a `str`, and the document's next piece.

    None and `""` are allowed and mean nothing, as in `delta.content`.

    Example:
        >>> TextSource().feed('{"a":')
        [(Channel(kind='content', key=0, name=None), '{"a":')]
    """

    def __init__(self, metadata: AnswerMetadata | None = None) -> None:
        self.metadata = AnswerMetadata() if metadata is None else metadata
        self._halves = SurrogateHalves()

    def feed(self, chunk: Any) -> list[Delta]:
        """Read one text; raises `ProviderError` for all else."""
        if not isinstance(chunk, str):
            if chunk is None:
                return []
            raise unknown_chunk(chunk, "a str, as before")
        if not chunk:
            return []
        if chunk[-1] < FIRST_SURROGATE and not self._halves.held:
            return [(_CONTENT, chunk)]
        return self._halves.join_all([(_CONTENT, chunk)])

    def finish(self, *, cut: bool = False) -> list[Delta]:
        """Give what was held back. Whether the text was cut makes no difference to it."""
        return self._halves.finish()
