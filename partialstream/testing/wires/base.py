"""What all wire formats have in common: reading a request, rendering a response."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, cast

from partialstream.testing.script import Ask

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping

    from partialstream.testing.script import Part, Script

CREATED = 1_700_000_000  # a constant, so that the same script gives the same bytes


class Stream(NamedTuple):
    """A streamed response as bytes, each event whole.

    Attributes:
        opening: What comes before the first delta, `b""` if nothing does.
        deltas: Each delta, and what has to stand before it.
        closing: What comes after the last delta: finish reason and usage.
        done: The end-of-stream marker, `b""` if the wire has none.
    """

    opening: bytes
    deltas: list[bytes]
    closing: bytes
    done: bytes = b""


class Wire(ABC):
    """A wire format.

    Attributes:
        route: The path it takes POST requests on, in Starlette's notation.
    """

    route: ClassVar[str]

    def read(self, path: str, body: Mapping[str, Any]) -> Ask:
        """Read what a request asks for.

        Raises:
            ValueError: If it is not a request of this wire.
        """
        try:
            return self._ask(path, body)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"the request has an unknown shape: {error!r}") from error

    @abstractmethod
    def _ask(self, path: str, body: Mapping[str, Any]) -> Ask:
        """Read a request; what Python raises at an unknown shape is translated by `read`."""

    @abstractmethod
    def stream(self, ask: Ask, script: Script) -> Stream:
        """Render a streamed response."""

    @abstractmethod
    def whole(self, ask: Ask, script: Script) -> bytes:
        """Render a response that is not streamed."""

    @abstractmethod
    def error(self, message: str, *, status: int, code: str | None = None) -> bytes:
        """Render the body of an HTTP error."""

    @abstractmethod
    def error_event(self, message: str, *, code: str | None = None) -> bytes:
        """Render an error inside a stream."""


def stream_blocks(
    script: Script,
    blocks: Container[Part],
    *,
    start: Callable[[Part], bytes],
    piece: Callable[[Part, str], bytes],
    end: Callable[[Part], bytes],
) -> list[bytes]:
    """Render deltas of parts that each have a start, deltas and an end; others are left out."""
    left = Counter(part for part, _ in script.deltas)
    opened: set[Part] = set()
    rendered: list[bytes] = []
    for part, text in script.deltas:
        left[part] -= 1
        data = b""
        if part in blocks:
            data = piece(part, text) if part in opened else start(part) + piece(part, text)
            opened.add(part)
            if not left[part]:
                data += end(part)
        rendered.append(data)
    return rendered


def dumps(value: Any) -> bytes:
    r"""Write JSON the way providers do: no blanks, and characters as themselves.

    Only lone surrogates, which have no UTF-8, are escaped.

    Example:
        >>> dumps({"text": "€"}).decode()
        '{"text":"€"}'
        >>> dumps("\ud83d")
        b'"\\ud83d"'
    """
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def sse_event(
    data: bytes, *, name: str | None = None, newline: bytes = b"\n", space: bool = True
) -> bytes:
    r"""Write one event with its data on one line.

    Example:
        >>> sse_event(b"[DONE]")
        b'data: [DONE]\n\n'
    """
    head = b"" if name is None else b"event: " + name.encode() + newline
    return head + (b"data: " if space else b"data:") + data + newline * 2


def openai_error(message: str, status: int, code: str | None) -> bytes:
    """The body of an HTTP error, as all APIs of OpenAI write it."""
    kind = "invalid_request_error" if status in (400, 401, 403, 404) else "server_error"
    kind = "rate_limit_error" if status == 429 else kind
    return dumps({"error": {"message": message, "type": kind, "param": None, "code": code}})


def ask_from(
    body: Mapping[str, Any], *, prompt: tuple[str, ...], names: list[str], wanted: Any, **more: Any
) -> Ask:
    """Read a request that holds its model, and whether to stream, in its body.

    `prompt` are the members with its texts, `names` its tools; for `wanted` see `tool_asked_for`.
    """
    return Ask(
        model=str(body.get("model", "replay")),
        stream=bool(body.get("stream", False)),
        tool=tool_asked_for(names, wanted),
        prompt_tokens=prompt_tokens(*(body.get(name) for name in prompt)),
        **{"include_usage": True, **more},
    )


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
