"""The content blocks of a response, as Anthropic and Bedrock send them: one after the other.

    begin ──► text, reasoning, arguments … ──► end

Bedrock announces none but tool calls; a text to a block that was not announced begins it, or
goes on with the block before it (see `Blocks.for_text`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from partialstream.deltas import Channel
from partialstream.sources.metadata import count_channel
from partialstream.sources.tool_calls import ToolCall, arguments_text, is_cut

if TYPE_CHECKING:
    from collections.abc import Hashable

    from partialstream.deltas import AnswerMetadata, ChannelKind, Delta

Index = int | str | None
"""A provider's index of a block, None if it gave none."""

# Beside those that other formats have as well: what ends a response ahead of its last word.
_CUT = frozenset(
    {
        "model_context_window_exceeded",
        "guardrail_intervened",
        "malformed_model_output",
        "malformed_tool_use",
        "refusal",
    }
)


class Block:
    """One block.

    Args:
        key: The provider's index, or a free number if another block has had that index.
        index: The latest index at which the provider has written it, None if it gave none.
        kind: What it holds, if it was begun by a text; None for a block that was announced.
        call_id: The provider's id of the call in it, None if it gave none.

    Attributes:
        content: The channel of its text.
        reasoning: The channel of its reasoning.
        call: What it calls a tool with, None if it does not.
        ignored: Whether its texts are none of the model's.
    """

    def __init__(
        self, key: Hashable, index: Index, kind: ChannelKind | None, call_id: str | None
    ) -> None:
        self.key = key
        self.index = index
        self.kind = kind
        self.id = call_id
        self.content = Channel("content", key)
        self.reasoning = Channel("reasoning", key)
        self.call: ToolCall | None = None
        self.ignored = False
        self._pieces = 0  # texts at its latest index
        self._counted = False  # whether it has had texts at several indexes
        self._input = ""  # what was said ahead of the arguments, and counts if none follow

    def add(self, channel: Channel, text: str) -> Delta:
        """Add to its text or its reasoning."""
        self._pieces += 1
        return channel, text

    @property
    def is_settled(self) -> bool:
        """Whether another piece at its latest index changes nothing in what follows."""
        return self._pieces > 1

    def goes_on_with(self, kind: ChannelKind) -> bool:
        """Whether a text of this kind, at an index of its own, goes on with this block."""
        return self.kind == kind and (self._counted or not self.is_settled)

    def move_to(self, index: Index) -> None:
        """Go on at another index."""
        self.index = index
        self._counted = self._counted or self._pieces > 0
        self._pieces = 0

    def begin_call(self, kind: ChannelKind, name: Any, arguments: Any = None) -> None:
        """Make it a call, with the arguments as far as they are known ahead; none to most."""
        if self.call is not None:
            return  # it begins once more
        self._input = arguments_text(arguments)
        self.kind = None
        self.call = ToolCall(self.key, None, kind)
        if isinstance(name, str):
            self.call.name = name or None

    def write_arguments(self, text: str) -> list[Delta]:
        """Add to the arguments of the call; not to be called for an empty text."""
        if self.call is None:
            self.begin_call("tool", None)
        self._input = ""
        return [] if self.call is None else self.call.write(text)

    def end(self) -> list[Delta]:
        """Give the arguments that were said ahead, if none followed."""
        text, self._input = self._input, ""
        return self.call.write(text) if self.call is not None and text else []

    def finish(self, *, cut: bool) -> list[Delta]:
        """End the response: a call without arguments is `{}`, unless it was cut off."""
        return self.end() + ([] if self.call is None else self.call.finish(cut=cut))


class Blocks:
    """All blocks of one response, which are counted in its metadata."""

    def __init__(self, metadata: AnswerMetadata) -> None:
        self._metadata = metadata
        self._all: list[Block] = []
        self._by_index: dict[Index, Block] = {}
        self._keys: set[Hashable] = set()
        self._free = 0  # above all keys that are numbers

    def begin(self, index: Any, call_id: Any = None) -> Block:
        """Begin a block at an index, if there is one.

        If the block there has the id of the call in it already, it is that block, and begins
        once more.
        """
        call_id = call_id if isinstance(call_id, str) and call_id else None
        block = self._by_index.get(_index_in(index))
        if block is not None and call_id is not None and block.id == call_id:
            return block
        return self._add(index, call_id=call_id)

    def at(self, index: Any) -> Block:
        """Give the block at an index, the last one for None; begin it if there is none."""
        return self._known(index) or self._add(index)

    def for_text(self, index: Any, kind: ChannelKind) -> Block:
        """Give the block that a text belongs to, whether or not the block was announced.

        Usually that is the block at the text's index. Nova instead numbers the deltas, and
        stops a block after each of them, even in the middle of a value:

            delta 0 `[{"name":"T`    stop 0   delta 1 `ea"}]`   stop 1    one text
            delta 0 `Here `   delta 0 `it is:`   stop 0   delta 1 `[]`    two texts

        Hence an unannounced block that had a single delta, or none, says nothing: the next text
        of its kind, unless another block begins in between, continues it under any new index.
        If the two were blocks after all, say prose and a document, or two documents, their
        concatenation is read the same way.

        Args:
            index: The provider's index, the last block for None.
            kind: `content` or `reasoning`.
        """
        block = self._known(index)
        if block is not None:
            return block
        last = self._all[-1] if self._all else None
        if last is None or not last.goes_on_with(kind):
            return self._add(index, kind)
        # Forgotten at its former index: deltas are without number.
        del self._by_index[last.index]
        last.move_to(_index_in(index))
        self._by_index[last.index] = last
        return last

    def end(self, index: Any) -> list[Delta]:
        """End the block at an index, the last one for None; it need not be known."""
        block = self._known(index)
        return [] if block is None else block.end()

    def finish(self, *, cut: bool) -> list[Delta]:
        """End the response, which was cut if the stream was or if its metadata says so."""
        reason = self._metadata.finish_reason
        if reason is None:
            cut = cut or not self._metadata.terminated
        else:
            cut = cut or is_cut(reason) or reason in _CUT
        # The blocks ahead of the last were over when it began.
        last = self._all[-1:]
        return [d for each in self._all for d in each.finish(cut=cut and each in last)]

    def _add(
        self, given: Any, kind: ChannelKind | None = None, call_id: str | None = None
    ) -> Block:
        index = _index_in(given)
        key = len(self._all) if index is None else index
        if key in self._keys:  # some relays number all blocks alike
            key = self._free
        if isinstance(key, int):
            self._free = max(self._free, key + 1)
        self._keys.add(key)
        count_channel(self._metadata)
        block = Block(key, index, kind, call_id)
        self._all.append(block)
        self._by_index[index] = block
        return block

    def _known(self, index: Any) -> Block | None:
        index = _index_in(index)
        if index is None:
            return self._all[-1] if self._all else None
        return self._by_index.get(index)


def _index_in(value: Any) -> Index:
    return value if isinstance(value, (int, str)) else None
