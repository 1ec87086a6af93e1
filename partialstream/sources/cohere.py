"""Version 2 of Cohere's chat API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from partialstream.sources.base import WireSource
from partialstream.sources.blocks import Blocks
from partialstream.sources.common import (
    is_list,
    is_object,
    object_in,
    provider_error,
    text_in,
    unknown_chunk,
)
from partialstream.sources.metadata import read_tokens, read_usage

if TYPE_CHECKING:
    from partialstream.deltas import AnswerMetadata, Channel, Delta, Token

_KINDS: Final = ("message-", "content-", "tool-plan-", "tool-call-", "citation-")

# Finish reasons of a response that is none.
_FAILED: Final = frozenset({"ERROR", "ERROR_TOXIC", "TIMEOUT"})


def is_cohere(fields: dict[str, Any]) -> bool:
    """Whether a chunk with these members is one that `CohereSource` reads.

    Example:
        >>> is_cohere({"type": "message-start"}), is_cohere({"type": "message_start"})
        (True, False)
    """
    kind = fields.get("type")
    return isinstance(kind, str) and kind.startswith(_KINDS)


class CohereSource(WireSource):
    """Reads the events of a chat of Cohere's version 2, as dicts or SDK objects.

    Each content block and each tool call has a channel, keyed by its index. The plan that
    precedes tool calls is reasoning, as are thinking blocks. Citations are left out.

    Example:
        >>> source = CohereSource()
        >>> delta = {"message": {"content": {"text": "[1"}}}
        >>> source.feed({"type": "content-delta", "index": 0, "delta": delta})
        [(Channel(kind='content', key=0, name=None), '[1')]
    """

    _expected = "an event of Cohere's chat API, as a dict or an SDK's object"

    def __init__(self, metadata: AnswerMetadata | None = None) -> None:
        super().__init__(metadata)
        self._texts = Blocks(self.metadata)
        self._calls = Blocks(self.metadata)  # with indexes of their own

    @override
    def _piece(self, fields: Any) -> tuple[Any, Any]:
        content = fields["delta"]["message"]["content"]
        if len(content) > 1 or "logprobs" in fields or "error" in fields:
            return None, None
        return (fields["type"], fields.get("index")), content["text"]

    @override
    def _read(self, fields: dict[str, Any], deltas: list[Delta]) -> None:
        kind: Any = fields.get("type")
        index: Any = fields.get("index")
        delta = object_in(fields, "delta")
        message = object_in(delta, "message")
        if kind in ("content-start", "content-delta"):
            content = object_in(message, "content")
            block = self._texts.at(index)
            self.metadata.tokens = _tokens(object_in(fields, "logprobs"), block.content)
            if thinking := text_in(content, "thinking"):
                deltas.append((block.reasoning, thinking))
            if text := text_in(content, "text"):
                deltas.append((block.content, text))
            self._bind(("content-delta", index), block.content)
        elif kind == "tool-plan-delta":
            if text := text_in(message, "tool_plan"):
                deltas.append((self._texts.at("plan").reasoning, text))
        elif kind in ("tool-call-start", "tool-call-delta"):
            call = object_in(message, "tool_calls")
            function = object_in(call, "function")
            if kind == "tool-call-start":
                self._calls.begin(index, call.get("id")).begin_call("tool", function.get("name"))
            if text := text_in(function, "arguments"):
                deltas += self._calls.at(index).write_arguments(text)
        elif kind == "message-start":
            self._keep_names(fields, model="")
        elif kind == "message-end":
            self._read_end(delta)
        elif fields and not isinstance(kind, str):
            raise unknown_chunk(fields, self._expected)

    @override
    def _finish(self, *, cut: bool) -> list[Delta]:
        cut = cut or self.metadata.finish_reason == "MAX_TOKENS"
        return self._calls.finish(cut=cut)

    def _read_end(self, delta: dict[str, Any]) -> None:
        metadata = self.metadata
        metadata.terminated = True
        usage = object_in(delta, "usage")
        # What is billed leaves out what is not the caller's, as the template of the prompt.
        counts: Any = usage.get("tokens") or usage.get("billed_units")
        if is_object(counts):
            metadata.usage = read_usage({**usage, **counts})
        self._keep_reason(delta, "finish_reason")
        reason = metadata.finish_reason
        if delta.get("error") or reason in _FAILED:
            message = f"the response ended with finish_reason {reason!r}"
            raise provider_error(delta.get("error") or message, delta)


def _tokens(logprobs: dict[str, Any], channel: Channel) -> list[Token]:
    """Read the tokens of a piece as one, since of each alone there is but a number to tell."""
    values: Any = logprobs.get("logprobs")
    if not is_list(values) or not all(isinstance(value, (int, float)) for value in values):
        return []
    entry = {"token": logprobs.get("text"), "logprob": sum(values)}
    return read_tokens([entry] if values else [], channel)
