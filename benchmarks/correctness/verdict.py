"""From what happened to a word."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.correctness.case import Case

WORDS = {
    "right": "as it should be",
    "late": "right, but an item or a text came later than the delta that completed it",
    "lost": "items that were there did not come, or nothing came of the object",
    "wrong value": "a value was delivered or shown that the response does not hold",
    "crash": "died, ran out of its time, or raised what speaks of a mistake in the program",
    "silent": "the response was bad or incomplete, and ended as if it were complete",
    "left open": "the loop was left after an item, and the connection stayed open",
    "refused": "a clear error where the response could have been read",
    "n/a": "the library has nothing for it",
    "not installed": "the library is not there",
}

MISTAKES = frozenset(
    {
        "AssertionError",
        "AttributeError",
        "LookupError",
        "MemoryError",
        "NameError",
        "NotImplementedError",
        "RecursionError",
        "SystemError",
        "TypeError",
    }
)
"""Builtin errors, subclasses included, by which no library means to tell of its input."""


@dataclass(frozen=True)
class Record:
    """What happened.

    Attributes:
        values: Items or snapshots, each with the number of the delta it came with (None: not
            known).
        final: The object in the end.
        errors: The names of the error's class and of its bases; empty: there was none.
        message: The error's.
        died: The process ended or ran out of its time.
        offered: The library has something for this task.
        installed: The library is there.
    """

    values: list[tuple[int | None, Any]] = field(default_factory=list)
    final: Any = None
    errors: list[str] = field(default_factory=list)
    message: str = ""
    died: bool = False
    offered: bool = True
    installed: bool = True

    @property
    def failed(self) -> bool:
        """Whether an error was reported."""
        return bool(self.errors)


def verdict(case: Case, record: Record) -> str:
    """One of `WORDS`: the gravest that fits."""
    if not record.installed:
        return "not installed"
    if not record.offered:
        return "n/a"
    if record.died or MISTAKES & set(record.errors):
        return "crash"
    if "LeftOpen" in record.errors:
        return "left open"
    return _of_object(case, record) if case.grows else _of_items(case, record)


def _of_items(case: Case, record: Record) -> str:
    expected = [item.value for item in case.items]
    got = [value for _, value in record.values]
    if not _within(got, expected):
        return "wrong value"
    if record.failed and case.refusable:
        return "right"
    if len(got) < len(expected):
        return "refused" if record.failed and not case.fails else "lost"
    if record.failed != case.fails:
        return "refused" if record.failed else "silent"
    for (at, _), item in zip(record.values, case.items, strict=True):
        if at is not None and item.at is not None and at > item.at:
            return "late"
    return "right"


def _of_object(case: Case, record: Record) -> str:
    if not all(shows_part(value, case.final) for _, value in record.values):
        return "wrong value"
    for name in case.whole:
        shown = [value[name] for _, value in record.values if value and value.get(name) is not None]
        if not all(same(value, case.final[name]) for value in shown):
            return "wrong value"
    if record.failed and not case.fails:
        return "right" if case.refusable else "refused"
    if record.failed != case.fails:
        return "silent"
    if not case.fails and not same(record.final, case.final):
        return "lost" if shows_part(record.final, case.final) else "wrong value"
    for number, least in case.shows:
        shown = [at for at, value in record.values if shows_part(least, value)]
        if not shown and case.fails:
            return "lost"
        if number is not None and not any(at is None or at <= number for at in shown):
            return "late"
    return "right"


def _within(got: list[Any], expected: list[Any]) -> bool:
    """Whether something expected is missing at most."""
    rest = iter(expected)
    return all(any(same(value, other) for other in rest) for value in got)


def same(value: Any, other: Any) -> bool:
    """Whether two JSON values are equal; `true` is not 1, but 1.0 is."""
    if isinstance(value, dict) and isinstance(other, dict):
        return value.keys() == other.keys() and all(same(value[k], other[k]) for k in value)
    if isinstance(value, list) and isinstance(other, list):
        return len(value) == len(other) and all(map(same, value, other))
    return bool(value == other) and isinstance(value, bool) == isinstance(other, bool)


def shows_part(value: Any, whole: Any) -> bool:
    """Whether a value is what a growing one may show on its way; None shows nothing."""
    if value is None:
        return True
    if isinstance(value, dict) and isinstance(whole, dict):
        return all(
            member is None or (name in whole and shows_part(member, whole[name]))
            for name, member in value.items()
        )
    if isinstance(value, list) and isinstance(whole, list):
        return len(value) <= len(whole) and all(map(shows_part, value, whole))
    if isinstance(value, str) and isinstance(whole, str):
        return whole.startswith(value)
    return same(value, whole)
