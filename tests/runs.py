"""Runs of the push parsers, written down so that they can be compared."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import BaseModel

from partialstream import (
    ItemParser,
    JSONSyntaxError,
    LimitExceededError,
    OutputValidationError,
    PartialParser,
    PartialStreamError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass
class Run:
    """What a parser did with a text.

    Attributes:
        values: What it delivered: items, or the states of the snapshots.
        after: How many values had been delivered after each delta.
        rejected: Rejected items, index and text.
        status: The outcome's status.
        tail: The outcome's tail.
        error: The error, described.
        failed_with: The number of the delta that raised, None for the end or no error.
        exception: The error itself.
    """

    values: list[Any] = field(default_factory=list)
    after: list[int] = field(default_factory=list)
    rejected: list[tuple[int, str]] = field(default_factory=list)
    status: str = ""
    tail: str = ""
    error: tuple[Any, ...] | None = None
    failed_with: int | None = None
    exception: PartialStreamError | None = None

    @property
    def result(self) -> tuple[Any, ...]:
        """What must not depend on the cut."""
        return shown(self.values), self.rejected, self.status, self.tail, self.error


class Feeds(Protocol):
    def feed(self, text: str, /) -> Any: ...


def feed(parser: Feeds, deltas: Iterable[str], *, finish: bool = False) -> list[Any]:
    """Feed all of it; gives what each call gave."""
    results = [parser.feed(delta) for delta in deltas]
    if finish:
        results.append(parser.finish())  # type: ignore[attr-defined]  # not all have it
    return results


def describe(error: PartialStreamError) -> tuple[Any, ...]:
    name = type(error).__name__
    if isinstance(error, JSONSyntaxError):
        return name, error.reason, error.offset, error.line, error.column, error.path
    if isinstance(error, OutputValidationError):
        return name, error.index, error.raw
    if isinstance(error, LimitExceededError):
        return name, error.limit
    return name, error.message


def place(error: PartialStreamError | None) -> tuple[Any, ...]:
    assert isinstance(error, JSONSyntaxError), error
    return error.offset, error.line, error.column, error.path


def run_items(type_: Any, deltas: list[str], **options: Any) -> Run:
    parser: ItemParser[Any] = ItemParser(type_, **options)
    run = Run()
    try:
        for number, delta in enumerate(deltas):
            run.failed_with = number
            run.values += parser.feed(delta)
            run.after.append(len(run.values))
        run.failed_with = None
        run.values += parser.finish()
    except PartialStreamError as error:
        run.error = describe(error)
        run.exception = error
    run.rejected = [(item.index, item.raw) for item in parser.rejected]
    assert parser.outcome is not None
    run.status, run.tail = parser.outcome.status, parser.outcome.tail
    return run


def run_partial(model: type[BaseModel], deltas: list[str], **options: Any) -> Run:
    """`values` are the snapshots themselves, the validated object last if there is one."""
    parser: PartialParser[Any] = PartialParser(model, **options)
    run = Run()
    try:
        for number, delta in enumerate(deltas):
            run.failed_with = number
            snapshot = parser.feed(delta)
            if snapshot is not None:
                run.values.append(snapshot)
            run.after.append(len(run.values))
        run.failed_with = None
        final = parser.finish()
        if not run.values or run.values[-1] is not final:  # a root number
            run.values.append(final)
    except PartialStreamError as error:
        run.error = describe(error)
        run.exception = error
    assert parser.outcome is not None
    run.status, run.tail = parser.outcome.status, parser.outcome.tail
    return run


def shown(value: Any) -> Any:
    """All that can be seen of a value, as something that compares exactly.

    `1`, `1.0` and `True` are told apart, NaN equals itself, and a snapshot shows its members
    that have arrived.
    """
    if isinstance(value, BaseModel):
        members = {**value.__dict__, **(value.model_extra or {})}
        arrived = value.model_fields_set
        return type(value).__name__, [
            (name, shown(members[name])) for name in members if name in arrived
        ]
    if isinstance(value, dict):
        return "dict", [(name, shown(member)) for name, member in value.items()]
    if isinstance(value, list | tuple):
        return type(value).__name__, [shown(element) for element in value]
    if isinstance(value, set | frozenset):
        return type(value).__name__, sorted(map(repr, value))
    return type(value).__name__, repr(value)
