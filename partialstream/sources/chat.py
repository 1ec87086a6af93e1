"""Chat Completions, the wire format of OpenAI and of most that are compatible with it.

The older Completions API (`/v1/completions`, which vLLM and others still serve) is read here too:
its choices have a `text` instead of a `delta`, and the rest is alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from partialstream.deltas import Channel
from partialstream.sources.base import WireSource
from partialstream.sources.common import (
    error_in,
    is_list,
    is_object,
    list_in,
    object_in,
    provider_error,
    shown,
    unknown_chunk,
    word_in,
)
from partialstream.sources.metadata import count_channel, read_tokens, read_usage
from partialstream.sources.tool_calls import ToolCalls, is_cut

if TYPE_CHECKING:
    from partialstream.deltas import AnswerMetadata, Delta, Token
    from partialstream.errors import ProviderError

# Members of a chunk that are read elsewhere or say nothing; all others go to `extra`.
_READ: Final = frozenset(
    {"id", "object", "created", "model", "choices", "usage", "error", "obfuscation"}
)

# The first that holds text counts: several providers send the same text under two of them.
_REASONING: Final = ("reasoning_content", "reasoning", "reasoning_text")


def is_chat(fields: dict[str, Any]) -> bool:
    """Whether a first chunk is one of Chat Completions.

    Example:
        >>> is_chat({"choices": []}), is_chat({"type": "response.created"})
        (True, False)
    """
    kind = fields.get("object")
    return (
        # An empty list as well: the verdicts of Azure's filter on the prompt come ahead of the
        # response, with empty `id` and `object`.
        "choices" in fields
        or (isinstance(kind, str) and kind.startswith(("chat.completion", "text_completion")))
        or (is_object(usage := fields.get("usage")) and "prompt_tokens" in usage)
    )


class ChatSource(WireSource):
    """Reads `chat.completion.chunk`s, and whole `chat.completion`s, as dicts or SDK objects.

    Content, reasoning and refusal have a channel for each choice, keyed by its index; each
    tool call has one, keyed by choice and place among the choice's calls. A call without
    arguments is the document `{}`, which `finish` gives. The text of a `text_completion` is
    content.

    Of `metadata`, `finish_reason` is the last one given, but one that tells of a cut response
    stands against those of other choices; `extra` holds a chunk's further members by their
    names, as far as they come beside something else than plain text.

    Example:
        >>> source = ChatSource()
        >>> source.feed({"choices": [{"index": 0, "delta": {"content": "[1"}}]})
        [(Channel(kind='content', key=0, name=None), '[1')]
    """

    _expected = "a chat completion chunk, as a dict or an SDK's object"

    def __init__(self, metadata: AnswerMetadata | None = None) -> None:
        super().__init__(metadata)
        self._choices: dict[int, ChatChoice] = {}

    @override
    def _piece(self, fields: Any) -> tuple[Any, Any]:
        [choice] = fields["choices"]
        delta = choice["delta"]
        if (
            "error" in fields
            or "error" in choice
            or fields.get("usage")
            or choice.get("finish_reason")
            or choice.get("logprobs")
            or (len(delta) > 1 and (len(delta) > 2 or "role" not in delta))
        ):
            return None, None
        if "content" in delta:
            return choice["index"], delta["content"]
        [entry] = delta["tool_calls"]
        function = entry["function"]
        if entry.get("id") or function.get("name"):
            return None, None
        return (choice["index"], entry["index"]), function["arguments"]

    @override
    def _read(self, fields: dict[str, Any], deltas: list[Delta]) -> None:
        self._read_metadata(fields)
        for position, choice in enumerate(list_in(fields, "choices", "choices")):
            self._read_choice(self._dict(choice), position, deltas)

    @override
    def _finish(self, *, cut: bool) -> list[Delta]:
        # Who refuses to call a tool does not call it without arguments.
        cut = cut or bool(self.metadata.refusal)
        return [delta for choice in self._choices.values() for delta in choice.finish(cut=cut)]

    @override
    def _error_in(self, fields: dict[str, Any]) -> ProviderError | None:
        error = object_in(fields, "x_groq").get("error")
        return provider_error(error, fields) if error else error_in(fields)

    @override
    def _dict(self, value: Any) -> dict[str, Any]:
        return {} if value == "" else super()._dict(value)

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
                # A whole response. Beside or after deltas a message only repeats them.
                delta = fields.get("message")
        if delta is None and "text" in fields:
            # A completion. Together sends it beside a delta, which it only repeats.
            delta = {"content": fields["text"]}
        if delta is not None:
            texts = choice.read(self._dict(delta))
            deltas += texts
            # The next piece usually goes on with the last text, or is content.
            place, call = choice.calls.latest
            if call is not None and texts and texts[-1][0] is call.open_channel:
                self._bind((index, place), call.channel, call)
            else:
                self._bind(index, choice.content)
            if fields.get("logprobs"):
                self.metadata.tokens += choice.tokens(fields["logprobs"])
        self._read_end(choice, fields)

    def _read_end(self, choice: ChatChoice, fields: dict[str, Any]) -> None:
        metadata = self.metadata
        reason = word_in(fields, "finish_reason")
        filtered = _filtered_in(fields)
        if reason is not None and reason != "null":
            for each in (choice, metadata):
                if each.finish_reason is None or not is_cut(each.finish_reason):
                    each.finish_reason = reason
            if reason.startswith("content_filter"):
                filtered = filtered or metadata.filter_reason or reason
        metadata.filter_reason = filtered or metadata.filter_reason
        error: Any = fields.get("error")
        if error or reason == "error":
            raise provider_error(error or "the response ended with finish_reason 'error'", fields)

    def _read_metadata(self, chunk: dict[str, Any]) -> None:
        metadata = self.metadata
        usage = read_usage(chunk.get("usage")) or read_usage(
            object_in(chunk, "x_groq").get("usage")
        )
        metadata.usage = usage or metadata.usage
        self._keep_names(chunk)
        # One set of verdicts for each prompt.
        prompts: Any = chunk.get("prompt_filter_results")
        found = (
            [_filtered_in(each) for each in prompts if is_object(each)] if is_list(prompts) else []
        )
        filtered = ", ".join(f"prompt: {categories}" for categories in found if categories)
        metadata.filter_reason = filtered or metadata.filter_reason
        self._keep_extra(chunk, _READ)


class ChatChoice:
    """The texts of one choice.

    Args:
        index: Its place among the choices.
        metadata: Of the response, where its calls are counted.

    Attributes:
        content: The channel of its content.
        calls: Its tool calls.
        finish_reason: Why it ended, None before it did.
    """

    __slots__ = ("_reasoning", "_refusal", "_told", "calls", "content", "finish_reason")

    def __init__(self, index: int, metadata: AnswerMetadata) -> None:
        self.content = Channel("content", index)
        self.calls = ToolCalls(index, metadata)
        self.finish_reason: str | None = None
        self._reasoning = Channel("reasoning", index)
        self._refusal = Channel("refusal", index)
        self._told = self.content  # the text that a chunk's logprobs are about

    def read(self, fields: dict[str, Any]) -> list[Delta]:
        """Read a `delta`, or the `message` of a whole response."""
        deltas: list[Delta] = []
        if reasoning := _reasoning_in(fields):
            deltas.append((self._reasoning, reasoning))
        deltas += self._read_content(fields.get("content"))
        refusal: Any = fields.get("refusal")
        if refusal:
            if not isinstance(refusal, str):
                raise unknown_chunk(refusal, "a refusal as text")
            deltas.append((self._refusal, refusal))
        if fields.get("tool_calls"):
            deltas += self.calls.read(fields["tool_calls"])
        elif fields.get("function_call"):
            # What there was before tool calls: one call, without index and id. Beside tool
            # calls it repeats them: llama-cpp-python sends both.
            call = {"index": "function_call", "function": fields["function_call"]}
            deltas += self.calls.read(call)
        if deltas:
            channels = [channel for channel, _ in deltas]
            self._told = self.content if self.content in channels else channels[-1]
        return deltas

    def tokens(self, logprobs: Any) -> list[Token]:
        """Read the `logprobs` beside what was last read; none if their shape is unknown.

        The tokens belong to the content; or, since some servers tell those of reasoning and of
        tool calls as well, to what came instead. Where nothing came, as for half a character,
        they belong to what came before.
        """
        if not is_object(logprobs):
            return []
        tokens = read_tokens(logprobs.get("refusal"), self._refusal)
        content = logprobs.get("content")
        return tokens + read_tokens(logprobs if content is None else content, self._told)

    def finish(self, *, cut: bool) -> list[Delta]:
        """End the choice."""
        reason = self.finish_reason
        return self.calls.finish(cut=cut or (reason is not None and is_cut(reason)))

    def _read_content(self, content: Any) -> list[Delta]:
        """Read content that is a text, or a list of parts."""
        deltas: list[Delta] = []
        for part in content if is_list(content) else [content] if content else []:
            channel, text = self.content, part
            if is_object(part):
                kind = part.get("type")
                if kind == "thinking":
                    channel, text = self._reasoning, _joined(part.get("thinking"))
                elif kind == "refusal":
                    channel, text = self._refusal, part.get("refusal")
                else:
                    # What has no text is a picture or a sound, and none of ours.
                    text = part.get("text") or ""
            if not isinstance(text, str):
                raise unknown_chunk(part, "content as text or as a list of parts")
            if text:
                deltas.append((channel, text))
        return deltas


def _reasoning_in(fields: dict[str, Any]) -> str:
    for name in _REASONING:
        if text := word_in(fields, name):
            return text
    # OpenRouter's form; some send no other.
    return _joined(fields.get("reasoning_details"))


def _joined(parts: Any) -> str:
    """Give the text of reasoning parts: each has it as `text`, or as `summary`."""
    if isinstance(parts, str):
        return parts
    texts: list[Any] = []
    if is_list(parts):
        texts = [part.get("text") or part.get("summary") for part in parts if is_object(part)]
    return "".join(text for text in texts if isinstance(text, str))


def _filtered_in(fields: dict[str, Any]) -> str:
    """Name the categories in a `content_filter_results` that were filtered, `""` if none was."""
    return ", ".join(
        f"{category} ({shown(verdict['severity'])})" if verdict.get("severity") else str(category)
        for category, verdict in object_in(fields, "content_filter_results").items()
        if is_object(verdict) and verdict.get("filtered") is True
    )
