"""Waits until what happens in other threads has come to rest."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

LOOKS = 8
APART = 0.04
"""Seconds. Many short waits: a machine that stands still for a while lengthens only one."""


def settled(look: Callable[[], T]) -> T:
    """What a function gives once it has given the same at several looks in a row."""
    before, same = look(), 0
    while same < LOOKS:
        time.sleep(APART)
        now = look()
        before, same = now, same + 1 if now == before else 0
    return before
