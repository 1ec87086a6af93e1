"""Errors that providers send in the stream, and the way chunks are shown in messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from partialstream.errors import ProviderError
from partialstream.sources.shapes import is_object

if TYPE_CHECKING:
    from typing import Any

# Members that tell what a chunk is. Others are named but not shown: an object that came here
# by mistake may be a request, with its key.
_TELLING = ("object", "type", "event")


def shorten(text: str, limit: int = 200) -> str:
    """Quote a text for a message, its end cut off if it is long.

    Example:
        >>> shorten("abc")
        "'abc'"
        >>> shorten("abcdef", limit=3)
        "'abc'… (6 characters)"
    """
    if len(text) <= limit:
        return repr(text)
    return f"{text[:limit]!r}… ({len(text)} characters)"


def shown(value: Any, limit: int = 2000) -> str:
    """Write a value for a message, whatever it is: a text as it is, all else by its `repr`.

    Example:
        >>> shown("busy"), shown({"code": 529})
        ('busy', "{'code': 529}")
    """
    if isinstance(value, str):
        return value[:limit]
    try:
        return repr(value)[:limit]
    except (RecursionError, ValueError):
        # Nested deeper than Python's stack, or an integer of more digits than it writes.
        return describe(value)


def describe(chunk: Any) -> str:
    """Say what a chunk is, without what may be secret in it.

    Example:
        >>> describe({"type": "ping", "key": "sk-…"})
        "a dict with type='ping', key"
        >>> describe(3.5)
        'a float'
    """
    if isinstance(chunk, str):
        return f"the text {shorten(chunk)}"
    if isinstance(chunk, bytes):
        return f"the bytes {chunk[:80]!r}"
    kind: type[Any] = chunk.__class__
    name = kind.__qualname__
    if kind.__module__ != "builtins":
        name = f"{kind.__module__}.{name}"
    if not is_object(chunk):
        return f"a {name}"
    members = [
        f"{key}={shorten(value, 40)}"
        if key in _TELLING and isinstance(value := chunk[key], str)
        else shown(key, 40)
        for key in list(chunk)[:12]
    ]
    if len(chunk) > len(members):
        members.append(f"{len(chunk) - len(members)} more")
    return f"a {name} with {', '.join(members)}" if members else f"an empty {name}"


def unknown_chunk(chunk: Any, expected: str) -> ProviderError:
    """Make the error for a chunk of unknown shape."""
    return ProviderError(f"unknown chunk: {describe(chunk)}; expected {expected}", chunk=chunk)


def error_in(chunk: dict[str, Any]) -> ProviderError | None:
    """Make the error that a chunk tells of, None if it tells of none.

    All wire formats write errors alike: an `error` member that is an object or a text, beside
    the answer or alone; or the error's own members, without anything of an answer.

    Example:
        >>> error_in({"error": {"message": "overloaded", "code": 502}}).code
        '502'
        >>> error_in({"choices": []}) is None
        True
    """
    error: Any = chunk.get("error")
    if error:
        return provider_error(chunk if error is True else error, chunk)
    if chunk.get("object") == "error" or chunk.get("type") == "error":
        return provider_error(chunk, chunk)
    if "choices" not in chunk and ("detail" in chunk or _is_error(chunk)):
        return provider_error(chunk, chunk)
    return None


def provider_error(error: Any, chunk: object) -> ProviderError:
    """Make the error from what a provider says of it: an object, a text or anything else."""
    code: Any = None
    message: Any = error
    if is_object(error):
        message = next(
            (error[name] for name in ("message", "detail", "error") if error.get(name)), error
        )
        code = next((error[name] for name in ("code", "type", "status") if error.get(name)), None)
    return ProviderError(
        f"the provider sent an error: {shown(message)}",
        chunk=chunk,
        code=None if code is None else shown(code),
    )


def _is_error(chunk: dict[str, Any]) -> bool:
    return isinstance(chunk.get("message"), str) and ("code" in chunk or "status" in chunk)
