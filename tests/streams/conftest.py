from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def nothing_fails_unseen(
    nothing_is_left_of_others: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """What Python can only complain of, as of a coroutine that nobody awaited, fails the test."""
    unseen: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: unseen.append(args.exc_value))
    yield
    gc.collect()
    assert not unseen
