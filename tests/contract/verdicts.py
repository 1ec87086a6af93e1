"""Verdicts on whole documents: the engine's, with any cut, and pydantic's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic_core import from_json

from partialstream.engine.parser import Handler, SyntaxReader
from partialstream.errors import JSONSyntaxError, LimitExceededError

if TYPE_CHECKING:
    from collections.abc import Iterable

BLANKS = " \t\n\r"


def engine_accepts(deltas: Iterable[str], *, allow_nan: bool = False) -> bool:
    """Whether the engine's parser takes a document, and nothing but blanks behind it."""
    reader = SyntaxReader(Handler(), allow_nan=allow_nan)
    try:
        for delta in deltas:
            consumed = reader.feed(delta)
            if delta[consumed:].strip(BLANKS):
                return False
        return reader.finish()
    except (JSONSyntaxError, LimitExceededError):
        return False


def engine_accepts_bytes(data: bytes) -> bool:
    try:
        return engine_accepts([data.decode()])
    except UnicodeDecodeError:
        return False


def pydantic_accepts(text: str, *, allow_nan: bool = True) -> bool:
    """Whether pydantic's parser takes a document."""
    try:
        from_json(text.encode(), allow_inf_nan=allow_nan)
    except ValueError:  # also for lone surrogates, which have no UTF-8
        return False
    return True
