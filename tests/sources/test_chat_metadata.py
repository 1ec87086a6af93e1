from __future__ import annotations

from typing import Any

import pytest
from source_runs import choice, chunk, read_all, says

from partialstream.sources.chat import ChatSource
from partialstream.usage import Usage

STOP = says({}, "stop")
USAGE = {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}


FINISH_REASONS: dict[str, tuple[list[Any], str | None]] = {
    "given": ([STOP], "stop"),
    "absent": ([says({"content": "a"})], None),
    "repeated": ([says({}, "tool_calls"), says({}, "tool_calls")], "tool_calls"),
    "empty or the word null before": ([says({"content": "a"}, ""), says({}, "null"), STOP], "stop"),
    "a null afterwards": ([STOP, says({"content": ""}), chunk(usage=USAGE)], "stop"),
    "a cut stands": ([says({}, "length"), says({}, "stop")], "length"),
    "a cut of another choice": (
        [chunk(choice({}, 0, "length")), chunk(choice({}, 1, "stop"))],
        "length",
    ),
    "a cut of a later choice": (
        [chunk(choice({}, 0, "stop"), choice({}, 1, "length"))],
        "length",
    ),
}


@pytest.mark.parametrize("name", FINISH_REASONS)
def test_finish_reason(name: str) -> None:
    chunks, expected = FINISH_REASONS[name]
    source = ChatSource()
    read_all(source, chunks)
    assert source.metadata.finish_reason == expected


DETAILS = {
    "prompt_tokens": 7,
    "completion_tokens": 5,
    "prompt_tokens_details": {"cached_tokens": 3},
    "completion_tokens_details": {"reasoning_tokens": 2},
}

USAGES: dict[str, tuple[list[Any], Usage | None]] = {
    "absent": ([says({}, "stop", usage=None)], None),
    "empty": ([says({}, usage={})], None),
    "alone": ([STOP, chunk(usage=USAGE)], Usage(7, 2)),
    "in the finish chunk": ([says({}, "stop", usage=USAGE)], Usage(7, 2)),
    "beside text": ([says({"content": "a"}), says({"content": "b"}, usage=USAGE)], Usage(7, 2)),
    "with details": ([chunk(usage=DETAILS)], Usage(7, 5, 3, 2)),
    "details null": ([chunk(usage={**USAGE, "prompt_tokens_details": None})], Usage(7, 2)),
    "cumulative": (
        [says({"content": "a"}, usage={**USAGE, "completion_tokens": n}) for n in (1, 2, 3)],
        Usage(7, 3),
    ),
    "x_groq": ([says({}, "stop", x_groq={"id": "r", "usage": USAGE})], Usage(7, 2)),
    "cached by other names": ([chunk(usage={**USAGE, "cached_tokens": 4})], Usage(7, 2, 4)),
    "reasoning by another place": (
        [chunk(usage={**USAGE, "reasoning_tokens": 1})],
        Usage(7, 2, 0, 1),
    ),
    "no figures": ([chunk(usage={"prompt_tokens": None, "completion_tokens": float("nan")})], None),
}


@pytest.mark.parametrize("name", USAGES)
def test_usage(name: str) -> None:
    chunks, expected = USAGES[name]
    source = ChatSource()
    read_all(source, chunks)
    assert source.metadata.usage == expected


def test_what_the_metadata_holds() -> None:
    source = ChatSource()
    chunks = [
        {**chunk(), "id": "", "model": "", "object": "", "prompt_filter_results": [{"a": 1}]},
        says({"reasoning": "t", "content": "a"}, service_tier="default", system_fingerprint=""),
        says({"reasoning": "u", "refusal": "No"}),
        {**says({"refusal": "."}, "stop"), "id": "chatcmpl-2", "model": "other"},
    ]
    read_all(source, chunks)
    metadata = source.metadata
    assert (metadata.request_id, metadata.model) == ("chatcmpl-1", "test-model")
    assert (metadata.reasoning, metadata.refusal) == ("tu", "No.")
    assert metadata.extra == {"prompt_filter_results": [{"a": 1}], "service_tier": "default"}
    assert metadata.filter_reason is None
    assert not metadata.terminated


HATE = {"hate": {"filtered": True, "severity": "high"}, "violence": {"filtered": False}}

FILTERS: dict[str, tuple[dict[str, Any], str | None]] = {
    "none": (says({"content": "a"}), None),
    "the word alone": (says({}, "content_filter"), "content_filter"),
    "the word with a reason": (
        says({}, "content_filter: RECITATION"),
        "content_filter: RECITATION",
    ),
    "with categories": (
        chunk(choice({}, finish_reason="content_filter", content_filter_results=HATE)),
        "hate (high)",
    ),
    "of the prompt": (
        chunk(prompt_filter_results=[{"content_filter_results": HATE}]),
        "prompt: hate (high)",
    ),
    "nothing filtered": (
        chunk(choice({"content": "a"}, content_filter_results={"hate": {"filtered": False}})),
        None,
    ),
    "results of another shape": (
        chunk(choice({}, content_filter_results=[1]), prompt_filter_results={"a": 1}),
        None,
    ),
}


@pytest.mark.parametrize("name", FILTERS)
def test_content_filter(name: str) -> None:
    given, expected = FILTERS[name]
    source = ChatSource()
    read_all(source, [given])
    assert source.metadata.filter_reason == expected


def test_reasoning_adds_up_exactly() -> None:
    source = ChatSource()
    for number in range(1000):
        source.feed(says({"reasoning": str(number)}))
    assert source.metadata.reasoning == "".join(map(str, range(1000)))
