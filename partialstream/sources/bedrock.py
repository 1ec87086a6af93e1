"""Amazon Bedrock: the events of ConverseStream, and those of other formats in its wrapping."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from partialstream.errors import ProviderError
from partialstream.sources.base import WireSource
from partialstream.sources.blocks import Blocks
from partialstream.sources.common import (
    error_in,
    is_list,
    is_object,
    provider_error,
    text_in,
    unknown_chunk,
)
from partialstream.sources.metadata import read_usage_beside_cache

if TYPE_CHECKING:
    from collections.abc import Callable

    from partialstream.results import AnswerMetadata, Delta
    from partialstream.sources.base import Source
    from partialstream.sources.blocks import Block

_EVENTS = frozenset(
    {
        "messageStart",
        "contentBlockStart",
        "contentBlockDelta",
        "contentBlockStop",
        "messageStop",
        "initial-response",
    }
)

_FILTERED = frozenset({"content_filtered", "guardrail_intervened"})

_USAGE = ("inputTokens", "outputTokens", "cacheReadInputTokens", "cacheWriteInputTokens")

# `p` is padding, so that the length of an event does not tell what is in it.
_READ = frozenset({"usage", "p", "stopReason", "output", "ResponseMetadata"})


def is_bedrock(fields: dict[str, Any]) -> bool:
    """Whether a chunk with these members is one that `BedrockSource` reads.

    Example:
        >>> is_bedrock({"messageStart": {"role": "assistant"}}), is_bedrock({"choices": []})
        (True, False)
    """
    if not _EVENTS.isdisjoint(fields) or _exception_in(fields, alone=True) is not None:
        return True
    chunk, metadata, output = (fields.get(name) for name in ("chunk", "metadata", "output"))
    return (
        (is_object(chunk) and "bytes" in chunk)
        or (
            is_object(metadata) and is_object(usage := metadata.get("usage")) and _USAGE[0] in usage
        )
        or ("stopReason" in fields and is_object(output) and "message" in output)
    )


class BedrockSource(WireSource):
    """Reads the events of a streamed response of Bedrock, and whole responses of Converse.

    An event is a dict whose one member has the event's name, as boto3 gives it:
    `{"contentBlockDelta": {"delta": {"text": "[1"}, "contentBlockIndex": 0}}`. Each content
    block has a channel, keyed by its index: text, reasoning or the input of a tool; a tool
    without input is the document `{}`, which `finish` gives. Where an index counts deltas
    instead, as Nova's does, they are one text, keyed by the first of them. Of `metadata`,
    `usage` counts as input what was read from and written to the cache.

    `{"chunk": {"bytes": …}}` is an event in the format of the model's maker, and is read by
    the source of that format; `bytes` may be in base64, as it is on the way.

    Args:
        metadata: Where to write what the response says beside its text.
        inner: Makes the source for such events from the first of them.

    Example:
        >>> from partialstream.sources.detect import wire_for
        >>> source = BedrockSource(inner=wire_for)
        >>> delta = {"delta": {"text": "[1"}, "contentBlockIndex": 0}
        >>> source.feed({"contentBlockDelta": delta})
        [(Channel(kind='content', key=0, name=None), '[1')]
    """

    _expected = "an event of ConverseStream or a chunk of InvokeModelWithResponseStream, as a dict"

    def __init__(
        self,
        metadata: AnswerMetadata | None = None,
        *,
        inner: Callable[[Any, AnswerMetadata], Source],
    ) -> None:
        super().__init__(metadata)
        self._make_inner = inner
        self._inner: Source | None = None
        self._blocks = Blocks(self.metadata)

    @override
    def feed(self, chunk: Any) -> list[Delta]:
        fields = chunk if chunk.__class__ is dict else self._fields_of(chunk)
        wrapped = fields.get("chunk")
        if wrapped is not None and self._failure is None:
            return self._read_inner(self._dict(wrapped))
        return super().feed(fields)

    @override
    def _piece(self, fields: Any) -> tuple[Any, Any]:
        event = fields["contentBlockDelta"]
        return (len(fields), len(event["delta"]), event["contentBlockIndex"]), event["delta"][
            "text"
        ]

    @override
    def _error_in(self, fields: dict[str, Any]) -> ProviderError | None:
        return _exception_in(fields)

    @override
    def _finish(self, *, cut: bool) -> list[Delta]:
        deltas = self._blocks.finish(self.metadata, cut=cut)
        return deltas if self._inner is None else deltas + self._inner.finish(cut=cut)

    @override
    def _read(self, fields: dict[str, Any], deltas: list[Delta]) -> None:
        # One event that is not known yet is no reason to give up.
        known = not fields or (len(fields) == 1 and is_object(next(iter(fields.values()))))
        for name, value in fields.items():
            if name == "contentBlockDelta":
                self._read_piece(self._dict(value), deltas)
            elif name == "contentBlockStart":
                event = self._dict(value)
                start = self._dict(event.get("start"))
                call = start.get("toolUse")
                block = self._blocks.begin(event.get("contentBlockIndex"), _id_of(call))
                if is_object(call):
                    _begin_call(block, call)
                # What else is announced is the result of a tool, or a picture.
                block.ignored = bool(start) and not is_object(call)
            elif name == "contentBlockStop":
                deltas += self._blocks.end(self._dict(value).get("contentBlockIndex"))
            elif name == "messageStop":
                self._read_end(self._dict(value))
            elif name == "metadata":
                self._read_metadata(self._dict(value))
            elif name == "output":
                self._read_message(self._dict(self._dict(value).get("message")), deltas)
                self._read_end(fields)
                self._read_metadata(fields)
            known = known or name in _EVENTS or name in ("metadata", "output")
        if not known:
            raise unknown_chunk(fields, self._expected)

    def _read_piece(self, event: dict[str, Any], deltas: list[Delta]) -> None:
        index: Any = event.get("contentBlockIndex")
        fields = self._dict(event.get("delta"))
        if fields.get("text") is not None:
            block = self._blocks.for_text(index, "content")
        elif fields.get("reasoningContent") is not None:
            block = self._blocks.for_text(index, "reasoning")
        else:
            block = self._blocks.at(index)
        if not block.ignored:
            self._read_texts(block, fields, deltas)
            if index is not None and block.is_settled:
                self._bind((1, 1, index), block.content)

    def _read_texts(self, block: Block, fields: dict[str, Any], deltas: list[Delta]) -> None:
        """Read what a delta and a whole block have in common."""
        reasoning: Any = fields.get("reasoningContent")
        if is_object(reasoning):
            # Whole blocks wrap it once more.
            inner: Any = reasoning.get("reasoningText")
            reasoning = text_in(inner if is_object(inner) else reasoning, "text")
            if reasoning:
                deltas.append(block.add(block.reasoning, reasoning))
        text = text_in(fields, "text")
        if text:
            deltas.append(block.add(block.content, text))
        call: Any = fields.get("toolUse")
        if is_object(call):
            text = text_in(call, "input")
            if text:
                deltas += block.write_arguments(text)

    def _read_message(self, message: dict[str, Any], deltas: list[Delta]) -> None:
        """Read a whole response."""
        content: Any = message.get("content") or []
        if not is_list(content):
            raise unknown_chunk(content, "a list of content blocks")
        for index, each in enumerate(content):
            fields = self._dict(each)
            call: Any = fields.get("toolUse")
            block = self._blocks.begin(index, _id_of(call))
            if is_object(call):
                _begin_call(block, call)
                deltas += block.end()
            else:
                self._read_texts(block, fields, deltas)

    def _read_end(self, fields: dict[str, Any]) -> None:
        metadata = self.metadata
        metadata.terminated = True
        reason: Any = fields.get("stopReason")
        if isinstance(reason, str) and reason:
            metadata.finish_reason = reason
            if reason in _FILTERED:
                metadata.filter_reason = reason
        self._keep_extra(fields, _READ)

    def _read_metadata(self, fields: dict[str, Any]) -> None:
        usage = read_usage_beside_cache(fields.get("usage"), _USAGE)
        if usage is not None:
            self.metadata.usage = usage
        self._keep_extra(fields, _READ)

    def _read_inner(self, fields: dict[str, Any]) -> list[Delta]:
        if "bytes" not in fields:
            return []
        event = _decode(fields["bytes"])
        if self._inner is None:
            self._inner = self._make_inner(event, self.metadata)
        return self._inner.feed(event)


def _exception_in(fields: dict[Any, Any], *, alone: bool = False) -> ProviderError | None:
    """Give the error that a chunk tells of: a member named for its class, or as elsewhere."""
    for name, value in fields.items():
        if isinstance(name, str) and name.endswith("Exception"):
            details = value if is_object(value) else {"message": value}
            return provider_error({**details, "code": name}, fields)
    return None if alone else error_in(fields)


def _begin_call(block: Block, call: dict[str, Any]) -> None:
    if block.call is None:
        kind: Any = call.get("type")
        block.begin_call(
            "server_tool" if kind == "server_tool_use" else "tool",
            call.get("name"),
            call.get("input"),
        )


def _id_of(call: Any) -> Any:
    return call.get("toolUseId") if is_object(call) else None


def _decode(data: Any) -> Any:
    """Decode the JSON that a chunk wraps, as bytes or in base64."""
    try:
        if isinstance(data, str):
            data = b64decode(data, validate=True)
        return json.loads(data)
    except (TypeError, ValueError, RecursionError) as error:
        raise ProviderError(
            f"a chunk of the response is not valid JSON: {error}", chunk=data
        ) from error
