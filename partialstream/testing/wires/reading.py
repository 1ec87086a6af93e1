"""What requests of all wires have in common, for those who read them."""

from __future__ import annotations

from typing import Any, cast


def listed(value: Any) -> list[Any]:
    """A list as it is; None, and what else says nothing, as an empty one.

    Raises:
        TypeError: If it is something else.

    Example:
        >>> listed([1]), listed(None)
        ([1], [])
    """
    if value and not isinstance(value, list):
        raise TypeError(f"a list is needed, not {value!r}")
    return cast("list[Any]", value or [])


def tool_asked_for(names: list[str], wanted: Any) -> str | None:
    """The tool that a text becomes a call of.

    Args:
        names: The tools of the request.
        wanted: The tool that it names, `"none"` if none may be called, anything else to choose
            among them.

    Returns:
        The tool named, or the first; None if there is none, or none may be called.

    Example:
        >>> tool_asked_for(["a", "b"], "b"), tool_asked_for(["a"], "auto")
        ('b', 'a')
        >>> tool_asked_for(["a"], "none") is None
        True
    """
    if not names or wanted == "none":
        return None
    return wanted if wanted in names else names[0]


def prompt_tokens(*texts: Any) -> int:
    """Estimate the input tokens: four characters of text make one.

    Args:
        texts: Texts, and lists and objects with texts as `text`, `content` or `parts` in them.

    Example:
        >>> prompt_tokens("abcd", [{"role": "user", "content": [{"text": "abcde"}]}])
        3
    """
    return -(-sum(map(_size, texts)) // 4)


def _size(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return sum(_size(fields.get(name)) for name in ("text", "content", "parts"))
    if isinstance(value, list):
        members = cast("list[Any]", value)  # type: ignore[redundant-cast]  # not for pyright
        return sum(_size(member) for member in members)
    return 0
