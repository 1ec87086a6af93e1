"""Chat Completions, the format of OpenAI and of most that are compatible with it."""

from __future__ import annotations

from itertools import chain, repeat
from operator import itemgetter
from typing import TYPE_CHECKING

from typing_extensions import override

from partialstream.testing.script import Ask
from partialstream.testing.wires import sse
from partialstream.testing.wires.base import Rendering, Wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from partialstream.results import Usage
    from partialstream.testing.script import Part, Script

_ID = "chatcmpl-replay"
_CREATED = 1_700_000_000  # a constant, so that the same script gives the same bytes

_FIELDS = {"content": "content", "reasoning": "reasoning_content", "refusal": "refusal"}

_ERROR_TYPES = {
    401: ("invalid_request_error", "invalid_api_key"),
    403: ("invalid_request_error", None),
    404: ("invalid_request_error", None),
    429: ("rate_limit_error", "rate_limit_exceeded"),
}


_Ranking = tuple[tuple[str, float], ...]


class ChatWire(Wire):
    """`POST …/chat/completions`, Azure's paths included."""

    route = "/{prefix:path}chat/completions"

    @override
    def _ask(self, path: str, body: Mapping[str, Any]) -> Ask:
        options: Any = body.get("stream_options") or {}
        return Ask(
            model=str(body.get("model", "replay")),
            stream=bool(body.get("stream", False)),
            tool=_tool(body),
            include_usage=bool(options.get("include_usage", False)),
            prompt_tokens=_prompt_tokens(body.get("messages") or []),
            logprobs=bool(body.get("logprobs", False)),
            top_logprobs=int(body.get("top_logprobs") or 0),
        )

    @override
    def render(self, ask: Ask, script: Script) -> ChatRendering:
        return ChatRendering(ask, script)

    @override
    def whole(self, ask: Ask, script: Script) -> bytes:
        return sse.dumps(
            {
                "id": _ID,
                "object": "chat.completion",
                "created": _CREATED,
                "model": ask.model,
                "choices": [
                    {
                        "index": choice,
                        "message": _message(script, choice),
                        "logprobs": _all_logprobs(ask, script, choice),
                        "finish_reason": script.finish_reason,
                    }
                    for choice in script.choices
                ],
                "usage": usage_object(script.usage),
            }
        )

    @override
    def error(self, message: str, *, status: int, code: str | None = None) -> bytes:
        kind, usual_code = _ERROR_TYPES.get(status, ("server_error", None))
        if status == 400:
            kind = "invalid_request_error"
        return sse.dumps(_error(message, kind, code or usual_code))

    @override
    def error_event(self, message: str, *, code: str | None = None) -> bytes:
        return sse.event(sse.dumps(_error(message, "server_error", code or "server_error")))


class ChatRendering(Rendering):
    """A streamed response: `chat.completion.chunk` events."""

    def __init__(self, ask: Ask, script: Script) -> None:
        super().__init__(ask, script)
        self._opened: set[Part] = set()
        self._likelihoods = _likelihoods(script)

    @override
    def opening(self) -> bytes:
        tools = {part.choice for part in self._script.parts if part.kind == "tool"}
        return b"".join(
            self._chunk(
                {"role": "assistant", "content": None if choice in tools else "", "refusal": None},
                choice,
            )
            for choice in self._script.choices
        )

    @override
    def delta(self, part: Part, text: str) -> bytes:
        likelihood = next(self._likelihoods)
        if part.kind != "tool":
            logprobs = _logprobs(self._ask, [(text, *likelihood)])
            return self._chunk({_FIELDS[part.kind]: text}, part.choice, logprobs=logprobs)
        head = b""
        if part not in self._opened:
            self._opened.add(part)
            head = self._chunk(
                {
                    "tool_calls": [
                        {
                            "index": part.index,
                            "id": part.call_id,
                            "type": "function",
                            "function": {"name": part.name, "arguments": ""},
                        }
                    ]
                },
                part.choice,
            )
        call = {"index": part.index, "function": {"arguments": text}}
        return head + self._chunk({"tool_calls": [call]}, part.choice)

    @override
    def closing(self) -> bytes:
        script = self._script
        chunks = [self._chunk({}, choice, script.finish_reason) for choice in script.choices]
        if self._ask.include_usage:
            chunk = chat_chunk(self._ask.model, [], usage=usage_object(script.usage))
            chunks.append(sse.event(sse.dumps(chunk)))
        return b"".join(chunks)

    @override
    def done(self) -> bytes:
        return sse.event(b"[DONE]")

    def _chunk(
        self,
        delta: Mapping[str, Any],
        choice: int,
        finish_reason: str | None = None,
        logprobs: Mapping[str, Any] | None = None,
    ) -> bytes:
        rendered = {**chat_choice(delta, choice, finish_reason), "logprobs": logprobs}
        chunk = chat_chunk(self._ask.model, [rendered])
        if self._ask.include_usage:
            chunk["usage"] = None
        return sse.event(sse.dumps(chunk))


def chat_chunk(
    model: str, choices: list[dict[str, Any]], *, usage: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Make one chunk; `usage` is left out where there is none."""
    chunk: dict[str, Any] = {
        "id": _ID,
        "object": "chat.completion.chunk",
        "created": _CREATED,
        "model": model,
        "choices": choices,
    }
    if usage is not None:
        chunk["usage"] = usage
    return chunk


def chat_choice(
    delta: Mapping[str, Any], index: int = 0, finish_reason: str | None = None
) -> dict[str, Any]:
    """Make one entry of a chunk's `choices`."""
    return {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish_reason}


def usage_object(usage: Usage) -> dict[str, Any]:
    """Write usage by the names of Chat Completions."""
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


def _message(script: Script, choice: int) -> dict[str, Any]:
    """Make the message of a response that is not streamed."""
    message: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None}
    calls: list[dict[str, Any]] = []
    for part in script.begun:
        if part.choice != choice:
            continue
        if part.kind == "tool":
            function = {"name": part.name, "arguments": script.text(part)}
            calls.append({"id": part.call_id, "type": "function", "function": function})
        else:
            message[_FIELDS[part.kind]] = script.text(part)
    if calls:
        message["tool_calls"] = calls
    elif message["refusal"] is None and message["content"] is None:
        message["content"] = ""
    return message


def _logprobs(
    ask: Ask, tokens: Iterable[tuple[str, float | None, _Ranking]]
) -> dict[str, list[dict[str, Any]] | None] | None:
    """Make the `logprobs` of a choice, None if they are not asked for, or there are none."""
    entries: list[dict[str, Any]] = []
    for text, logprob, others in tokens:
        if logprob is not None:
            ranking = sorted([(text, logprob), *others], key=itemgetter(1), reverse=True)
            top = [_token(*each) for each in ranking[: ask.top_logprobs]]
            entries.append({**_token(text, logprob), "top_logprobs": top})
    return {"content": entries, "refusal": None} if ask.logprobs and entries else None


def _all_logprobs(
    ask: Ask, script: Script, choice: int
) -> dict[str, list[dict[str, Any]] | None] | None:
    tokens = zip(script.deltas, _likelihoods(script), strict=False)  # the latter have no end
    return _logprobs(
        ask, [(text, *likelihood) for (part, text), likelihood in tokens if part.choice == choice]
    )


def _token(text: str, logprob: float) -> dict[str, Any]:
    data = text.encode("utf-8", "surrogatepass")
    return {"token": text, "logprob": logprob, "bytes": list(data)}


def _likelihoods(script: Script) -> Iterator[tuple[float | None, _Ranking]]:
    """Give each delta its probability and its alternatives, as far as there are any; no end."""
    logprobs = chain(script.logprobs, repeat(None))
    return zip(logprobs, chain(script.alternatives, repeat(())), strict=False)


def _tool(body: Mapping[str, Any]) -> str | None:
    """Give the name of the tool that the request wants called, None if it wants none."""
    tools: Any = body.get("tools") or []
    wanted: Any = body.get("tool_choice") or "auto"
    if not tools or wanted == "none":
        return None
    if not isinstance(wanted, str):
        return str(wanted["function"]["name"])
    return str(tools[0]["function"]["name"])


def _prompt_tokens(messages: Any) -> int:
    """Estimate the input tokens: four characters make one."""
    size = 0
    for message in messages:
        content: Any = message.get("content") or ""
        texts = (
            [content] if isinstance(content, str) else [part.get("text", "") for part in content]
        )
        size += sum(len(text) for text in texts)
    return -(-size // 4)


def _error(message: str, kind: str, code: str | None) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}
