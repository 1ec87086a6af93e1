"""Objects that grow while their text arrives."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from partialstream.engine.growth import MISSING, Growth
from partialstream.engine.locate import RootFinder
from partialstream.engine.position import Position
from partialstream.engine.probe import Probe, Root
from partialstream.engine.syntax import SyntaxReader
from partialstream.engine.tokens import BLANKS
from partialstream.engine.transcript import Transcript
from partialstream.errors import (
    IncompleteStreamError,
    JSONSyntaxError,
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
        self._shape = plan.shape
        self._validator = plan.validator
        self._node = plan.node
        self._settings = Settings(strict, context)
        self._limits = limits or DEFAULT_LIMITS
        self._finder = RootFinder()
        self._unread = ""  # what must be read again, with what follows it
        self._position = Position()  # where `_unread` begins
        self._probe: Probe | None = None
        self._held: list[str] = []  # the text of a root that may be prose
        self._transcript = Transcript()
        self._growth = Growth(self._node, self._transcript, self._settings)
        self._reader: SyntaxReader | None = None
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
        try:
            reader = self._reader
            return self._seek(delta) if reader is None else self._read(reader, delta)
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
            try:
                closed = reader.finish()
            except JSONSyntaxError:
                closed = False  # a number that could have gone on, as "-" or "1."
            if self._final is None and closed:
                self._complete(reader)
            if self._final is None:
                return Outcome("truncated", tail=self._transcript.text)
            return Outcome("complete")
        held = "".join(self._held)
        if held[1:].strip():
            return Outcome("truncated", tail=held)
        if self._finder.blank and not self._unread:
            return Outcome("empty")
        return Outcome("no_json", detail="the answer holds no object that fits the model")

    def _seek(self, delta: str) -> M | None:
        """Look for the object's beginning."""
        text = self._unread + delta
        self._unread = ""
        pos = 0
        while pos < len(text):
            if self._probe is not None:
                self._held.append(text[pos:])
                verdict = self._probe.feed(text, pos)
                if verdict is None:
                    return None
                text = "".join(self._held)
                self._held = []
                self._probe = None
                if verdict is Root.ITEM or verdict is Root.LIST:
                    return self._begin(text)
                pos = 1
            if self._finder.blank and self._begins_scalar(text, pos):
                return self._begin(text)
            found, end = self._finder.find(text, pos)
            self._position = self._position.after(text[:end])
            text = text[end:]
            pos = 0
            if not found:
                self._unread = text
                return None
            if not self._finder.guessing:
                return self._begin(text)
            self._probe = Probe(
                self._shape,
                routed=False,
                guessing=True,
                limits=self._limits,
                position=self._position,
            )
        return None

    def _begins_scalar(self, text: str, pos: int) -> bool:
        """Whether the document is a scalar, which only a `RootModel` can be."""
        start = BLANKS(text, pos).end()
        return start < len(text) and text[start] not in "{[" and self._shape.may_begin(text[start])

    def _begin(self, text: str) -> M | None:
        """The document begins with `text`."""
        self._transcript = Transcript(self._position.offset)
        self._growth = Growth(self._node, self._transcript, self._settings)
        self._reader = SyntaxReader(self._growth, limits=self._limits, position=self._position)
        return self._read(self._reader, text)

    def _read(self, reader: SyntaxReader, delta: str) -> M | None:
        if self._final is not None:
            self._read_behind(delta)
            return None
        transcript = self._transcript
        transcript.append(delta)
        if transcript.end - self._position.offset > self._limits.item_size:
            allowed = self._limits.item_size
            raise LimitExceededError(
                "item_size", allowed, f"the object has more than {allowed} characters"
            )
        consumed = reader.feed(delta)
        if reader.done:
            self._complete(reader)
            self._read_behind(delta[consumed:])
            return self._final
        growth = self._growth
        if not growth.changed:
            return None
        growth.changed = False
        snapshot = growth.snapshot()
        if snapshot is MISSING:
            return None
        self.snapshot = snapshot
        return self.snapshot

    def _complete(self, reader: SyntaxReader) -> None:
        raw = self._transcript.slice(self._position.offset, reader.position.offset)
        try:
            final: M = self._validator.validate_json(
                raw, strict=self._settings.strict, context=self._settings.context
            )
        except ValidationError as error:
            raise OutputValidationError(
                f"the object does not validate: {error}", raw=raw
            ) from error
        self._final = self.snapshot = final
        self._position = reader.position
        self._finder.root_closed()

    def _read_behind(self, text: str) -> None:
        """What follows the object is not data, but for a bracket too many."""
        if not self._finder.after_root:
            return
        text = self._unread + text
        found, end = self._finder.find(text, 0)
        place = self._position = self._position.after(text[:end])
        self._unread = text[end:]
        if found:
            if self._finder.after_root and text[end] in "]}":
                raise JSONSyntaxError(
                    f"unexpected {text[end]!r} behind the document",
                    offset=place.offset,
                    line=place.line,
                    column=place.column,
                    path=(),
                )
            self._finder.after_root = False

    def _fail(self, error: PartialStreamError) -> PartialStreamError:
        if error.outcome is None:
            error.outcome = Outcome("invalid", detail=str(error), tail=self._transcript.text)
        error.snapshot = self.snapshot
        self.outcome = error.outcome
        self._failure = error
        return error
