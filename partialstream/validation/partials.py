"""Objects that grow while their text arrives."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from partialstream.engine.growth import Growth
from partialstream.engine.members import complete_members
from partialstream.engine.seek import DocumentSeeker
from partialstream.engine.syntax import SyntaxReader
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

M = TypeVar("M", bound=BaseModel)

_BLANK: Final = " \t\n\r"


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
            shown, and the complete object is refused.
        carried: Members that stand from another text, with their JSON texts. The object
            begins with them; what is fed has the others. A member that comes again counts
            once the object is complete.

    Attributes:
        outcome: How the text ended; None until `finish` was called or something was raised.

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
        self._certain = plan.certain if fail_fast else frozenset[str]()
        self._carried = dict(carried or {})
        self._joint = False  # whether the carried members end where the text goes on
        self._validate = plan.validate
        self._node = plan.node
        self._settings = Settings(strict, context)
        self._limits = limits or DEFAULT_LIMITS
        self._seeker = DocumentSeeker(plan.shape, plan.elements, self._limits)
        self._size = 0  # characters read
        self._transcript = Transcript()  # the object's text
        self._growth = Growth(self._node, self._transcript, self._settings)
        self._reader: SyntaxReader | None = None  # None before the object begins
        self._start = 0  # of the object in the text
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
            OutputValidationError: The object is closed and does not validate.
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
        reader = self._reader
        if reader is not None:
            if self._final is None and reader.finish():
                self._complete(reader)
            if self._final is None:
                return Outcome("truncated", tail=self._transcript.text)
            return Outcome("complete")
        return self._seeker.finish()

    def _take(self, delta: str) -> M | None:
        reader = self._reader
        if reader is None:
            document = self._seeker.feed(delta)
            return None if document is None else self._begin(document)
        if self._final is None:
            return self._read(reader, delta)
        self._seeker.behind(delta)
        return None

    def _begin(self, text: str) -> M | None:
        """The document begins with `text`."""
        position = self._seeker.position
        carried = ""
        if self._carried and text[0] == "{":
            carried = _opened(self._carried)
            # So that what stands behind it has the place that it has in the text.
            position = position._replace(offset=position.offset - len(carried))
            text = text[1:]
        self._start = position.offset
        self._transcript = Transcript(position.offset)
        self._growth = Growth(self._node, self._transcript, self._settings)
        self._reader = SyntaxReader(self._growth, limits=self._limits, position=position)
        if not carried:
            return self._read(self._reader, text)
        shown = self._read(self._reader, carried)
        self._growth.ignored = frozenset(self._carried)
        self._joint = True
        return (self._read(self._reader, text) if text else None) or shown

    def _read(self, reader: SyntaxReader, delta: str) -> M | None:
        if self._joint:
            rest = delta.lstrip(_BLANK)
            if rest:
                self._joint = False
                comma = " " if rest[0] == "}" else ","
                delta = f"{delta[: len(delta) - len(rest)]}{comma}{rest}"
        allowed = self._limits.item_size
        room = allowed - len(self._transcript)
        text = delta if len(delta) <= room else delta[:room]
        self._transcript.append(text)  # before it is read: growth.py takes slices of it
        consumed = reader.feed(text)
        if self._certain and self._growth.rejections:
            self._refuse_member()
        if reader.done:
            self._complete(reader)
            self._seeker.behind(delta[consumed:])
            return self._final
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

    def _refuse_member(self) -> None:
        """Raise for a member that makes the whole invalid, if there is one."""
        for rejection in self._growth.rejections:
            name, *steps = rejection.path
            # An element of a list is judged by itself; a member of a member is judged with it.
            if name in self._certain and all(isinstance(step, int) for step in steps):
                error = located(rejection.error, (self._json_name(str(name)), *steps))
                raise OutputValidationError(
                    f"a member does not validate: {error}", raw=rejection.raw, path=rejection.path
                ) from error

    def _json_name(self, field: str) -> str:
        return next(name for name, known in self._plan.names.items() if known == field)

    @property
    def standing(self) -> dict[str, str]:
        """The members that are complete and not known to be invalid, with their JSON texts."""
        if self._reader is None:
            return self._carried
        members = complete_members(self._transcript.text, self._limits)
        refused = {rejection.path[0] for rejection in self._growth.rejections}
        error = self._failure and self._failure.__cause__
        if isinstance(error, ValidationError):
            for detail in error.errors(include_url=False, include_context=False):
                if not detail["loc"]:
                    return {}  # it is the object that is not valid
                refused.add(detail["loc"][0])
        names = self._plan.names
        return {
            name: raw
            for name, raw in members.items()
            if name in names and name not in refused and names[name] not in refused
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
    pairs = (f"{json.dumps(name, ensure_ascii=False)}: {raw}" for name, raw in members.items())
    return f"{{{', '.join(pairs)} "
