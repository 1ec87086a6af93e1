"""Arguments that are checked before anything is sent."""

from __future__ import annotations

from math import isnan


def check_seconds(name: str, seconds: object, *, positive: bool = False) -> None:
    """Check an argument that is a time.

    Raises:
        ValueError: It is negative, or 0 where it must be positive.
        TypeError: It is no number.
    """
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise TypeError(f"{name}= must be a number of seconds, not {seconds!r}")
    if isnan(seconds) or seconds < 0 or (positive and not seconds):
        must = "positive" if positive else "0 or more"
        raise ValueError(f"{name}= must be {must}, not {seconds}")


def check_count(name: str, count: object) -> None:
    """Check an argument that is a number of things.

    Raises:
        ValueError: It is not positive.
        TypeError: It is no integer.
    """
    if isinstance(count, bool) or not isinstance(count, int):
        raise TypeError(f"{name}= must be an integer, not {count!r}")
    if count < 1:
        raise ValueError(f"{name}= must be positive, not {count}")


def check_key(key: object) -> None:
    """Check the key of a stream that is kept.

    Raises:
        ValueError: It is empty.
        TypeError: It is no string.
    """
    if not isinstance(key, str):
        raise TypeError(f"key= must be a string, not {key!r}")
    if not key:
        raise ValueError("key= must not be empty")


def is_stream(value: object) -> bool:
    """Whether a value can be iterated, with awaiting or without."""
    return hasattr(value, "__aiter__") or hasattr(value, "__iter__")


def check_stream(stream: object) -> None:
    """Check what is to be sent.

    Raises:
        TypeError: It is no stream, and nothing that makes one.
    """
    if isinstance(stream, str | bytes | dict) or not (callable(stream) or is_stream(stream)):
        raise TypeError(f"respond takes a stream, or a function that makes one, not {stream!r}")
