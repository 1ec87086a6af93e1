"""One item of the output of a Responses API answer, and which of its texts have come.

Each text comes up to four times: in deltas, whole in its own `done` event, in the `done` event
of its item, and in the answer that the last event holds. The first that comes counts; each of
them is the only one somewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from partialstream.results import Channel, ChannelKind
from partialstream.sources.channels import count_channel
from partialstream.sources.provider_errors import unknown_chunk
from partialstream.sources.shapes import is_list, is_object
from partialstream.sources.tool_calls import ToolCall, arguments_text

if TYPE_CHECKING:
    from collections import Counter

    from partialstream.results import AnswerMetadata, Delta


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


FORMS = {
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

_CALLS = {
    "function_call": FORMS["function_call_arguments"],
    "custom_tool_call": FORMS["custom_tool_call_input"],
    "mcp_call": FORMS["mcp_call_arguments"],
    "code_interpreter_call": FORMS["code_interpreter_call_code"],
}


class Whole(NamedTuple):
    """A text that came whole.

    Attributes:
        form: How it is written.
        part: Its place in its item.
        text: The text, `""` for a tool called without arguments.
        logprobs: What is said of its tokens.
    """

    form: Form
    part: int
    text: str
    logprobs: Any = None


class OutputItem:
    """One item of the output, as far as it has arrived.

    Attributes:
        key: Its place in the output, or a free number if another item claims that place.
        index: The provider's index, None if it gave none.
        id: The provider's id, None if it gave none.
        announced: Whether an event has said that it begins.
        call: What it calls a tool with, None for other items.

    Args:
        having: How many items have a text of each kind, for the item to count itself in.
    """

    __slots__ = (
        "_channels",
        "_having",
        "_kinds",
        "_metadata",
        "_reasons_in",
        "_written",
        "announced",
        "call",
        "id",
        "index",
        "key",
    )

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
        self.call: ToolCall | None = None
        self._channels: dict[tuple[ChannelKind, int], Channel] = {}
        self._kinds: set[ChannelKind] = set()  # of the texts of which anything has come
        self._having = having
        self._reasons_in = ""  # the first of text and summary that came
        self._written = False  # whether the call has any text

    def begin(self, fields: dict[str, Any]) -> None:
        """Read what tells what the item is."""
        form = _call_form(fields)
        if form is not None:
            self._call(form, fields.get("name"))

    def write(self, form: Form, part: int, text: str, name: Any = None) -> list[Delta]:
        """Add to a text; it is empty at most for a call."""
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
            call = self.call
            return call.channel if call is not None and call.started else None
        return self._channels.get((form.kind, part))

    def has(self, form: Form, part: int) -> bool:
        """Whether anything of a text has come."""
        return self._written if form.is_call else (form.kind, part) in self._channels

    def has_any(self, kind: ChannelKind) -> bool:
        """Whether anything of any text of a kind has come; of a call, whether it is known."""
        return kind in self._kinds

    def missing(self, fields: dict[str, Any]) -> list[Whole]:
        """Give the texts of the whole item of which nothing has come."""
        return [
            whole
            for whole in wholes_in(fields)
            if not (self._written if whole.form.is_call else self.has_any(whole.form.kind))
        ]

    def finish(self, *, cut: bool) -> list[Delta]:
        """End the item: a call without arguments is `{}`, unless the answer was cut off."""
        call = self.call
        if call is None:
            return []
        deltas = call.finish(cut=cut)
        call.started = True  # and does not end again
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
        if kind not in self._kinds:
            self._kinds.add(kind)
            self._having[kind] += 1


def wholes_in(fields: dict[str, Any]) -> list[Whole]:
    """Give the texts of a whole item.

    Raises:
        ProviderError: If one of them is no text.
    """
    form = _call_form(fields)
    if form is not None:
        return [Whole(form, 0, arguments_text(fields.get(form.whole)))]
    kind: Any = fields.get("type")
    if kind == "reasoning":
        for name, each in (("content", "reasoning_text"), ("summary", "reasoning_summary_text")):
            found = _parts_in(fields.get(name), FORMS[each])
            if found:
                return found
        return []
    return _parts_in(fields.get("content"), FORMS["output_text"]) if kind == "message" else []


def _call_form(fields: dict[str, Any]) -> Form | None:
    kind: Any = fields.get("type")
    return _CALLS.get(kind) if isinstance(kind, str) else None


def _parts_in(parts: Any, form: Form) -> list[Whole]:
    if not parts:
        return []
    found: list[Whole] = []
    for place, part in enumerate(parts if is_list(parts) else [parts]):
        fields: Any = part if is_object(part) else {form.whole: part}
        own = FORMS["refusal"] if fields.get("type") == "refusal" else form
        text: Any = fields.get(own.whole) or ""  # what has none is a picture or a sound
        if not isinstance(text, str):
            raise unknown_chunk(part, "content as text or as a list of parts")
        if text:
            found.append(Whole(own, place, text, fields.get("logprobs")))
    return found
