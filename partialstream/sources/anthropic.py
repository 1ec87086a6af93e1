"""The Messages API of Anthropic, and of those that are compatible with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from partialstream.sources.base import WireSource
from partialstream.sources.blocks import Blocks
from partialstream.sources.common import list_in, object_in, text_in, unknown_chunk, word_in
from partialstream.sources.metadata import keep_extra, read_usage_beside_cache

if TYPE_CHECKING:
    from partialstream.deltas import AnswerMetadata, Channel, ChannelKind, Delta
    from partialstream.sources.blocks import Block

# What the SDK's `messages.stream()` says once more in its own words. With the whole text so
# far, which is not to be looked at for each piece.
_DERIVED = frozenset({"text", "input_json", "thinking", "citation", "signature", "compaction"})

# The member that holds the text, by the type of a delta. What is not here is no text: a
# signature, a citation, a summary of what came before the response.
_TEXTS = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}

_USAGE = (
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
)

_READ = frozenset({"type", "delta", "message", "usage", "error"})


def is_anthropic(fields: dict[str, Any]) -> bool:
    """Whether a chunk with these members is one that `AnthropicSource` reads.

    Example:
        >>> is_anthropic({"type": "ping"}), is_anthropic({"type": "error"})
        (True, False)
    """
    kind = fields.get("type")
    if kind == "message":
        return "content" in fields
    return isinstance(kind, str) and (
        kind == "ping" or kind.startswith(("message_", "content_block_"))
    )


class AnthropicSource(WireSource):
    """Reads the events of a streamed message, and whole messages, as dicts or SDK objects.

    The events that the SDK's `messages.stream()` adds to those of the API are left out, as are
    those that are not known. Each content block has a channel, keyed by its index: text,
    reasoning, the input of a tool, or that of a tool that the provider runs itself. A tool
    without input is the document `{}`, which `finish` gives; one whose input came with the
    start of its block is given when the block ends.

    Of `metadata`, `usage` counts as input what was read from and written to the cache;
    `refusal` is the explanation of a refusal, or its category, if one of them was given; and
    `extra` holds further members of the last events by their names.

    Example:
        >>> source = AnthropicSource()
        >>> delta = {"type": "text_delta", "text": "[1"}
        >>> source.feed({"type": "content_block_delta", "index": 0, "delta": delta})
        [(Channel(kind='content', key=0, name=None), '[1')]
    """

    _expected = "an event of the Messages API or a whole message, as a dict or an SDK's object"

    def __init__(self, metadata: AnswerMetadata | None = None) -> None:
        super().__init__(metadata)
        self._blocks = Blocks(self.metadata)
        self._figures: dict[str, Any] = {}  # of usage, each the latest that was given

    @override
    def _fields_of(self, chunk: Any) -> Any:
        kind: Any = getattr(chunk, "type", None)
        return {} if isinstance(kind, str) and kind in _DERIVED else self._dict(chunk)

    @override
    def _piece(self, fields: Any) -> tuple[Any, Any]:
        delta = fields["delta"]
        return (fields["index"], delta["type"]), delta[_TEXTS[delta["type"]]]

    @override
    def _read(self, fields: dict[str, Any], deltas: list[Delta]) -> None:
        kind, index = fields.get("type"), fields.get("index")
        if kind == "content_block_delta":
            self._read_piece(index, self._dict(fields.get("delta")), deltas)
        elif kind == "content_block_start":
            self._begin(index, self._dict(fields.get("content_block")), deltas)
        elif kind == "content_block_stop":
            deltas += self._blocks.end(index)
        elif kind == "message_start":
            self._read_message(self._dict(fields.get("message")))
            self.metadata.usage_is_partial = True
        elif kind == "message_delta":
            self._read_usage(fields)
            self.metadata.usage_is_partial = False
            self._read_end(self._dict(fields.get("delta")))
            self._keep_extra(fields, _READ)
        elif kind == "message_stop":
            self.metadata.terminated = True
            self._keep_extra(fields, _READ)
        elif kind == "message":
            self._read_message(fields)
            for place, each in enumerate(list_in(fields, "content", "content blocks")):
                deltas += self._begin(place, self._dict(each), deltas).end()
            self._read_end(fields)
            self.metadata.terminated = True
        elif fields and not isinstance(kind, str):
            raise unknown_chunk(fields, self._expected)

    def _begin(self, index: Any, fields: dict[str, Any], deltas: list[Delta]) -> Block:
        """Read the start of a block, or a whole one."""
        kind = word_in(fields, "type") or ""
        block = self._blocks.begin(index, fields.get("id"))
        if kind in ("text", "thinking"):
            if text := text_in(fields, kind):
                deltas.append((block.content if kind == "text" else block.reasoning, text))
        elif kind.endswith("tool_use"):
            side: ChannelKind = "tool" if kind == "tool_use" else "server_tool"
            block.begin_call(side, fields.get("name"), fields.get("input"))
        else:
            # The result of a tool, a summary, a hint; none of it is the model's response.
            block.ignored = True
            if kind == "fallback":  # another model goes on
                model = word_in(object_in(fields, "to"), "model")
                self.metadata.model = model or self.metadata.model
        return block

    def _read_piece(self, index: Any, fields: dict[str, Any], deltas: list[Delta]) -> None:
        kind = word_in(fields, "type")
        member = _TEXTS.get(kind or "")
        block = self._blocks.at(index)
        if member is None or block.ignored:
            return
        text = text_in(fields, member)
        if not text:
            return
        channel: Channel | None
        if member == "partial_json":
            deltas += block.write_arguments(text)
            channel = block.call.open_channel if block.call is not None else None
        else:
            channel = block.content if member == "text" else block.reasoning
            deltas.append((channel, text))
        # Reasoning is looked at each time: the metadata keeps it.
        if member != "thinking" and index is not None:
            self._bind((index, kind), channel, block.call)

    def _read_message(self, message: dict[str, Any]) -> None:
        self._keep_names(message)
        self._read_usage(message)

    def _read_usage(self, fields: dict[str, Any]) -> None:
        usage = object_in(fields, "usage")
        # They are cumulative; what the later event leaves out stands.
        self._figures.update((name, value) for name, value in usage.items() if value is not None)
        found = read_usage_beside_cache(self._figures, _USAGE)
        self.metadata.usage = found or self.metadata.usage

    def _read_end(self, fields: dict[str, Any]) -> None:
        """Read a `delta` of the message, or the like members of a whole one."""
        metadata = self.metadata
        self._keep_reason(fields, "stop_reason")
        details = object_in(fields, "stop_details")
        if metadata.finish_reason == "refusal" and details:
            refusal: Any = details.get("explanation") or details.get("category")
            if isinstance(refusal, str):
                metadata.refusal = refusal
        for name in ("stop_sequence", "stop_details", "container"):
            if fields.get(name):
                keep_extra(metadata, name, fields[name])

    @override
    def _finish(self, *, cut: bool) -> list[Delta]:
        return self._blocks.finish(cut=cut)
