"""One response, read as a document: chunks in, events out. No I/O."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeVar

from partialstream.errors import (
    IncompleteStreamError,
    PartialStreamError,
    ProviderError,
)
from partialstream.limits import Limits, exceeded
from partialstream.results import Outcome
from partialstream.stream.events import Event, TextDelta
from partialstream.stream.response import ResponseStream, error_of, resolve, translate
from partialstream.usage import Usage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from partialstream.deltas import Channel, Delta, Token
    from partialstream.engine.alignment import Alignment
    from partialstream.engine.changes import Recording
    from partialstream.results import Path, Span

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Expected:
    """Where a request has asked for the document.

    It is read first there. What comes elsewhere, from a model or a server that ignores the
    request, is kept aside until the response ends, and read if there is nothing in its place.

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


ANYWHERE: Final = Expected()


class ResponseReader(ABC, Generic[T]):
    """Reads one response.

    A failure does not discard what came before it: the events that `feed` gives are handed over
    first, then `failure` is raised.

    Args:
        response: The response, with its metadata and timing; None: a new one.
        expected: Where the request has asked for the document; None: in the content or in tool
            calls.
        limits: See `Limits`.

    Attributes:
        response: The response.
        reports_text: Whether there are events for text, too.
        recording: How there are events for changes, too; None: there are none.
        done: Whether nothing more is to be read of it.
        ended: Whether its chunks came to their end.
        failure: What ended it, None while it runs or if it is complete.
        outcome: How it ended, None while it runs.
    """

    def __init__(
        self, response: ResponseStream | None, expected: Expected | None, limits: Limits
    ) -> None:
        self._expected = expected or ANYWHERE
        self._aside: dict[Channel, list[str]] = {}  # texts from where none was expected
        self._aside_size = 0
        self._alignments: dict[Channel, Alignment] = {}  # empty while no token is reported
        self._limits = limits
        self.response = response or ResponseStream()
        self.response.limits = limits
        self.reports_text = False
        self.recording: Recording | None = None
        self.done = False
        self.ended = False
        self.failure: BaseException | None = None
        self.outcome: Outcome | None = None

    def record(self, recording: Recording) -> None:
        """Let there be events for changes, too."""
        self.recording = recording

    # -- reading ---------------------------------------------------------------------------

    def feed(self, chunk: Any) -> list[Event[T]]:
        """Take a chunk; gives what happens in it, in the order of the text."""
        if self.outcome is not None:
            return []  # closed by another thread or task, while this one waited
        response = self.response
        try:
            deltas = response.feed(chunk)
            if not deltas:
                response.check_idle(self._size)
        except PartialStreamError as error:
            self._fail(error)
            return []
        except TimeoutError as error:
            return self.on_transport_error(error)
        if self._alignments or response.tokens:
            self._align(deltas)  # also where they are not text by themselves
        return self._read(deltas) if deltas else []

    def pull(self, chunks: Iterator[Any]) -> list[Event[T]]:
        """Take chunks until something happens in one; gives that. Nothing, if `done`."""
        while True:
            try:
                chunk = next(chunks)
            except StopIteration:
                return self.finish()
            except BaseException as error:  # noqa: BLE001 - the session says what it means
                return self.on_transport_error(error)
            events = self.feed(chunk)
            if events or self.done:
                return events

    async def pull_async(self, chunks: AsyncIterator[Any]) -> list[Event[T]]:
        """As `pull`, with awaiting."""
        while True:
            try:
                chunk = await chunks.__anext__()
            except StopAsyncIteration:
                return self.finish()
            except BaseException as error:  # noqa: BLE001 - the session says what it means
                return self.on_transport_error(error)
            events = self.feed(chunk)
            if events or self.done:
                return events

    def finish(self) -> list[Event[T]]:
        """The chunks ended; gives what happens only now."""
        self.done = True
        if self.outcome is not None:
            return []  # the caller has left, and what ends is only the connection
        response = self.response
        try:
            deltas = response.finish()
        except PartialStreamError as error:
            self.failure = error
            return []
        self.ended = True
        if self._alignments or response.tokens:
            self._align(deltas)
        return self._read(deltas) + self._last_events()

    def on_transport_error(self, error: BaseException) -> list[Event[T]]:
        """Fetching a chunk, or sending the request, raised `error`; gives what was left over."""
        self.done = True
        if self.outcome is not None:
            return []  # the caller has left, and closed what the chunks come from
        if not isinstance(error, Exception):
            self.cancel()
            self.failure = error
            return []
        events = self._left_over()
        if self.failure is None:
            self._break_off(error)
        return events

    def _break_off(self, error: Exception) -> None:
        document = self._document(raising=False)
        failure = translate(error, document)
        if failure is None:
            self.outcome = Outcome("disconnected", detail=repr(error), tail=document.tail)
            self.failure = error
        elif isinstance(failure, IncompleteStreamError) and document.ok and not self._open_ended:
            # All of it is here; what is missing is the end-of-stream marker.
            metadata = self.response.metadata
            self.outcome = resolve(document, metadata, framed=False, open_ended=False)
            self.failure = error_of(self.outcome)
        else:
            if failure is not error:
                failure.__cause__ = error
            self.failure = failure

    def cancel(self, detail: str = "") -> None:
        """The caller leaves; nothing happens if the response has been read.

        Args:
            detail: What is known of the reason.
        """
        self.done = True
        if self.outcome is None:
            self.outcome = Outcome("cancelled", detail=detail)

    def close(self) -> None:
        """Nothing more will come: settles `outcome`, and what is to be raised in `failure`."""
        self.done = True
        if self.outcome is None and self.failure is None:
            try:
                document = self._document(raising=True)
            except PartialStreamError as error:
                self.failure = error
            else:
                response = self.response
                self.outcome = resolve(
                    document,
                    response.metadata,
                    framed=response.framed,
                    open_ended=self._open_ended,
                )
                self.failure = error_of(self.outcome)
            if self.outcome is not None and self.outcome.status == "disconnected":
                self.ended = False  # the body has ended, but not the response
        failure = self.failure
        if isinstance(failure, PartialStreamError):
            if failure.outcome is None:
                failure.outcome = self._outcome_of(failure)
            self.outcome = failure.outcome

    def _outcome_of(self, failure: PartialStreamError) -> Outcome:
        if isinstance(failure, ProviderError):
            # The response was cut short, not wrong.
            tail = self._document(raising=False).tail
            return Outcome("disconnected", detail=str(failure), tail=tail)
        return Outcome("invalid", detail=str(failure))

    def _fail(self, failure: PartialStreamError) -> None:
        self.failure = failure
        self.done = True

    @property
    def usage(self) -> Usage | None:
        """Tokens paid for, None while unknown; an estimate if the response was interrupted."""
        metadata = self.response.metadata
        reported = metadata.usage
        if not self.response.framed or (self.outcome is None and self.failure is None):
            return reported
        if metadata.terminated:
            return reported
        if metadata.finish_reason is not None and (self.ended or reported is not None):
            return reported
        characters = self._received + len(metadata.reasoning) + len(metadata.refusal)
        if reported is None and not characters:
            return None
        # A body may end without a mark of its end, and be complete all the same.
        if self.ended:
            complete = self.outcome is not None and self.outcome.ok
            if complete if reported is None else not metadata.usage_is_partial:
                return reported
        return (reported or Usage()).interrupted(characters)

    # -- for the two kinds of documents ----------------------------------------------------

    @property
    def snapshot(self) -> T | None:
        """The last snapshot, if the document is a growing object."""
        return None

    @property
    def raw(self) -> str | None:
        """The text of the validated object, if the document is one and complete."""
        return None

    @property
    def spans(self) -> Mapping[Path, Span]:
        """The spans of its quotes in the source text."""
        return {}

    def final(self) -> T:
        """The validated object, if the document is one and complete.

        Raises:
            IncompleteStreamError: There was none.
        """
        raise IncompleteStreamError.of(self.outcome or Outcome("cancelled"))

    @property
    @abstractmethod
    def text(self) -> str:
        """The document's text so far."""

    @abstractmethod
    def _read(self, deltas: list[Delta]) -> list[Event[T]]:
        """What happens in these texts."""

    def _left_over(self) -> list[Event[T]]:
        """What the text until a failure of the transport holds."""
        return []

    @abstractmethod
    def _last_events(self) -> list[Event[T]]:
        """What only the end of the response shows."""

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
    def _open_ended(self) -> bool:
        """Whether nothing in the document says that it is at its end."""
        return False

    @property
    def _size(self) -> int:
        """Characters that have come past `feed`."""
        return 0

    # -- texts from elsewhere --------------------------------------------------------------

    def _put_aside(self, channel: Channel, text: str) -> None:
        """Keep a text that may hold the document, though it was not asked for there."""
        if not channel.may_hold_document:
            return
        self._aside.setdefault(channel, []).append(text)
        self._aside_size += len(text)
        if self._aside_size > self._limits.item_size and self.failure is None:
            self._fail(exceeded(self._limits, "item_size", "what came where nothing was asked for"))

    def _take_aside(self) -> list[tuple[Channel, str]]:
        """What was put aside, tool calls first: what stands beside them is often a draft."""
        texts = [(channel, "".join(pieces)) for channel, pieces in self._aside.items()]
        self._aside.clear()
        return sorted(texts, key=lambda each: each[0].kind == "content")

    # -- how likely it all is --------------------------------------------------------------

    @abstractmethod
    def _alignment(self, channel: Channel) -> Alignment:
        """A new one, for a text whose first tokens have come; what came before has none."""

    def _align(self, deltas: list[Delta]) -> None:
        """Find the places of the tokens that came with these texts, before they are read."""
        reported: dict[Channel, tuple[list[str], list[Token]]] = {}
        for channel, text in deltas:
            reported.setdefault(channel, ([], []))[0].append(text)
        for token in self.response.tokens:
            reported.setdefault(token.channel, ([], []))[1].append(token)
        for channel, (texts, tokens) in reported.items():
            alignment = self._alignments.get(channel)
            if alignment is None:
                if not tokens:
                    continue
                alignment = self._alignments[channel] = self._alignment(channel)
            alignment.take("".join(texts), tokens)

    def _text_event(self, channel: Channel, text: str) -> TextDelta:
        """The event for a piece of the texts that came last."""
        alignment = self._alignments.get(channel) if self._alignments else None
        tokens = () if alignment is None else alignment.ending_in(len(text))
        return TextDelta(text, channel, tokens)
