"""Chat Completions, the wire format of OpenAI and of most that are compatible with it.

The older Completions API (`/v1/completions`, which vLLM and others still serve) is read here too:
its choices have a `text` instead of a `delta`, and the rest is alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from partialstream.errors import ProviderError
from partialstream.results import AnswerMetadata
from partialstream.sources.channels import count_channel
from partialstream.sources.chat_choice import ChatChoice, is_cut
from partialstream.sources.content_filter import filtered_in, filtered_prompt_in
from partialstream.sources.objects import plain
from partialstream.sources.provider_errors import error_in, provider_error, unknown_chunk
from partialstream.sources.shapes import is_list, is_object
from partialstream.sources.side_texts import keep_extra, keep_side_texts
from partialstream.sources.surrogates import FIRST_SURROGATE, SurrogateHalves
from partialstream.sources.usage import read_usage

if TYPE_CHECKING:
    from typing import Any

    from partialstream.results import Delta

# Members of a chunk that are read elsewhere or say nothing; all others go to `extra`.
_READ = frozenset({"id", "object", "created", "model", "choices", "usage", "error", "obfuscation"})


def is_chat(fields: dict[str, Any]) -> bool:
    """Whether a first chunk is one of Chat Completions.

    Example:
        >>> is_chat({"choices": []}), is_chat({"type": "response.created"})
        (True, False)
    """
    kind = fields.get("object")
    return (
        # An empty list as well: the verdicts of Azure's filter on the prompt come ahead of the
        # answer, with empty `id` and `object`.
        "choices" in fields
        or (isinstance(kind, str) and kind.startswith(("chat.completion", "text_completion")))
        or (is_object(usage := fields.get("usage")) and "prompt_tokens" in usage)
    )


class ChatSource:
    """Reads `chat.completion.chunk`s, and whole `chat.completion`s, as dicts or SDK objects.

    Content, reasoning and refusal have a channel for each choice, keyed by its index; each
    tool call has one, keyed by choice and place among the choice's calls. A call without
    arguments is the document `{}`, which `finish` gives. The text of a `text_completion` is
    content.

    Of `metadata`, `finish_reason` is the last one given, but one that tells of a cut answer
    stands against those of other choices; `extra` holds a chunk's further members by their
    names, as far as they come beside something else than plain text.

    Example:
        >>> source = ChatSource()
        >>> source.feed({"choices": [{"index": 0, "delta": {"content": "[1"}}]})
        [(Channel(kind='content', key=0, name=None), '[1')]
    """

    def __init__(self, metadata: AnswerMetadata | None = None) -> None:
        self.metadata = AnswerMetadata() if metadata is None else metadata
        self._choices: dict[int, ChatChoice] = {}
        self._halves = SurrogateHalves()
        self._failure: ProviderError | None = None
        self._careful = False  # whether something waits or has to go, and no chunk is ordinary

    def feed(self, chunk: Any) -> list[Delta]:
        """Read one chunk.

        Args:
            chunk: A dict or an SDK's object; None is allowed and means nothing.

        Raises:
            ProviderError: If it tells of an error or has an unknown shape. A chunk that holds
                text as well gives the text first, and the next call raises.
        """
        if chunk.__class__ is not dict:
            chunk = _as_dict(chunk)
        # The ordinary chunk, straight through: one choice that goes on, with one piece of text.
        # Whatever differs in any way is left to the careful reading below.
        choices = chunk.get("choices")
        if (
            choices.__class__ is list
            and len(choices) == 1
            and not chunk.get("usage")
            and not chunk.get("error")
            and not self._careful
        ):
            choice = choices[0]
            if (
                choice.__class__ is dict
                and not choice.get("finish_reason")
                and not choice.get("error")
                and not choice.get("logprobs")
            ):
                index = choice.get("index")
                delta = choice.get("delta")
                if (
                    index.__class__ is int
                    and index in self._choices
                    and delta.__class__ is dict
                    and (len(delta) == 1 or (len(delta) == 2 and "role" in delta))
                ):
                    text = delta.get("content")
                    if text.__class__ is str:
                        if not text:
                            return []
                        if text[-1] < FIRST_SURROGATE:
                            return [(self._choices[index].content, text)]
                    else:
                        entries = delta.get("tool_calls")
                        if entries.__class__ is list and len(entries) == 1:
                            piece = self._choices[index].calls.next_piece(entries[0])
                            if piece is not None:
                                return [piece]
        return self._read(chunk)

    def finish(self, *, cut: bool = False) -> list[Delta]:
        """End the answer, and give the `{}` of tool calls that had no arguments.

        Args:
            cut: Whether the stream ended before the answer did. A call without arguments then
                has none, as it has under a finish reason that tells so (`length`).

        Raises:
            ProviderError: If the last chunk told of an error beside its text.
        """
        if self._failure is not None:
            raise self._failure
        deltas = self._halves.finish()
        for choice in self._choices.values():
            # Who refuses to call a tool does not call it without arguments.
            deltas += choice.finish(cut=cut or bool(self.metadata.refusal))
        return deltas

    def _read(self, chunk: dict[str, Any]) -> list[Delta]:
        """Read a chunk of any shape."""
        if self._failure is not None:
            raise self._failure
        # Always a new list: whoever has the one of the last chunk keeps it as it is.
        self.metadata.tokens = []
        deltas: list[Delta] = []
        failure: ProviderError | None = None
        try:
            self._read_metadata(chunk)
            choices: Any = chunk.get("choices") or []
            if not is_list(choices):
                raise unknown_chunk(choices, "a list of choices")
            for position, choice in enumerate(choices):
                self._read_choice(_as_dict(choice), position, deltas)
        except ProviderError as error:
            failure = error
        failure = _error_in(chunk) or failure
        deltas = self._halves.join_all(deltas)
        keep_side_texts(self.metadata, deltas)
        if failure is not None:
            if not deltas:
                raise failure
            self._failure = failure
        self._careful = failure is not None or bool(self._halves) or bool(self.metadata.tokens)
        return deltas

    def _read_choice(self, fields: dict[str, Any], position: int, deltas: list[Delta]) -> None:
        index: Any = fields.get("index")
        if not isinstance(index, int):
            index = position
        delta: Any = fields.get("delta")
        choice = self._choices.get(index)
        if choice is None:
            count_channel(self.metadata)
            choice = self._choices[index] = ChatChoice(index, self.metadata)
            if delta is None:
                # A whole answer. Beside or after deltas a message only repeats them.
                delta = fields.get("message")
        if delta is None and "text" in fields:
            # A completion. Together sends it beside a delta, which it only repeats.
            delta = {"content": fields["text"]}
        if delta is not None:
            deltas += choice.read(_as_dict(delta))
            if fields.get("logprobs"):
                self.metadata.tokens += choice.tokens(fields["logprobs"])
        self._read_end(choice, fields)

    def _read_end(self, choice: ChatChoice, fields: dict[str, Any]) -> None:
        metadata = self.metadata
        reason: Any = fields.get("finish_reason")
        filtered = filtered_in(fields.get("content_filter_results"))
        if isinstance(reason, str) and reason and reason != "null":
            if choice.finish_reason is None or not is_cut(choice.finish_reason):
                choice.finish_reason = reason
            if metadata.finish_reason is None or not is_cut(metadata.finish_reason):
                metadata.finish_reason = reason
            if reason.startswith("content_filter"):
                filtered = filtered or metadata.filter_reason or reason
        if filtered:
            metadata.filter_reason = filtered
        error: Any = fields.get("error")
        if error or reason == "error":
            raise provider_error(error or "the answer ended with finish_reason 'error'", fields)

    def _read_metadata(self, chunk: dict[str, Any]) -> None:
        metadata = self.metadata
        usage = None
        if chunk.get("usage"):
            usage = read_usage(chunk["usage"])
        groq: Any = chunk.get("x_groq")
        if is_object(groq):
            usage = usage or read_usage(groq.get("usage"))
        if usage is not None:
            metadata.usage = usage
        if metadata.model is None and isinstance(model := chunk.get("model"), str):
            metadata.model = model or None
        if metadata.request_id is None and isinstance(request_id := chunk.get("id"), str):
            metadata.request_id = request_id or None
        if "prompt_filter_results" in chunk:
            filtered = filtered_prompt_in(chunk["prompt_filter_results"])
            metadata.filter_reason = filtered or metadata.filter_reason
        for name, value in chunk.items():
            if name not in _READ and value:
                keep_extra(metadata, name, value)


def _error_in(chunk: dict[str, Any]) -> ProviderError | None:
    groq: Any = chunk.get("x_groq")
    if is_object(groq) and groq.get("error"):
        return provider_error(groq["error"], chunk)
    return error_in(chunk)


def _as_dict(value: Any) -> dict[str, Any]:
    if value is None or value == "":
        return {}
    fields: Any = plain(value)
    if not is_object(fields):
        raise unknown_chunk(value, "a chat completion chunk, as a dict or an SDK's object")
    return fields
