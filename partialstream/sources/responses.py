"""The Responses API of OpenAI, and of those that are compatible with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from partialstream.sources.base import WireSource
from partialstream.sources.common import (
    error_in,
    is_object,
    object_in,
    provider_error,
    text_in,
    unknown_chunk,
)
from partialstream.sources.metadata import read_tokens, read_usage
from partialstream.sources.responses_items import FORMS, FullText, Output
from partialstream.sources.tool_calls import arguments_text

if TYPE_CHECKING:
    from partialstream.deltas import AnswerMetadata, Channel, Delta
    from partialstream.errors import ProviderError
    from partialstream.sources.responses_items import Form, OutputItem

# What ends a response, and the status that it then has unless it says otherwise itself.
_ENDS = {
    "response.completed": "completed",
    "response.done": "completed",
    "response.incomplete": "incomplete",
    "response.failed": "failed",
    "response.cancelled": "cancelled",
}

_ERRORS = frozenset({"error", "response.error"})


def is_responses(fields: dict[str, Any]) -> bool:
    """Whether a first chunk is an event or a response of the Responses API.

    Example:
        >>> is_responses({"type": "response.created"}), is_responses({"choices": []})
        (True, False)
    """
    kind = fields.get("type")
    return fields.get("object") == "response" or (
        isinstance(kind, str) and (kind.startswith("response.") or kind == "keepalive")
    )


class ResponsesSource(WireSource):
    """Reads the events of a streamed response, and whole `response`s, as dicts or SDK objects.

    Content, refusals and reasoning have a channel for each part of an output item, keyed by
    both indexes; a call of a tool has one, keyed by the index of its item. Summaries count as
    reasoning unless the reasoning itself came before them. What is sent again whole is not
    given again, but is given where it did not come piece by piece. A call of a function
    without arguments is the document `{}`; what a custom tool is called with is plain text,
    and is given as it is. Calls that the provider runs itself are `server_tool`s, as far as
    they have text.

    Of `metadata`, `finish_reason` is `"completed"`, or why the response is incomplete:
    `"max_output_tokens"`, `"content_filter"`, or `"incomplete"` if it does not say.

    Events that are not known, as there are more of them every month, are left out.

    Example:
        >>> source = ResponsesSource()
        >>> place = {"output_index": 0, "content_index": 0}
        >>> source.feed({"type": "response.output_text.delta", "delta": "[1", **place})
        [(Channel(kind='content', key=(0, 0), name=None), '[1')]
    """

    _expected = "an event of the Responses API or a whole response, as a dict or an SDK's object"

    def __init__(self, metadata: AnswerMetadata | None = None) -> None:
        super().__init__(metadata)
        self._output = Output(self.metadata)
        self._incomplete = False

    @override
    def _piece(self, fields: Any) -> tuple[Any, Any]:
        return None if fields.get("logprobs") else _place_of(fields), fields["delta"]

    @override
    def _error_in(self, fields: dict[str, Any]) -> ProviderError | None:
        return None  # members of an event may be named like those of an error

    @override
    def _finish(self, *, cut: bool) -> list[Delta]:
        metadata = self.metadata
        # Who refuses to call a tool does not call it without arguments.
        cut = cut or self._incomplete or not metadata.terminated or bool(metadata.refusal)
        return self._output.finish(cut=cut)

    @override
    def _read(self, fields: dict[str, Any], deltas: list[Delta]) -> None:
        kind = fields.get("type") if isinstance(fields.get("type"), str) else ""
        name, _, step = str(kind).removeprefix("response.").rpartition(".")
        form = FORMS.get(name)
        if form is not None and step == "delta":
            self._read_piece(fields, form, deltas)
        elif form is not None and step == "done":
            self._read_whole(fields, form, deltas)
        elif name == "output_item":
            self._read_item(fields, deltas, announces=step == "added")
        elif kind in _ENDS:
            # Some relays leave out the wrapper.
            self._read_end(fields, fields.get("response") or fields, _ENDS[kind], deltas)
        elif fields.get("object") == "response":
            self._read_end(fields, fields, "", deltas)
        elif kind in _ERRORS:
            raise error_in(fields) or provider_error(fields, fields)
        elif kind:
            self._read_metadata(object_in(fields, "response"))
        elif fields:
            raise error_in(fields) or unknown_chunk(fields, self._expected)

    def _read_piece(self, event: dict[str, Any], form: Form, deltas: list[Delta]) -> None:
        text: Any = event.get("delta")
        if not text:
            return
        if not isinstance(text, str):
            raise unknown_chunk(event, "a delta that is text")
        item, part = self._find(event, form)
        deltas += item.write(form, part, text)
        channel = item.channel(form, part)
        if channel is not None:
            self._keep_tokens(event.get("logprobs"), channel)
            if channel.may_hold_document:  # the metadata holds the others
                self._bind(_place_of(event), channel, item.call)

    def _read_whole(self, event: dict[str, Any], form: Form, deltas: list[Delta]) -> None:
        item, part = self._find(event, form)
        if not item.has(form, part):
            text = (
                arguments_text(event.get(form.whole))
                if form.is_call
                else text_in(event, form.whole)
            )
            full = FullText(form, part, text, event.get("logprobs"))
            self._write(item, full, deltas, event.get("name"))

    def _read_item(self, event: dict[str, Any], deltas: list[Delta], *, announces: bool) -> None:
        fields: Any = event.get("item")
        if not is_object(fields):
            raise unknown_chunk(event, "an event with an item of the output")
        item = self._output.find(event.get("output_index"), fields.get("id"), announces=announces)
        item.begin(fields)
        if announces:
            return  # its texts, if any, are only a start
        for full in item.missing(fields):
            self._write(item, full, deltas)
        if fields.get("status") != "incomplete":
            deltas += item.finish(cut=False)

    def _read_end(
        self, event: dict[str, Any], response: Any, status: str, deltas: list[Delta]
    ) -> None:
        """Read the response that the last event holds, or one that came by itself."""
        if not is_object(response):
            raise unknown_chunk(event, "an event with a response")
        self._read_metadata(response)
        metadata = self.metadata
        reason: Any = object_in(response, "incomplete_details").get("reason")
        said: Any = response.get("status")
        if reason:
            status = "incomplete"
        elif said in ("failed", "cancelled", "incomplete") or not status:
            status = said if isinstance(said, str) else "completed"
        if status in ("failed", "cancelled"):
            message = f"the status of the response is {status!r}"
            error: Any = response.get("error") or {"message": message, "code": status}
            raise provider_error(error, event)
        if status not in ("completed", "incomplete"):
            return  # it has not ended
        for item, full in self._output.missing(response.get("output")):
            self._write(item, full, deltas)
        metadata.terminated = True
        self._incomplete = self._incomplete or status == "incomplete"
        metadata.finish_reason = reason if isinstance(reason, str) and reason else status
        if reason == "content_filter":
            metadata.filter_reason = reason

    def _read_metadata(self, response: dict[str, Any]) -> None:
        self.metadata.usage = read_usage(response.get("usage")) or self.metadata.usage
        self._keep_names(response)

    def _find(self, event: dict[str, Any], form: Form) -> tuple[OutputItem, int]:
        item = self._output.find(event.get("output_index"), event.get("item_id"))
        part: Any = event.get(form.part)
        return item, part if isinstance(part, int) else 0

    def _write(
        self, item: OutputItem, full: FullText, deltas: list[Delta], name: Any = None
    ) -> None:
        form, part, text, logprobs = full
        if text or form.is_call:
            deltas += item.write(form, part, text, name)
            self._keep_tokens(logprobs, item.channel(form, part))

    def _keep_tokens(self, logprobs: Any, channel: Channel | None) -> None:
        if logprobs and channel is not None:
            self.metadata.tokens += read_tokens(logprobs, channel)


def _place_of(event: dict[str, Any]) -> tuple[Any, ...]:
    return (
        event.get("type"),
        event.get("item_id"),
        event.get("output_index"),
        event.get("content_index"),
    )
