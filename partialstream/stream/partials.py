"""The policy of a partial stream: chunks in, snapshots out."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, TypeVar

from partialstream.engine.alignment import Alignment
from partialstream.errors import IncompleteStreamError, LimitExceededError, PartialStreamError
from partialstream.limits import DEFAULT_LIMITS, Limits
from partialstream.results import Channel, Delta, Outcome
from partialstream.stream.confidence import SpokenObject
from partialstream.stream.events import PartialEvent, Snapshot
from partialstream.stream.flow import Expected, Flow
from partialstream.stream.reading import Reading
from partialstream.validation.partials import PartialParser

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic import BaseModel

    from partialstream.stream.response import ResponseStream

M = TypeVar("M")

_PIECES = 1024
"""Pieces of text that are kept apart before they are joined."""


class PartialReading(Reading[M, PartialEvent[M]]):
    """The policy of a partial stream."""

    @abstractmethod
    def final(self) -> M:
        """The validated object, once the stream is complete.

        Raises:
            PartialStreamError: There is none.
        """


class PartialFlow(Flow[M, PartialEvent[M]], PartialReading[M]):
    """Reads one answer as one growing object.

    Of several texts in an answer (prose before a tool call, several choices) the first that
    has an object to show is the object.

    Args:
        model: The model of the answer.
        context: Handed to pydantic's validators.
        strict: pydantic's strict mode; None leaves it to the model.
        limits: See `Limits`.
        answer: See `Flow`.
        expected: See `Flow`.
        member: The member of the model that is wanted, None for the whole.
        carried: Members that stand from other answers; see `PartialParser`.
        fail_fast: See `PartialParser`.
    """

    def __init__(
        self,
        model: type[BaseModel],
        *,
        context: Any = None,
        strict: bool | None = None,
        limits: Limits | None = None,
        answer: ResponseStream | None = None,
        expected: Expected | None = None,
        member: str | None = None,
        carried: Mapping[str, str] | None = None,
        fail_fast: bool = False,
    ) -> None:
        super().__init__(answer, expected, limits or DEFAULT_LIMITS)
        self._member = member
        self._new_parser: Callable[[], PartialParser[Any]] = lambda: PartialParser(
            model,
            context=context,
            strict=strict,
            limits=limits,
            carried=carried,
            fail_fast=fail_fast,
        )
        self._carried = dict(carried or {})
        self._parsers: dict[Channel, PartialParser[Any]] = {}
        self._chosen: Channel | None = None
        self._spoken: dict[Channel, SpokenObject] = {}  # those whose tokens are known
        self._pieces: list[str] = []  # of the text, the last ones
        self._text: list[str] | None = []  # and what is before them; None if that is not kept
        self._text_size = 0

    @property
    def snapshot(self) -> M | None:
        """The last snapshot."""
        return None if self._chosen is None else self._wanted(self._parsers[self._chosen].snapshot)

    @property
    def standing(self) -> dict[str, str]:
        """The members that are complete and valid, each with its text."""
        if self._chosen is not None:
            return self._parsers[self._chosen].standing
        for parser in self._parsers.values():
            if parser.standing:
                return parser.standing
        return self._carried

    def _wanted(self, snapshot: Any) -> M | None:
        """What of a snapshot is to be shown, None for nothing."""
        if self._member is None or snapshot is None:
            wanted: M | None = snapshot
        elif self._member in snapshot.model_fields_set:
            wanted = getattr(snapshot, self._member)
        else:
            wanted = None
        return wanted

    @property
    def text(self) -> str:
        """The text that may hold the object, so far.

        Raises:
            LimitExceededError: It is longer than what is kept; see `Limits.text_kept`.
        """
        self._keep()
        if self._text is None:
            raise LimitExceededError(
                "text_kept",
                self._limits.text_kept,
                f"no more than {self._limits.text_kept} characters of text are kept",
            )
        return "".join(self._text)

    def _keep(self) -> None:
        """Join the last pieces, of which each takes many times its size; and watch the limit."""
        text = "".join(self._pieces)
        self._pieces.clear()
        self._text_size += len(text)
        if self._text_size > self._limits.text_kept:
            self._text = None
        elif self._text is not None:
            self._text.append(text)

    def _values(self, deltas: list[Delta]) -> list[M]:
        snapshots: list[M] = []
        for channel, text in deltas:
            snapshot = self._send(channel, text)
            if snapshot is not None:
                snapshots.append(snapshot)
            if self.failure is not None:
                break
        return snapshots

    def _events(self, deltas: list[Delta]) -> list[PartialEvent[M]]:
        events: list[PartialEvent[M]] = []
        for channel, text in deltas:
            events.append(self._delta(channel, text))
            snapshot = self._send(channel, text)
            if snapshot is not None:
                events.append(Snapshot(snapshot))
            if self.failure is not None:
                break
        return events

    def _send(self, channel: Channel, text: str) -> M | None:
        if channel is not self._chosen and not self._is_wanted(channel):
            self._put_aside(channel, text)
            return None
        return self._feed(channel, text)

    def _is_wanted(self, channel: Channel) -> bool:
        """Whether a text that is not the chosen one may be the object nevertheless."""
        if not self._expected.is_for(channel):
            return False
        chosen = self._chosen
        if chosen is None or channel == chosen:
            return True
        # What stands in prose, or in thoughts, may be a draft of a tool call that follows.
        is_draft = chosen.kind == "content" and self._parsers[chosen].is_tentative
        return is_draft and channel.kind == "tool"

    def _feed(self, channel: Channel, text: str) -> M | None:
        self._pieces.append(text)
        if len(self._pieces) >= _PIECES:
            self._keep()
        parser = self._parsers.get(channel)
        if parser is None:
            parser = self._parsers[channel] = self._new_parser()
        try:
            snapshot = self._wanted(parser.feed(text))
        except PartialStreamError as error:
            self.failure = error
            if self._wanted(parser.snapshot) is not None:
                self._chosen = channel  # so that the error can show how far it came
            return None
        if snapshot is not None:
            self._chosen = channel
            if self._alignments:
                self._remember(snapshot, channel)
            if self.answer.timing.first_item is None:
                self.answer.timing.first_item = self.answer.elapsed()
        return snapshot

    def _alignment(self, channel: Channel) -> Alignment:
        parser = self._parsers.get(channel)
        return Alignment(0 if parser is None else parser.size, keeps=self._limits.text_kept)

    def _remember(self, snapshot: M, channel: Channel, *, ended: bool = False) -> None:
        """A snapshot is new: `confidence` may be asked for it."""
        alignment = self._alignments.get(channel)
        if alignment is None:
            return
        parser = self._parsers[channel]
        spoken = self._spoken.get(channel)
        if spoken is None or not spoken.reads(parser.transcript):
            path = () if self._member is None else (self._member,)
            spoken = self._spoken[channel] = SpokenObject(
                parser.transcript, parser.start, alignment, path
            )
        spoken.remember(snapshot, ended=ended)

    def final(self) -> M:
        """See `PartialReading`."""
        if isinstance(self.failure, PartialStreamError):
            raise self.failure
        if self._chosen is None or self.outcome is None or not self.outcome.ok:
            raise IncompleteStreamError.of(self.outcome or Outcome("cancelled"))
        final = self._parsers[self._chosen].finish()
        value: M = final if self._member is None else getattr(final, self._member)
        return value

    # -- the end ---------------------------------------------------------------------------

    def finish(self) -> list[M]:
        """See `Flow`. A root number or word is complete only now."""
        return super().finish() + self._last()

    def finish_events(self) -> list[PartialEvent[M]]:
        """See `Flow`."""
        return super().finish_events() + [Snapshot(value) for value in self._last()]

    def _last(self) -> list[M]:
        """What only the end of the text completes: a root number or word."""
        if self._chosen is not None or self.failure is not None:
            return []
        self._document(raising=False)
        for channel, parser in self._parsers.items():
            last = self._wanted(parser.snapshot)
            if last is not None:
                self._chosen = channel
                if self._alignments:
                    self._remember(last, channel, ended=True)
                return [last]
        return self._read_aside()

    def _read_aside(self) -> list[M]:
        """Read what came elsewhere than it was asked for: the first text with an object."""
        failures: list[BaseException] = []
        for channel, text in self._take_aside():
            snapshot = self._feed(channel, text)
            if snapshot is not None:
                return [snapshot]
            if self._chosen is not None:
                return []
            if self.failure is not None:
                failures.append(self.failure)  # which may be prose that begins like JSON
                self.failure = None
                del self._parsers[channel]
        self.failure = failures[0] if failures else None
        return []

    @property
    def _received(self) -> int:
        return sum(map(len, self._pieces))

    @property
    def _open_ended(self) -> bool:
        return False

    def _document(self, *, raising: bool) -> Outcome:
        parsers = self._parsers
        if self._chosen is not None:
            parsers = {self._chosen: self._parsers[self._chosen]}
        outcomes: list[Outcome] = []
        for parser in parsers.values():
            try:
                outcomes.append(parser.end())
            except PartialStreamError as error:
                if raising:
                    raise
                outcomes.append(error.outcome or Outcome("invalid", detail=str(error)))
        for status in ("complete", "truncated", "invalid", "no_json"):
            for outcome in outcomes:
                if outcome.status == status:
                    return outcome
        return Outcome("empty")

    def _annotate(self, error: PartialStreamError) -> None:
        error.snapshot = self.snapshot
