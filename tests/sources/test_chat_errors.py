from __future__ import annotations

from typing import Any

import pytest
from source_runs import brief, choice, chunk, says, texts

from partialstream.deltas import Channel
from partialstream.errors import ProviderError
from partialstream.sources.chat import ChatSource
from partialstream.usage import Usage

CONTENT = ("content", 0)
USAGE = {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}


ERRORS: dict[str, tuple[dict[str, Any], str, str | None]] = {
    "alone": ({"error": {"message": "busy", "code": 503}}, "busy", "503"),
    "with a type": (
        {"error": {"message": "busy", "type": "server_error", "code": None}},
        "busy",
        "server_error",
    ),
    "as text": ({"error": "busy"}, "busy", None),
    "as a flag": ({"error": True, "message": "busy"}, "busy", None),
    "beside no choices": (chunk(error={"message": "busy"}), "busy", None),
    "beside choices": (
        chunk(
            choice({"content": ""}, finish_reason="error"), error={"message": "busy", "code": "x"}
        ),
        "busy",
        "x",
    ),
    "in a choice": (chunk(choice({}, error={"message": "busy", "code": 502})), "busy", "502"),
    "told by the finish reason alone": (says({}, "error"), "finish_reason 'error'", None),
    "as an object of its own": (
        {"object": "error", "message": "busy", "code": 50001},
        "busy",
        "50001",
    ),
    "by type": ({"type": "error", "message": "busy"}, "busy", "error"),
    "members only": ({"message": "busy", "status": 429}, "busy", "429"),
    "detail": ({"detail": "busy"}, "busy", None),
    "of another shape": ({"error": {"reason": 7}}, "'reason': 7", None),
    "x_groq": (chunk(x_groq={"id": "r", "error": "busy"}), "busy", None),
    "no list of choices": ({"choices": "abc"}, "unknown chunk: the text 'abc'", None),
    "no choice": (chunk(3), "unknown chunk: a int", None),  # type: ignore[arg-type]  # what is tested
    "no delta": (says("abc"), "unknown chunk: the text 'abc'", None),
    "no content": (says({"content": 3.5}), "unknown chunk: a float", None),
    "no part": (says({"content": [7]}), "unknown chunk: a int", None),
    "no refusal": (says({"refusal": ["a"]}), "unknown chunk: a list", None),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    given, message, code = ERRORS[name]
    source = ChatSource()
    assert brief(source.feed(says({"content": "a"}))) == {CONTENT: "a"}
    with pytest.raises(ProviderError, match=message) as caught:
        source.feed(given)
    assert caught.value.code == code
    assert caught.value.chunk is not None


@pytest.mark.parametrize(
    "given",
    [
        says({"content": "a"}, error={"message": "busy"}, usage=USAGE),
        says({"content": "a"}, "error", error={"message": "busy"}, usage=USAGE),
        chunk(choice({"content": "a"}, error={"message": "busy"}), usage=USAGE),
        chunk(choice({"content": "a"}, finish_reason="error", error="busy"), usage=USAGE),
    ],
)
def test_text_beside_an_error_is_given_first(given: dict[str, Any]) -> None:
    source = ChatSource()
    source.feed(says({"role": "assistant"}))
    assert texts(source.feed(given)) == {Channel("content"): "a"}
    assert source.metadata.usage == Usage(7, 2)
    for _ in range(2):
        with pytest.raises(ProviderError, match="busy"):
            source.feed(says({"content": "b"}))
    with pytest.raises(ProviderError, match="busy"):
        source.finish()


@pytest.mark.parametrize("error", [None, "", {}, False, []])
def test_an_empty_error_member_is_none(error: Any) -> None:
    assert brief(ChatSource().feed(says({"content": "a"}, error=error))) == {CONTENT: "a"}
