"""Measurements that other programs on the machine disturb."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

ATTEMPTS = 8


def undisturbed(measure: Callable[[], T], fits: Callable[[T], bool]) -> bool:
    """Whether a measurement fits; taken again if not, as one that is disturbed proves nothing."""
    return any(fits(measure()) for _ in range(ATTEMPTS))
