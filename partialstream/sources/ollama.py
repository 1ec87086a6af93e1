"""Ollama's own API: `/api/chat` and `/api/generate`, a JSON document for each piece of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from partialstream.results import AnswerMetadata, Channel, Usage
from partialstream.sources.channels import count_channel
from partialstream.sources.logprobs import read_tokens
from partialstream.sources.objects import plain
from partialstream.sources.provider_errors import error_in, unknown_chunk
from partialstream.sources.shapes import is_list, is_object
from partialstream.sources.side_texts import keep_extra, keep_side_texts
from partialstream.sources.surrogates import SurrogateHalves
from partialstream.sources.tool_calls import arguments_text

if TYPE_CHECKING:
    from typing import Any

    from partialstream.errors import ProviderError
    from partialstream.results import Delta

_CONTENT = Channel("content")
_REASONING = Channel("reasoning")

# Members of a chunk that are read elsewhere or say nothing; all others go to `extra`.
_READ = frozenset(
    {
        *("model", "created_at", "message", "response", "thinking", "tool_calls", "error"),
        *("done", "done_reason", "logprobs", "prompt_eval_count", "eval_count"),
    }
)

_EXPECTED = "a chunk of Ollama's API, as a dict or an SDK's object"


class OllamaSource:
    """Reads the chunks of `/api/chat` and `/api/generate`, as dicts or SDK objects.

    The answer has one text. Tool calls arrive whole, and are numbered from 1 in their order.
    Of `metadata`, `terminated` and `usage` come with the last chunk, and `extra` holds that
    chunk's further members, such as its durations in nanoseconds.

    Example:
        >>> source = OllamaSource()
        >>> source.feed({"message": {"role": "assistant", "content": "[1"}, "done": False})
        [(Channel(kind='content', key=0, name=None), '[1')]
    """

    def __init__(self, metadata: AnswerMetadata | None = None) -> None:
        self.metadata = AnswerMetadata() if metadata is None else metadata
        self._calls = 0
        self._told = _CONTENT  # the text that a chunk's logprobs are about
        self._halves = SurrogateHalves()
        self._failure: ProviderError | None = None

    def feed(self, chunk: Any) -> list[Delta]:
        """Read one chunk.

        Args:
            chunk: A dict or an SDK's object; None is allowed and means nothing.

        Raises:
            ProviderError: If it tells of an error or has an unknown shape. A chunk that holds
                text as well gives the text first, and the next call raises.
        """
        if self._failure is not None:
            raise self._failure
        fields = _as_dict(chunk)
        if self.metadata.tokens:
            self.metadata.tokens = []
        # `/api/chat` wraps in a message what `/api/generate` says in the chunk itself.
        message: Any = fields.get("message")
        failure = error_in(fields)
        deltas: list[Delta] = []
        if failure is None or is_object(message):
            deltas = self._read_texts(message if is_object(message) else fields)
            deltas = self._halves.join_all(deltas)
            keep_side_texts(self.metadata, deltas)
            self._read_metadata(fields)
        if fields.get("logprobs"):
            if deltas:
                channels = [channel for channel, _ in deltas]
                self._told = _CONTENT if _CONTENT in channels else channels[-1]
            self.metadata.tokens = read_tokens(fields["logprobs"], self._told)
        if failure is not None:
            if not deltas:
                raise failure
            self._failure = failure
        return deltas

    def finish(self, *, cut: bool = False) -> list[Delta]:
        """End the answer. Tool calls are never cut, so that it makes no difference to them.

        Raises:
            ProviderError: If the last chunk told of an error beside its text.
        """
        if self._failure is not None:
            raise self._failure
        return self._halves.finish()

    def _read_texts(self, fields: dict[str, Any]) -> list[Delta]:
        deltas: list[Delta] = []
        for channel, name in (
            (_REASONING, "thinking"),
            (_CONTENT, "content"),
            (_CONTENT, "response"),
        ):
            text: Any = fields.get(name)
            if text:
                if not isinstance(text, str):
                    raise unknown_chunk(fields, f"{name!r} as text")
                deltas.append((channel, text))
        calls: Any = fields.get("tool_calls") or []
        if not is_list(calls):
            raise unknown_chunk(calls, "a list of tool calls")
        for call in calls:
            function: Any = call.get("function") if is_object(call) else None
            if not is_object(function):
                raise unknown_chunk(call, "a tool call")
            self._calls += 1
            count_channel(self.metadata)
            tool: Any = function.get("name")
            channel = Channel("tool", self._calls, tool if isinstance(tool, str) else None)
            deltas.append((channel, arguments_text(function.get("arguments")) or "{}"))
        return deltas

    def _read_metadata(self, fields: dict[str, Any]) -> None:
        metadata = self.metadata
        if metadata.model is None and isinstance(model := fields.get("model"), str):
            metadata.model = model or None
        if not fields.get("done"):
            return
        metadata.terminated = True
        reason: Any = fields.get("done_reason")
        if isinstance(reason, str) and reason:
            metadata.finish_reason = reason
        # A prompt that was read before is not counted again by older versions.
        counts = [fields.get(name) for name in ("prompt_eval_count", "eval_count")]
        if any(isinstance(count, int) for count in counts):
            metadata.usage = Usage(*(count if isinstance(count, int) else 0 for count in counts))
        for name, value in fields.items():
            if name not in _READ and value:
                keep_extra(metadata, name, value)


def is_ollama(fields: dict[str, Any]) -> bool:
    """Whether a chunk with these members is one that `OllamaSource` reads.

    Example:
        >>> is_ollama({"response": "", "done": True}), is_ollama({"response": {}})
        (True, False)
    """
    return "done" in fields and ("message" in fields or "response" in fields)


def _as_dict(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    fields: Any = plain(value)
    if not is_object(fields):
        raise unknown_chunk(value, _EXPECTED)
    return fields
