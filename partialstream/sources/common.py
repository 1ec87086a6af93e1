"""What several wire formats have in common: SDK objects, errors, token counts, probabilities."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeGuard, cast

from partialstream.errors import ProviderError
from partialstream.results import Token, Usage

if TYPE_CHECKING:
    from partialstream.results import Channel


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


def as_dict(value: Any, expected: str) -> dict[str, Any]:
    """Give a chunk, or an object in it, as a dict; `{}` for None.

    Raises:
        ProviderError: If it is something else.
    """
    if value is None:
        return {}
    fields: Any = plain(value)
    if not is_object(fields):
        raise unknown_chunk(value, expected)
    return fields


def text_in(fields: dict[str, Any], name: str) -> str:
    """Give a member that is text, `""` if there is none.

    Raises:
        ProviderError: If it is something else.
    """
    text: Any = fields.get(name)
    if text and not isinstance(text, str):
        raise unknown_chunk(fields, f"{name!r} as text")
    return text or ""


# -- errors --------------------------------------------------------------------------------

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
    """Write a value for a message, whatever it is: a text as it is, all else by its `repr`."""
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
    """The error for a chunk of unknown shape."""
    return ProviderError(f"unknown chunk: {describe(chunk)}; expected {expected}", chunk=chunk)


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


# -- token counts --------------------------------------------------------------------------

# Where each figure stands, the usual place first. The later ones were seen at Copilot
# (`reasoning_tokens`), Moonshot (`cached_tokens`) and DeepSeek (`prompt_cache_hit_tokens`).
_INPUT = (("prompt_tokens",), ("input_tokens",))
_OUTPUT = (("completion_tokens",), ("output_tokens",))
_CACHED = (
    ("prompt_tokens_details", "cached_tokens"),
    ("input_tokens_details", "cached_tokens"),
    ("cached_tokens",),
    ("prompt_cache_hit_tokens",),
)
_REASONING = (
    ("completion_tokens_details", "reasoning_tokens"),
    ("output_tokens_details", "reasoning_tokens"),
    ("reasoning_tokens",),
)


def read_usage(fields: Any) -> Usage | None:
    """Read a `usage` member; None if it holds no figure.

    Example:
        >>> read_usage({"prompt_tokens": 7, "completion_tokens": 1})
        Usage(input_tokens=7, output_tokens=1, cached_tokens=0, reasoning_tokens=0)
    """
    counts = [_count(fields, places) for places in (_INPUT, _OUTPUT, _CACHED, _REASONING)]
    if counts[0] is None and counts[1] is None:
        return None
    return Usage(*(count or 0 for count in counts))


def read_usage_beside_cache(fields: Any, names: tuple[str, str, str, str]) -> Usage | None:
    """Read the figures of those who count what the cache holds beside the input, not within.

    Args:
        fields: The figures by name.
        names: Those of input, output, input read from the cache, and input written to it.

    Returns:
        The usage as we count it, with all input in `input_tokens`; None if there is no figure.

    Example:
        >>> read_usage_beside_cache({"in": 3, "out": 1, "read": 9}, ("in", "out", "read", "write"))
        Usage(input_tokens=12, output_tokens=1, cached_tokens=9, reasoning_tokens=0)
    """
    counts = [_count(fields, ((name,),)) for name in names]
    if counts[0] is None and counts[1] is None:
        return None
    fresh, output, read, written = (count or 0 for count in counts)
    thought = _count(fields, (("output_tokens_details", "thinking_tokens"),))
    return Usage(fresh + read + written, output, read, thought or 0)


def _count(fields: Any, places: tuple[tuple[str, ...], ...]) -> int | None:
    for place in places:
        value: Any = fields
        for name in place:
            value = value.get(name) if is_object(value) else None
        if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
            return int(value)
    return None


# -- probabilities of tokens ---------------------------------------------------------------

# How parallel lists write a token that is not valid UTF-8: `bytes:\xf0\x9f`.
_ESCAPED = re.compile(r"bytes:(?:\\x[0-9a-f]{2})+")


def read_tokens(logprobs: Any, channel: Channel) -> list[Token]:
    """Read the tokens of one chunk.

    Args:
        logprobs: A list of entries with `token` and `logprob`, perhaps `bytes` and
            `top_logprobs`; or parallel lists `tokens` and `token_logprobs`, as the API wrote
            them that was before Chat Completions and some servers still do.
        channel: The text that the tokens are a part of.

    Returns:
        All of them; none if one is of an unknown shape, since what is left would not line up
        with the text. Probabilities are an extra, and no reason to lose the response.

    Example:
        >>> from partialstream.results import Channel
        >>> entries = [{"token": "[", "logprob": -0.5, "bytes": [91], "top_logprobs": []}]
        >>> read_tokens(entries, Channel("content"))[0].data
        b'['
    """
    if is_object(logprobs):
        logprobs = _entries_of_lists(logprobs)
    if not is_list(logprobs):
        return []
    tokens: list[Token] = []
    for entry in logprobs:
        token = _token(entry, channel)
        if token is None:
            return []
        tokens.append(token)
    return tokens


def _entries_of_lists(fields: dict[str, Any]) -> list[dict[str, Any]]:
    tokens: Any = fields.get("tokens")
    logprobs: Any = fields.get("token_logprobs")
    if not is_list(tokens) or not is_list(logprobs) or len(tokens) != len(logprobs):
        return []
    top: Any = fields.get("top_logprobs")
    if not is_list(top) or len(top) != len(tokens):
        top = [None] * len(tokens)
    return [
        {
            "token": token,
            "logprob": logprob,
            "bytes": _unescaped(token),
            "top_logprobs": _ranking(each),
        }
        for token, logprob, each in zip(tokens, logprobs, top, strict=True)
    ]


def _unescaped(token: Any) -> list[int] | None:
    if not isinstance(token, str) or not _ESCAPED.fullmatch(token):
        return None
    return list(bytes.fromhex(token.removeprefix("bytes:").replace("\\x", "")))


def _ranking(logprobs: Any) -> list[dict[str, Any]]:
    """Give entries for logarithms by token."""
    if not is_object(logprobs):
        return []
    return [{"token": token, "logprob": logprob} for token, logprob in logprobs.items()]


def _token(entry: Any, channel: Channel) -> Token | None:
    known = _likelihood(entry)
    if known is None:
        return None
    text, logprob = known
    data = _bytes(entry.get("bytes"))
    if data is None:
        # Half a surrogate pair is not valid UTF-8, but a token all the same.
        data = text.encode("utf-8", "surrogatepass")
    top: Any = entry.get("top_logprobs")
    alternatives = [_likelihood(each) for each in top] if is_list(top) else []
    return Token(channel, data, logprob, tuple(each for each in alternatives if each is not None))


def _likelihood(entry: Any) -> tuple[str, float] | None:
    if not is_object(entry):
        return None
    text: Any = entry.get("token")
    logprob: Any = entry.get("logprob")
    if not isinstance(text, str) or not isinstance(logprob, (int, float)):
        return None
    try:
        return text, float(logprob)
    except OverflowError:
        return None  # an integer beyond all floats


def _bytes(values: Any) -> bytes | None:
    """Give the bytes of a list of numbers; None if it is something else."""
    if not is_list(values):
        return None
    try:
        return bytes(values)
    except (TypeError, ValueError):
        return None
