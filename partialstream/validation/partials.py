"""Objects that grow while their text arrives."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from partialstream.engine.growth import Growth
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
from partialstream.validation.checks import Settings
from partialstream.validation.plan import plan_of

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
    ) -> None:
        plan = plan_of(model)
        self._validate = plan.validate
        self._node = plan.node
        self._settings = Settings(strict, context)
        self._limits = limits or DEFAULT_LIMITS
        self._seeker = DocumentSeeker(plan.shape, plan.elements, self._limits)
        self._size = 0  # characters read
        self._transcript = Transcript()  # the object's text
        self._growth = Growth(self._node, self._transcript, self._settings)
        self._reader: SyntaxReader | None = None  # None before the object begins
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
        self._transcript = Transcript(position.offset)
        self._growth = Growth(self._node, self._transcript, self._settings)
        self._reader = SyntaxReader(self._growth, limits=self._limits, position=position)
        return self._read(self._reader, text)

    def _read(self, reader: SyntaxReader, delta: str) -> M | None:
        allowed = self._limits.item_size
        room = allowed - len(self._transcript)
        text = delta if len(delta) <= room else delta[:room]
        self._transcript.append(text)  # before it is read: growth.py takes slices of it
        consumed = reader.feed(text)
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

    def _complete(self, reader: SyntaxReader) -> None:
        raw = self._transcript.slice(self._seeker.position.offset, reader.position.offset)
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
