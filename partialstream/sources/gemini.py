"""Gemini's `streamGenerateContent`, of the Gemini API and of Vertex AI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from partialstream.errors import ProviderError
from partialstream.results import AnswerMetadata, Channel, Usage
from partialstream.sources.channels import count_channel
from partialstream.sources.gemini_calls import GeminiCalls
from partialstream.sources.gemini_fields import count, member, members, word
from partialstream.sources.gemini_reasons import block_reason_in, finish_reason_in
from partialstream.sources.logprobs import read_tokens
from partialstream.sources.provider_errors import error_in, unknown_chunk
from partialstream.sources.shapes import is_object
from partialstream.sources.side_texts import keep_extra, keep_side_texts
from partialstream.sources.surrogates import SurrogateHalves

if TYPE_CHECKING:
    from typing import Any

    from partialstream.results import Delta, Token

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

_EXPECTED = "a chunk of Gemini's API, as a dict or an SDK's object"


class GeminiSource:
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

    def __init__(self, metadata: AnswerMetadata | None = None) -> None:
        self.metadata = AnswerMetadata() if metadata is None else metadata
        self._candidates: dict[int, _Candidate] = {}
        self._halves = SurrogateHalves()
        self._failure: ProviderError | None = None

    def feed(self, chunk: Any) -> list[Delta]:
        """Read one chunk.

        Args:
            chunk: A dict or an SDK's object; None is allowed and means nothing.

        Raises:
            ProviderError: If it tells of an error or has an unknown shape. A chunk that holds
                text as well gives the text first, and the next call raises.
        """
        if self._failure is not None:
            raise self._failure
        if chunk is None:
            return []
        if not is_object(chunk) and not hasattr(chunk, "candidates"):
            raise unknown_chunk(chunk, _EXPECTED)
        # Always a new list: whoever has the one of the last chunk keeps it as it is.
        self.metadata.tokens = []
        failure = error_in(chunk) if is_object(chunk) else None
        deltas: list[Delta] = []
        try:
            self._read_metadata(chunk)
            for position, fields in enumerate(members(chunk, "candidates")):
                self._read_candidate(fields, position, deltas)
        except ProviderError as error:
            failure = failure or error
        deltas = self._halves.join_all(deltas)
        keep_side_texts(self.metadata, deltas)
        if failure is not None:
            if not deltas:
                raise failure
            self._failure = failure
        return deltas

    def finish(self, *, cut: bool = False) -> list[Delta]:
        """End the answer, and the arguments of a call that has not ended.

        Args:
            cut: Whether the stream ended before the answer did, as it does in any case with a
                finish reason other than `STOP`. Such arguments then stay open.

        Raises:
            ProviderError: If the last chunk told of an error beside its text.
        """
        if self._failure is not None:
            raise self._failure
        deltas = self._halves.finish()
        for candidate in self._candidates.values():
            deltas += candidate.calls.finish(cut=cut or candidate.finish_reason != _STOP)
        return deltas

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
        reason, known = finish_reason_in(fields)
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
        if not known:
            # Most of them say that the answer is none, and none says that all is well.
            raise ProviderError(
                f"the answer ended with the unknown finishReason {reason}",
                chunk=fields,
                code=reason,
            )

    def _read_metadata(self, chunk: Any) -> None:
        metadata = self.metadata
        if metadata.model is None:
            metadata.model = word(member(chunk, "modelVersion"))
        if metadata.request_id is None:
            metadata.request_id = word(member(chunk, "responseId"))
        feedback = member(chunk, "promptFeedback")
        if feedback:
            reason = block_reason_in(feedback)
            message = word(member(feedback, "blockReasonMessage"))
            if reason is not None:
                metadata.filter_reason = reason if message is None else f"{reason}: {message}"
        usage = member(chunk, "usageMetadata")
        if usage:
            thoughts = count(usage, "thoughtsTokenCount")
            metadata.usage = Usage(
                input_tokens=count(usage, "promptTokenCount")
                + count(usage, "toolUsePromptTokenCount"),
                output_tokens=count(usage, "candidatesTokenCount") + thoughts,
                cached_tokens=count(usage, "cachedContentTokenCount"),
                reasoning_tokens=thoughts,
            )


class _Candidate:
    """One candidate, as far as it has arrived.

    Attributes:
        calls: Its function calls.
        told: The text that its token probabilities are about.
        finish_reason: Why it ended, None before it did.
    """

    __slots__ = ("_content", "_reasoning", "calls", "finish_reason", "told")

    def __init__(self, index: int, metadata: AnswerMetadata) -> None:
        self._content = Channel("content", index)
        self._reasoning = Channel("reasoning", index)
        self.calls = GeminiCalls(index, metadata)
        self.told = self._content
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
            deltas.append((self._reasoning if member(part, "thought") else self._content, text))
        if deltas:
            self.told = deltas[-1][0]
        return deltas


def is_gemini(fields: dict[str, Any]) -> bool:
    """Whether a chunk with these members is one that `GeminiSource` reads.

    Example:
        >>> is_gemini({"candidates": []}), is_gemini({"choices": []})
        (True, False)
    """
    return not _TELLING.isdisjoint(fields)


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
