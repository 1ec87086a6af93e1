"""The tool calls of one choice: which entry belongs to which, and their arguments.

A provider says which call an entry belongs to by `index`, by `id`, by both or by neither, and
may use either for two calls. An entry goes on with the call at its index, or without an index
with the call of its id, or without both with the last call; unless it begins another one:

    the entry has               it begins another call if
    --------------------------  ----------------------------------------------------------------
    the call's id               never
    another name                always: a call has one name
    another id, and a name      always; if that id was seen at that index, it is the earlier call
    another id, no name         an object follows an object: some relays invent an id per chunk
    no id, the name once more   an object follows an object: some providers repeat the name
    neither id nor name         never
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from partialstream.deltas import Channel
from partialstream.sources.common import is_list, is_object, shown, unknown_chunk, word_in
from partialstream.sources.metadata import count_channel

if TYPE_CHECKING:
    from collections.abc import Hashable
    from typing import Any

    from partialstream.deltas import AnswerMetadata, ChannelKind, Delta

# Tools that the provider runs; the response tells of their calls all the same.
_SERVER_SIDE = frozenset({"builtin_function"})

_NO_ARGUMENTS = "null"

_CUT = ("length", "max_tokens", "model_length", "content_filter", "error")


def is_cut(finish_reason: str) -> bool:
    """Whether a response that ended so may lack what the model still had to say.

    Example:
        >>> is_cut("length"), is_cut("stop")
        (True, False)
    """
    return finish_reason.startswith(_CUT)


class ToolCall:
    """One call, as far as it has arrived.

    Attributes:
        key: What tells it from other calls: choice, and place among its calls.
        index: The provider's index, None if it gave none.
        id: The provider's id, None if it has given none.
        name: The tool's name, None if it has not come.
        channel: Where its arguments go. Made with the first of them, so that a name that comes
            later than the call is in it.
        started: Whether anything has come that is neither blank nor perhaps `null`.
        last: The latest piece of the arguments.
    """

    __slots__ = ("_held", "channel", "id", "index", "key", "kind", "last", "name", "started")

    def __init__(self, key: Hashable, index: object, kind: ChannelKind) -> None:
        self.key = key
        self.index = index
        self.kind: ChannelKind = kind
        self.id: str | None = None
        self.name: str | None = None
        self.channel: Channel | None = None
        self.started = False
        self.last = ""
        self._held: str = ""  # what may be the word `null`

    @property
    def open_channel(self) -> Channel | None:
        """The channel, once the next piece goes on with it and nothing is to be looked at."""
        return self.channel if self.started else None

    def write(self, text: str) -> list[Delta]:
        """Add to the arguments, and give what of them can be told."""
        if not self.started:
            text = self._held + text
            word = text.strip()
            self._held = ""
            if word == _NO_ARGUMENTS or (
                word and _NO_ARGUMENTS.startswith(word) and not text[-1].isspace()
            ):
                self._held = word
                return []
            # Blanks go on at once: who pads without end is to be noticed.
            self.started = bool(word)
        return self._give(text)

    def finish(self, *, cut: bool) -> list[Delta]:
        """End the arguments: none at all are `{}`, unless the response was cut off."""
        if self.started:
            return []
        if not cut and self._held in ("", _NO_ARGUMENTS):
            return self._give("{}")
        return self._give(self._held)

    def begins_another(self, call_id: str | None, name: str | None, text: str) -> bool:
        """Whether an entry that seems to go on with this call begins another."""
        if call_id is not None and call_id == self.id:
            return False
        if name is not None and self.name is not None and name != self.name:
            return True
        if call_id is not None and self.id is not None:
            return name is not None or self._is_followed_by(text)
        return name is not None and self._is_followed_by(text)

    def _is_followed_by(self, text: str) -> bool:
        # No JSON text has `}{` outside its strings.
        return self.last.rstrip().endswith("}") and text.lstrip().startswith("{")

    def _give(self, text: str) -> list[Delta]:
        if not text:
            return []
        if self.channel is None:
            self.channel = Channel(self.kind, self.key, self.name)
        self.last = text
        return [(self.channel, text)]


class ToolCalls:
    """The calls of one choice, which are counted in the metadata of the response.

    Attributes:
        latest: The last entry that was read: its index, and its call.
    """

    def __init__(self, choice: int, metadata: AnswerMetadata) -> None:
        self.latest: tuple[Any, ToolCall | None] = (None, None)
        self._choice = choice
        self._metadata = metadata
        self._by_index: dict[object, ToolCall] = {}
        self._by_id: dict[str, ToolCall] = {}
        self._calls: list[ToolCall] = []

    def read(self, entries: Any) -> list[Delta]:
        """Read a `tool_calls` member: a list of entries, or one."""
        deltas: list[Delta] = []
        touched: set[ToolCall] = set()
        for entry in entries if is_list(entries) else [entries]:
            if entry is not None:
                call, text = self._read_entry(entry, touched)
                touched.add(call)
                if text:
                    deltas += call.write(text)
        return deltas

    def finish(self, *, cut: bool) -> list[Delta]:
        """End the arguments of all calls."""
        return [delta for call in self._calls for delta in call.finish(cut=cut)]

    def _read_entry(self, entry: Any, touched: set[ToolCall]) -> tuple[ToolCall, str]:
        # Some relays leave out the wrapper that says that the tool is a function.
        function: Any = entry
        if is_object(entry):
            function = entry.get("function") or entry.get("custom") or entry
        if not is_object(entry) or not is_object(function):
            raise unknown_chunk(entry, "a tool call")
        index: Any = entry.get("index")
        if not isinstance(index, (int, str)):
            index = None
        call_id = _word(entry.get("id"))
        name = _word(function.get("name"))
        text = arguments_text(function.get("arguments", function.get("input")))

        call = self._known(index, call_id, name)
        if (
            call is None
            # Without an index an entry is a whole call, and two of them are two calls.
            or (index is None and name is not None and call in touched)
            or call.begins_another(call_id, name, text)
        ):
            is_ours = word_in(entry, "type") not in _SERVER_SIDE
            count_channel(self._metadata)
            key = (self._choice, len(self._calls))
            call = ToolCall(key, index, "tool" if is_ours else "server_tool")
            self._calls.append(call)
        call.name = call.name or name
        if call_id is not None and call.id is None:
            call.id = call_id
            self._by_id[call_id] = call
        if index is not None:
            self._by_index[index] = call
        self.latest = index, call
        return call, text

    def _known(
        self, index: int | str | None, call_id: str | None, name: str | None
    ) -> ToolCall | None:
        named = None if call_id is None else self._by_id.get(call_id)
        if index is not None:
            call = self._by_index.get(index)
            return call if call is None or named is None or named.index != index else named
        if named is not None or not self._calls:
            return named
        last = self._calls[-1]
        return last if call_id is None or (last.id is None and name is None) else None


def _word(value: Any) -> str | None:
    """Give an id or a name; None for null, for `""` and for what is neither."""
    if isinstance(value, int):
        return shown(value)
    return value if isinstance(value, str) and value else None


def arguments_text(value: Any) -> str:
    """Give a call's arguments as text. `{}` as an object is what some send ahead of them.

    Example:
        >>> arguments_text({"city": "Nîmes"}), arguments_text(None)
        ('{"city":"Nîmes"}', '')

    Raises:
        ProviderError: If they are neither text nor JSON.
    """
    if not value:
        return ""
    if isinstance(value, str):
        return value
    cause: Exception | None = None
    if isinstance(value, (dict, list)):
        try:
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        except (TypeError, ValueError, RecursionError) as error:
            cause = error  # an SDK's object holds what is not JSON, or is nested too deep
    raise unknown_chunk(value, "a tool call's arguments, as text or as an object") from cause
