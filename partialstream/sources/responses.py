"""The Responses API of OpenAI, and of those that are compatible with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from partialstream.sources.base import WireSource
from partialstream.sources.common import error_in, is_object, provider_error, unknown_chunk
from partialstream.sources.metadata import read_tokens, read_usage
from partialstream.sources.responses_items import FORMS, FullText, Output
from partialstream.sources.tool_calls import arguments_text

if TYPE_CHECKING:
    from partialstream.errors import ProviderError
    from partialstream.results import AnswerMetadata, Channel, Delta
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
        event = fields
        kind: Any = event.get("type")
        if not isinstance(kind, str):
            kind = ""
        name, _, step = kind.removeprefix("response.").rpartition(".")
        form = FORMS.get(name)
        if form is not None and step == "delta":
            self._read_piece(event, form, deltas)
        elif form is not None and step == "done":
            self._read_whole(event, form, deltas)
        elif name == "output_item":
            self._read_item(event, deltas, announces=step == "added")
        elif kind in _ENDS:
            # Some relays leave out the wrapper.
            self._read_end(event, event.get("response") or event, _ENDS[kind], deltas)
        elif event.get("object") == "response":
            self._read_end(event, event, "", deltas)
        elif kind in _ERRORS:
            raise error_in(event) or provider_error(event, event)
        elif not kind:
            if event:
                raise error_in(event) or unknown_chunk(event, self._expected)
        elif is_object(response := event.get("response")):
            self._read_metadata(response)

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
            full = FullText(form, part, _text_of(event, form), event.get("logprobs"))
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
        details: Any = response.get("incomplete_details")
        reason: Any = details.get("reason") if is_object(details) else None
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
        metadata.finish_reason = status
        if status == "incomplete":
            self._incomplete = True
            if isinstance(reason, str):
                metadata.finish_reason = reason
                if reason == "content_filter":
                    metadata.filter_reason = reason

    def _read_metadata(self, response: dict[str, Any]) -> None:
        metadata = self.metadata
        metadata.usage = read_usage(response.get("usage")) or metadata.usage
        self._keep_names(response)

    def _find(self, event: dict[str, Any], form: Form) -> tuple[OutputItem, int]:
        item = self._output.find(event.get("output_index"), event.get("item_id"))
        part: Any = event.get(form.part)
        return item, part if isinstance(part, int) else 0

    def _write(
        self, item: OutputItem, full: FullText, deltas: list[Delta], name: Any = None
    ) -> None:
        form, part, text, logprobs = full
        if not text and not form.is_call:
            return
        deltas += item.write(form, part, text, name)
        channel = item.channel(form, part)
        if channel is not None:
            self._keep_tokens(logprobs, channel)

    def _keep_tokens(self, logprobs: Any, channel: Channel) -> None:
        if logprobs:
            self.metadata.tokens += read_tokens(logprobs, channel)


def _text_of(event: dict[str, Any], form: Form) -> str:
    text: Any = event.get(form.whole)
    if form.is_call:
        return arguments_text(text)
    if text is not None and not isinstance(text, str):
        raise unknown_chunk(event, "an event with a text")
    return text or ""


def _place_of(event: dict[str, Any]) -> tuple[Any, ...]:
    return (
        event.get("type"),
        event.get("item_id"),
        event.get("output_index"),
        event.get("content_index"),
    )
