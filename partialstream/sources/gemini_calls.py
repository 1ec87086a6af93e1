"""The tool calls of one of Gemini's candidates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from partialstream.results import Channel
from partialstream.sources.channels import count_channel
from partialstream.sources.gemini_fields import as_json, member, members, word
from partialstream.sources.leaf_arguments import LeafArguments
from partialstream.sources.provider_errors import unknown_chunk
from partialstream.sources.tool_calls import arguments_text

if TYPE_CHECKING:
    from typing import Any

    from partialstream.results import AnswerMetadata, Delta

_VALUES = ("stringValue", "numberValue", "boolValue")


class _OpenCall:
    """A call that goes on in the next part."""

    __slots__ = ("arguments", "begun", "channel", "id")

    def __init__(self, channel: Channel, call_id: str | None) -> None:
        self.channel = channel
        self.id = call_id
        self.arguments = LeafArguments()
        self.begun = False  # whether there is a leaf


class GeminiCalls:
    """The calls of one candidate, keyed by its index and their place among its calls.

    A call comes whole in one part, with its arguments as an object. Vertex AI can stream them
    instead (`streamFunctionCallArguments`): a part with the name, parts with leaves of the
    arguments, and perhaps an empty one; all but the last say `willContinue`.
    """

    def __init__(self, candidate: int, metadata: AnswerMetadata) -> None:
        self._candidate = candidate
        self._metadata = metadata
        self._count = 0
        self._open: _OpenCall | None = None

    def read(self, fields: Any) -> list[Delta]:
        """Read the `functionCall` of one part.

        Raises:
            ProviderError: If its arguments are neither an object nor leaves in order.
        """
        name = word(member(fields, "name"))
        call_id = word(member(fields, "id"))
        arguments = member(fields, "args")
        leaves = members(fields, "partialArgs")
        deltas: list[Delta] = []
        call = self._open
        if call is None or not _goes_on(call, name, call_id, whole=bool(arguments)):
            if not (name or arguments or leaves):
                # Ends a call, or is what a protocol buffer has in the place of none.
                return []
            deltas += self.finish(cut=False)
            count_channel(self._metadata)
            channel = Channel("tool", (self._candidate, self._count), name)
            self._count += 1
            call = self._open = _OpenCall(channel, call_id)
        text = ""
        if arguments:
            try:
                text = arguments_text(as_json(arguments))
            except RecursionError as error:  # nested deeper than Python's stack
                raise unknown_chunk(arguments, "a call's arguments") from error
            self._open = None
        else:
            for leaf in leaves:
                text += _write(call, leaf)
            if not member(fields, "willContinue"):
                text += call.arguments.finish()
                self._open = None
        if text:
            deltas.append((call.channel, text))
        return deltas

    def finish(self, *, cut: bool) -> list[Delta]:
        """End the arguments of the last call, unless they were cut off."""
        call, self._open = self._open, None
        return [] if call is None or cut else [(call.channel, call.arguments.finish())]


def _goes_on(call: _OpenCall, name: str | None, call_id: str | None, *, whole: bool) -> bool:
    return not (
        (name is not None and name != call.channel.name)
        or (call_id is not None and call.id is not None and call_id != call.id)
        or (whole and call.begun)
    )


def _write(call: _OpenCall, leaf: Any) -> str:
    # null is what is left: it comes as itself, which an SDK leaves out, or as a word.
    value = next((found for name in _VALUES if (found := member(leaf, name)) is not None), None)
    call.begun = True
    path = member(leaf, "jsonPath")
    if not isinstance(path, str):
        raise unknown_chunk(path, "a leaf of the arguments with its JSON path")
    return call.arguments.write(path, value, will_continue=bool(member(leaf, "willContinue")))
