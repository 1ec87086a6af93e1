"""What a piece of decoded JSON is, told so that type checkers follow."""

from __future__ import annotations

from typing import Any, TypeGuard


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    """Whether it is an object.

    Example:
        >>> is_object({"a": 1}), is_object([1])
        (True, False)
    """
    return isinstance(value, dict)


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """Whether it is a list.

    Example:
        >>> is_list([1]), is_list("ab")
        (True, False)
    """
    return isinstance(value, list)
