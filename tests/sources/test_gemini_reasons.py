"""Gemini's reasons as numbers: the same as by name, and none of them lost."""

from __future__ import annotations

import json
import random
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from extras import needs
from gemini_chunks import says, text
from source_runs import brief, read_all

from partialstream import stream_items
from partialstream.errors import PartialStreamError, ProviderError, RefusalError
from partialstream.sources.detect import source_for
from partialstream.sources.gemini import GeminiSource

RECORDINGS = Path(__file__).resolve().parents[2].parent / "shared" / "streams-odd"

VERTEX_AI = {
    1: "STOP",
    2: "MAX_TOKENS",
    3: "SAFETY",
    4: "RECITATION",
    5: "OTHER",
    6: "BLOCKLIST",
    7: "PROHIBITED_CONTENT",
    8: "SPII",
    9: "MALFORMED_FUNCTION_CALL",
    10: "MODEL_ARMOR",
    11: "IMAGE_SAFETY",
    12: "IMAGE_PROHIBITED_CONTENT",
    13: "IMAGE_RECITATION",
    14: "IMAGE_OTHER",
    15: "UNEXPECTED_TOOL_CALL",
    16: "NO_IMAGE",
}
GEMINI_API = {
    1: "STOP",
    2: "MAX_TOKENS",
    3: "SAFETY",
    4: "RECITATION",
    5: "OTHER",
    6: "LANGUAGE",
    7: "BLOCKLIST",
    8: "PROHIBITED_CONTENT",
    9: "SPII",
    10: "MALFORMED_FUNCTION_CALL",
    11: "IMAGE_SAFETY",
    12: "UNEXPECTED_TOOL_CALL",
}
BLOCKED = {
    1: "SAFETY",
    2: "OTHER",
    3: "BLOCKLIST",
    4: "PROHIBITED_CONTENT",
    5: "MODEL_ARMOR",
    6: "JAILBREAK",
}

HUGE = 10**5_000  # more digits than Python writes


def ends(answer: list[Any]) -> tuple[list[int], str, str | None, type[BaseException] | None]:
    """The items, the status and the finish reason, and the error."""
    found: list[int] = []
    stream = stream_items(int, answer)
    error: type[BaseException] | None = None
    try:
        for each in stream:
            found.append(each)  # noqa: PERF402  those ahead of an error count
    except PartialStreamError as raised:
        error = type(raised)
    assert stream.outcome is not None
    return found, stream.outcome.status, stream.metadata.finish_reason, error


@pytest.mark.parametrize("document", ["[1,2]", "[1,2"])
@pytest.mark.parametrize("as_float", [False, True])
@pytest.mark.parametrize(
    ("number", "name", "members"),
    [
        *((number, name, {}) for number, name in VERTEX_AI.items()),
        *((number, name, {"tokenCount": 0}) for number, name in GEMINI_API.items()),
        *((number, name, {"token_count": 7}) for number, name in GEMINI_API.items()),
    ],
)
def test_a_number_ends_an_answer_as_its_name_does(
    number: int, name: str, members: dict[str, Any], as_float: bool, document: str
) -> None:
    said: Any = float(number) if as_float else number
    by_number = [says(text(document)), says(finishReason=said, **members)]
    by_name = [says(text(document)), says(finishReason=name, **members)]
    expected = ends(by_name)
    assert expected[2] == name
    assert ends(by_number) == expected
    assert ends([json.dumps(by_number).encode()]) == expected
    snake = [by_number[0], {"candidates": [{"finish_reason": said, **members}]}]
    assert ends(snake) == expected


@pytest.mark.parametrize("number", [3, 4, 6, 7, 8, 10, 11, 12, 13])
def test_a_filter_is_no_success(number: int) -> None:
    assert ends([says(text("[1,2]")), says(finishReason=number)])[1::2] == (
        "filtered",
        RefusalError,
    )


@pytest.mark.parametrize("number", [17, 99, -1, 1.5, 10**30, pytest.param(HUGE, id="huge")])
def test_an_unknown_number_is_no_success(number: Any) -> None:
    source = GeminiSource()
    assert brief([*source.feed(says(text("[1,2]"), finishReason=number))]) == {
        ("content", 0): "[1,2]"
    }
    with pytest.raises(ProviderError, match="unknown finishReason") as caught:
        source.finish()
    assert source.metadata.finish_reason == caught.value.code
    if number != HUGE:
        assert caught.value.code == str(number)
    items, status, _, error = ends([says(text("[1,2]")), says(finishReason=number)])
    assert (items, error) == ([1, 2], ProviderError)
    assert status != "complete"


@pytest.mark.parametrize("nothing", [0, 0.0, None, "", "FINISH_REASON_UNSPECIFIED"])
def test_no_reason(nothing: Any) -> None:
    source = GeminiSource()
    read_all(source, [says(text("[1,2]"), finishReason=nothing)])
    assert source.metadata.finish_reason is None


def test_an_unknown_word_is_kept() -> None:
    source = GeminiSource()
    read_all(source, [says(text("[1,2]"), finishReason="UNHEARD_OF")])
    assert source.metadata.finish_reason == "UNHEARD_OF"


@pytest.mark.parametrize("number", [*BLOCKED, 7, 99])
def test_why_a_prompt_was_blocked(number: int) -> None:
    source = GeminiSource()
    read_all(source, [{"promptFeedback": {"blockReason": number}}])
    assert source.metadata.filter_reason == BLOCKED.get(number, str(number))
    answer = [{"prompt_feedback": {"block_reason": number}}]
    assert ends(answer)[1::2] == ("filtered", RefusalError)


def test_no_block() -> None:
    source = GeminiSource()
    read_all(source, [says(text("[1]"), finishReason=1) | {"promptFeedback": {"blockReason": 0}}])
    assert source.metadata.filter_reason is None


@pytest.mark.filterwarnings("ignore")  # the SDKs warn of what they will not support any longer
@pytest.mark.parametrize(
    ("package", "names"),
    [
        pytest.param(package, names, marks=needs("providers", package))
        for package, names in (
            ("google.ai.generativelanguage", GEMINI_API),
            ("google.cloud.aiplatform_v1.types", VERTEX_AI),
        )
    ],
)
def test_what_the_older_sdks_write(package: str, names: dict[int, str]) -> None:
    module = import_module(package)
    known = [each for each in module.Candidate.FinishReason if each.value]
    assert {each.value: each.name for each in known}.items() <= names.items()
    for each in known:
        candidate = module.Candidate(finish_reason=each)
        answer = module.GenerateContentResponse(candidates=[candidate])
        for chunk in (answer, type(answer).to_dict(answer)):
            source = source_for(chunk)
            read_all(source, [chunk])
            assert source.metadata.finish_reason == each.name
    unknown = module.GenerateContentResponse(candidates=[module.Candidate(finish_reason=99)])
    with pytest.raises(ProviderError, match="unknown finishReason 99"):
        GeminiSource().feed(unknown)


def test_a_recorded_body() -> None:
    path = RECORDINGS / "gemini-finish-reason-as-number-5.jsonarray"
    if not path.is_file():
        pytest.skip(f"the recorded streams are not at {RECORDINGS}")
    body = path.read_bytes()
    chance = random.Random(1)
    for count in (0, 1, 10, 100):
        at = sorted(chance.choices(range(1, len(body)), k=count))
        reads = [body[a:b] for a, b in zip([0, *at], [*at, len(body)], strict=True) if a < b]
        source = source_for(reads[0])
        assert brief(read_all(source, reads))["content", 0].startswith("I told my wife")
        assert source.metadata.finish_reason == "STOP"
    unsafe = body.replace(b'"finishReason": 1', b'"finishReason": 3')
    assert ends([unsafe])[1::2] == ("filtered", RefusalError)
