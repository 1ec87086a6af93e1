"""Version 2 of Cohere's chat API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from partialstream.results import AnswerMetadata
from partialstream.sources.blocks import Blocks
from partialstream.sources.logprobs import read_tokens
from partialstream.sources.objects import plain
from partialstream.sources.provider_errors import error_in, provider_error, unknown_chunk
from partialstream.sources.shapes import is_list, is_object
from partialstream.sources.side_texts import keep_side_texts
from partialstream.sources.surrogates import SurrogateHalves
from partialstream.sources.usage import read_usage

if TYPE_CHECKING:
    from typing import Any

    from partialstream.results import Channel, Delta, Token

_KINDS = ("message-", "content-", "tool-plan-", "tool-call-", "citation-")

# Finish reasons of an answer that is none.
_FAILED = frozenset({"ERROR", "ERROR_TOXIC", "TIMEOUT"})

_EXPECTED = "an event of Cohere's chat API, as a dict or an SDK's object"


class CohereSource:
    """Reads the events of a chat of Cohere's version 2, as dicts or SDK objects.

    Each content block and each tool call has a channel, keyed by its index. The plan that
    precedes tool calls is reasoning, as are thinking blocks. Citations are left out.

    Example:
        >>> source = CohereSource()
        >>> delta = {"message": {"content": {"text": "[1"}}}
        >>> source.feed({"type": "content-delta", "index": 0, "delta": delta})
        [(Channel(kind='content', key=0, name=None), '[1')]
    """

    def __init__(self, metadata: AnswerMetadata | None = None) -> None:
        self.metadata = AnswerMetadata() if metadata is None else metadata
        self._texts = Blocks(self.metadata)
        self._calls = Blocks(self.metadata)  # with indexes of their own
        self._halves = SurrogateHalves()

    def feed(self, chunk: Any) -> list[Delta]:
        """Read one event.

        Args:
            chunk: A dict or an SDK's object; None is allowed and means nothing.

        Raises:
            ProviderError: If it tells of an error or has an unknown shape.
        """
        if self.metadata.tokens:
            self.metadata.tokens = []
        event: Any = {} if chunk is None else plain(chunk)
        if not is_object(event):
            raise unknown_chunk(chunk, _EXPECTED)
        failure = error_in(event)
        if failure is not None:
            raise failure
        deltas = self._halves.join_all(self._read(event))
        keep_side_texts(self.metadata, deltas)
        return deltas

    def finish(self, *, cut: bool = False) -> list[Delta]:
        """End the answer, and give the `{}` of tool calls that had no arguments.

        Args:
            cut: Whether the stream ended before the answer did. If the last call has no
                arguments, it then has none, as it has if the answer was too long.
        """
        cut = cut or self.metadata.finish_reason == "MAX_TOKENS"
        return self._halves.finish() + self._calls.finish(self.metadata, cut=cut)

    def _read(self, event: dict[str, Any]) -> list[Delta]:
        kind: Any = event.get("type")
        index: Any = event.get("index")
        delta = _member(event, "delta")
        message = _member(delta, "message")
        if kind in ("content-start", "content-delta"):
            content = _member(message, "content")
            block = self._texts.at(index)
            self.metadata.tokens = _tokens(_member(event, "logprobs"), block.content)
            return [
                (channel, text)
                for channel, name in ((block.reasoning, "thinking"), (block.content, "text"))
                if (text := _text(content, name))
            ]
        if kind == "tool-plan-delta":
            text = _text(message, "tool_plan")
            return [(self._texts.at("plan").reasoning, text)] if text else []
        if kind in ("tool-call-start", "tool-call-delta"):
            call = _member(message, "tool_calls")
            function = _member(call, "function")
            if kind == "tool-call-start":
                self._calls.begin(index, call.get("id")).begin_call("tool", function.get("name"))
            text = _text(function, "arguments")
            return self._calls.at(index).write_arguments(text) if text else []
        if kind == "message-start":
            request_id: Any = event.get("id")
            self.metadata.request_id = request_id if isinstance(request_id, str) else None
        elif kind == "message-end":
            self._read_end(delta)
        elif event and not isinstance(kind, str):
            raise unknown_chunk(event, _EXPECTED)
        return []

    def _read_end(self, delta: dict[str, Any]) -> None:
        metadata = self.metadata
        metadata.terminated = True
        usage: Any = delta.get("usage")
        if is_object(usage):
            # What is billed leaves out what is not the caller's, as the template of the prompt.
            counts: Any = usage.get("tokens") or usage.get("billed_units")
            if is_object(counts):
                metadata.usage = read_usage({**usage, **counts})
        reason: Any = delta.get("finish_reason")
        if isinstance(reason, str) and reason:
            metadata.finish_reason = reason
        error: Any = delta.get("error")
        if error or metadata.finish_reason in _FAILED:
            reason = metadata.finish_reason
            raise provider_error(error or f"the answer ended with finish_reason {reason!r}", delta)


def is_cohere(fields: dict[str, Any]) -> bool:
    """Whether a chunk with these members is one that `CohereSource` reads.

    Example:
        >>> is_cohere({"type": "message-start"}), is_cohere({"type": "message_start"})
        (True, False)
    """
    kind = fields.get("type")
    return isinstance(kind, str) and kind.startswith(_KINDS)


def _member(fields: dict[str, Any], name: str) -> dict[str, Any]:
    value: Any = fields.get(name)
    return value if is_object(value) else {}


def _tokens(logprobs: dict[str, Any], channel: Channel) -> list[Token]:
    """Read the tokens of a piece as one, since of each alone there is but a number to tell."""
    values: Any = logprobs.get("logprobs")
    if not is_list(values) or not all(isinstance(value, (int, float)) for value in values):
        return []
    entry = {"token": logprobs.get("text"), "logprob": sum(values)}
    return read_tokens([entry] if values else [], channel)


def _text(fields: dict[str, Any], name: str) -> str:
    text: Any = fields.get(name)
    if text and not isinstance(text, str):
        raise unknown_chunk(fields, f"{name!r} as text")
    return text or ""
