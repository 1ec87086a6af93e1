"""Chat Completions, the format of OpenAI and of most that are compatible with it."""

from __future__ import annotations

from itertools import chain, repeat
from operator import itemgetter
from typing import TYPE_CHECKING

from typing_extensions import override

from partialstream.testing.wires.base import (
    CREATED,
    Stream,
    Wire,
    ask_from,
    dumps,
    listed,
    openai_error,
    sse_event,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from partialstream.results import Usage
    from partialstream.testing.script import Ask, Part, Script

_ID = "chatcmpl-replay"

_FIELDS = {"content": "content", "reasoning": "reasoning_content", "refusal": "refusal"}

_ERROR_CODES = {401: "invalid_api_key", 429: "rate_limit_exceeded"}

_Ranking = tuple[tuple[str, float], ...]


class ChatWire(Wire):
    """`POST …/chat/completions`, Azure's paths included."""

    route = "/{prefix:path}chat/completions"

    @override
    def _ask(self, path: str, body: Mapping[str, Any]) -> Ask:
        options: Any = body.get("stream_options") or {}
        choice: Any = body.get("tool_choice") or "auto"
        tools = [tool for tool in listed(body.get("tools")) if tool.get("type") != "custom"]
        return ask_from(
            body,
            prompt=("messages",),
            names=[str(tool["function"]["name"]) for tool in tools],
            wanted=choice if isinstance(choice, str) else choice["function"]["name"],
            include_usage=bool(options.get("include_usage", False)),
            logprobs=bool(body.get("logprobs", False)),
            top_logprobs=int(body.get("top_logprobs") or 0),
        )

    @override
    def stream(self, ask: Ask, script: Script) -> Stream:
        def event(
            delta: Mapping[str, Any],
            choice: int,
            finish_reason: str | None = None,
            logprobs: Mapping[str, Any] | None = None,
        ) -> bytes:
            rendered = {**chat_choice(delta, choice, finish_reason), "logprobs": logprobs}
            chunk = chat_chunk(ask.model, [rendered])
            if ask.include_usage:
                chunk["usage"] = None
            return sse_event(dumps(chunk))

        with_tools = {part.choice for part in script.parts if part.kind == "tool"}
        opening = b""
        for choice in script.choices:
            content = None if choice in with_tools else ""
            opening += event({"role": "assistant", "content": content, "refusal": None}, choice)
        opened: set[Part] = set()
        deltas: list[bytes] = []
        tokens = zip(script.deltas, _likelihoods(script), strict=False)  # the latter have no end
        for (part, text), likelihood in tokens:
            if part.kind != "tool":
                logprobs = _logprobs(ask, [(text, *likelihood)])
                deltas.append(event({_FIELDS[part.kind]: text}, part.choice, logprobs=logprobs))
                continue
            begun = b""
            if part not in opened:
                opened.add(part)
                begun = event(
                    {"tool_calls": [{"index": part.index, **_call(part, "")}]}, part.choice
                )
            call = {"index": part.index, "function": {"arguments": text}}
            deltas.append(begun + event({"tool_calls": [call]}, part.choice))
        closing = b"".join(event({}, choice, script.finish_reason) for choice in script.choices)
        if ask.include_usage:
            chunk = chat_chunk(ask.model, [], usage=usage_object(script.usage))
            closing += sse_event(dumps(chunk))
        return Stream(opening, deltas, closing, sse_event(b"[DONE]"))

    @override
    def whole(self, ask: Ask, script: Script) -> bytes:
        return dumps(
            {
                "id": _ID,
                "object": "chat.completion",
                "created": CREATED,
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
        return openai_error(message, status, code or _ERROR_CODES.get(status))

    @override
    def error_event(self, message: str, *, code: str | None = None) -> bytes:
        return sse_event(openai_error(message, 500, code or "server_error"))


def chat_chunk(
    model: str, choices: list[dict[str, Any]], *, usage: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Make one chunk; `usage` is left out where there is none."""
    chunk: dict[str, Any] = {
        "id": _ID,
        "object": "chat.completion.chunk",
        "created": CREATED,
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


def _call(part: Part, arguments: str) -> dict[str, Any]:
    function = {"name": part.name, "arguments": arguments}
    return {"id": part.call_id, "type": "function", "function": function}


def _message(script: Script, choice: int) -> dict[str, Any]:
    """Make the message of a response that is not streamed."""
    message: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None}
    calls: list[dict[str, Any]] = []
    for part in script.begun:
        if part.choice != choice:
            continue
        if part.kind == "tool":
            calls.append(_call(part, script.text(part)))
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
