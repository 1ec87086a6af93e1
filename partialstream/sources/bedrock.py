"""Amazon Bedrock: the events of ConverseStream, and those of other formats in its wrapping."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import TYPE_CHECKING

from partialstream.errors import ProviderError
from partialstream.results import AnswerMetadata
from partialstream.sources.anthropic import AnthropicSource
from partialstream.sources.blocks import Blocks
from partialstream.sources.objects import plain
from partialstream.sources.provider_errors import error_in, provider_error, unknown_chunk
from partialstream.sources.shapes import is_list, is_object
from partialstream.sources.side_texts import keep_extra, keep_side_texts
from partialstream.sources.surrogates import SurrogateHalves
from partialstream.sources.usage import read_usage_beside_cache

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from partialstream.results import Delta
    from partialstream.sources.base import Source
    from partialstream.sources.blocks import Block

    Inner = Callable[[Any, AnswerMetadata], Source]

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

_EXPECTED = "an event of ConverseStream or a chunk of InvokeModelWithResponseStream, as a dict"


class BedrockSource:
    """Reads the events of a streamed answer of Bedrock, and whole answers of Converse.

    An event is a dict whose one member has the event's name, as boto3 gives it:
    `{"contentBlockDelta": {"delta": {"text": "[1"}, "contentBlockIndex": 0}}`. Each content
    block has a channel, keyed by its index: text, reasoning or the input of a tool; a tool
    without input is the document `{}`, which `finish` gives. Where an index counts deltas
    instead, as Nova's does, they are one text, keyed by the first of them. Of `metadata`,
    `usage` counts as input what was read from and written to the cache.

    `{"chunk": {"bytes": …}}` is an event in the format of the model's maker, and is read by
    the source of that format; `bytes` may be in base64, as it is on the way.

    Args:
        metadata: Where to write what the answer says beside its text.
        inner: Makes the source for such events from the first of them; by default that of
            Anthropic's, whatever the event is.

    Example:
        >>> source = BedrockSource()
        >>> delta = {"delta": {"text": "[1"}, "contentBlockIndex": 0}
        >>> source.feed({"contentBlockDelta": delta})
        [(Channel(kind='content', key=0, name=None), '[1')]
    """

    def __init__(
        self, metadata: AnswerMetadata | None = None, *, inner: Inner | None = None
    ) -> None:
        self.metadata = AnswerMetadata() if metadata is None else metadata
        self._make_inner: Inner = _anthropic if inner is None else inner
        self._inner: Source | None = None
        self._blocks = Blocks(self.metadata)
        self._halves = SurrogateHalves()
        self._failure: ProviderError | None = None

    def feed(self, chunk: Any) -> list[Delta]:
        """Read one event.

        Args:
            chunk: A dict; None is allowed and means nothing.

        Raises:
            ProviderError: If it tells of an error or has an unknown shape. A chunk that holds
                text as well gives the text first, and the next call raises.
        """
        if self._failure is not None:
            raise self._failure
        fields = chunk if is_object(chunk) else _as_dict(chunk)
        deltas: list[Delta] = []
        failure: ProviderError | None = None
        try:
            self._read(fields, deltas)
        except ProviderError as error:
            failure = error
        failure = _exception_in(fields) or failure
        if self._inner is None:
            deltas = self._halves.join_all(deltas)
            keep_side_texts(self.metadata, deltas)
        if failure is not None:
            if not deltas:
                raise failure
            self._failure = failure
        return deltas

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
        deltas = self._halves.finish() + self._blocks.finish(self.metadata, cut=cut)
        return deltas if self._inner is None else deltas + self._inner.finish(cut=cut)

    def _read(self, chunk: dict[str, Any], deltas: list[Delta]) -> None:
        # One event that is not known yet is no reason to give up.
        known = not chunk or (len(chunk) == 1 and is_object(next(iter(chunk.values()))))
        for name, value in chunk.items():
            if name == "contentBlockDelta":
                self._read_piece(_as_dict(value), deltas)
            elif name == "contentBlockStart":
                event = _as_dict(value)
                start = _as_dict(event.get("start"))
                call = start.get("toolUse")
                block = self._blocks.begin(event.get("contentBlockIndex"), _id_of(call))
                if is_object(call):
                    _begin_call(block, call)
                # What else is announced is the result of a tool, or a picture.
                block.ignored = bool(start) and not is_object(call)
            elif name == "contentBlockStop":
                deltas += self._blocks.end(_as_dict(value).get("contentBlockIndex"))
            elif name == "messageStop":
                self._read_end(_as_dict(value))
            elif name == "metadata":
                self._read_metadata(_as_dict(value))
            elif name == "chunk":
                deltas += self._read_inner(_as_dict(value))
            elif name == "output":
                self._read_message(_as_dict(_as_dict(value).get("message")), deltas)
                self._read_end(chunk)
                self._read_metadata(chunk)
            known = known or name in _EVENTS or name in ("metadata", "chunk", "output")
        if not known:
            raise unknown_chunk(chunk, _EXPECTED)

    def _read_piece(self, event: dict[str, Any], deltas: list[Delta]) -> None:
        index: Any = event.get("contentBlockIndex")
        fields = _as_dict(event.get("delta"))
        if fields.get("text") is not None:
            block = self._blocks.for_text(index, "content")
        elif fields.get("reasoningContent") is not None:
            block = self._blocks.for_text(index, "reasoning")
        else:
            block = self._blocks.at(index)
        if not block.ignored:
            self._read_texts(block, fields, deltas)

    def _read_texts(self, block: Block, fields: dict[str, Any], deltas: list[Delta]) -> None:
        """Read what a delta and a whole block have in common."""
        reasoning: Any = fields.get("reasoningContent")
        if is_object(reasoning):
            # Whole blocks wrap it once more.
            inner: Any = reasoning.get("reasoningText")
            reasoning = _text_in(inner if is_object(inner) else reasoning, "text")
            if reasoning:
                deltas.append(block.add(block.reasoning, reasoning))
        text = _text_in(fields, "text")
        if text:
            deltas.append(block.add(block.content, text))
        call: Any = fields.get("toolUse")
        if is_object(call):
            text = _text_in(call, "input")
            if text:
                deltas += block.write_arguments(text)

    def _read_message(self, message: dict[str, Any], deltas: list[Delta]) -> None:
        """Read a whole answer."""
        content: Any = message.get("content") or []
        if not is_list(content):
            raise unknown_chunk(content, "a list of content blocks")
        for index, each in enumerate(content):
            fields = _as_dict(each)
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
        self._keep(fields)

    def _read_metadata(self, fields: dict[str, Any]) -> None:
        usage = read_usage_beside_cache(fields.get("usage"), _USAGE)
        if usage is not None:
            self.metadata.usage = usage
        self._keep(fields)

    def _keep(self, fields: dict[str, Any]) -> None:
        for name, value in fields.items():
            if name not in _READ and value:
                keep_extra(self.metadata, name, value)

    def _read_inner(self, fields: dict[str, Any]) -> list[Delta]:
        if "bytes" not in fields:
            return []
        event = _decode(fields["bytes"])
        if self._inner is None:
            self._inner = self._make_inner(event, self.metadata)
        return self._inner.feed(event)


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


def _anthropic(event: Any, metadata: AnswerMetadata) -> Source:
    return AnthropicSource(metadata)


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


def _text_in(fields: dict[str, Any], name: str) -> str:
    text: Any = fields.get(name)
    if text and not isinstance(text, str):
        raise unknown_chunk(fields, f"{name!r} as text")
    return text or ""


def _as_dict(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    fields: Any = plain(value)
    if not is_object(fields):
        raise unknown_chunk(value, _EXPECTED)
    return fields
