"""Amazon Bedrock's Converse and ConverseStream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from partialstream.sources.base import WireSource
from partialstream.sources.blocks import Blocks
from partialstream.sources.common import (
    error_in,
    is_object,
    list_in,
    object_in,
    provider_error,
    text_in,
    unknown_chunk,
)
from partialstream.sources.metadata import read_usage_beside_cache

if TYPE_CHECKING:
    from partialstream.deltas import AnswerMetadata, ChannelKind, Delta
    from partialstream.errors import ProviderError
    from partialstream.sources.blocks import Block

_EVENTS = frozenset(
    {
        "messageStart",
        "contentBlockStart",
        "contentBlockDelta",
        "contentBlockStop",
        "messageStop",
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
    if not _EVENTS.isdisjoint(fields) or exception_in(fields) is not None:
        return True
    usage = object_in(object_in(fields, "metadata"), "usage")
    return _USAGE[0] in usage or (
        "stopReason" in fields and "message" in object_in(fields, "output")
    )


class BedrockSource(WireSource):
    """Reads the events of a streamed response of Bedrock, and whole responses of Converse.

    An event is a dict whose one member has the event's name, as boto3 gives it:
    `{"contentBlockDelta": {"delta": {"text": "[1"}, "contentBlockIndex": 0}}`. Each content
    block has a channel, keyed by its index: text, reasoning or the input of a tool; a tool
    without input is the document `{}`, which `finish` gives. Where an index counts deltas
    instead, as Nova's does, they are one text, keyed by the first of them. Of `metadata`,
    `usage` counts as input what was read from and written to the cache.

    Example:
        >>> source = BedrockSource()
        >>> delta = {"delta": {"text": "[1"}, "contentBlockIndex": 0}
        >>> source.feed({"contentBlockDelta": delta})
        [(Channel(kind='content', key=0, name=None), '[1')]
    """

    _expected = "an event of ConverseStream, as a dict"

    def __init__(self, metadata: AnswerMetadata | None = None) -> None:
        super().__init__(metadata)
        self._blocks = Blocks(self.metadata)

    @override
    def _piece(self, fields: Any) -> tuple[Any, Any]:
        event = fields["contentBlockDelta"]
        return (len(fields), len(event["delta"]), event["contentBlockIndex"]), event["delta"][
            "text"
        ]

    @override
    def _error_in(self, fields: dict[str, Any]) -> ProviderError | None:
        return exception_in(fields) or error_in(fields)

    @override
    def _finish(self, *, cut: bool) -> list[Delta]:
        return self._blocks.finish(cut=cut)

    @override
    def _read(self, fields: dict[str, Any], deltas: list[Delta]) -> None:
        # One event that is not known yet is no reason to give up.
        known = not fields or is_named_event(fields)
        for name, value in fields.items():
            if name == "contentBlockDelta":
                self._read_piece(self._dict(value), deltas)
            elif name == "contentBlockStart":
                event = self._dict(value)
                start = self._dict(event.get("start"))
                call: Any = start.get("toolUse")
                block = self._begin(event.get("contentBlockIndex"), call)
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
            _read_texts(block, fields, deltas)
            if index is not None and block.is_settled:
                self._bind((1, 1, index), block.content)

    def _read_message(self, message: dict[str, Any], deltas: list[Delta]) -> None:
        """Read a whole response."""
        for index, each in enumerate(list_in(message, "content", "content blocks")):
            fields = self._dict(each)
            block = self._begin(index, fields.get("toolUse"))
            if block.call is not None:
                deltas += block.end()
            else:
                _read_texts(block, fields, deltas)

    def _begin(self, index: Any, call: Any) -> Block:
        """Begin a block, and the call in it, if there is one."""
        if not is_object(call):
            return self._blocks.begin(index)
        block = self._blocks.begin(index, call.get("toolUseId"))
        kind: ChannelKind = "server_tool" if call.get("type") == "server_tool_use" else "tool"
        block.begin_call(kind, call.get("name"), call.get("input"))
        return block

    def _read_end(self, fields: dict[str, Any]) -> None:
        self.metadata.terminated = True
        reason = self._keep_reason(fields, "stopReason")
        if reason in _FILTERED:
            self.metadata.filter_reason = reason
        self._keep_extra(fields, _READ)

    def _read_metadata(self, fields: dict[str, Any]) -> None:
        usage = read_usage_beside_cache(fields.get("usage"), _USAGE)
        self.metadata.usage = usage or self.metadata.usage
        self._keep_extra(fields, _READ)


def _read_texts(block: Block, fields: dict[str, Any], deltas: list[Delta]) -> None:
    """Read what a delta and a whole block have in common."""
    reasoning: Any = fields.get("reasoningContent")
    if is_object(reasoning):
        # Whole blocks wrap it once more.
        inner: Any = reasoning.get("reasoningText")
        if text := text_in(inner if is_object(inner) else reasoning, "text"):
            deltas.append(block.add(block.reasoning, text))
    if text := text_in(fields, "text"):
        deltas.append(block.add(block.content, text))
    if text := text_in(object_in(fields, "toolUse"), "input"):
        deltas += block.write_arguments(text)


def is_named_event(fields: dict[str, Any]) -> bool:
    """Whether a chunk is an event, known or not: its one member has the event's name."""
    return len(fields) == 1 and is_object(next(iter(fields.values())))


def exception_in(fields: dict[Any, Any]) -> ProviderError | None:
    """Make the error that a chunk tells of by a member with the name of its class."""
    for name, value in fields.items():
        if isinstance(name, str) and name.endswith("Exception"):
            details = value if is_object(value) else {"message": value}
            return provider_error({**details, "code": name}, fields)
    return None
