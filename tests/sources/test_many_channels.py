"""Many tool calls, choices or content blocks in one answer: the work for each stays the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anthropic_events as anthropic
import gemini_chunks as gemini
import pytest
import responses_events as responses
from growth import LINEAR, growth
from source_runs import call, calls, choice, chunk
from wire_sequences import adds, cohere, completions, converse

from partialstream.deltas import AnswerMetadata
from partialstream.sources.detect import source_for

if TYPE_CHECKING:
    from collections.abc import Callable

COUNT = 4000

LOGPROBS = [{"token": "x", "logprob": -0.5}]
TOLD = {"content": LOGPROBS}

Chunks = "Iterator[Any]"


def chat_choices(count: int) -> Chunks:
    for index in range(count):
        yield chunk(choice({"content": "x"}, index, logprobs=TOLD))


def chat_choices_at_once(count: int) -> Chunks:
    yield chunk(*(choice({"content": "x"}, index, logprobs=TOLD) for index in range(count)))


def completions_at_once(count: int) -> Chunks:
    texts = [{"index": index, "text": "x", "logprobs": TOLD} for index in range(count)]
    yield completions("") | {"choices": texts}


def chat_calls(count: int) -> Chunks:
    for index in range(count):
        yield calls(call("{}", index=index, id=f"id-{index}", name="f"))


def chat_calls_at_once(count: int) -> Chunks:
    yield calls(*(call("{}", index=index, id=f"id-{index}", name="f") for index in range(count)))


def chat_calls_at_one_index(count: int) -> Chunks:
    for number in range(count):
        yield calls(call("{}", id=f"id-{number}", name="f"))


def chat_calls_without_index(count: int) -> Chunks:
    for number in range(count):
        yield calls(call("{}", index=None, id=f"id-{number}", name="f"))


def chat_calls_without_arguments(count: int) -> Chunks:
    for index in range(count):
        yield calls(call(index=index, id=f"id-{index}", name="f"))


def anthropic_texts(count: int) -> Chunks:
    for index in range(count):
        yield anthropic.begins(index, "text", text="x")
        yield anthropic.ends(index)


def anthropic_texts_at_one_index(count: int) -> Chunks:
    for _ in range(count):
        yield anthropic.begins(0, "text", text="x")


def anthropic_texts_without_index(count: int) -> Chunks:
    for _ in range(count):
        yield anthropic.begins(None, "text", text="x")


def anthropic_texts_at_taken_indexes(count: int) -> Chunks:
    yield from anthropic_texts_at_one_index(count // 2)
    for index in range(count // 2):
        yield anthropic.begins(index, "text", text="x")


def anthropic_texts_numbered_down_to_none(count: int) -> Chunks:
    for index in range(count, count // 2, -1):
        yield anthropic.begins(index, "text", text="x")
    yield from anthropic_texts_without_index(count // 2)


def anthropic_calls(count: int) -> Chunks:
    yield anthropic.started()
    for index in range(count):
        yield anthropic.calls(index, "f")
        yield anthropic.ends(index)
    yield anthropic.STOP


def anthropic_whole(count: int) -> Chunks:
    content = [{"type": "text", "text": "x"}] * count
    yield anthropic.started()["message"] | {"content": content, "stop_reason": "end_turn"}


def bedrock_texts(count: int) -> Chunks:
    for index in range(count):
        yield adds(index, text="x")
        yield adds(index, text="x")


def bedrock_counted_deltas(count: int) -> Chunks:
    for index in range(count):
        yield adds(index, text="x")
        yield converse("contentBlockStop", contentBlockIndex=index)


def bedrock_text_and_reasoning(count: int) -> Chunks:
    for index in range(0, count, 2):
        yield adds(index, text="x")
        yield adds(index + 1, reasoningContent={"text": "x"})


def bedrock_calls_at_one_index(count: int) -> Chunks:
    for number in range(count):
        use = {"toolUseId": f"id-{number}", "name": "f"}
        yield converse("contentBlockStart", contentBlockIndex=0, start={"toolUse": use})


def gemini_candidates_at_once(count: int) -> Chunks:
    logprobs = {"chosenCandidates": [{"token": "x", "logProbability": -0.5}]}
    each = gemini.candidate(gemini.text("x"), logprobsResult=logprobs)
    yield {"candidates": [each | {"index": index} for index in range(count)]}


def gemini_calls(count: int) -> Chunks:
    for _ in range(count):
        yield gemini.says(gemini.call("f", args={"q": 1}))


def gemini_calls_at_once(count: int) -> Chunks:
    yield gemini.says(*(gemini.call("f", args={"q": 1}) for _ in range(count)))


def gemini_streamed_calls(count: int) -> Chunks:
    for number in range(count):
        yield gemini.says(gemini.call(f"f-{number}", willContinue=True))


def ollama_calls(count: int) -> Chunks:
    message = {"tool_calls": [{"function": {"name": "f", "arguments": {}}}]}
    for _ in range(count):
        yield {"model": "m", "message": message, "done": False}


def cohere_calls(count: int) -> Chunks:
    for index in range(count):
        use = {"id": f"id-{index}", "function": {"name": "f", "arguments": "{}"}}
        yield cohere("tool-call-start", index, tool_calls=use)


def cohere_calls_at_one_index(count: int) -> Chunks:
    for number in range(count):
        use = {"id": f"id-{number}", "function": {"name": "f", "arguments": "{}"}}
        yield cohere("tool-call-start", 0, tool_calls=use)


def cohere_texts(count: int) -> Chunks:
    for index in range(count):
        yield cohere("content-delta", index, content={"text": "x"})


def responses_items(count: int) -> Chunks:
    for index in range(count):
        yield responses.added(responses.call(id=f"id-{index}"), index)
        yield responses.arguments("{}", index, item_id=f"id-{index}")
        yield responses.done(responses.call(arguments="{}", id=f"id-{index}"), index)


def responses_items_at_one_index(count: int) -> Chunks:
    for number in range(count):
        yield responses.added(responses.call(id=f"id-{number}"), 0)


def responses_items_without_index(count: int) -> Chunks:
    for number in range(count):
        yield responses.added(responses.call(id=f"id-{number}"), None)


def responses_items_numbered_from_the_middle(count: int) -> Chunks:
    for index in range(count // 2, count):
        yield responses.added(responses.call(id=f"id-{index}"), index)
    yield from responses_items_without_index(count // 2)


def responses_parts(count: int) -> Chunks:
    for part in range(count):
        yield responses.text("x", 0, part, item_id="msg_1")


def responses_parts_told_again(count: int) -> Chunks:
    for part in range(count):
        yield responses.event(
            "reasoning_text.delta", delta="x", output_index=0, content_index=part, item_id="msg_1"
        )
    yield responses.done(responses.message(*["x"] * count, id="msg_1"))


def responses_whole(count: int) -> Chunks:
    texts = [responses.message("x", id=f"id-{index}") for index in range(count // 2)]
    uses = [responses.call(arguments="{}", id=f"call-{index}") for index in range(count // 2)]
    for each in texts:
        each["content"][0]["logprobs"] = LOGPROBS
    yield responses.response("completed", *texts, *uses)


def responses_whole_after_its_items(count: int) -> Chunks:
    yield from responses_items(count)
    uses = [responses.call(arguments="{}", id=f"id-{index}") for index in range(count)]
    yield responses.ends("completed", *uses)


def responses_that_end_again(count: int) -> Chunks:
    for index in range(count):
        yield responses.added(responses.call(id=f"id-{index}"), index)
        yield responses.ends("completed", responses.call(arguments="{}", id=f"id-{index}"))


MANY: list[Callable[[int], Chunks]] = [
    chat_choices,
    chat_choices_at_once,
    completions_at_once,
    chat_calls,
    chat_calls_at_once,
    chat_calls_at_one_index,
    chat_calls_without_index,
    chat_calls_without_arguments,
    anthropic_texts,
    anthropic_texts_at_one_index,
    anthropic_texts_without_index,
    anthropic_texts_at_taken_indexes,
    anthropic_texts_numbered_down_to_none,
    anthropic_calls,
    anthropic_whole,
    bedrock_texts,
    bedrock_counted_deltas,
    bedrock_text_and_reasoning,
    bedrock_calls_at_one_index,
    gemini_candidates_at_once,
    gemini_calls,
    gemini_calls_at_once,
    gemini_streamed_calls,
    ollama_calls,
    cohere_calls,
    cohere_calls_at_one_index,
    cohere_texts,
    responses_items,
    responses_items_at_one_index,
    responses_items_without_index,
    responses_items_numbered_from_the_middle,
    responses_parts,
    responses_parts_told_again,
    responses_whole,
    responses_whole_after_its_items,
    responses_that_end_again,
]


@pytest.mark.parametrize("make", MANY)
def test_linear(make: Any) -> None:
    def reading(count: int) -> Callable[[], None]:
        chunks = list(make(count))

        def run() -> None:
            source = source_for(chunks[0], AnswerMetadata(channels_allowed=10_000_000))
            for each in chunks:
                source.feed(each)
            source.finish()

        return run

    assert growth(reading, COUNT) <= LINEAR


# How many channels have come of 20, where that is not 20.
CHANNELS = {
    bedrock_counted_deltas: 1,
    bedrock_calls_at_one_index: 19,  # the last one may have been cut off
    gemini_streamed_calls: 19,
    responses_items_at_one_index: 0,  # all of them
    responses_items_without_index: 0,
    responses_items_numbered_from_the_middle: 0,
    responses_parts_told_again: 40,  # reasoning and content
}


@pytest.mark.parametrize("make", MANY)
def test_each_has_a_channel_of_its_own(make: Any) -> None:
    chunks = list(make(20))
    source = source_for(chunks[0], AnswerMetadata(channels_allowed=10_000_000))
    deltas = [delta for each in chunks for delta in source.feed(each)] + source.finish()
    assert len({channel for channel, _ in deltas}) == CHANNELS.get(make, 20)
