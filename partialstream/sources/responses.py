"""The Responses API of OpenAI, and of those that are compatible with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from partialstream.results import AnswerMetadata
from partialstream.sources.logprobs import read_tokens
from partialstream.sources.objects import plain
from partialstream.sources.provider_errors import error_in, provider_error, unknown_chunk
from partialstream.sources.responses_item import FORMS, Whole
from partialstream.sources.responses_output import Output
from partialstream.sources.shapes import is_object
from partialstream.sources.side_texts import keep_side_texts
from partialstream.sources.surrogates import FIRST_SURROGATE, SurrogateHalves
from partialstream.sources.tool_calls import arguments_text
from partialstream.sources.usage import read_usage

if TYPE_CHECKING:
    from typing import Any

    from partialstream.results import Channel, Delta
    from partialstream.sources.responses_item import Form, OutputItem

# What ends an answer, and the status that it then has unless it says otherwise itself.
_ENDS = {
    "response.completed": "completed",
    "response.done": "completed",
    "response.incomplete": "incomplete",
    "response.failed": "failed",
    "response.cancelled": "cancelled",
}

_ERRORS = frozenset({"error", "response.error"})

_EXPECTED = "an event of the Responses API or a whole response, as a dict or an SDK's object"


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


class ResponsesSource:
    """Reads the events of a streamed response, and whole `response`s, as dicts or SDK objects.

    Content, refusals and reasoning have a channel for each part of an output item, keyed by
    both indexes; a call of a tool has one, keyed by the index of its item. Summaries count as
    reasoning unless the reasoning itself came before them. What is sent again whole is not
    given again, but is given where it did not come piece by piece. A call of a function
    without arguments is the document `{}`; what a custom tool is called with is plain text,
    and is given as it is. Calls that the provider runs itself are `server_tool`s, as far as
    they have text.

    Of `metadata`, `finish_reason` is `"completed"`, or why the answer is incomplete:
    `"max_output_tokens"`, `"content_filter"`, or `"incomplete"` if it does not say.

    Events that are not known, as there are more of them every month, are left out.

    Example:
        >>> source = ResponsesSource()
        >>> place = {"output_index": 0, "content_index": 0}
        >>> source.feed({"type": "response.output_text.delta", "delta": "[1", **place})
        [(Channel(kind='content', key=(0, 0), name=None), '[1')]
    """

    def __init__(self, metadata: AnswerMetadata | None = None) -> None:
        self.metadata = AnswerMetadata() if metadata is None else metadata
        self._output = Output(self.metadata)
        self._halves = SurrogateHalves()
        self._incomplete = False
        # What the last event said of its place, if the next that says the same goes on with
        # the same channel and has nothing else to be looked at.
        self._place: tuple[Any, ...] | None = None
        self._channel: Channel | None = None

    def feed(self, chunk: Any) -> list[Delta]:
        """Read one event.

        Args:
            chunk: A dict or an SDK's object; None is allowed and means nothing.

        Raises:
            ProviderError: If it tells of an error or has an unknown shape.
        """
        if chunk.__class__ is not dict:
            chunk = _as_dict(chunk)
        # The ordinary event, straight through: one more piece of the same text.
        channel = self._channel
        if channel is not None and _place_of(chunk) == self._place and not chunk.get("logprobs"):
            text = chunk.get("delta")
            if text.__class__ is str and text and text[-1] < FIRST_SURROGATE:
                return [(channel, text)]
        return self._read(chunk)

    def finish(self, *, cut: bool = False) -> list[Delta]:
        """End the answer, and give the `{}` of function calls that had no arguments.

        Args:
            cut: Whether the stream ended before the answer did, as it does in any case if no
                event has ended it. Calls whose own end did not come then have no arguments.
        """
        metadata = self.metadata
        # Who refuses to call a tool does not call it without arguments.
        cut = cut or self._incomplete or not metadata.terminated or bool(metadata.refusal)
        return self._halves.finish() + self._output.finish(cut=cut)

    def _read(self, chunk: dict[str, Any]) -> list[Delta]:
        """Read an event of any kind."""
        metadata = self.metadata
        self._channel = None
        # Always a new list: whoever has the one of the last event keeps it as it is.
        metadata.tokens = []
        deltas: list[Delta] = []
        self._read_event(chunk, deltas)
        deltas = self._halves.join_all(deltas)
        keep_side_texts(metadata, deltas)
        if self._halves or metadata.tokens:
            self._channel = None  # there is something to be looked at
        return deltas

    def _read_event(self, event: dict[str, Any], deltas: list[Delta]) -> None:
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
                raise error_in(event) or unknown_chunk(event, _EXPECTED)
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
                self._channel = channel
                self._place = _place_of(event)

    def _read_whole(self, event: dict[str, Any], form: Form, deltas: list[Delta]) -> None:
        item, part = self._find(event, form)
        if not item.has(form, part):
            whole = Whole(form, part, _text_of(event, form), event.get("logprobs"))
            self._write(item, whole, deltas, event.get("name"))

    def _read_item(self, event: dict[str, Any], deltas: list[Delta], *, announces: bool) -> None:
        fields: Any = event.get("item")
        if not is_object(fields):
            raise unknown_chunk(event, "an event with an item of the output")
        item = self._output.find(event.get("output_index"), fields.get("id"), announces=announces)
        item.begin(fields)
        if announces:
            return  # its texts, if any, are only a start
        for whole in item.missing(fields):
            self._write(item, whole, deltas)
        if fields.get("status") != "incomplete":
            deltas += item.finish(cut=False)

    def _read_end(
        self, event: dict[str, Any], response: Any, status: str, deltas: list[Delta]
    ) -> None:
        """Read the answer that the last event holds, or one that came by itself."""
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
        for item, whole in self._output.missing(response.get("output")):
            self._write(item, whole, deltas)
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
        if metadata.model is None and isinstance(model := response.get("model"), str):
            metadata.model = model or None
        if metadata.request_id is None and isinstance(request_id := response.get("id"), str):
            metadata.request_id = request_id or None

    def _find(self, event: dict[str, Any], form: Form) -> tuple[OutputItem, int]:
        item = self._output.find(event.get("output_index"), event.get("item_id"))
        part: Any = event.get(form.part)
        return item, part if isinstance(part, int) else 0

    def _write(self, item: OutputItem, whole: Whole, deltas: list[Delta], name: Any = None) -> None:
        form, part, text, logprobs = whole
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


def _as_dict(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    fields: Any = plain(value)
    if not is_object(fields):
        raise unknown_chunk(value, _EXPECTED)
    return fields
