"""Gemini's `streamGenerateContent`, of the Gemini API and of Vertex AI."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from partialstream.deltas import AnswerMetadata, Channel
from partialstream.errors import ProviderError
from partialstream.sources.base import WireSource
from partialstream.sources.common import error_in, is_object, shown, unknown_chunk
from partialstream.sources.gemini_args import GeminiCalls, counts, member, members, word
from partialstream.sources.metadata import count_channel, keep_extra, read_tokens
from partialstream.usage import Usage

if TYPE_CHECKING:
    from partialstream.deltas import Delta, Token

_STOP = "STOP"
_MODEL_ARMOR = "MODEL_ARMOR"  # a filter of Vertex AI's that is set up by the caller

_TELLING = frozenset(
    {"candidates", "promptFeedback", "prompt_feedback", "usageMetadata", "usage_metadata"}
)

# Members of a candidate that go to `extra`.
_KEPT = (
    *("finishMessage", "safetyRatings", "citationMetadata"),
    *("groundingMetadata", "urlContextMetadata"),
)

# Of a chunk that brings no more than text.
_ORDINARY: Final = frozenset({"candidates", "usageMetadata", "modelVersion", "responseId"})

_COUNTS: Final = (
    *("promptTokenCount", "toolUsePromptTokenCount", "candidatesTokenCount"),
    *("thoughtsTokenCount", "cachedContentTokenCount"),
)


def is_gemini(fields: dict[str, Any]) -> bool:
    """Whether a chunk with these members is one that `GeminiSource` reads.

    Example:
        >>> is_gemini({"candidates": []}), is_gemini({"choices": []})
        (True, False)
    """
    return not _TELLING.isdisjoint(fields)


class GeminiSource(WireSource):
    """Reads `GenerateContentResponse`s, as dicts or objects of any of Google's SDKs.

    Each candidate has a channel for its text and one for its thoughts, keyed by its index, and
    each of its function calls has one, keyed by candidate and place among its calls. What else
    parts may hold is left out: code that Gemini runs itself, tools that it calls itself, and
    the results of both; files, pictures, signatures.

    Of `metadata`, `finish_reason` is the last one given, but one other than `STOP` stands
    against those of other candidates; one that comes as a number has its name there, and a
    number without a name is an error, since it may stand for a filter; `filter_reason` says why
    the prompt was blocked; `usage` counts thoughts as output, and what tools that Gemini runs
    itself gave it as input; `extra` holds what a candidate says of its text
    (`citationMetadata` and the like).

    Example:
        >>> source = GeminiSource()
        >>> source.feed({"candidates": [{"content": {"parts": [{"text": "[1"}]}}]})
        [(Channel(kind='content', key=0, name=None), '[1')]
    """

    _expected = "a chunk of Gemini's API, as a dict or an SDK's object"

    def __init__(self, metadata: AnswerMetadata | None = None) -> None:
        super().__init__(metadata)
        self._candidates: dict[int, _Candidate] = {}

    @override
    def _fields_of(self, chunk: Any) -> Any:
        # Not as a dict: protocol buffers are read by their properties.
        if chunk is not None and not is_object(chunk) and not hasattr(chunk, "candidates"):
            raise unknown_chunk(chunk, self._expected)
        return {} if chunk is None else chunk

    @override
    def _piece(self, fields: Any) -> tuple[Any, Any]:
        [candidate] = fields["candidates"]
        [part] = candidate["content"]["parts"]
        if not (fields.keys() <= _ORDINARY and candidate.keys() <= {"content", "index"}):
            return None, None
        self._read_usage(fields.get("usageMetadata"))
        return (len(part), candidate.get("index")), part["text"]

    @override
    def _read(self, fields: Any, deltas: list[Delta]) -> None:
        self._read_metadata(fields)
        for position, candidate in enumerate(members(fields, "candidates")):
            self._read_candidate(candidate, position, deltas)

    @override
    def _error_in(self, fields: Any) -> ProviderError | None:
        return error_in(fields) if is_object(fields) else None

    @override
    def _finish(self, *, cut: bool) -> list[Delta]:
        return [
            delta
            for candidate in self._candidates.values()
            for delta in candidate.calls.finish(cut=cut or candidate.finish_reason != _STOP)
        ]

    def _read_candidate(self, fields: Any, position: int, deltas: list[Delta]) -> None:
        index: Any = member(fields, "index")
        if not isinstance(index, int):
            index = position
        candidate = self._candidates.get(index)
        if candidate is None:
            count_channel(self.metadata)
            candidate = self._candidates[index] = _Candidate(index, self.metadata)
        for part in members(member(fields, "content"), "parts"):
            deltas += candidate.read(part)
        logprobs = member(fields, "logprobsResult")
        if logprobs:
            self.metadata.tokens += _tokens(logprobs, candidate.told)
        reason, known = _finish_reason_in(fields)
        if reason is not None:
            candidate.finish_reason = reason
            # Some servers say STOP in each chunk.
            if self.metadata.finish_reason in (None, _STOP) or reason != _STOP:
                self.metadata.finish_reason = reason
            if reason == _MODEL_ARMOR:
                self.metadata.filter_reason = reason
        for name in _KEPT:
            if value := member(fields, name):
                keep_extra(self.metadata, name, value)
        if position == 0 and candidate.told is candidate.content:
            self._bind((1, member(fields, "index")), candidate.content)
        if not known:
            # Most of them say that the response is none, and none says that all is well.
            raise ProviderError(
                f"the response ended with the unknown finishReason {reason}",
                chunk=fields,
                code=reason,
            )

    def _read_metadata(self, chunk: Any) -> None:
        metadata = self.metadata
        metadata.model = metadata.model or word(member(chunk, "modelVersion"))
        metadata.request_id = metadata.request_id or word(member(chunk, "responseId"))
        feedback = member(chunk, "promptFeedback")
        reason = _block_reason_in(feedback)
        if reason is not None:
            message = word(member(feedback, "blockReasonMessage"))
            metadata.filter_reason = reason if message is None else f"{reason}: {message}"
        self._read_usage(member(chunk, "usageMetadata"))

    def _read_usage(self, usage: Any) -> None:
        if usage:
            prompt, by_tools, said, thoughts, cached = counts(usage, _COUNTS)
            self.metadata.usage = Usage(prompt + by_tools, said + thoughts, cached, thoughts)


class _Candidate:
    """One candidate, as far as it has arrived."""

    def __init__(self, index: int, metadata: AnswerMetadata) -> None:
        self.content = Channel("content", index)
        self.reasoning = Channel("reasoning", index)
        self.calls = GeminiCalls(index, metadata)
        self.told = self.content  # the text that its token probabilities are about
        self.finish_reason: str | None = None

    def read(self, part: Any) -> list[Delta]:
        """Read one part."""
        call = member(part, "functionCall")
        # An empty dict ends a call; an empty protocol buffer is none.
        deltas = self.calls.read(call) if call or is_object(call) else []
        text: Any = member(part, "text")
        if text:
            if not isinstance(text, str):
                raise unknown_chunk(text, "a part's text")
            deltas.append((self.reasoning if member(part, "thought") else self.content, text))
        if deltas:
            self.told = deltas[-1][0]
        return deltas


def _tokens(logprobs: Any, channel: Channel) -> list[Token]:
    """Read a `logprobsResult`: parallel lists of the tokens and of the likeliest at each."""
    chosen = members(logprobs, "chosenCandidates")
    ranks = members(logprobs, "topCandidates")
    top: list[list[Any]] = [members(each, "candidates") for each in ranks]
    if len(top) != len(chosen):
        top = [[]] * len(chosen)
    entries = [
        {**_likelihood(token), "top_logprobs": [_likelihood(each) for each in others]}
        for token, others in zip(chosen, top, strict=True)
    ]
    return read_tokens(entries, channel)


def _likelihood(token: Any) -> dict[str, Any]:
    return {"token": member(token, "token"), "logprob": member(token, "logProbability")}


# -- why a response ended, or a prompt was blocked ---------------------------------------------
#
# An enumeration, by name or by number. Numbers were seen in bodies from Vertex AI, and the
# `to_dict` of Google's older SDKs writes them too. Vertex AI and the Gemini API agree on the
# first five alone.

_COMMON = ("STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "OTHER")

# google.cloud.aiplatform.v1beta1.Candidate.FinishReason
_VERTEX_AI = (
    *_COMMON,
    *("BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MALFORMED_FUNCTION_CALL", "MODEL_ARMOR"),
    *("IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "IMAGE_OTHER"),
    *("UNEXPECTED_TOOL_CALL", "NO_IMAGE"),
)

# google.ai.generativelanguage.v1beta.Candidate.FinishReason
_GEMINI_API = (
    *_COMMON,
    *("LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MALFORMED_FUNCTION_CALL"),
    *("IMAGE_SAFETY", "UNEXPECTED_TOOL_CALL"),
)

# google.cloud.aiplatform.v1.GenerateContentResponse.PromptFeedback.BlockedReason; that of the
# Gemini API has the same first four.
_BLOCKED = ("SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "MODEL_ARMOR", "JAILBREAK")


def _finish_reason_in(candidate: Any) -> tuple[str | None, bool]:
    """Give the finish reason of a candidate, and whether it is known.

    A number without a name is given as text, and is not known. Words are known: there are more
    of them every year.

    Example:
        >>> _finish_reason_in({"finishReason": 3}), _finish_reason_in({"finishReason": 99})
        (('SAFETY', True), ('99', False))
    """
    value = member(candidate, "finishReason")
    # The Gemini API alone counts the tokens of a candidate.
    names = _VERTEX_AI if member(candidate, "tokenCount") is None else _GEMINI_API
    reason = _named(value, names)
    return reason, reason is None or reason in names or not _is_number(value)


def _block_reason_in(feedback: Any) -> str | None:
    """Give the reason in a `promptFeedback`, as text if it is a number without a name.

    Example:
        >>> _block_reason_in({"blockReason": 4}), _block_reason_in({"blockReason": "SAFETY"})
        ('PROHIBITED_CONTENT', 'SAFETY')
    """
    return _named(member(feedback, "blockReason"), _BLOCKED)


def _named(value: Any, names: tuple[str, ...]) -> str | None:
    if not _is_number(value):
        return word(value)
    if value == 0:
        return None
    return names[int(value) - 1] if value in range(1, len(names) + 1) else shown(value)


def _is_number(value: Any) -> bool:
    # An SDK's enumeration of numbers knows the names that belong to it.
    return isinstance(value, (int, float)) and not isinstance(value, (bool, Enum))
