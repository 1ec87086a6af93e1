"""Objects that grow while their text arrives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from partialstream.engine.builder import SnapshotBuilder
from partialstream.engine.lenient import reread
from partialstream.engine.locate import Certainty, beginning_of
from partialstream.engine.parser import DONE, SyntaxReader
from partialstream.engine.position import Position, Transcript
from partialstream.engine.probe import ObjectProbe, Probe, Root
from partialstream.engine.route import KINDS
from partialstream.engine.seek import DocumentSeeker
from partialstream.errors import (
    IncompleteStreamError,
    JSONSyntaxError,
    OutputValidationError,
    PartialStreamError,
)
from partialstream.limits import DEFAULT_LIMITS, Limits, exceeded
from partialstream.quoting import LOOKED_AT
from partialstream.results import Outcome
from partialstream.spelling import names_meant
from partialstream.validation.carried import Carried
from partialstream.validation.checks import Settings, check_flag, check_text, is_malformed
from partialstream.validation.locations import complete_members
from partialstream.validation.plan import plan_of
from partialstream.validation.quoted import quotes_check

if TYPE_CHECKING:
    from typing_extensions import TypeForm

    from partialstream.validation.quoted import Spans


class Dataclass(Protocol):
    """A dataclass, which has no base class."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


M = TypeVar("M", bound=BaseModel | Dataclass | Mapping[str, Any] | Sequence[Any] | None)
"""What is made of an object or an array."""


class PartialParser(Generic[M]):
    """Turns text that arrives in pieces into a growing object. No I/O.

    A snapshot is an instance of the model. A member that has not arrived reads as its default,
    else None; `model_fields_set` holds the members that have. Strings, lists and objects
    grow; every other value appears when it is complete. The last snapshot is the validated
    object itself. Snapshots share their complete parts: to change one, copy it deeply.
    See also `completeness`, `Atomic` and `Gate`.

    A TypedDict or another dict grows too, and has the keys that have arrived; so does a list. A
    dataclass appears when it is complete, also inside of a model.

    Args:
        model: The model, or the other type.
        context: Handed to pydantic's validators.
        strict: pydantic's strict mode; None leaves it to the model.
        limits: See `Limits`. `item_size` bounds the object's text.
        fail_fast: Whether `feed` raises as soon as a member of the object is complete and
            makes the whole invalid, whatever else it holds. Otherwise such a member is not
            shown, and the complete object is refused. (Of two members of one name the first
            can be refused, though in JSON the last one counts.)
        carried: Members that stand from another text, with their JSON texts. The object
            begins with them; what is fed has the others. A member that comes again counts
            once the object is complete, so nothing is refused early because of a carried one.
        lenient: Whether an object that is not valid JSON is read when the text ends, if it is
            closed and can be understood for certain: with comments, single quotes, names without
            quotes, trailing commas, `None`, `True` or `False`. It stops growing where it is not
            valid JSON. The outcome's `detail` tells.
        source_text: The text that fields marked with `Quote` are copied from; an object with a
            quote that is not found in it is invalid. None to not check quotes.

    Attributes:
        outcome: How the text ended; None until `finish` was called or something was raised.
        raw: The JSON text of the validated object; None before it is complete.
        spans: The spans of the object's quotes in `source_text`, by path: field names and indexes.
            Empty before it is complete.
        size: Characters fed so far.
        start: Where in what was fed the object begins, 0 before it does.
        transcript: The object's text so far, by its offsets in what was fed; carried members stand
            before it.

    Example:
        >>> from pydantic import BaseModel
        >>> class Report(BaseModel):
        ...     title: str
        ...     pages: int
        >>> parser = PartialParser(Report)
        >>> for delta in ('{"title": "On pa', 'per", "pages": 1', '2}'):
        ...     print(parser.feed(delta))
        title='On pa' pages=None
        title='On paper' pages=None
        title='On paper' pages=12
        >>> parser.finish()
        Report(title='On paper', pages=12)
    """

    @names_meant
    def __init__(
        self,
        model: TypeForm[M],
        *,
        context: Any = None,
        strict: bool | None = None,
        limits: Limits | None = None,
        lenient: bool = False,
        source_text: str | None = None,
        fail_fast: bool = False,
        carried: Mapping[str, str] | None = None,
    ) -> None:
        check_flag("lenient", lenient)
        check_text("source_text", source_text)
        plan = plan_of(model)
        self._lenient = lenient
        self._malformed: JSONSyntaxError | None = None  # waits for the end of the text
        self._plan = plan
        self._fail_fast = fail_fast
        self._judged = 0  # how many rejections have been looked at
        self._carried = Carried(carried or {}, plan.locations.names)
        self._settings = Settings(strict, context)
        self._limits = limits or DEFAULT_LIMITS
        openers = [char for char in KINDS if plan.shape.may_begin(char)]
        self._seeker = DocumentSeeker(self._judge, openers, self._limits)
        self._beginning = ""  # of the text, to be quoted
        self.size = 0
        self._room = -1  # characters that may follow at once, -1 where it is to be found out
        self.transcript = Transcript()
        self._builder = self._new_builder()
        self._reader: SyntaxReader | None = None  # None before the object begins
        self.start = 0
        self._find_quotes = None if source_text is None else quotes_check(model, source_text)
        self.spans: Spans = {}
        self.raw: str | None = None
        self._final: M | None = None
        self._failure: PartialStreamError | None = None
        self.snapshot: M | None = None
        self.outcome: Outcome | None = None

    def feed(self, delta: str) -> M | None:
        """Take the next piece of text.

        Args:
            delta: Text of any length; may be empty.

        Returns:
            A new snapshot, or None when nothing visible changed. At the delta that closes the
            object, the validated object.

        Raises:
            JSONSyntaxError: The text cannot become valid JSON; at the very delta.
            OutputValidationError: The object is closed and does not validate; with
                `fail_fast`, a member of it is. The error's `path` tells which, and so do the
                places in pydantic's.
            LimitExceededError: See `Limits`.

        Once it has raised, the parser raises the same error again.
        """
        if self._failure is not None:
            raise self._failure
        if self.outcome is not None:
            raise ValueError("the parser has been told that the text is finished")
        size = len(delta)
        self.size += size
        excess = ""  # what cannot be a part of the object any more
        text: str | None = delta
        try:
            if size <= self._room:
                self._room -= size  # as nearly all of the time
            else:
                text, excess = self._text_of_object(delta)
            snapshot: M | None = None
            while text is not None:
                reader, builder, transcript = self._reader, self._builder, self.transcript
                assert reader is not None
                # As `transcript.append`, and before it is read: the builder takes slices of it.
                transcript.pieces.append(text)
                transcript.starts.append(transcript.end)
                transcript.end += len(text)
                try:
                    consumed = reader.feed(text)
                except JSONSyntaxError as error:
                    if not self._lenient:
                        raise
                    reader = builder = self._stop_growing(error)
                    consumed = len(text)
                finally:
                    # A field that is refused comes before what is wrong after it.
                    if self._fail_fast and len(builder.rejections) > self._judged:
                        self._refuse_field()
                if reader.state is DONE:
                    snapshot = self._complete(reader)
                    text, excess = self._text_of_next(text[consumed:] + excess)
                    continue
                if excess:
                    raise exceeded(self._limits, "item_size", "the object")
                snapshot = builder.snapshot()
                if snapshot is not None:
                    self.snapshot = snapshot
                break
            if self.size > self._limits.total_size:
                raise exceeded(self._limits, "total_size")
        except PartialStreamError as error:
            raise self._fail(error) from error.__cause__
        return snapshot

    def finish(self) -> M:
        """Say that the text ends here.

        Returns:
            The validated object.

        Raises:
            IncompleteStreamError: The text is empty, holds no object, or ends inside it.
            OutputValidationError: The object does not validate.
        """
        outcome = self.end()
        if self._final is None or not outcome.ok:
            raise self._fail(IncompleteStreamError.of(outcome))
        return self._final

    def end(self) -> Outcome:
        """Say that the text ends here; gives the outcome without raising it.

        Raises:
            PartialStreamError: What a call of `feed` has raised.
        """
        if self._failure is not None:
            raise self._failure
        if self.outcome is None:
            try:
                self.outcome = self._end()
            except PartialStreamError as error:
                raise self._fail(error) from error.__cause__
        return self.outcome

    def _end(self) -> Outcome:
        if self._reader is None:
            document = self._seeker.finish()
            if document is not None:
                text = self._begin(document)
                self.size -= len(text)  # it has been counted
                self.feed(text)
        reader = self._reader
        if reader is not None:
            if self._malformed is not None:
                self._complete_leniently(self._malformed)
                return Outcome("complete", detail=f"not valid JSON, but read: {self._malformed}")
            if self._final is None and reader.finish():
                self._complete(reader)
            if self._final is None:
                return Outcome("truncated", tail=self.transcript.text)
            return Outcome("complete")
        if self._seeker.unfinished:
            return Outcome("truncated", tail=self._seeker.unfinished)
        if self._seeker.blank:
            return Outcome("empty")
        what = "object found that fits the model" if self._seeker.json_found else "JSON found"
        reason = f"no {what} in the response"
        return Outcome("no_json", detail=f"{reason}: {beginning_of([self._beginning])!r}")

    def _text_of_object(self, delta: str) -> tuple[str | None, str]:
        """The part of a text to read on in the object with, None where it is outside of one.

        Returns:
            That, and what is too much for the object.
        """
        excess = self.size - self._limits.total_size
        text = delta if excess <= 0 else delta[:-excess]
        if self._reader is not None and self._final is None:
            return self._within_limit(text)
        if self._reader is None:
            self._beginning += text[: LOOKED_AT - len(self._beginning)]
        return self._text_of_next(text)

    def _text_of_next(self, text: str) -> tuple[str | None, str]:
        """As `_text_of_object`, outside of an object."""
        document = self._seeker.feed(text) if text else None
        return (None, "") if document is None else self._within_limit(self._begin(document))

    def _within_limit(self, text: str) -> tuple[str, str]:
        """What of a text the object has room for, and the rest."""
        if self._carried.comma_pending:
            text = self._carried.followed_by(text)
        room = self._limits.item_size - self.transcript.end + self.transcript.start
        if not self._carried.comma_pending:
            self._room = min(room - len(text), self._limits.total_size - self.size)
        return text[:room], text[room:]

    def _judge(self, bracket: str, certainty: Certainty, position: Position) -> Probe | Root | None:
        """See `DocumentSeeker`."""
        if self._final is not None and not self._seeker.think_closed:
            return None  # after the document
        if certainty is Certainty.CERTAIN:
            return Root.ITEM
        shape = self._plan.shape if bracket == "{" else self._plan.elements
        if shape is None or not self._plan.shape.may_begin(bracket):
            return None
        return ObjectProbe(shape, certainty=certainty, limits=self._limits, position=position)

    @property
    def is_tentative(self) -> bool:
        """Whether the object stands in prose, or in what turned out to be thoughts."""
        return self._seeker.certainty is not Certainty.CERTAIN or self._seeker.think_closed

    def _new_builder(self) -> SnapshotBuilder[Settings]:
        return SnapshotBuilder(self._plan.node, self.transcript, self._settings)

    def _begin(self, text: str) -> str:
        """The document begins with `text`; gives what is to be read of that.

        It may be the second one: the first was a draft in thoughts whose opening tag is missing.
        """
        self._final = self.raw = None
        self.spans = {}
        self._judged = 0
        self._room = -1
        position = self._seeker.position
        self.start = position.offset
        opening = self._carried.opening if text[0] == "{" else ""
        # So that what stands after it has the place that it has in the text.
        position = position._replace(offset=position.offset - len(opening))
        self.transcript = Transcript(position.offset)
        self._builder = self._new_builder()
        self._reader = SyntaxReader(self._builder, limits=self._limits, position=position)
        return self._begin_with(opening, text) if opening else text

    def _begin_with(self, opening: str, text: str) -> str:
        """The object has carried members, which its first delta is read after."""
        assert self._reader is not None
        fitting = opening[: self._limits.item_size]
        self.transcript.append(fitting)
        self._reader.feed(fitting)
        if len(fitting) < len(opening):
            raise exceeded(self._limits, "item_size", "the object")
        self.snapshot = self._builder.snapshot() or self.snapshot
        self._builder.touch()  # there is a snapshot of it in any case
        # Its lines are no lines of the text.
        self._reader.resume(self._seeker.position)
        self._builder.ignored = self._carried.names
        self._carried.comma_pending = True
        return text[1:]

    def _refuse_field(self) -> None:
        """Raise for a value that makes the whole invalid, if one has come."""
        rejections = self._builder.rejections
        first, self._judged = self._judged, len(rejections)
        for rejection in rejections[first:]:
            if self._carried.may_replace(rejection):
                continue
            error = self._plan.locations.refusal(rejection, self.transcript, self._limits)
            if error is not None:
                raise error from error.__cause__

    @property
    def standing(self) -> dict[str, str]:
        """The members that are complete and not known to be invalid, with their JSON texts.

        In the order they came in, carried ones first, by their names in the text. What the
        model leaves out of account is not among them. None of them stands where the object as
        a whole was refused.

        Example:
            >>> from pydantic import BaseModel
            >>> class Report(BaseModel):
            ...     title: str
            ...     pages: int
            >>> parser = PartialParser(Report)
            >>> parser.feed('{"title": "On paper", "pages": "many"')
            Report(title='On paper', pages=None)
            >>> parser.standing
            {'title': '"On paper"'}
            >>> parser = PartialParser(Report, carried=parser.standing)
            >>> parser.feed('{"pages": 12}')
            Report(title='On paper', pages=12)
        """
        text = self.transcript.text
        if not text.startswith("{"):
            return dict(self._carried.members)
        rejections = self._builder.rejections if self._final is None else []
        refused = self._plan.locations.refused_names(rejections, self._failure)
        if refused is None:
            return {}
        members = complete_members(text, self._limits)
        failure = self._failure
        refused_whole = isinstance(failure, OutputValidationError) and not failure.path
        if self._final is None and not refused_whole:
            # Those that come again have not been validated: the complete object is.
            members.update(self._carried.members)
        return self._plan.locations.accepted(members, refused)

    def _complete(self, reader: SyntaxReader) -> M:
        raw = self.transcript.slice(self.transcript.start, reader.position.offset)
        try:
            final = self._validate(raw)
        except ValidationError as error:
            raise OutputValidationError(
                f"the object does not validate: {error}", raw=raw
            ) from error
        self._final = self.snapshot = final
        self._room = -1
        self._seeker.leave(reader.position)
        return final

    def _validate(self, raw: str) -> M:
        settings = self._settings
        final: M = self._plan.validate(raw, strict=settings.strict, context=settings.context)
        if self._find_quotes is not None:
            self.spans = self._find_quotes(final, raw)
        self.raw = raw
        return final

    def _stop_growing(self, error: JSONSyntaxError) -> Any:
        """The text is not valid JSON, which may do when it has ended; gives what reads it on."""
        self._malformed = error
        stopped: Any = _Stopped(self._builder.rejections)
        self._reader = self._builder = stopped
        return stopped

    def _complete_leniently(self, malformed: JSONSyntaxError) -> None:
        found = reread(self.transcript.text)
        if found is None:
            raise malformed
        try:
            final = self._validate(found.json)
        except ValidationError as error:
            if is_malformed(error):
                raise malformed from error
            raw = self.transcript.text[: found.end]
            raise OutputValidationError(
                f"the object does not validate: {error}", raw=raw
            ) from error
        self._final = self.snapshot = final

    def _fail(self, error: PartialStreamError) -> PartialStreamError:
        if error.outcome is None:
            error.outcome = Outcome("invalid", detail=str(error))
        error.snapshot = self.snapshot
        self.outcome = error.outcome
        self._failure = error
        return error


class _Stopped:
    """In place of the reader and the builder of an object that does not grow any more."""

    state: Final = None

    def __init__(self, rejections: list[Any]) -> None:
        self.rejections = rejections

    def feed(self, text: str) -> int:
        return len(text)

    def snapshot(self) -> None:
        return None
