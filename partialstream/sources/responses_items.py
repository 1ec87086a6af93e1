"""The output of a response of the Responses API: its items, and which texts of them have come.

Each text comes up to four times: in deltas, whole in its own `done` event, in the `done` event
of its item, and in the response that the last event holds. The first that comes counts; each of
them is the only one somewhere.

An event says it by `output_index`, by the item's id, by both or by neither. Some relays invent
an id per event (Copilot), leave out the index (llama.cpp), or give all items the same index.
Hence an event is about

    the item of its id          unless the index says that it is another
    the last item of its index  unless the event announces an item of another id
    the last item               if it has neither
    a new item                  otherwise
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from partialstream.deltas import Channel, ChannelKind
from partialstream.sources.common import is_list, is_object, unknown_chunk, word_in
from partialstream.sources.metadata import count_channel
from partialstream.sources.tool_calls import ToolCall, arguments_text

if TYPE_CHECKING:
    from partialstream.deltas import AnswerMetadata, Delta


class Form(NamedTuple):
    """How texts of one kind are written.

    Attributes:
        kind: What they are.
        whole: The member that holds such a text whole.
        part: The member of an event that tells the text's place in its item, `""` if an item
            has one such text only.
    """

    kind: ChannelKind
    whole: str
    part: str = ""

    @property
    def is_call(self) -> bool:
        """Whether it is what a tool is called with."""
        return not self.part


FORMS: Final = {
    "output_text": Form("content", "text", "content_index"),
    "refusal": Form("refusal", "refusal", "content_index"),
    "reasoning_text": Form("reasoning", "text", "content_index"),
    "reasoning": Form("reasoning", "text", "content_index"),  # OpenRouter's name for it
    "reasoning_summary_text": Form("reasoning", "text", "summary_index"),
    "function_call_arguments": Form("tool", "arguments"),
    "custom_tool_call_input": Form("tool", "input"),
    # The provider runs these itself.
    "mcp_call_arguments": Form("server_tool", "arguments"),
    "code_interpreter_call_code": Form("server_tool", "code"),
}
"""By the name in `response.….delta` and `response.….done`."""

_COMMENTARY: Final = Form("reasoning", "text", "content_index")
"""A message of the phase `commentary`: what the model says before its answer, and no part of it."""

_CALLS: Final = {
    "function_call": FORMS["function_call_arguments"],
    "custom_tool_call": FORMS["custom_tool_call_input"],
    "mcp_call": FORMS["mcp_call_arguments"],
    "code_interpreter_call": FORMS["code_interpreter_call_code"],
}


class FullText(NamedTuple):
    """A text that came full: its form, its place in its item, and what is said of its tokens.

    The text is `""` for a tool that is called without arguments.
    """

    form: Form
    part: int
    text: str
    logprobs: Any = None


class OutputItem:
    """One item of the output, as far as it has arrived.

    Args:
        having: How many items have a text of each kind, for the item to count itself in.

    Attributes:
        key: Its place in the output, or a free number if another item claims that place.
        index: The provider's index, None if it gave none.
        id: The provider's id, None if it gave none.
        announced: Whether an event has said that it begins.
        call: What it calls a tool with, None for other items.
        kinds: The kinds of the texts of which anything has come, or which are known to come.
    """

    def __init__(
        self,
        key: int,
        index: int | None,
        item_id: str | None,
        having: Counter[ChannelKind],
        metadata: AnswerMetadata,
    ) -> None:
        count_channel(metadata)
        self._metadata = metadata
        self.key = key
        self.index = index
        self.id = item_id
        self.announced = False
        self._is_commentary = False
        self.call: ToolCall | None = None
        self.kinds: set[ChannelKind] = set()
        self._channels: dict[tuple[ChannelKind, int], Channel] = {}
        self._having = having
        self._reasons_in = ""  # the first of text and summary that came
        self._written = False  # whether the call has any text

    def begin(self, fields: dict[str, Any]) -> None:
        """Read what tells what the item is."""
        form = _call_form(fields)
        if form is not None:
            self._call(form, fields.get("name"))
        self._is_commentary = self._is_commentary or _is_commentary(fields)

    def _form(self, form: Form) -> Form:
        return _COMMENTARY if self._is_commentary and form.kind == "content" else form

    def write(self, form: Form, part: int, text: str, name: Any = None) -> list[Delta]:
        """Add to a text; it is empty at most for a call."""
        form = self._form(form)
        if form.is_call:
            call = self._call(form, name)
            self._written = self._written or bool(text)
            return call.write(text) if text else []
        if form.kind == "reasoning":
            # Some providers send the same text under both names.
            self._reasons_in = self._reasons_in or form.part
            if self._reasons_in != form.part:
                return []
        channel = self._channels.get((form.kind, part))
        if channel is None:
            count_channel(self._metadata)
            channel = self._channels[form.kind, part] = Channel(form.kind, (self.key, part))
            self._has(form.kind)
        return [(channel, text)]

    def channel(self, form: Form, part: int) -> Channel | None:
        """Give the channel of a text that goes on with nothing to be looked at first."""
        if form.is_call:
            return None if self.call is None else self.call.open_channel
        return self._channels.get((self._form(form).kind, part))

    def has(self, form: Form, part: int) -> bool:
        """Whether anything of a text has come."""
        return self._written if form.is_call else (self._form(form).kind, part) in self._channels

    def missing(self, fields: dict[str, Any]) -> list[FullText]:
        """Give the texts of the whole item of which nothing has come."""
        return [
            full
            for full in _texts_in(fields)
            if not (self._written if full.form.is_call else full.form.kind in self.kinds)
        ]

    def finish(self, *, cut: bool) -> list[Delta]:
        """End the item: a call without arguments is `{}`, unless the response was cut off."""
        if self.call is None:
            return []
        deltas = self.call.finish(cut=cut)
        self.call.started = True  # and does not end again
        return deltas

    def _call(self, form: Form, name: Any) -> ToolCall:
        call = self.call
        if call is None:
            call = self.call = ToolCall(self.key, self.index, form.kind)
            # Plain text is neither `null` nor `{}`.
            call.started = form.whole != "arguments"
            self._has(form.kind)
        if call.name is None and isinstance(name, str):
            call.name = name or None
        return call

    def _has(self, kind: ChannelKind) -> None:
        if kind not in self.kinds:
            self.kinds.add(kind)
            self._having[kind] += 1


def _texts_in(fields: dict[str, Any]) -> list[FullText]:
    """Give the texts of a whole item."""
    form = _call_form(fields)
    if form is not None:
        return [FullText(form, 0, arguments_text(fields.get(form.whole)))]
    kind: Any = fields.get("type")
    if kind == "message":
        form = _COMMENTARY if _is_commentary(fields) else FORMS["output_text"]
        return _parts_in(fields.get("content"), form)
    if kind != "reasoning":
        return []
    return _parts_in(fields.get("content"), FORMS["reasoning_text"]) or _parts_in(
        fields.get("summary"), FORMS["reasoning_summary_text"]
    )


def _is_commentary(fields: dict[str, Any]) -> bool:
    return fields.get("phase") == "commentary"


def _call_form(fields: dict[str, Any]) -> Form | None:
    return _CALLS.get(word_in(fields, "type") or "")


def _parts_in(parts: Any, form: Form) -> list[FullText]:
    found: list[FullText] = []
    for place, part in enumerate(parts if is_list(parts) else [parts] if parts else []):
        fields: Any = part if is_object(part) else {form.whole: part}
        own = FORMS["refusal"] if fields.get("type") == "refusal" else form
        text: Any = fields.get(own.whole) or ""  # what has none is a picture or a sound
        if not isinstance(text, str):
            raise unknown_chunk(part, "content as text or as a list of parts")
        if text:
            found.append(FullText(own, place, text, fields.get("logprobs")))
    return found


class Output:
    """All items of the output, in the order in which they were first heard of.

    They are counted in the metadata of the response.
    """

    def __init__(self, metadata: AnswerMetadata) -> None:
        self._metadata = metadata
        self._items: list[OutputItem] = []
        self._by_id: dict[str, OutputItem] = {}
        self._by_index: dict[int, OutputItem] = {}
        self._keys: set[int] = set()
        self._free = 0  # above all keys
        self._having: Counter[ChannelKind] = Counter()  # items with a text of each kind

    def find(self, index: Any, item_id: Any, *, announces: bool = False) -> OutputItem:
        """Give the item that an event is about.

        Args:
            index: Its `output_index`, if any.
            item_id: Its `item_id`, or the `id` of the item in it, if any.
            announces: Whether it says that an item begins.
        """
        index = index if isinstance(index, int) else None
        item_id = _id_in(item_id)
        item = self._by_id.get(item_id) if item_id is not None else None
        if item is not None and item.index is None and index is not None:
            item.index = index
            self._by_index.setdefault(index, item)
        if item is None or (index is not None and item.index != index):
            if index is not None:
                item = self._by_index.get(index)
            elif item_id is None and self._items and not announces:
                item = self._items[-1]
            if item is not None and announces and item.announced and item.id != item_id:
                item = None
        if item is None:
            item = self._add(index, item_id)
        if item.id is None and item_id is not None:
            item.id = item_id
            self._by_id[item_id] = item
        item.announced = item.announced or announces
        return item

    def missing(self, output: Any) -> list[tuple[OutputItem, FullText]]:
        """Give the texts of the whole output of which nothing has come."""
        if not output:
            return []
        if not is_list(output) or not all(map(is_object, output)):
            raise unknown_chunk(output, "the output as a list of items")
        # How many items of each kind are new. Relays that mix up ids and indexes do so
        # differently in the events and here: what then seems new may be what has come.
        kinds: list[set[ChannelKind]] = [
            {full.form.kind for full in _texts_in(fields)} for fields in output
        ]
        new: Counter[ChannelKind] = Counter(kind for each in kinds for kind in each)
        new.subtract({kind: self._having[kind] for kind in new})
        missing: list[tuple[OutputItem, FullText]] = []
        for position, (fields, its_kinds) in enumerate(zip(output, kinds, strict=True)):
            item_id = _id_in(fields.get("id"))
            item = self._by_id.get(item_id or "") or self._by_index.get(position)
            wanted: set[ChannelKind] = set()
            for kind in its_kinds:
                if item is None or kind not in item.kinds:
                    if new[kind] <= 0:
                        continue
                    new[kind] -= 1
                wanted.add(kind)
            if wanted:
                item = item or self._add(position, item_id)
                item.begin(fields)
                missing += [
                    (item, each) for each in item.missing(fields) if each.form.kind in wanted
                ]
        return missing

    def finish(self, *, cut: bool) -> list[Delta]:
        """End all items."""
        return [delta for item in self._items for delta in item.finish(cut=cut)]

    def _add(self, index: int | None, item_id: str | None) -> OutputItem:
        key = len(self._items) if index is None or index in self._keys else index
        if key in self._keys:
            key = self._free
        self._free = max(self._free, key + 1)
        item = OutputItem(key, index, item_id, self._having, self._metadata)
        self._keys.add(key)
        self._items.append(item)
        if item_id is not None:
            self._by_id[item_id] = item
        if index is not None:
            self._by_index[index] = item
        return item


def _id_in(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
