"""The Messages API of Anthropic, and of those that are compatible with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from partialstream.errors import ProviderError
from partialstream.results import AnswerMetadata
from partialstream.sources.blocks import Blocks
from partialstream.sources.objects import plain
from partialstream.sources.provider_errors import error_in, unknown_chunk
from partialstream.sources.shapes import is_list, is_object
from partialstream.sources.side_texts import keep_extra, keep_side_texts
from partialstream.sources.surrogates import FIRST_SURROGATE, SurrogateHalves
from partialstream.sources.usage import read_usage_beside_cache

if TYPE_CHECKING:
    from typing import Any

    from partialstream.results import Channel, Delta
    from partialstream.sources.blocks import Block

# What the SDK's `messages.stream()` says once more in its own words. With the whole text so
# far, which is not to be looked at for each piece.
_DERIVED = frozenset({"text", "input_json", "thinking", "citation", "signature", "compaction"})

# The member that holds the text, by the type of a delta. What is not here is no text: a
# signature, a citation, a summary of what came before the answer.
_TEXTS = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}

_USAGE = (
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
)

_READ = frozenset({"type", "delta", "message", "usage", "error"})

_EXPECTED = "an event of the Messages API or a whole message, as a dict or an SDK's object"


class AnthropicSource:
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

    def __init__(self, metadata: AnswerMetadata | None = None) -> None:
        self.metadata = AnswerMetadata() if metadata is None else metadata
        self._blocks = Blocks(self.metadata)
        self._halves = SurrogateHalves()
        self._figures: dict[str, Any] = {}  # of usage, each the latest that was given
        self._failure: ProviderError | None = None
        # Where the last piece went and what was said of its place, if the next one that says
        # the same needs no closer look.
        self._place: tuple[Any, Any] | None = None
        self._channel: Channel | None = None
        self._member = ""

    def feed(self, chunk: Any) -> list[Delta]:
        """Read one event.

        Args:
            chunk: A dict or an SDK's object; None is allowed and means nothing.

        Raises:
            ProviderError: If it tells of an error or has an unknown shape. A chunk that holds
                text as well gives the text first, and the next call raises.
        """
        if chunk.__class__ is not dict:
            kind: Any = getattr(chunk, "type", None)
            if isinstance(kind, str) and kind in _DERIVED and self._failure is None:
                return []
            chunk = _as_dict(chunk)
        # The ordinary event, straight through: one more piece of the same text.
        channel = self._channel
        if channel is not None:
            delta = chunk.get("delta")
            if delta.__class__ is dict and (chunk.get("index"), delta.get("type")) == self._place:
                text = delta.get(self._member)
                if text.__class__ is str and text and text[-1] < FIRST_SURROGATE:
                    return [(channel, text)]
        return self._read(chunk)

    def finish(self, *, cut: bool = False) -> list[Delta]:
        """End the answer, and give the `{}` of tools that had no input.

        Args:
            cut: Whether the stream ended before the answer did, as it does in any case without
                a stop reason, or with one that tells so (`max_tokens`). If the last block calls
                a tool without input, it then has none.

        Raises:
            ProviderError: If the last chunk told of an error beside its text.
        """
        if self._failure is not None:
            raise self._failure
        return self._halves.finish() + self._blocks.finish(self.metadata, cut=cut)

    def _read(self, chunk: dict[str, Any]) -> list[Delta]:
        """Read an event of any kind."""
        if self._failure is not None:
            raise self._failure
        self._channel = None
        deltas: list[Delta] = []
        failure: ProviderError | None = None
        try:
            self._read_event(chunk, deltas)
        except ProviderError as error:
            failure = error
        failure = error_in(chunk) or failure
        deltas = self._halves.join_all(deltas)
        keep_side_texts(self.metadata, deltas)
        if failure is not None:
            if not deltas:
                raise failure
            self._failure = failure
        if failure is not None or self._halves:
            self._channel = None
        return deltas

    def _read_event(self, event: dict[str, Any], deltas: list[Delta]) -> None:
        kind: Any = event.get("type")
        if kind == "content_block_delta":
            self._read_piece(event, deltas)
        elif kind == "content_block_start":
            fields = _as_dict(event.get("content_block"))
            self._begin(event.get("index"), fields, deltas)
        elif kind == "content_block_stop":
            deltas += self._blocks.end(event.get("index"))
        elif kind == "message_start":
            self._read_message(_as_dict(event.get("message")))
        elif kind == "message_delta":
            self._read_usage(event.get("usage"))
            self._read_end(_as_dict(event.get("delta")))
            self._keep(event)
        elif kind == "message_stop":
            self.metadata.terminated = True
            self._keep(event)
        elif kind == "message":
            self._read_message(event)
            content: Any = event.get("content") or []
            if not is_list(content):
                raise unknown_chunk(content, "a list of content blocks")
            for index, fields in enumerate(content):
                block = self._begin(index, _as_dict(fields), deltas)
                deltas += block.end()
            self._read_end(event)
            self.metadata.terminated = True
        elif event and not isinstance(kind, str):
            raise unknown_chunk(event, _EXPECTED)

    def _begin(self, index: Any, fields: dict[str, Any], deltas: list[Delta]) -> Block:
        """Read the start of a block, or a whole one."""
        kind: Any = fields.get("type")
        block = self._blocks.begin(index, fields.get("id"))
        if kind == "text":
            deltas += _pieces(block.content, fields.get("text"))
        elif kind == "thinking":
            deltas += _pieces(block.reasoning, fields.get("thinking"))
        elif isinstance(kind, str) and kind.endswith("tool_use"):
            if block.call is None:
                block.begin_call(
                    "tool" if kind == "tool_use" else "server_tool",
                    fields.get("name"),
                    fields.get("input"),
                )
        else:
            # The result of a tool, a summary, a hint; none of it is the model's answer.
            block.ignored = True
            to: Any = fields.get("to")
            if kind == "fallback" and is_object(to) and isinstance(model := to.get("model"), str):
                # Another model goes on.
                self.metadata.model = model or self.metadata.model
        return block

    def _read_piece(self, event: dict[str, Any], deltas: list[Delta]) -> None:
        index: Any = event.get("index")
        fields = _as_dict(event.get("delta"))
        kind: Any = fields.get("type")
        member = _TEXTS.get(kind) if isinstance(kind, str) else None
        block = self._blocks.at(index)
        if member is None or block.ignored:
            return
        text: Any = fields.get(member)
        if not text:
            return
        if not isinstance(text, str):
            raise unknown_chunk(event, "a piece of text")
        if member == "partial_json":
            deltas += block.write_arguments(text)
            call = block.call
            channel = call.channel if call is not None and call.started else None
        else:
            channel = block.content if member == "text" else block.reasoning
            deltas.append((channel, text))
        # Reasoning is looked at each time: the metadata keeps it.
        if member != "thinking" and index is not None:
            self._place, self._channel, self._member = (index, kind), channel, member

    def _read_message(self, message: dict[str, Any]) -> None:
        metadata = self.metadata
        if metadata.model is None and isinstance(model := message.get("model"), str):
            metadata.model = model or None
        if metadata.request_id is None and isinstance(request_id := message.get("id"), str):
            metadata.request_id = request_id or None
        self._read_usage(message.get("usage"))

    def _read_usage(self, usage: Any) -> None:
        if not is_object(usage):
            return
        # They are cumulative; what the later event leaves out stands.
        self._figures.update((name, value) for name, value in usage.items() if value is not None)
        self.metadata.usage = read_usage_beside_cache(self._figures, _USAGE)

    def _read_end(self, fields: dict[str, Any]) -> None:
        """Read a `delta` of the message, or the like members of a whole one."""
        metadata = self.metadata
        reason: Any = fields.get("stop_reason")
        if isinstance(reason, str) and reason:
            metadata.finish_reason = reason
        details: Any = fields.get("stop_details")
        if metadata.finish_reason == "refusal" and is_object(details):
            refusal: Any = details.get("explanation") or details.get("category")
            if isinstance(refusal, str):
                metadata.refusal = refusal
        for name in ("stop_sequence", "stop_details", "container"):
            if fields.get(name):
                keep_extra(metadata, name, fields[name])

    def _keep(self, event: dict[str, Any]) -> None:
        for name, value in event.items():
            if name not in _READ and value:
                keep_extra(self.metadata, name, value)


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


def _pieces(channel: Channel, text: Any) -> list[Delta]:
    if text and not isinstance(text, str):
        raise unknown_chunk(text, "a text")
    return [(channel, text)] if text else []


def _as_dict(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    fields: Any = plain(value)
    if not is_object(fields):
        raise unknown_chunk(value, _EXPECTED)
    return fields
