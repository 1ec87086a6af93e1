"""What the policies of item and partial streams have in common. No I/O.

Both drivers (`sync_driver.py`, `async_driver.py`) do nothing but fetch chunks and hand them to a
flow.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeVar

from partialstream.errors import (
    IncompleteStreamError,
    LimitExceededError,
    PartialStreamError,
    ProviderError,
)
from partialstream.results import (
    AnswerMetadata,
    Attempt,
    Channel,
    Delta,
    Outcome,
    Timing,
    Token,
    Usage,
)
from partialstream.stream.events import Finished, TextDelta
from partialstream.stream.outcome import error_of, resolve, translate
from partialstream.stream.reading import Reading
from partialstream.stream.response import ResponseStream

if TYPE_CHECKING:
    from partialstream.engine.alignment import Alignment
    from partialstream.limits import Limits
    from partialstream.results import Path

V = TypeVar("V")
E = TypeVar("E")


@dataclass(frozen=True, slots=True)
class Expected:
    """Where a request has asked for the document.

    It is read first there. What comes elsewhere, from a model or a server that ignores the
    request, is kept aside until the answer ends, and read if there is nothing in its place.

    Attributes:
        kind: The kind of the channel; None: content and tool calls alike.
        tool: The name of the tool whose arguments are the document; None: of any.
        path: Where the list is in it; None if that is to be found out.
    """

    kind: Literal["content", "tool"] | None = None
    tool: str | None = None
    path: Path | None = None

    def is_for(self, channel: Channel) -> bool:
        """Whether a channel is what was asked for, as far as can be told."""
        if self.kind is None:
            return channel.may_hold_document
        if channel.kind != self.kind:
            return False
        name = channel.name
        if self.tool is None or name is None or self.kind == "content":
            return True
        # Some models put a namespace before the name: "functions.ProductList".
        return name == self.tool or name.endswith(f".{self.tool}")


_ANYWHERE: Final = Expected()


class Flow(Reading[V, E], Generic[V, E]):
    """Reads one answer.

    A failure does not discard what came before it: what `take` gives is to be handed over
    first, then `failure` is to be raised.

    Args:
        answer: The answer, with its metadata and timing.
        expected: Where the request has asked for the document; None: in the content or in tool
            calls.
        limits: See `Limits`.

    Attributes:
        answer: The answer.
        failure: What ended the stream, None while it runs or if it is complete.
        outcome: How the stream ended, None while it runs.
    """

    def __init__(
        self, answer: ResponseStream | None, expected: Expected | None, limits: Limits
    ) -> None:
        self._expected = expected or _ANYWHERE
        self._aside: dict[Channel, list[str]] = {}  # texts from where none was expected
        self._aside_size = 0
        self._ended = False  # whether the chunks came to their end
        self._alignments: dict[Channel, Alignment] = {}  # empty while no token is told of
        self._limits = limits
        self.answer = answer or ResponseStream()
        self.answer.limits = limits
        self.failure = None
        self.outcome = None

    # -- for the driver --------------------------------------------------------------------

    def sending(self) -> None:
        """See `Reading`."""
        self.answer.begin()

    def take(self, chunk: Any) -> list[V]:
        """Take a chunk; gives what it completes."""
        return self._values(self._deltas(chunk))

    def finish(self) -> list[V]:
        """The chunks ended; gives what only now is complete."""
        return self._values(self._last_deltas())

    def take_events(self, chunk: Any) -> list[E]:
        """Take a chunk; gives all that happens in it, in the order of the text."""
        return self._events(self._deltas(chunk))

    def finish_events(self) -> list[E]:
        """The chunks ended; gives what happens only now."""
        return self._events(self._last_deltas())

    def broken(self, error: BaseException) -> None:
        """Fetching a chunk raised `error`."""
        if self.outcome is not None:
            return  # the caller has left, and closed what the chunks come from
        if not isinstance(error, Exception):
            self.cancelled()
            self.failure = error
            return
        document = self._document(raising=False)
        failure = translate(error, document)
        if failure is None:
            self.outcome = Outcome("disconnected", detail=repr(error), tail=document.tail)
            self.failure = error
        elif isinstance(failure, IncompleteStreamError) and document.ok and not self._open_ended:
            # All of it is here; what is missing is the provider's goodbye.
            self.outcome = resolve(document, self.answer.metadata, framed=False, open_ended=False)
            self.failure = error_of(self.outcome)
        else:
            if failure is not error:
                failure.__cause__ = error
            self.failure = failure

    def has_read(self) -> bool:
        """Whether nothing more is to be read of this answer."""
        return self.failure is not None or self.outcome is not None

    def cancelled(self, detail: str = "") -> None:
        """See `Reading`."""
        if self.outcome is None:
            self.outcome = Outcome("cancelled", detail=detail)
            self.answer.ended()

    def close(self) -> Finished:
        """Nothing more will come: settles `outcome`, and what is to be raised in `failure`."""
        if self.outcome is None and self.failure is None:
            try:
                document = self._document(raising=True)
            except PartialStreamError as error:
                self.failure = error
            else:
                self.outcome = resolve(
                    document,
                    self.answer.metadata,
                    framed=self.answer.framed,
                    open_ended=self._open_ended,
                )
                self.failure = error_of(self.outcome)
            if self.outcome is not None and self.outcome.status == "disconnected":
                self._ended = False  # the body has ended, but not the response
        failure = self.failure
        if isinstance(failure, PartialStreamError):
            if failure.outcome is None:
                failure.outcome = self._outcome_of(failure)
            failure.usage = self.usage
            self._annotate(failure)
            self.outcome = failure.outcome
        self.answer.ended()
        self.cancelled()
        return Finished(self.outcome or Outcome("cancelled"))

    def _outcome_of(self, failure: PartialStreamError) -> Outcome:
        if isinstance(failure, ProviderError):
            # The answer was cut short, not wrong.
            tail = self._document(raising=False).tail
            return Outcome("disconnected", detail=str(failure), tail=tail)
        return Outcome("invalid", detail=str(failure))

    # -- for the user ----------------------------------------------------------------------

    @property
    def metadata(self) -> AnswerMetadata:
        """What the answer says beside its text."""
        return self.answer.metadata

    @property
    def usage(self) -> Usage | None:
        """Tokens paid for, None while unknown; an estimate if the response was interrupted."""
        metadata = self.answer.metadata
        told = metadata.usage
        if not self.answer.framed or (self.outcome is None and self.failure is None):
            return told
        if self._ended or metadata.terminated:
            return told
        if told is not None and metadata.finish_reason is not None:
            return told
        characters = self._received + len(metadata.reasoning) + len(metadata.refusal)
        if told is None and not characters:
            return None
        return (told or Usage()).interrupted(characters)

    @property
    def timing(self) -> Timing:
        """When things arrived."""
        return self.answer.timing

    @property
    def attempts(self) -> list[Attempt]:
        """The requests that were made."""
        total = self.answer.timing.total
        duration = self.answer.elapsed() if total is None else total
        return [Attempt(outcome=self.outcome, usage=self.usage, duration=duration)]

    @property
    @abstractmethod
    def text(self) -> str:
        """The document's text so far."""

    # -- for the two policies --------------------------------------------------------------

    @abstractmethod
    def _values(self, deltas: list[Delta]) -> list[V]:
        """What these texts complete."""

    @abstractmethod
    def _events(self, deltas: list[Delta]) -> list[E]:
        """All that happens in these texts."""

    @abstractmethod
    def _document(self, *, raising: bool) -> Outcome:
        """How the document ended; nothing more will be read.

        Args:
            raising: Whether to raise what is malformed, or to give an outcome for it too.
        """

    @property
    @abstractmethod
    def _received(self) -> int:
        """Characters that have arrived in the texts that may hold the document."""

    @property
    @abstractmethod
    def _open_ended(self) -> bool:
        """Whether nothing in the document says that it is at its end."""

    @abstractmethod
    def _annotate(self, error: PartialStreamError) -> None:
        """Tell an error what was delivered."""

    def _put_aside(self, channel: Channel, text: str) -> None:
        """Keep a text that may hold the document, though it was not asked for there."""
        if not channel.may_hold_document:
            return
        self._aside.setdefault(channel, []).append(text)
        self._aside_size += len(text)
        allowed = self._limits.item_size
        if self._aside_size > allowed and self.failure is None:
            self.failure = LimitExceededError(
                "item_size",
                allowed,
                f"more than {allowed} characters came where none were asked for",
            )

    def _take_aside(self) -> list[tuple[Channel, str]]:
        """What was put aside, tool calls first: what stands beside them is often a draft."""
        texts = [(channel, "".join(pieces)) for channel, pieces in self._aside.items()]
        self._aside.clear()
        return sorted(texts, key=lambda each: each[0].kind == "content")

    @property
    def _sent(self) -> int:
        """Characters that have come past `take`."""
        return 0

    def _deltas(self, chunk: Any) -> list[Delta]:
        try:
            deltas = self.answer.feed(chunk)
            if not deltas:
                self.answer.check_idle(self._sent)
        except PartialStreamError as error:
            self.failure = error
            return []
        except TimeoutError as error:
            self.broken(error)
            return []
        if self.answer.metadata.tokens or self._alignments:
            self._align(deltas)
        return deltas

    def _last_deltas(self) -> list[Delta]:
        if self.outcome is not None:
            return []  # the caller has left, and what ends is only the connection
        # Not every source has something to say at the end, and so replaces the last tokens.
        self.answer.metadata.tokens = []
        try:
            deltas = self.answer.finish()
        except PartialStreamError as error:
            self.failure = error
            return []
        self._ended = True
        if self.answer.metadata.tokens or self._alignments:
            self._align(deltas)
        return deltas

    # -- how likely it all is --------------------------------------------------------------

    @abstractmethod
    def _alignment(self, channel: Channel) -> Alignment:
        """A new one, for a text whose first tokens have come; what came before has none."""

    def _align(self, deltas: list[Delta]) -> None:
        """Find the places of the tokens that came with these texts, before they are read."""
        told: dict[Channel, tuple[list[str], list[Token]]] = {}
        for channel, text in deltas:
            told.setdefault(channel, ([], []))[0].append(text)
        for token in self.answer.metadata.tokens:
            told.setdefault(token.channel, ([], []))[1].append(token)
        for channel, (texts, tokens) in told.items():
            alignment = self._alignments.get(channel)
            if alignment is None:
                if not tokens:
                    continue
                alignment = self._alignments[channel] = self._alignment(channel)
            alignment.take("".join(texts), tokens)

    def _delta(self, channel: Channel, text: str) -> TextDelta:
        """The event that tells of a piece of the texts that came last."""
        alignment = self._alignments.get(channel) if self._alignments else None
        tokens = () if alignment is None else alignment.ending_in(len(text))
        return TextDelta(text, channel, tokens)
