"""The members of chunks: SDK objects as plain ones, access by type, and errors."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final, TypeGuard, cast

from partialstream.errors import ProviderError
from partialstream.quoting import QUOTED, mask_keys, quote


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    """Whether it is a JSON object, told so that type checkers follow."""
    return isinstance(value, dict)


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """Whether it is a JSON array."""
    return isinstance(value, list)


_PLAIN = frozenset({str, int, float, bool, type(None), dict})

# chunk, choices, choice, delta, tool_calls, call, function, arguments: nothing of interest
# lies deeper, and an object may refer to the one that holds it.
_DEPTH = 8


def plain(value: Any, depth: int = _DEPTH) -> Any:
    """Turn an SDK's object into dicts and lists; attributes that are None are left out.

    Args:
        value: A pydantic model, a dataclass, an object with attributes or slots, a mapping.
            A dict is JSON already and is given back as it is.
        depth: How many levels to go down.

    Example:
        >>> from types import SimpleNamespace
        >>> plain(SimpleNamespace(delta=SimpleNamespace(content="a", refusal=None)))
        {'delta': {'content': 'a'}}
    """
    if value.__class__ in _PLAIN or depth == 0 or isinstance(value, type):
        return value
    if isinstance(value, Enum):
        return value.value
    if is_list(value):
        return [plain(member, depth - 1) for member in value]
    serializer: Any = getattr(value, "__pydantic_serializer__", None)
    if serializer is not None:
        # What `model_dump` calls, in half its time. Without warnings: providers send what does
        # not fit an SDK's types. As any: a member may be of a class derived from the declared.
        try:
            found = serializer.to_python(
                value, exclude_none=True, warnings=False, serialize_as_any=True
            )
            # A serializer of the model's own that is for JSON alone, as those of Cohere's SDK
            # are, gives the model itself.
            if found is not value:
                return found
        except TypeError:
            # pydantic before 2.14, and a member's class is one whose serializer is made on its
            # first use (`defer_build`, as in OpenAI's SDK): its attributes say the same.
            pass
    fields = fields_of(value)
    if fields is None:
        return value
    return {
        name: member if member.__class__ is str else plain(member, depth - 1)
        for name, member in fields.items()
        if member is not None or isinstance(value, Mapping)
    }


def fields_of(value: Any) -> dict[str, Any] | None:
    """Give the public attributes of an object by name, None if it has none to read."""
    if isinstance(value, (str, int, float, bytes, type)):
        return None
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, Any]", value))
    attributes: Any = getattr(value, "__dict__", None)
    if attributes is None:
        slots: Any = getattr(value, "__slots__", None)
        if slots is None:
            return None
        attributes = {name: getattr(value, name, None) for name in slots}
    # Where pydantic keeps what the model does not name, as `reasoning_content`.
    extra: Any = getattr(value, "__pydantic_extra__", None)
    if is_object(extra) and extra:
        attributes = {**attributes, **extra}
    return {name: member for name, member in attributes.items() if name[:1] != "_"}


# -- members by their type -----------------------------------------------------------------
#
# Where it says so, what is of another type raises the error for a chunk of unknown shape.


def as_dict(value: Any, expected: str) -> dict[str, Any]:
    """Give a chunk, or an object in it, as a dict; `{}` for None. Raises for all else."""
    fields: Any = {} if value is None else plain(value)
    if not is_object(fields):
        raise unknown_chunk(value, expected)
    return fields


def object_in(fields: dict[str, Any], name: str) -> dict[str, Any]:
    """Give a member that is an object; `{}` for anything else."""
    value: Any = fields.get(name)
    return value if is_object(value) else {}


def word_in(fields: dict[str, Any], name: str) -> str | None:
    """Give a member that is a text and says something; None for anything else."""
    value: Any = fields.get(name)
    return value if isinstance(value, str) and value else None


def list_in(fields: dict[str, Any], name: str, of: str) -> list[Any]:
    """Give a member that is a list, `[]` if there is none. Raises for all else."""
    value: Any = fields.get(name) or []
    if not is_list(value):
        raise unknown_chunk(value, f"a list of {of}")
    return value


def text_in(fields: dict[str, Any], name: str) -> str:
    """Give a member that is text, `""` if there is none. Raises for all else."""
    text: Any = fields.get(name)
    if text and not isinstance(text, str):
        raise unknown_chunk(fields, f"{name!r} as text")
    return text or ""


# -- errors --------------------------------------------------------------------------------

# Members that tell what a chunk is. Others are named but not shown: an object that came here
# by mistake may be a request, with its key.
_TELLING = ("object", "type", "event")


def shorten(text: str, limit: int = QUOTED) -> str:
    """Quote a text for a message, without keys, its end cut off if it is long.

    Example:
        >>> shorten("abc")
        "'abc'"
        >>> shorten("abcdef", limit=3)
        "'abc'… (6 characters)"
    """
    if len(text) <= limit:
        return repr(mask_keys(text))
    return f"{quote(text, limit)[:limit]!r}… ({len(text)} characters)"


def shown(value: Any, limit: int = 2000) -> str:
    """Write a value for a message, whatever it is: a text as it is, all else by its `repr`."""
    if isinstance(value, str):
        return quote(value, limit)[:limit]
    try:
        return quote(repr(value), limit)[:limit]
    except (RecursionError, ValueError):
        # Nested deeper than Python's stack, or an integer of more digits than it writes.
        return describe(value)


def describe(chunk: Any) -> str:
    """Say what a chunk is, without what may be secret in it.

    Example:
        >>> describe({"type": "ping", "key": "sk-…"})
        "a dict with type='ping', key"
    """
    if isinstance(chunk, str):
        return f"the text {shorten(chunk)}"
    if isinstance(chunk, bytes):
        return f"the bytes {quote(repr(chunk[:QUOTED]))}"
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


_UNKNOWN: Final = "unknown chunk: "


def unknown_chunk(chunk: Any, expected: str) -> ProviderError:
    """The error for a chunk of unknown shape."""
    return ProviderError(f"{_UNKNOWN}{describe(chunk)}; expected {expected}", chunk=chunk)


def quoting(error: ProviderError, text: bytes) -> ProviderError:
    """An error that quotes the text of a chunk of unknown shape; any other error as it is.

    For what is certainly a part of a response; see `describe`.
    """
    message = str(error)
    if not message.startswith(_UNKNOWN):
        return error
    beginning = text[: 8 * QUOTED].decode(errors="replace")
    return ProviderError(f"{message}; the chunk is {quote(beginning)!r}", chunk=error.chunk)


def error_in(chunk: dict[str, Any]) -> ProviderError | None:
    """Make the error that a chunk tells of, None if it tells of none.

    All wire formats write errors alike: an `error` member that is an object or a text, beside
    the response or alone; or the error's own members, without anything of a response.

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
