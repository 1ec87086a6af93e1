"""What all wire formats have in common: reading a request, rendering a response."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections import Counter
from operator import itemgetter
from typing import TYPE_CHECKING, Any, ClassVar

from partialstream.sources.common import is_list, is_object
from partialstream.testing.script import Ask

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from partialstream.testing.script import Delta, Part, Script

CREATED = 1_700_000_000  # a constant, so that the same script gives the same bytes


class Wire(ABC):
    """A wire format; each instance renders one response.

    A streamed response is `opening`, `deltas`, `closing` and `done`, in this order and each event
    whole; `b""` where there is nothing to send.

    Attributes:
        route: The path of its POST requests, in Starlette's notation.
        done: The end-of-stream marker.
    """

    route: ClassVar[str]
    done: ClassVar[bytes] = b""

    def __init__(self, ask: Ask, script: Script) -> None:
        self.ask = ask
        self.script = script
        self.places = {part: place for place, part in enumerate(self.blocks())}

    @classmethod
    def read(cls, path: str, body: Mapping[str, Any]) -> Ask:
        """Read what a request asks for.

        Raises:
            ValueError: If it is not a request of this wire.
        """
        try:
            return cls._ask(path, body)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"the request has an unknown shape: {error!r}") from error

    @classmethod
    @abstractmethod
    def _ask(cls, path: str, body: Mapping[str, Any]) -> Ask:
        """Read a request; what Python raises at an unknown shape is translated by `read`."""

    @staticmethod
    @abstractmethod
    def error(message: str, *, status: int, code: str | None = None) -> bytes:
        """Render the body of an HTTP error."""

    @staticmethod
    @abstractmethod
    def error_event(message: str, *, code: str | None = None) -> bytes:
        """Render an error inside a stream."""

    @abstractmethod
    def whole(self) -> bytes:
        """Render a response that is not streamed."""

    @abstractmethod
    def opening(self) -> bytes:
        """What comes before the first delta."""

    @abstractmethod
    def closing(self) -> bytes:
        """What comes after the last delta: finish reason and usage."""

    def deltas(self) -> list[bytes]:
        """Render each delta, with the start of its part before it or the end of its part after it.

        The deltas of parts that are not in `blocks` are left out.
        """
        left = Counter(delta.part for delta in self.script.deltas)
        started: set[Part] = set()
        rendered: list[bytes] = []
        for delta in self.script.deltas:
            part, data = delta.part, b""
            left[part] -= 1
            if part in self.places:
                data = b"" if part in started else self.start(part)
                started.add(part)
                data += self.piece(delta)
                data += b"" if left[part] else self.end(part)
            rendered.append(data)
        return rendered

    def blocks(self) -> Iterable[Part]:
        """The parts that have a place in the response, in order."""
        return self.script.begun

    def start(self, part: Part) -> bytes:
        """Render the start of a part, if the wire has such an event."""
        return b""

    @abstractmethod
    def piece(self, delta: Delta) -> bytes:
        """Render a delta."""

    def end(self, part: Part) -> bytes:
        """Render the end of a part, if the wire has such an event."""
        return b""

    def logprobs(self, deltas: Iterable[Delta]) -> list[dict[str, Any]]:
        """Render the log probabilities of deltas as OpenAI's APIs do, if they are asked for."""
        entries: list[dict[str, Any]] = []
        for _, text, logprob, others in deltas if self.ask.logprobs else ():
            if logprob is not None:
                ranking = sorted(
                    [(text, logprob), *others.items()], key=itemgetter(1), reverse=True
                )
                top = [_token(*each) for each in ranking[: self.ask.top_logprobs]]
                entries.append({**_token(text, logprob), "top_logprobs": top})
        return entries

    def silent(self) -> bytes:
        """Render the parts without a delta."""
        parts = [part for part in self.script.silent if part in self.places]
        return b"".join(self.start(part) + self.end(part) for part in parts)


def _token(text: str, logprob: float) -> dict[str, Any]:
    data = text.encode("utf-8", "surrogatepass")
    return {"token": text, "logprob": logprob, "bytes": list(data)}


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
    body: Mapping[str, Any], *, prompt: tuple[str, ...], tools: list[str], wanted: Any, **more: Any
) -> Ask:
    """Read a request.

    Args:
        body: The request.
        prompt: The members that hold its texts; four characters of them make an input token.
        tools: The names of its tools.
        wanted: The tool that it names, `"none"` if none may be called; anything else for the first.
        more: What is not read from the members that most wires have.

    Example:
        >>> asked = ask_from({"input": [{"content": "abcde"}]}, prompt=("input",), \
tools=["a", "b"], wanted="b")
        >>> asked.tool, asked.prompt_tokens
        ('b', 2)
    """
    tool = wanted if wanted in tools else next(iter(tools), None)
    characters = sum(_size(body.get(name)) for name in prompt)
    members: dict[str, Any] = {
        "model": str(body.get("model", "replay")),
        "stream": bool(body.get("stream", False)),
        "tool": None if wanted == "none" else tool,
        "include_usage": True,
        "prompt_tokens": -(-characters // 4),
    }
    return Ask(**{**members, **more})


# Members of messages and of the Responses API's items that hold texts, or what holds them.
_TEXTS = ("text", "content", "parts", "arguments", "output")


def _size(value: Any) -> int:
    """Count the characters of a text, or of those in a list or as members of an object."""
    if isinstance(value, str):
        return len(value)
    if is_object(value):
        return sum(_size(value.get(name)) for name in _TEXTS)
    return sum(map(_size, value)) if is_list(value) else 0
