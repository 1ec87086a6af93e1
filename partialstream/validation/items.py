"""Items of any pydantic type, validated at the delta that completes them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Literal, NoReturn, TypeVar

from pydantic import ValidationError
from typing_extensions import override

from partialstream.engine.items import ItemScanner
from partialstream.engine.lenient import reread
from partialstream.engine.route import find_syntax_error, parse_path
from partialstream.engine.scan import ItemFeed
from partialstream.errors import (
    IncompleteStreamError,
    LimitExceededError,
    OutputValidationError,
    PartialStreamError,
)
from partialstream.limits import DEFAULT_LIMITS, SHORT_TEXT, Limits, exceeded
from partialstream.results import Outcome, RejectedItem
from partialstream.spelling import names_meant
from partialstream.validation.checks import check_flag, check_text, is_malformed
from partialstream.validation.quoted import quotes_check
from partialstream.validation.types import validator_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from typing_extensions import TypeForm

    from partialstream.engine.position import RawItem
    from partialstream.validation.quoted import Spans

T = TypeVar("T")

OnInvalid = Literal["raise", "skip"]

_ERROR = 400
"""Characters that each error in a rejected item counts for; see `Limits.rejected_size`."""


class ItemValidator(Generic[T]):
    """Validates items, and decides what becomes of those that are not valid.

    Args:
        type_: The type of one item.
        on_invalid: See `ItemParser`.
        context: Handed to pydantic's validators.
        strict: pydantic's strict mode; None leaves it to the type.
        limits: `repeated_items` and `rejected_size` count here; all are passed on to the parser
            that finds out why an item is malformed.
        lenient: Whether an item that is not valid JSON is reread; see `engine/lenient.py`.
        source_text: The text that quotes must stand in; None if there is none.

    Attributes:
        shape: What an item looks like.
        rejected: The items that did not validate, in order.
        delivered: How many did.
        failure: What is to be raised after the items that were accepted last.
        eventful: Whether there is something for `take_events`, or a failure.
    """

    def __init__(
        self,
        type_: TypeForm[T],
        *,
        on_invalid: OnInvalid = "raise",
        context: Any = None,
        strict: bool | None = None,
        limits: Limits = DEFAULT_LIMITS,
        lenient: bool = False,
        source_text: str | None = None,
    ) -> None:
        if on_invalid not in ("raise", "skip"):
            raise ValueError(f'on_invalid must be "raise" or "skip", not {on_invalid!r}')
        check_flag("lenient", lenient)
        check_text("source_text", source_text)
        validator, self.shape = validator_for(type_)
        validate = validator.validate_json
        if strict is not None or context is not None:
            validate = partial(validate, strict=strict, context=context)
        self._validate: Callable[[str], T] = validate
        self._spans: list[Spans] = []
        if source_text is not None:
            self._find_quotes(type_, source_text)
        self._on_invalid = on_invalid
        self._limits = limits
        self._lenient = lenient
        self._reread_numbers: set[int] = set()
        self._reported = 0  # how many of the rejected items were taken
        self.eventful = False
        self._last = ""  # the text of the item before
        self._in_a_row = 0  # how often it came
        self.rejected: list[RejectedItem] = []
        self._rejected_size = 0
        self.delivered = 0
        self.failure: PartialStreamError | None = None

    def accept(self, raws: Sequence[RawItem]) -> list[tuple[T, RawItem]]:
        """Validate items; gives those that are to be delivered.

        Sets `failure` if an item stops the stream: no item behind it is looked at.
        """
        accepted: list[tuple[T, RawItem]] = []
        validate = self._validate
        last = self._last
        for raw in raws:
            text = raw[0]
            if text == last:
                self._in_a_row += 1
                self.failure = self._runaway(raw)
                if self.failure is not None:
                    self.eventful = True
                    break
            else:
                last = text
                self._in_a_row = 1
            try:
                accepted.append((validate(text), raw))
            except ValidationError as error:
                self.eventful = True
                failure = error
                written = self._reread(raw, error) if self._lenient else None
                if written is not None:
                    try:
                        accepted.append((validate(written), raw))
                    except ValidationError as wrong:
                        failure = wrong
                    else:
                        self._reread_numbers.add(raw.number)
                        continue
                self.failure = self._judge(raw, failure)
                if self.failure is not None:
                    break
        self._last = last
        self.delivered += len(accepted)
        return accepted

    def _find_quotes(self, type_: Any, source_text: str) -> None:
        """From now on, an item is valid if its quotes stand in the text."""
        find, validate = quotes_check(type_, source_text), self._validate
        if find is None:
            return

        def validate_quotes(text: str) -> T:
            value = validate(text)
            self._spans.append(find(value, text))
            self.eventful = True
            return value

        self._validate = validate_quotes

    def take_spans(self) -> list[Spans]:
        """Where the quotes of the items stand that were accepted last, item by item."""
        spans, self._spans = self._spans, []
        return spans

    def take_events(self) -> tuple[list[RejectedItem], set[int]]:
        """The items that were rejected since the last time, and the numbers of those reread."""
        rejected = self.rejected[self._reported :]
        reread_numbers, self._reread_numbers = self._reread_numbers, set()
        self._reported += len(rejected)
        self.eventful = False
        return rejected, reread_numbers

    def _reread(self, raw: RawItem, error: ValidationError) -> str | None:
        """What an item says that is not valid JSON, as JSON; None if that is not for certain."""
        if not is_malformed(error):
            return None
        found = reread(raw.text)
        return None if found is None or found.end < len(raw.text) else found.json

    def _runaway(self, raw: RawItem) -> LimitExceededError | None:
        """What is to be raised for an item that came before, None for nothing."""
        allowed = self._limits.repeated_items
        if allowed is None or self._in_a_row <= allowed or len(raw.text) <= SHORT_TEXT:
            return None
        shown = raw.text if len(raw.text) <= 80 else raw.text[:80] + "…"
        return exceeded(self._limits, "repeated_items", f"the last at {raw.number}: {shown}")

    def _judge(self, raw: RawItem, error: ValidationError) -> PartialStreamError | None:
        """What is to be raised for an item that does not validate, None for nothing."""
        if is_malformed(error):
            try:
                malformed = find_syntax_error(raw.text, raw.position, raw.path, limits=self._limits)
            except LimitExceededError as too_much:
                return too_much
            if malformed is not None:
                malformed.__cause__ = error
                return malformed
        self._rejected_size += len(raw.text) + error.error_count() * _ERROR
        if self._rejected_size > self._limits.rejected_size:
            return exceeded(self._limits, "rejected_size", f"the last at {raw.number}")
        self.rejected.append(RejectedItem(raw.number, raw.text, error, raw.path))
        if self._on_invalid == "skip":
            return None
        return invalid_item(self.rejected[-1])


def invalid_item(rejected: RejectedItem) -> OutputValidationError:
    """The error for an item that does not validate."""
    error = OutputValidationError(
        f"item {rejected.index} does not validate: {rejected.error}",
        index=rejected.index,
        raw=rejected.raw,
    )
    error.__cause__ = rejected.error
    error.outcome = Outcome("invalid", detail=str(error))
    return error


class ItemParser(ItemFeed, Generic[T]):
    """Turns text that arrives in pieces into validated items. No I/O.

    Args:
        type_: The type of one item: anything pydantic validates.
        path: Where the list is, `"report.sections.*.bullets"` or a sequence of steps. None:
            a root array, the first fitting array of a root object, documents in a row.
        on_invalid: What to do with an item that does not validate: `"raise"`, or `"skip"`,
            which leaves it in `rejected` only.
        context: Handed to pydantic's validators.
        strict: pydantic's strict mode; None leaves it to the type.
        limits: See `Limits`. `idle_seconds` is not for a parser.
        lenient: Whether an item that is not valid JSON is read if it is closed and can be
            understood for certain: with comments, single quotes, names without quotes,
            trailing commas, `None`, `True` or `False`.
        source_text: The text that fields marked with `Quote` are copied from; an item with a quote
            that is not found in it is invalid. None to not check quotes.

    Attributes:
        outcome: How the text ended; None until `finish` was called or something was raised.
        spans: The spans in `source_text` of each of the items that were returned last, by path:
            field names and indexes. Empty if there are no quotes to check.

    Example:
        >>> from pydantic import BaseModel
        >>> class Product(BaseModel):
        ...     name: str
        >>> parser = ItemParser(Product)
        >>> for delta in ('{"items": [{"name": "La', 'mp"}, {"na', 'me": "Rug"}]}'):
        ...     print(parser.feed(delta))
        []
        [Product(name='Lamp')]
        [Product(name='Rug')]
        >>> parser.finish()
        []
        >>> parser.outcome.status
        'complete'
    """

    @names_meant
    def __init__(
        self,
        type_: TypeForm[T],
        *,
        path: str | Sequence[str | int] | None = None,
        on_invalid: OnInvalid = "raise",
        context: Any = None,
        strict: bool | None = None,
        limits: Limits | None = None,
        lenient: bool = False,
        source_text: str | None = None,
    ) -> None:
        limits = limits or DEFAULT_LIMITS
        self._validator = ItemValidator(
            type_,
            on_invalid=on_invalid,
            context=context,
            strict=strict,
            limits=limits,
            lenient=lenient,
            source_text=source_text,
        )
        self._has_source = source_text is not None
        self.spans: list[Spans] = []
        self._scanner = ItemScanner(
            self._validator.shape, path=parse_path(path), limits=limits, lenient=lenient
        )
        super().__init__(self._scanner)
        self._failure: PartialStreamError | None = None
        self.outcome: Outcome | None = None

    @property
    def rejected(self) -> list[RejectedItem]:
        """The items that did not validate, in order."""
        return self._validator.rejected

    if TYPE_CHECKING:
        # `ItemFeed`, which may be compiled, cannot be generic.
        @override
        def feed(self, delta: str) -> list[T]: ...

    @override
    def _refuse(self) -> NoReturn:
        raise self._failure or ValueError("the parser has been told that the text is finished")

    @override
    def _completed_before(self, error: PartialStreamError) -> list[RawItem]:
        self._fail(error)
        raws = self._scanner.take_completed()
        if not raws:
            raise error
        return raws

    @override
    def _accept(self, raws: Sequence[RawItem]) -> list[T]:
        values = [value for value, _ in self._validator.accept(raws)]
        if self._has_source:
            self.spans = self._validator.take_spans()
        failure = self._validator.failure
        if failure is not None:
            self._fail(failure)
        failure = self._failure
        if failure is not None:
            failure.delivered = self._validator.delivered
            if not values:
                raise failure
        return values

    def finish(self) -> list[T]:
        """Say that the text ends here.

        Returns:
            Items that only the end shows to be some: those behind an odd quote in prose, which
            might as well have gone on. As with `feed`, a failure is raised by the next call then.

        Raises:
            IncompleteStreamError: The text is empty, holds no list, or ends inside it.
            JSONSyntaxError: Its unfinished end cannot become valid JSON.
            PartialStreamError: What a call of `feed` put off.
        """
        if self._failure is not None:
            raise self._failure
        if self.outcome is not None:
            return []
        failure: PartialStreamError | None = None
        try:
            self.outcome = self._scanner.finish()
            if not self.outcome.ok:
                failure = IncompleteStreamError.of(self.outcome)
        except PartialStreamError as error:
            failure = error
        self._takes_text = False
        raws = self._scanner.take_completed()
        if failure is not None:
            self._fail(failure)  # unless one of the items before it is to blame
        return self._accept(raws)

    def _fail(self, error: PartialStreamError) -> PartialStreamError:
        if error.outcome is None:
            error.outcome = Outcome("invalid", detail=str(error))
        error.delivered = self._validator.delivered
        self.outcome = error.outcome
        self._failure = error
        self._takes_text = False
        return error
