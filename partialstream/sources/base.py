"""What every source and every framing promises, and the envelope of the wire formats."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol

from partialstream.errors import LimitExceededError, ProviderError
from partialstream.results import AnswerMetadata
from partialstream.sources.common import as_dict, error_in, is_list, is_object

if TYPE_CHECKING:
    from collections.abc import Iterable

    from partialstream.results import Channel, Delta

Event = tuple[str, bytes, bool]
"""One event of a body: its type, `"message"` if it names none; its data; and whether these stood
in the body without a field name. A browser ignores such lines; providers send error bodies so, in
the place of a stream or within one."""


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

    One source reads one response. What it learns beside the text is in `metadata`, the same
    object from the first chunk to the last.

    Attributes:
        metadata: What the response has said beside its text so far.
    """

    metadata: AnswerMetadata

    def feed(self, chunk: Any) -> list[Delta]:
        """Read one chunk.

        Args:
            chunk: What the provider sent, in the shape that this source reads.

        Returns:
            The texts in it, in order, each with its channel; never an empty text. Two texts of
            the same document have equal channels, and a new tool call has a new one.

        Raises:
            ProviderError: If the chunk tells of an error or has an unknown shape. A chunk that
                holds text as well gives the text first, and the next call raises.
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


class WireSource(ABC):
    """The envelope of a wire format, a `Source`: what is done for a chunk beside reading it.

    A wire format reads a chunk in `_read`. Where it can, it knows the ordinary chunk, one more
    piece of a text that has begun, by a short look (`_next_piece`).

    Args:
        metadata: Where to write what the response says beside its text; a new one by default.
    """

    _expected: ClassVar[str]
    """What a chunk ought to be, for the message about one that is something else."""

    def __init__(self, metadata: AnswerMetadata | None = None) -> None:
        self.metadata = AnswerMetadata() if metadata is None else metadata
        self._halves = SurrogateHalves()
        self._failure: ProviderError | None = None
        # Whether something waits or has to go, and no chunk is ordinary.
        self._careful = False
        # What was said of the place of the last piece, and its channel, if a piece of which the
        # same is said goes on with that text and needs no closer look.
        self._bound: tuple[Any, Channel] | None = None

    def feed(self, chunk: Any) -> list[Delta]:
        """Read one chunk.

        Args:
            chunk: A dict or an SDK's object; None is allowed and means nothing.

        Raises:
            ProviderError: If it tells of an error or has an unknown shape. A chunk that holds
                text as well gives the text first, and the next call raises.
            LimitExceededError: If more texts begin than are allowed.
        """
        if chunk.__class__ is not dict:
            chunk = self._fields_of(chunk)
        if not self._careful:
            if not chunk:
                return []
            piece = self._next_piece(chunk)
            if piece is not None and piece[1][-1] < FIRST_SURROGATE:
                return [piece]
        failure = self._failure
        if failure is not None:
            raise failure
        metadata = self.metadata
        # Always a new list: whoever has the one of the last chunk keeps it as it is.
        metadata.tokens = []
        self._bound = None
        deltas: list[Delta] = []
        try:
            self._read(chunk, deltas)
        except ProviderError as error:
            failure = error
        failure = self._error_in(chunk) or failure
        deltas = self._halves.join_all(deltas)
        keep_side_texts(metadata, deltas)
        if failure is not None:
            if not deltas:
                raise failure
            self._failure = failure
        self._careful = failure is not None or bool(self._halves.held or metadata.tokens)
        return deltas

    def finish(self, *, cut: bool = False) -> list[Delta]:
        """End the response, and give what is known only now.

        Args:
            cut: Whether the stream ended before the response did. What the last tool call is
                called with then stays as it is, as it does if the response itself says that it
                was cut (`length`, `max_tokens`); else a call without arguments is `{}`.

        Raises:
            ProviderError: If the last chunk told of an error beside its text.
        """
        if self._failure is not None:
            raise self._failure
        return self._halves.finish() + self._finish(cut=cut)

    @abstractmethod
    def _read(self, fields: Any, deltas: list[Delta]) -> None:
        """Read a chunk of any kind, and append its texts.

        Raises:
            ProviderError: If it has an unknown shape; what was appended before is given first.
        """

    def _next_piece(self, fields: Any) -> Delta | None:
        """Give the text of an ordinary chunk; None for all others, which `_read` reads."""
        return None

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

    def _keep_names(self, model: Any, request_id: Any) -> None:
        """Keep the first model and the first id that a response tells."""
        metadata = self.metadata
        if metadata.model is None and isinstance(model, str):
            metadata.model = model or None
        if metadata.request_id is None and isinstance(request_id, str):
            metadata.request_id = request_id or None

    def _keep_extra(self, fields: dict[str, Any], known: frozenset[str]) -> None:
        """Keep the members that are read nowhere else."""
        for name, value in fields.items():
            if name not in known and value:
                keep_extra(self.metadata, name, value)


def count_channel(metadata: AnswerMetadata) -> None:
    """Another choice, block, item or call has begun: something is kept for it until the end.

    Raises:
        LimitExceededError: It is one too many.
    """
    metadata.channels += 1
    allowed = metadata.channels_allowed
    if metadata.channels > allowed:
        raise LimitExceededError(
            "channels", allowed, f"more than {allowed} texts side by side in one response"
        )


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
        >>> from partialstream.results import Channel
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


# -- what the metadata holds -------------------------------------------------------------------

_EACH: Final = 16
"""Characters that a value counts for beside its text."""


def keep_side_texts(metadata: AnswerMetadata, deltas: list[Delta]) -> None:
    """Add the reasoning and the refusal in some deltas to what the metadata holds of them.

    Of each the beginning is kept; see `AnswerMetadata.shortened`.

    Example:
        >>> from partialstream.results import AnswerMetadata, Channel
        >>> metadata = AnswerMetadata(reasoning="Two ")
        >>> keep_side_texts(metadata, [(Channel("reasoning"), "rows."), (Channel("content"), "[")])
        >>> metadata.reasoning
        'Two rows.'
    """
    for channel, piece in deltas:
        # A string grows in place, in time that does not depend on its length, as long as
        # nothing else refers to it; hence the attribute lets go of it meanwhile.
        if channel.kind == "reasoning":
            text, metadata.reasoning = metadata.reasoning, ""
            text += _room_for(piece, text, metadata)
            metadata.reasoning = text
        elif channel.kind == "refusal":
            text, metadata.refusal = metadata.refusal, ""
            text += _room_for(piece, text, metadata)
            metadata.refusal = text


def keep_extra(metadata: AnswerMetadata, name: str, value: Any) -> None:
    """Keep what a provider says by a name of its own, as long as there is room for it.

    Example:
        >>> from partialstream.results import AnswerMetadata
        >>> metadata = AnswerMetadata(text_kept=100)
        >>> keep_extra(metadata, "fingerprint", "fp_1")
        >>> keep_extra(metadata, "citations", ["x" * 100])
        >>> metadata.extra, metadata.shortened
        ({'fingerprint': 'fp_1'}, True)
    """
    extra = metadata.extra
    if isinstance(value, str) and extra.get(name) == value:
        return  # said with each chunk
    allowed = metadata.text_kept
    size = metadata.extra_size + _size_of([name, value], allowed)
    if name in extra:
        size -= _size_of([name, extra[name]], allowed)
    if size > allowed:
        metadata.shortened = True
    else:
        extra[name] = value
        metadata.extra_size = size


def _room_for(piece: str, text: str, metadata: AnswerMetadata) -> str:
    room = metadata.text_kept - len(text)
    if len(piece) <= room:
        return piece
    metadata.shortened = True
    return piece[: max(room, 0)]


def _size_of(value: Any, most: int) -> int:
    """About how many characters a value takes; counted until it is more than allowed."""
    size = 0
    waiting = [value]
    while waiting and size <= most:
        value = waiting.pop()
        size += _EACH
        if isinstance(value, str):
            size += len(value)
        elif is_object(value):
            waiting += value  # a user's own chunks may have names that are none
            waiting += value.values()
        elif is_list(value):
            waiting += value
    return size
