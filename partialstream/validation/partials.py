"""Objects that grow while their text arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from partialstream.engine.blanks import BLANK
from partialstream.engine.growth import Growth
from partialstream.engine.kept_text import QUOTED, beginning_of
from partialstream.engine.locate import Certainty
from partialstream.engine.members import complete_members, object_text
from partialstream.engine.parser import DONE, SyntaxReader
from partialstream.engine.probe import ObjectProbe, Probe, Root
from partialstream.engine.seek import DocumentSeeker
from partialstream.engine.shape import KINDS
from partialstream.engine.transcript import Transcript
from partialstream.errors import (
    IncompleteStreamError,
    LimitExceededError,
    OutputValidationError,
    PartialStreamError,
)
from partialstream.limits import DEFAULT_LIMITS, Limits
from partialstream.results import Outcome
from partialstream.validation.checks import Settings, located
from partialstream.validation.plan import plan_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from partialstream.engine.growth import Rejection
    from partialstream.engine.position import Position
    from partialstream.results import Path

M = TypeVar("M", bound=BaseModel)


class PartialParser(Generic[M]):
    """Turns text that arrives in pieces into a growing object. No I/O.

    A snapshot is an instance of the model. A member that has not arrived reads as its default,
    else None; `model_fields_set` holds the members that have. Strings, lists and objects
    grow; every other value appears when it is complete. The last snapshot is the validated
    object itself. See also `completeness`, `Atomic` and `Gate`.

    Args:
        model: The model.
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

    Attributes:
        outcome: How the text ended; None until `finish` was called or something was raised.
        start: Where in what was fed the object begins, 0 before it does.

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

    def __init__(
        self,
        model: type[M],
        *,
        context: Any = None,
        strict: bool | None = None,
        limits: Limits | None = None,
        fail_fast: bool = False,
        carried: Mapping[str, str] | None = None,
    ) -> None:
        plan = plan_of(model)
        self._plan = plan
        self._fail_fast = fail_fast
        self._judged = 0  # how many rejections have been looked at
        self._carried = dict(carried or {})
        self._carried_fields = {plan.names.get(name, name) for name in self._carried}
        self._joint = False  # whether the carried members end where the text goes on
        self._validate = plan.validate
        self._node = plan.node
        self._settings = Settings(strict, context)
        self._limits = limits or DEFAULT_LIMITS
        openers = [char for char in KINDS if plan.shape.may_begin(char)]
        self._seeker = DocumentSeeker(self._judge, openers, self._limits)
        self._beginning = ""  # of the text, to be quoted
        self._size = 0  # characters read
        self._transcript = Transcript()  # the object's text
        self._growth = Growth(self._node, self._transcript, self._settings)
        self._reader: SyntaxReader | None = None  # None before the object begins
        self._start = 0  # of the object in the transcript
        self.start = 0
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
        allowed = self._limits.total_size
        self._size += len(delta)
        excess = self._size - allowed
        try:
            reader = self._reader
            if reader is not None and self._final is None and excess <= 0:
                return self._read(reader, delta)  # as nearly all of the time
            snapshot = self._take(delta if excess <= 0 else delta[:-excess])
            if excess > 0:
                raise LimitExceededError("total_size", allowed, f"more than {allowed} characters")
            return snapshot
        except PartialStreamError as error:
            raise self._fail(error) from error.__cause__

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
                self._begin(document)
        reader = self._reader
        if reader is not None:
            if self._final is None and reader.finish():
                self._complete(reader)
            if self._final is None:
                return Outcome("truncated", tail=self._transcript.text)
            return Outcome("complete")
        if self._seeker.unfinished:
            return Outcome("truncated", tail=self._seeker.unfinished)
        if self._seeker.blank:
            return Outcome("empty")
        what = "object found that fits the model" if self._seeker.json_found else "JSON found"
        reason = f"no {what} in the response"
        return Outcome("no_json", detail=f"{reason}: {beginning_of([self._beginning])!r}")

    def _take(self, delta: str) -> M | None:
        reader = self._reader
        if reader is None:
            self._beginning += delta[: QUOTED + 1 - len(self._beginning)]
        elif self._final is None:
            return self._read(reader, delta)
        document = self._seeker.feed(delta)
        return None if document is None else self._begin(document)

    def _judge(self, bracket: str, certainty: Certainty, position: Position) -> Probe | Root | None:
        """See `DocumentSeeker`."""
        if self._final is not None and not self._seeker.think_closed:
            return None  # behind the document
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

    def _begin(self, text: str) -> M | None:
        """The document begins with `text`.

        It may be the second one: the first was a draft in thoughts whose opening tag is missing.
        """
        self._final = None
        self._judged = 0
        position = self._seeker.position
        carried = ""
        if self._carried and text[0] == "{":
            carried = _opened(self._carried)
            # So that what stands behind it has the place that it has in the text.
            position = position._replace(offset=position.offset - len(carried))
            text = text[1:]
        self._start = position.offset
        self.start = self._seeker.position.offset
        self._transcript = Transcript(position.offset)
        self._growth = Growth(self._node, self._transcript, self._settings)
        self._reader = SyntaxReader(self._growth, limits=self._limits, position=position)
        if not carried:
            return self._read(self._reader, text)
        shown = self._read(self._reader, carried)
        # Its lines are no lines of the text.
        self._reader.resume(self._seeker.position)
        names = self._plan.names
        self._growth.ignored = frozenset(self._carried).union(
            name for name, field in names.items() if field in self._carried_fields
        )
        self._joint = True
        return (self._read(self._reader, text) if text else None) or shown

    def _read(self, reader: SyntaxReader, delta: str) -> M | None:
        if self._joint:
            rest = delta.lstrip(BLANK)
            if rest:
                self._joint = False
                comma = " " if rest[0] == "}" else ","
                delta = f"{delta[: len(delta) - len(rest)]}{comma}{rest}"
        transcript = self._transcript
        allowed = self._limits.item_size
        room = allowed - transcript.end + transcript.start
        text = delta if len(delta) <= room else delta[:room]
        transcript.append(text)  # before it is read: growth.py takes slices of it
        try:
            consumed = reader.feed(text)
        finally:
            # A member that is refused comes before what is wrong behind it.
            if self._fail_fast and len(self._growth.rejections) > self._judged:
                self._refuse_member()
        if reader.state is DONE:
            self._complete(reader)
            rest = delta[consumed:]
            document = self._seeker.feed(rest) if rest else None
            return self._final if document is None else self._begin(document)
        if len(delta) > room:
            raise LimitExceededError(
                "item_size", allowed, f"the object has more than {allowed} characters"
            )
        growth = self._growth
        if not growth.changed:
            return None
        growth.changed = False
        snapshot: M = growth.snapshot()
        self.snapshot = snapshot
        return snapshot

    @property
    def size(self) -> int:
        """Characters fed so far."""
        return self._size

    @property
    def transcript(self) -> Transcript:
        """The object's text so far, by its offsets in what was fed; before it carried members."""
        return self._transcript

    def _refuse_member(self) -> None:
        """Raise for a value that makes the whole invalid, if one has come."""
        rejections = self._growth.rejections
        first, self._judged = self._judged, len(rejections)
        for rejection in rejections[first:]:
            if not self._carried_fields.isdisjoint((rejection.path[0], *rejection.given)):
                continue  # a carried member may yet come again
            place = self._certain_place(rejection)
            if place is not None:
                error = located(rejection.error, place)
                raise OutputValidationError(
                    f"a member does not validate: {error}", raw=rejection.raw, path=place
                ) from error

    def _certain_place(self, rejection: Rejection) -> Path | None:
        """The place of a value that makes the whole invalid; None for another."""
        path = rejection.path
        place = self._plan.certain_place(path)
        name = self._plan.leading_names.get(str(path[0]))
        if place is None and name is not None and len(path) == 1:
            # The field has other names, but where this one is there, they do not count.
            members = complete_members(self._transcript.text, self._limits)
            return (name,) if members.get(name) == rejection.raw else None
        return place

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
        text = self._transcript.text
        if not text.startswith("{"):
            return dict(self._carried)
        plan = self._plan
        names = plan.names
        refused: set[str | int] = {
            rejection.path[0]
            for rejection in self._growth.rejections
            if self._final is None
            if len(rejection.path) == 1 or plan.certain_place(rejection.path) is not None
        }
        cause = self._failure and self._failure.__cause__
        if isinstance(cause, ValidationError):
            for detail in cause.errors(include_url=False, include_context=False):
                if not detail["loc"]:
                    return {}  # it is the object that is not valid
                name = detail["loc"][0]
                refused |= {name, names.get(str(name), name)}
        members = complete_members(text, self._limits)
        failure = self._failure
        refused_whole = isinstance(failure, OutputValidationError) and not failure.path
        if self._final is None and not refused_whole:
            # Those that come again have not been validated: the complete object is.
            members.update(self._carried)
        return {
            name: raw
            for name, raw in members.items()
            if (name in names or plan.open_names)
            and refused.isdisjoint((name, names.get(name, name)))
        }

    def _complete(self, reader: SyntaxReader) -> None:
        raw = self._transcript.slice(self._start, reader.position.offset)
        try:
            final: M = self._validate(
                raw, strict=self._settings.strict, context=self._settings.context
            )
        except ValidationError as error:
            raise OutputValidationError(
                f"the object does not validate: {error}", raw=raw
            ) from error
        self._final = self.snapshot = final
        self._seeker.leave(reader.position)

    def _fail(self, error: PartialStreamError) -> PartialStreamError:
        if error.outcome is None:
            error.outcome = Outcome("invalid", detail=str(error))
        error.snapshot = self.snapshot
        self.outcome = error.outcome
        self._failure = error
        return error


def _opened(members: Mapping[str, str]) -> str:
    """The beginning of an object with these members. The blank behind them ends a number."""
    return object_text(members)[:-1] + " "
