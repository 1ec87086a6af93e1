"""One response, read as a growing object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from typing_extensions import override

from partialstream.engine.alignment import Alignment
from partialstream.engine.changes import Change
from partialstream.errors import PartialStreamError
from partialstream.limits import DEFAULT_LIMITS, Limits, exceeded
from partialstream.results import Outcome
from partialstream.stream.confidence import TokenIndex
from partialstream.stream.events import Event, Snapshot
from partialstream.stream.reader import ANYWHERE, Expected, ResponseReader
from partialstream.validation.checks import check_flag, check_text
from partialstream.validation.locations import complete_members
from partialstream.validation.partials import PartialParser

if TYPE_CHECKING:
    from collections.abc import Mapping

    from partialstream.deltas import Channel, Delta
    from partialstream.engine.changes import Recording
    from partialstream.results import Path, Span
    from partialstream.stream.response import ResponseStream

M = TypeVar("M")

_new: Any = object.__new__
_set_value = Snapshot.__dict__["value"].__set__

_PIECES = 1024
"""Pieces of text that are kept apart before they are joined."""


class PartialReader(ResponseReader[M]):
    """Reads one response as one growing object.

    Of several texts in a response (prose before a tool call, several choices) the first that
    has an object to show is the object.

    Args:
        model: The model of the response, or the other type.
        context: Passed to pydantic's validators.
        strict: pydantic's strict mode; None leaves it to the model.
        limits: See `Limits`.
        response: See `ResponseReader`.
        expected: See `ResponseReader`.
        member: The field of the model that is wanted, None for the whole.
        carried: Fields that stand from other responses; see `PartialParser`.
        fail_fast: See `PartialParser`.
        lenient: See `PartialParser`.
        source_text: See `PartialParser`.
    """

    def __init__(
        self,
        model: Any,
        *,
        context: Any = None,
        strict: bool | None = None,
        limits: Limits | None = None,
        response: ResponseStream | None = None,
        expected: Expected | None = None,
        member: str | None = None,
        carried: Mapping[str, str] | None = None,
        fail_fast: bool = False,
        lenient: bool = False,
        source_text: str | None = None,
    ) -> None:
        check_flag("lenient", lenient)
        check_text("source_text", source_text)
        super().__init__(response, expected, limits or DEFAULT_LIMITS)
        self._member = member
        self._model = model
        self._options: dict[str, Any] = {
            "context": context,
            "strict": strict,
            "limits": limits,
            "carried": carried,
            "fail_fast": fail_fast,
            "lenient": lenient,
            "source_text": source_text,
        }
        self._lenient = lenient
        self._carried = dict(carried or {})
        self._parsers: dict[Channel, PartialParser[Any]] = {}
        self._chosen: Channel | None = None
        self._channel: Channel | None = None  # of the text that was read last, and
        self._parser: PartialParser[Any] | None = None  # what reads it
        self._spoken: dict[Channel, TokenIndex] = {}  # those whose tokens are known
        self._pieces: list[str] = []  # of the text, the last ones
        self._text: list[str] | None = []  # and what is before them; None if that is not kept
        self._text_size = 0

    @property
    @override
    def snapshot(self) -> M | None:
        return None if self._chosen is None else self._wanted(self._parsers[self._chosen].snapshot)

    @property
    @override
    def raw(self) -> str | None:
        raw = None if self._chosen is None else self._parsers[self._chosen].raw
        if raw is None or self._member is None:
            return raw
        return complete_members(raw, self._limits).get(self._member)

    @property
    @override
    def spans(self) -> Mapping[Path, Span]:
        spans = {} if self._chosen is None else self._parsers[self._chosen].spans
        if self._member is None:
            return spans
        return {path[1:]: span for path, span in spans.items()}  # of the member that is wanted

    @property
    def standing(self) -> dict[str, str]:
        """The fields that are complete and valid, each with its text."""
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
    @override
    def text(self) -> str:
        self._keep()
        if self._text is None:
            raise exceeded(self._limits, "text_kept")
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

    @override
    def record(self, recording: Recording) -> None:
        if self._parsers and self.recording is None:
            raise RuntimeError(
                "a part of the object has been read without its changes: ask for them first"
            )
        super().record(recording)

    # -- reading ---------------------------------------------------------------------------

    @override
    def _read(self, deltas: list[Delta]) -> list[Event[M]]:
        events: list[Event[M]] = []
        for channel, text in deltas:
            if self.reports_text:
                events.append(self._text_event(channel, text))
            if channel is not self._chosen and not self._is_wanted(channel):
                if self._chosen is None:  # else it is not read
                    self._put_aside(channel, text)
                if self.failure is not None:
                    break
                continue
            self._pieces.append(text)
            if len(self._pieces) >= _PIECES:
                self._keep()
            parser = self._parser
            if parser is None or channel is not self._channel:  # to look it up takes its hash
                parser = self._parser_of(channel)
            try:
                snapshot = parser.feed(text)
            except PartialStreamError as error:
                self._fail(error)
                if self._wanted(parser.snapshot) is not None:
                    self._chosen = channel  # so that the error can show how far it came
                break
            if self._member is not None:
                snapshot = self._wanted(snapshot)
            if snapshot is not None:
                self._chosen = channel
                if self._alignments:
                    self._remember(snapshot, channel)
                if self.recording is not None:
                    events += self._gained(parser)
                # As `Snapshot(snapshot)`, of which there is one for each delta.
                event: Snapshot[M] = _new(Snapshot)
                _set_value(event, snapshot)
                events.append(event)
        return events

    def _parser_of(self, channel: Channel) -> PartialParser[Any]:
        parser = self._parsers.get(channel)
        if parser is None:
            parser = self._parsers[channel] = self._new_parser()
        self._channel, self._parser = channel, parser
        return parser

    def _new_parser(self) -> PartialParser[Any]:
        if self.recording is None:
            return PartialParser(self._model, **self._options)
        # Imported where it is needed: few streams are asked for changes.
        from partialstream.validation.recording import RecordingParser

        return RecordingParser(self._model, self.recording, **self._options)

    def _gained(self, parser: PartialParser[Any]) -> list[Change]:
        """What was gained of what is to be shown, if that is recorded."""
        if self.recording is None:
            return []
        changes: list[Change] = cast("Any", parser).take_changes()
        if self._member is None:
            return changes
        wanted: list[Change] = []
        for change in changes:
            path, op, value = change.path, change.op, change.value
            if path[:1] == (self._member,):
                if op != "complete" or len(path) > 1:  # it comes with the whole
                    wanted.append(Change(path[1:], op, value))
            elif op == "complete":
                wanted.append(change)
            elif self._member in value:
                wanted.append(Change((), "set", value[self._member]))
        return wanted

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

    @override
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
            spoken = self._spoken[channel] = TokenIndex(
                parser.transcript, parser.start, alignment, path
            )
        spoken.remember(snapshot, ended=ended)

    # -- the end ---------------------------------------------------------------------------

    @override
    def final(self) -> M:
        if self._chosen is None:
            return super().final()
        final = self._parsers[self._chosen].finish()
        value: M = final if self._member is None else getattr(final, self._member)
        return value

    @override
    def _last_events(self) -> list[Event[M]]:
        if self._chosen is not None and self._lenient and self.failure is None:
            return self._read_leniently(self._chosen)
        # A root number or word is complete only now.
        if self._chosen is not None or self.failure is not None:
            return []
        self._document(raising=False)
        for channel, parser in self._parsers.items():
            last = self._wanted(parser.snapshot)
            if last is not None:
                self._chosen = channel
                if self._alignments:
                    self._remember(last, channel, ended=True)
                return [*self._gained(parser), Snapshot(last)]
        return self._read_aside()

    def _read_leniently(self, channel: Channel) -> list[Event[M]]:
        """The object may be one that only the end of the text completes."""
        parser = self._parsers[channel]
        shown = parser.snapshot
        self._document(raising=False)
        last = None if parser.snapshot is shown else self._wanted(parser.snapshot)
        return [] if last is None else [*self._gained(parser), Snapshot(last)]

    def _read_aside(self) -> list[Event[M]]:
        """Read what came elsewhere than it was asked for: the first text with an object."""
        self._expected = ANYWHERE
        reports_text, self.reports_text = self.reports_text, False  # it has been reported
        events: list[Event[M]] = []
        failures: list[BaseException] = []
        for delta in self._take_aside():
            events = self._read([delta])
            if self._chosen is not None:
                break
            if self.failure is not None:
                failures.append(self.failure)  # which may be prose that begins like JSON
                self.failure = None
                del self._parsers[delta[0]]
                self._parser = None
        else:
            self.failure = failures[0] if failures else None
        self.reports_text = reports_text
        return events

    @property
    @override
    def _received(self) -> int:
        return self._text_size + sum(map(len, self._pieces))

    @override
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
