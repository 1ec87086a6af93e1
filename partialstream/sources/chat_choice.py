"""One choice of a Chat Completions answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from partialstream.results import Channel
from partialstream.sources.logprobs import read_tokens
from partialstream.sources.provider_errors import unknown_chunk
from partialstream.sources.shapes import is_list, is_object
from partialstream.sources.tool_calls import ToolCalls

if TYPE_CHECKING:
    from typing import Any

    from partialstream.results import AnswerMetadata, Delta, Token

# The first that holds text counts: several providers send the same text under two of them.
_REASONING = ("reasoning_content", "reasoning", "reasoning_text")

_CUT = ("length", "max_tokens", "model_length", "content_filter", "error")


def is_cut(finish_reason: str) -> bool:
    """Whether an answer that ended so may lack what the model still had to say.

    Example:
        >>> is_cut("length"), is_cut("stop")
        (True, False)
    """
    return finish_reason.startswith(_CUT)


class ChatChoice:
    """The texts of one choice.

    Args:
        index: Its place among the choices.
        metadata: Of the answer, where its calls are counted.

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
        """Read a `delta`, or the `message` of a whole answer.

        Raises:
            ProviderError: If one of its members has an unknown shape.
        """
        deltas: list[Delta] = []
        reasoning = _reasoning_in(fields)
        if reasoning:
            deltas.append((self._reasoning, reasoning))
        content: Any = fields.get("content")
        if content:
            if isinstance(content, str):
                deltas.append((self.content, content))
            else:
                deltas += self._read_parts(content)
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

    def _read_parts(self, content: Any) -> list[Delta]:
        deltas: list[Delta] = []
        for part in content if is_list(content) else [content]:
            channel = self.content
            text: Any = part
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
        text = fields.get(name)
        if isinstance(text, str) and text:
            return text
    # OpenRouter's form; some send no other.
    details: Any = fields.get("reasoning_details")
    return _joined(details) if details else ""


def _joined(parts: Any) -> str:
    """Give the text of reasoning parts: each has it as `text`, or as `summary`."""
    if isinstance(parts, str):
        return parts
    texts: list[Any] = []
    if is_list(parts):
        texts = [part.get("text") or part.get("summary") for part in parts if is_object(part)]
    return "".join(text for text in texts if isinstance(text, str))
