"""Ollama's own API: `/api/chat` and `/api/generate`, a JSON document for each piece of text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from partialstream.deltas import AnswerMetadata, Channel
from partialstream.sources.base import WireSource
from partialstream.sources.common import is_object, list_in, text_in, unknown_chunk, word_in
from partialstream.sources.metadata import count_channel, read_tokens
from partialstream.sources.tool_calls import arguments_text
from partialstream.usage import Usage

if TYPE_CHECKING:
    from partialstream.deltas import Delta

_CONTENT: Final = Channel("content")
_REASONING: Final = Channel("reasoning")

# Members of a chunk that are read elsewhere or say nothing; all others go to `extra`.
_READ: Final = frozenset(
    {
        *("model", "created_at", "message", "response", "thinking", "tool_calls", "error"),
        *("done", "done_reason", "logprobs", "prompt_eval_count", "eval_count"),
    }
)


def is_ollama(fields: dict[str, Any]) -> bool:
    """Whether a chunk with these members is one that `OllamaSource` reads.

    Example:
        >>> is_ollama({"response": "", "done": True}), is_ollama({"response": {}})
        (True, False)
    """
    return "done" in fields and ("message" in fields or "response" in fields)


class OllamaSource(WireSource):
    """Reads the chunks of `/api/chat` and `/api/generate`, as dicts or SDK objects.

    The response has one text. Tool calls arrive whole, and are numbered from 1 in their order.
    Of `metadata`, `terminated` and `usage` come with the last chunk, and `extra` holds that
    chunk's further members, such as its durations in nanoseconds.

    Example:
        >>> source = OllamaSource()
        >>> source.feed({"message": {"role": "assistant", "content": "[1"}, "done": False})
        [(Channel(kind='content', key=0, name=None), '[1')]
    """

    _expected = "a chunk of Ollama's API, as a dict or an SDK's object"

    def __init__(self, metadata: AnswerMetadata | None = None) -> None:
        super().__init__(metadata)
        self._calls = 0
        self._told = _CONTENT  # the text that a chunk's logprobs are about

    @override
    def _piece(self, fields: Any) -> tuple[Any, Any]:
        message = fields["message"]
        if fields["done"] is not False or "error" in fields or "logprobs" in fields:
            return None, None
        return len(message) - ("role" in message), message["content"]

    @override
    def _read(self, fields: dict[str, Any], deltas: list[Delta]) -> None:
        # `/api/chat` wraps in a message what `/api/generate` says in the chunk itself.
        message: Any = fields.get("message")
        self._read_texts(message if is_object(message) else fields, deltas)
        self._keep_names(fields, name="")
        if fields.get("done"):
            self._read_end(fields)
        if fields.get("logprobs"):
            if deltas:
                channels = [channel for channel, _ in deltas]
                self._told = _CONTENT if _CONTENT in channels else channels[-1]
            self.metadata.tokens = read_tokens(fields["logprobs"], self._told)
        self._bind(1, _CONTENT)  # with one member, beside its role

    def _read_texts(self, fields: dict[str, Any], deltas: list[Delta]) -> None:
        if text := text_in(fields, "thinking"):
            deltas.append((_REASONING, text))
        if text := text_in(fields, "content") + text_in(fields, "response"):
            deltas.append((_CONTENT, text))
        for call in list_in(fields, "tool_calls", "tool calls"):
            function: Any = call.get("function") if is_object(call) else None
            if not is_object(function):
                raise unknown_chunk(call, "a tool call")
            self._calls += 1
            count_channel(self.metadata)
            channel = Channel("tool", self._calls, word_in(function, "name"))
            deltas.append((channel, arguments_text(function.get("arguments")) or "{}"))

    def _read_end(self, fields: dict[str, Any]) -> None:
        self.metadata.terminated = True
        self._keep_reason(fields, "done_reason")
        # A prompt that was read before is not counted again by older versions.
        counts = [fields.get(name) for name in ("prompt_eval_count", "eval_count")]
        if any(isinstance(count, int) for count in counts):
            read = (count if isinstance(count, int) else 0 for count in counts)
            self.metadata.usage = Usage(*read)
        self._keep_extra(fields, _READ)
