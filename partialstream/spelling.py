"""Misspelled keyword arguments: the error names the word that was meant."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

LEAST: Final = 0.8
"""How similar a name is to a word that is meant by it, from 0 to 1: `max_retry` is 0.80."""

F = TypeVar("F", bound="Callable[..., Any]")
C = TypeVar("C", bound=type)


def names_meant(function: F) -> F:
    """Let a `TypeError` for a misspelled keyword name the parameter that was meant.

    Nothing is looked at before there is a `TypeError`. Not for functions with `**kwargs`.

    Example:
        >>> @names_meant
        ... def paint(*, colour: str = "red") -> None: ...
        >>> paint(color="blue")
        Traceback (most recent call last):
        TypeError: there is no argument color=; did you mean colour=?
    """

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except TypeError:
            error = _error_for(function, kwargs)
            if error is None:
                raise
        raise error

    return cast("F", call)


def fields_meant(cls: C) -> C:
    """`names_meant` for a dataclass, whose `__init__` is not written."""
    setattr(cls, "__init__", names_meant(getattr(cls, "__init__")))  # noqa: B009, B010  # typed so
    return cls


def misspelling(name: str, word: str) -> TypeError:
    """The error for a name that is meant to be another."""
    return TypeError(f"there is no argument {name}=; did you mean {word}=?")


def similarity(name: str, word: str) -> float:
    """How similar two names are, from 0 to 1.

    Example:
        >>> similarity("modle", "model")
        1.0
        >>> round(similarity("max_retry", "max_retries"), 2)
        0.8
    """
    # By the characters alone a transposition counts twice, and `modle` is nearer to `mode`.
    if sorted(name) == sorted(word):
        return 1.0
    from difflib import SequenceMatcher  # only where something is misspelled

    return SequenceMatcher(None, name, word).ratio()


def _error_for(function: Callable[..., Any], given: Iterable[str]) -> TypeError | None:
    """The error for the first name that is nearly a parameter; None if there is none."""
    from inspect import signature

    words = signature(function).parameters
    for name in given:
        if name not in words:
            alike, word = max(((similarity(name, word), word) for word in words), default=(0.0, ""))
            if alike >= LEAST:
                return misspelling(name, word)
    return None
