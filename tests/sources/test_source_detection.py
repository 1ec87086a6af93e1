from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from source_runs import brief, chunk, read_all, says

from partialstream.deltas import AnswerMetadata, Channel
from partialstream.errors import ProviderError
from partialstream.sources.base import TextSource
from partialstream.sources.body import BodySource
from partialstream.sources.chat import ChatSource
from partialstream.sources.cohere import CohereSource
from partialstream.sources.detect import WrappedSource, source_for
from partialstream.sources.gemini import GeminiSource
from partialstream.sources.ollama import OllamaSource
from partialstream.sources.responses import ResponsesSource

ERROR = {"error": {"message": "busy"}}
FILTERED = {"id": "", "object": "", "model": "", "choices": [], "prompt_filter_results": []}

CHOICES: dict[str, tuple[Any, type]] = {
    "text": ("[", TextSource),
    "blank text": ("\n", TextSource),
    "bytes": (b"d", BodySource),
    "bytearray": (bytearray(b"data"), BodySource),
    "memoryview": (memoryview(b"data"), BodySource),
    "chat chunk": (says({"content": "a"}), ChatSource),
    "chat chunk without its object": ({"choices": []}, ChatSource),
    "filter results first": (FILTERED, ChatSource),
    "usage first": (chunk(usage={"prompt_tokens": 1}), ChatSource),
    "usage alone": ({"usage": {"prompt_tokens": 1}}, ChatSource),
    "object alone": ({"object": "chat.completion.chunk"}, ChatSource),
    "event of a response": ({"type": "response.created", "response": {}}, ResponsesSource),
    "event of a response not known": ({"type": "response.x"}, ResponsesSource),
    "sign of life": ({"type": "keepalive"}, ResponsesSource),
    "whole response": ({"object": "response", "usage": {"prompt_tokens": 1}}, ResponsesSource),
    "an event as an object": (SimpleNamespace(type="response.created"), ResponsesSource),
    "candidates": ({"candidates": []}, GeminiSource),
    "blocked prompt": ({"promptFeedback": {"blockReason": "SAFETY"}}, GeminiSource),
    "usage of Gemini alone": ({"usageMetadata": {"promptTokenCount": 1}}, GeminiSource),
    "candidates as an object": (SimpleNamespace(candidates=None), GeminiSource),
    "message of Ollama": ({"message": {"content": ""}, "done": False}, OllamaSource),
    "response of Ollama": ({"response": "", "done": False}, OllamaSource),
    "event of Cohere": ({"type": "message-start", "id": "x"}, CohereSource),
    "chunk in a wrapper": ({"data": {"choices": []}}, WrappedSource),
    "error alone": (ERROR, ChatSource),
    "an object": (SimpleNamespace(choices=[], usage=None), ChatSource),
}


@pytest.mark.parametrize("name", CHOICES)
@pytest.mark.parametrize("leading", [[], [None], ["", None], [b""], [None, bytearray()]])
def test_the_first_chunk_that_tells_decides(name: str, leading: list[Any]) -> None:
    first, expected = CHOICES[name]
    metadata = AnswerMetadata()
    source = source_for([*leading, first][0], metadata)
    assert source.metadata is metadata
    for each in leading:
        assert source.feed(each) == []
    if first is ERROR:
        with pytest.raises(ProviderError, match="busy"):
            source.feed(first)
    else:
        source.feed(first)
    if leading:
        source = source._source  # type: ignore[attr-defined]  # what it has become
    assert type(source) is expected
    assert source.metadata is metadata


@pytest.mark.parametrize("nothing", [None, "", b""])
def test_a_stream_of_nothing(nothing: Any) -> None:
    assert read_all(source_for(nothing), [nothing, None]) == []


def test_an_undecided_source_reads_on_and_finishes() -> None:
    source = source_for(None)
    call = {"index": 0, "function": {"name": "f"}}
    chunks = [None, says({"tool_calls": [call]}), None]
    assert brief(read_all(source, chunks)) == {("tool", (0, 0)): "{}"}


UNKNOWN: dict[str, tuple[Any, str]] = {
    "a number": (3, "a int"),
    "an empty dict": ({}, "an empty dict"),
    "a request": ({"model": "m", "api_key": "sk-secret"}, "a dict with model, api_key"),
    "an event of another kind": ({"type": "x.y", "a": 1}, "a dict with type='x.y', a"),
    "many members": ({str(n): n for n in range(20)}, "8 more"),
    "an object": (SimpleNamespace(api_key="sk-secret"), "a types.SimpleNamespace"),
    "a class": (SimpleNamespace, "a type"),
    "a list": ([1, 2], "a list"),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_unknown_chunks_are_named_without_their_secrets(name: str) -> None:
    given, shown = UNKNOWN[name]
    for source in (source_for, source_for(None).feed):
        with pytest.raises(ProviderError) as caught:
            source(given)
        message = str(caught.value)
        assert message.startswith("unknown chunk: ")
        assert shown in message
        assert "secret" not in message
        assert len(message) < 300
        assert caught.value.chunk is given


def test_a_chat_source_refuses_other_chunks_later() -> None:
    source = source_for(says({"content": "a"}))
    source.feed(says({"content": "a"}))
    for other in ("text", b"bytes", 3):
        with pytest.raises(ProviderError, match="unknown chunk"):
            source.feed(other)


class TestTextSource:
    def test_texts_are_given_as_they_come(self) -> None:
        source = TextSource()
        content = Channel("content")
        deltas = [source.feed(chunk) for chunk in ("a", None, "", "\n", "b")]
        assert deltas == [[(content, "a")], [], [], [(content, "\n")], [(content, "b")]]
        assert source.finish() == []

    def test_halves_of_a_surrogate_pair_are_joined(self) -> None:
        deltas = read_all(TextSource(), ["a\ud83d", "", "\ude00", "😀", "\ud83d"])
        assert "".join(text for _, text in deltas) == "a😀😀\ud83d"
        assert [text for _, text in deltas] == ["a", "😀", "😀", "\ud83d"]

    @pytest.mark.parametrize("other", [b"a", 3, {"choices": []}])
    def test_other_chunks_are_refused(self, other: Any) -> None:
        with pytest.raises(ProviderError, match="expected a str"):
            TextSource().feed(other)
