"""The policy of a partial stream: chunks in, snapshots out."""

from __future__ import annotations

from typing import Any, Generic, TypeVar, TYPE_CHECKING

from pydantic import BaseModel

from partialstream.errors import IncompleteStreamError, PartialStreamError
from partialstream.results import Channel, Delta, Outcome
from partialstream.stream.events import PartialEvent, Snapshot, TextDelta
from partialstream.stream.flow import Flow
from partialstream.validation.partials import PartialParser

if TYPE_CHECKING:
    from partialstream.limits import Limits
    from partialstream.stream.answer import Answer
    from collections.abc import Callable

M = TypeVar("M", bound=BaseModel)


class PartialFlow(Flow[M, PartialEvent[M]], Generic[M]):
    """Reads one answer as one growing object.

    Of several texts in an answer (prose before a tool call, several choices) the first that
    has an object to show is the object.
    """

    def __init__(
        self,
        model: type[M],
        *,
        context: Any = None,
        strict: bool | None = None,
        limits: Limits | None = None,
        answer: Answer | None = None,
        reads: Callable[[Channel], bool] | None = None,
    ) -> None:
        super().__init__(answer, reads)
        self._new_parser: Callable[[], PartialParser[M]] = lambda: PartialParser(
            model, context=context, strict=strict, limits=limits
        )
        self._parsers: dict[Channel, PartialParser[M]] = {}
        self._chosen: Channel | None = None
        self._pieces: list[str] = []

    @property
    def snapshot(self) -> M | None:
        """The last snapshot."""
        return None if self._chosen is None else self._parsers[self._chosen].snapshot

    @property
    def text(self) -> str:
        """The text that may hold the object, so far."""
        return "".join(self._pieces)

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
            events.append(TextDelta(text, channel))
            snapshot = self._send(channel, text)
            if snapshot is not None:
                events.append(Snapshot(snapshot))
            if self.failure is not None:
                break
        return events

    def _send(self, channel: Channel, text: str) -> M | None:
        if not self._reads(channel):
            return None
        self._pieces.append(text)
        if self._chosen is not None and channel is not self._chosen and channel != self._chosen:
            return None
        parser = self._parsers.get(channel)
        if parser is None:
            parser = self._parsers[channel] = self._new_parser()
        try:
            snapshot = parser.feed(text)
        except PartialStreamError as error:
            self.failure = error
            return None
        if snapshot is not None:
            self._chosen = channel
            if self.answer.timing.first_item is None:
                self.answer.timing.first_item = self.answer.elapsed()
        return snapshot

    def final(self) -> M:
        """The validated object, once the stream is complete.

        Raises:
            PartialStreamError: There is none.
        """
        if isinstance(self.failure, PartialStreamError):
            raise self.failure
        if self._chosen is None:
            raise IncompleteStreamError.of(self.outcome or Outcome("cancelled"))
        return self._parsers[self._chosen].finish()

    # -- the end ---------------------------------------------------------------------------

    def finish(self) -> list[M]:
        """See `Flow`. A root number or word is complete only now."""
        snapshots = super().finish()
        known = self.snapshot
        if self.failure is None:
            self._document(raising=False)
        last = next((p.snapshot for p in self._parsers.values() if p.snapshot is not None), None)
        if known is None and last is not None:
            snapshots.append(last)
        return snapshots

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
