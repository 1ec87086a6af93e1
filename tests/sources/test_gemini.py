from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from gemini_chunks import call, candidate, says, text
from source_runs import brief, read_all

from partialstream import stream_items
from partialstream.deltas import Channel, Token
from partialstream.errors import IncompleteStreamError, ProviderError, RefusalError
from partialstream.sources.gemini import GeminiSource
from partialstream.usage import Usage

CONTENT = Channel("content")
REASONING = Channel("reasoning")


TEXTS: dict[str, tuple[list[Any], dict[Any, str]]] = {
    "text": ([says(text("[")), says(text("1]"), finishReason="STOP")], {("content", 0): "[1]"}),
    "thoughts": (
        [says(text("So", thought=True), text("[1]")), says(text("…", thought=True))],
        {("reasoning", 0): "So…", ("content", 0): "[1]"},
    ),
    "candidates": (
        [
            {"candidates": [candidate(text("a"), index=1), candidate(text("b"), index=0)]},
            {"candidates": [candidate(text("c")), candidate(text("d"))]},
        ],
        {("content", 1): "ad", ("content", 0): "bc"},
    ),
    "calls": (
        [
            says(text("Hm"), call("f", args={"a": "é"}), call("f", args={"a": 2})),
            says(call("g", args={})),
            says(call("h")),
        ],
        {
            ("content", 0): "Hm",
            ("tool", (0, 0)): '{"a":"é"}',
            ("tool", (0, 1)): '{"a":2}',
            ("tool", (0, 2)): "{}",
            ("tool", (0, 3)): "{}",
        },
    ),
    "calls of a second candidate": (
        [{"candidates": [candidate(call("f", args={"a": 1}), index=1)]}],
        {("tool", (1, 0)): '{"a":1}'},
    ),
    "what is left out": (
        [
            None,
            {"candidates": []},
            {"candidates": None, "usageMetadata": {"promptTokenCount": 1}},
            {"candidates": [{"finishReason": "STOP", "index": 0}]},
            {"candidates": [{"content": {"role": "model"}}]},
            {"candidates": [{"content": None}]},
            says(text(""), {"thoughtSignature": "x"}, text("", thought=True)),
            says(call()),
            says({"executableCode": {"code": "print(1)", "language": "PYTHON"}}),
            says({"codeExecutionResult": {"output": "1\n"}}),
            says({"toolCall": {"toolType": "GOOGLE_SEARCH_WEB", "args": {"queries": ["a"]}}}),
            says({"toolResponse": {"response": {}}}),
            says({"inlineData": {"mimeType": "image/png", "data": "aa=="}}, {"fileData": {}}),
        ],
        {},
    ),
    "halves of a pair": ([says(text("\ud83d")), says(text("\ude00"))], {("content", 0): "😀"}),
    "names as in the SDK": (
        [{"candidates": [{"content": {"parts": [{"function_call": {"name": "f"}}]}}]}],
        {("tool", (0, 0)): "{}"},
    ),
}


@pytest.mark.parametrize("name", TEXTS)
def test_texts(name: str) -> None:
    chunks, expected = TEXTS[name]
    source = GeminiSource()
    assert brief(read_all(source, chunks)) == expected
    assert source.metadata.reasoning == expected.get(("reasoning", 0), "")


@pytest.mark.parametrize(
    ("reasons", "expected"),
    [
        ([None, "STOP"], "STOP"),
        (["STOP", "STOP", "RECITATION"], "RECITATION"),
        (["MAX_TOKENS", "STOP"], "MAX_TOKENS"),
        (["FINISH_REASON_UNSPECIFIED"], None),
        (["MALFORMED_FUNCTION_CALL", None], "MALFORMED_FUNCTION_CALL"),
    ],
)
def test_finish_reasons(reasons: list[str | None], expected: str | None) -> None:
    source = GeminiSource()
    for reason in reasons:
        source.feed(says(finishReason=reason))
    assert source.metadata.finish_reason == expected


OUTCOMES: dict[str, tuple[list[Any], type[Exception], str, str | None]] = {
    "blocked prompt": (
        [{"promptFeedback": {"blockReason": "SAFETY", "safetyRatings": []}}],
        RefusalError,
        "filtered",
        None,
    ),
    "blocked prompt with a message": (
        [{"promptFeedback": {"blockReason": "OTHER", "blockReasonMessage": "No."}}],
        RefusalError,
        "filtered",
        None,
    ),
    **{
        reason: (
            [says(text('[{"a":')), says(finishReason=reason)],
            RefusalError,
            "filtered",
            reason,
        )
        for reason in ("SAFETY", "RECITATION", "PROHIBITED_CONTENT", "LANGUAGE", "IMAGE_SAFETY")
    },
    "too long": (
        [says(text("[1,")), says(finishReason="MAX_TOKENS")],
        IncompleteStreamError,
        "truncated",
        "MAX_TOKENS",
    ),
    "malformed call": (
        [{"candidates": [{"finishReason": "MALFORMED_FUNCTION_CALL"}]}],
        IncompleteStreamError,
        "empty",
        "MALFORMED_FUNCTION_CALL",
    ),
    "no end": ([says(text("[1,"))], IncompleteStreamError, "disconnected", None),
}


@pytest.mark.parametrize("name", OUTCOMES)
def test_outcomes(name: str) -> None:
    chunks, error, status, reason = OUTCOMES[name]
    with pytest.raises(error) as caught:
        list(stream_items(int, iter(chunks)))
    outcome = caught.value.outcome  # type: ignore[attr-defined]  # all of ours have one
    assert (outcome.status, outcome.finish_reason) == (status, reason)


def test_metadata() -> None:
    source = GeminiSource()
    source.feed(
        {
            **says(text("a"), citationMetadata={"citations": []}, finishMessage="", avgLogprobs=-1),
            "modelVersion": "gemini-x",
            "responseId": "id-1",
            "usageMetadata": {"promptTokenCount": 5, "cachedContentTokenCount": 4},
            "promptFeedback": {"safetyRatings": []},
        }
    )
    metadata = source.metadata
    assert (metadata.model, metadata.request_id) == ("gemini-x", "id-1")
    assert metadata.usage == Usage(5, 0, 4)
    assert metadata.filter_reason is None
    assert metadata.extra == {"citationMetadata": {"citations": []}}
    source.feed(
        {
            "modelVersion": "gemini-y",
            "usageMetadata": {
                "promptTokenCount": 5,
                "toolUsePromptTokenCount": 2,
                "candidatesTokenCount": 3,
                "thoughtsTokenCount": 1,
            },
        }
    )
    assert metadata.model == "gemini-x"
    assert metadata.usage == Usage(7, 4, 0, 1)


def test_token_probabilities() -> None:
    def result(*words: str) -> dict[str, Any]:
        chosen = [{"token": each, "tokenId": 1, "logProbability": -0.5} for each in words]
        return {"chosenCandidates": chosen, "topCandidates": [{"candidates": chosen}]}

    source = GeminiSource()
    source.feed(says(text("["), logprobsResult=result("[")))
    assert source.metadata.tokens == [Token(CONTENT, b"[", -0.5, (("[", -0.5),))]
    source.feed(says(text("é1", thought=True), logprobsResult=result("é", "1")))
    assert source.metadata.tokens == [
        Token(REASONING, "é".encode(), -0.5),
        Token(REASONING, b"1", -0.5),
    ]
    source.feed(says(text("]")))
    assert source.metadata.tokens == []


def test_errors() -> None:
    error = {"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}
    with pytest.raises(ProviderError, match="overloaded") as caught:
        GeminiSource().feed(error)
    assert caught.value.code == "503"
    source = GeminiSource()
    assert source.feed({**says(text("a")), **error}) == [(CONTENT, "a")]
    for proceed in (source.finish, lambda: source.feed(None)):
        with pytest.raises(ProviderError, match="overloaded"):
            proceed()


BAD: dict[str, Any] = {
    "text": "a",
    "an object": SimpleNamespace(choices=[]),
    "candidates that are no list": {"candidates": {"content": {}}},
    "parts that are a text": {"candidates": [{"content": {"parts": "a"}}]},
    "a text that is none": says({"text": 3}),
    "arguments that are none": says(call("f", args=3)),
}


@pytest.mark.parametrize("name", BAD)
def test_unknown_shapes(name: str) -> None:
    with pytest.raises(ProviderError, match="unknown chunk"):
        GeminiSource().feed(BAD[name])
