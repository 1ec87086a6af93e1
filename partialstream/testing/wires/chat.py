"""Chat Completions, the format of OpenAI and of most that are compatible with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from partialstream.testing.wires.base import CREATED, Wire, ask_from, dumps, openai_error, sse_event

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from partialstream.testing.script import Ask, Delta, Part
    from partialstream.usage import Usage

_ID = "chatcmpl-replay"

_FIELDS = {"content": "content", "reasoning": "reasoning_content", "refusal": "refusal"}

_ERROR_CODES = {401: "invalid_api_key", 429: "rate_limit_exceeded"}


class ChatWire(Wire):
    """`POST …/chat/completions`, Azure's paths included."""

    route = "/{prefix:path}chat/completions"
    done = sse_event(b"[DONE]")

    @override
    @classmethod
    def _ask(cls, path: str, body: Mapping[str, Any]) -> Ask:
        options: Any = body.get("stream_options") or {}
        choice: Any = body.get("tool_choice") or "auto"
        tools = [tool for tool in body.get("tools") or () if tool.get("type") != "custom"]
        return ask_from(
            body,
            prompt=("messages",),
            tools=[str(tool["function"]["name"]) for tool in tools],
            wanted=choice if isinstance(choice, str) else choice["function"]["name"],
            include_usage=bool(options.get("include_usage", False)),
            logprobs=bool(body.get("logprobs", False)),
            top_logprobs=int(body.get("top_logprobs") or 0),
        )

    @override
    def opening(self) -> bytes:
        with_tools = {part.choice for part in self.script.parts if part.kind == "tool"}
        opening = b""
        for choice in self.script.choices:
            content = None if choice in with_tools else ""
            message = {"role": "assistant", "content": content, "refusal": None}
            opening += self._event(message, choice)
        return opening

    @override
    def start(self, part: Part) -> bytes:
        if part.kind != "tool":
            return b""
        call = {"index": part.index, **_call(part, "")}
        return self._event({"tool_calls": [call]}, part.choice)

    @override
    def piece(self, delta: Delta) -> bytes:
        part, text = delta.part, delta.text
        if part.kind == "tool":
            call = {"index": part.index, "function": {"arguments": text}}
            return self._event({"tool_calls": [call]}, part.choice)
        logprobs = self._logprobs([delta])
        return self._event({_FIELDS[part.kind]: text}, part.choice, logprobs=logprobs)

    @override
    def closing(self) -> bytes:
        script = self.script
        closing = b"".join(
            self._event({}, choice, finish_reason=script.finish_reason) for choice in script.choices
        )
        if self.ask.include_usage:
            chunk = chat_chunk(self.ask.model, [], usage=usage_object(script.usage))
            closing += sse_event(dumps(chunk))
        return closing

    @override
    def whole(self) -> bytes:
        script = self.script
        choices = [
            {
                "index": choice,
                "message": self._message(choice),
                "logprobs": self._logprobs(
                    delta for delta in script.deltas if delta.part.choice == choice
                ),
                "finish_reason": script.finish_reason,
            }
            for choice in script.choices
        ]
        completion = {
            **chat_chunk(self.ask.model, choices, usage=usage_object(script.usage)),
            "object": "chat.completion",
        }
        return dumps(completion)

    @override
    @staticmethod
    def error(message: str, *, status: int, code: str | None = None) -> bytes:
        return openai_error(message, status, code or _ERROR_CODES.get(status))

    @override
    @staticmethod
    def error_event(message: str, *, code: str | None = None) -> bytes:
        return sse_event(openai_error(message, 500, code or "server_error"))

    def _event(self, delta: Mapping[str, Any], choice: int, **members: Any) -> bytes:
        chunk = chat_chunk(self.ask.model, [{**chat_choice(delta, choice), **members}])
        if self.ask.include_usage:
            chunk["usage"] = None
        return sse_event(dumps(chunk))

    def _message(self, choice: int) -> dict[str, Any]:
        """Make the message of a response that is not streamed."""
        message: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None}
        calls: list[dict[str, Any]] = []
        for part in self.script.begun:
            if part.choice != choice:
                continue
            if part.kind == "tool":
                calls.append(_call(part, self.script.text(part)))
            else:
                message[_FIELDS[part.kind]] = self.script.text(part)
        if calls:
            message["tool_calls"] = calls
        elif message["refusal"] is None and message["content"] is None:
            message["content"] = ""
        return message

    def _logprobs(self, deltas: Iterable[Delta]) -> dict[str, Any] | None:
        """Make the `logprobs` of a choice, None if they are not asked for, or there are none."""
        entries = self.logprobs(deltas)
        return {"content": entries, "refusal": None} if entries else None


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
    return chunk if usage is None else {**chunk, "usage": usage}


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
