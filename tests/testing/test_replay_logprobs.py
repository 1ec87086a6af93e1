"""Scripted probabilities of tokens, as OpenAI's APIs tell them."""

from __future__ import annotations

import math
from typing import Any

import openai
import pytest
from pydantic import BaseModel

import partialstream
from partialstream.testing import Answer, ReplayServer, ToolCall, faults

MESSAGES: Any = [{"role": "user", "content": "list two lamps"}]
TEXT = '{"items":[{"name":"Lamp"}]}'
PIECES = ['{"items":[{"name":"', "La", "", "mp", '"}]}']
NUMBERS = [0.0, -0.5, -9.0, -0.25, -0.125]
TOLD = [(text, number) for text, number in zip(PIECES, NUMBERS, strict=True) if text]
TOOLS: Any = [{"type": "function", "function": {"name": "t", "parameters": {}}}]


def asked(answer: Answer, **options: Any) -> list[Any]:
    """The `logprobs` of each choice of each chunk."""
    with (
        ReplayServer(answer) as server,
        openai.OpenAI(base_url=server.base_url, api_key="test") as client,
    ):
        chunks: Any = client.chat.completions.create(
            model="m", messages=MESSAGES, **{"stream": True, "logprobs": True, **options}
        )
        if "stream" in options:
            return [choice.logprobs for choice in chunks.choices]
        return [choice.logprobs for chunk in chunks for choice in chunk.choices]


def told(found: list[Any]) -> list[tuple[str, float]]:
    return told_by([entry for logprobs in found if logprobs for entry in logprobs.content])


def told_by(entries: list[Any]) -> list[tuple[str, float]]:
    assert all(bytes(entry.bytes).decode() == entry.token for entry in entries)
    return [(entry.token, entry.logprob) for entry in entries]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("logprobs", "expected"),
    [
        (NUMBERS, TOLD),
        (lambda text: -len(text) / 4, [(text, -len(text) / 4) for text in PIECES if text]),
        (None, []),
    ],
)
def test_each_delta_is_a_token(logprobs: Any, expected: Any, stream: bool) -> None:
    options = {} if stream else {"stream": False}
    found = asked(Answer(pieces=PIECES, logprobs=logprobs), **options)
    assert told(found) == expected
    if stream and expected:
        # The opening, an empty delta and the end have none.
        assert [each is not None for each in found] == [False, True, True, False, True, True, False]


def test_alternatives_come_if_they_are_asked_for() -> None:
    answer = Answer(pieces=PIECES, logprobs=NUMBERS)
    for options, count in [({}, 0), ({"top_logprobs": 5}, 1)]:
        entries = [each.content[0] for each in asked(answer, **options) if each]
        assert [len(entry.top_logprobs) for entry in entries] == [count] * 4
        alternatives = [(top.token, top.logprob) for e in entries for top in e.top_logprobs]
        assert alternatives == TOLD * count


@pytest.mark.parametrize("stream", [True, False])
def test_scripted_alternatives_come_with_the_delta_the_likeliest_first(stream: bool) -> None:
    others = {"La": {"Ta": -3.0, "Ca": -0.25, "Da": -2.0}, "mp": {}}
    answer = Answer(pieces=PIECES, logprobs=NUMBERS, alternatives=others.get)
    for count in range(1, 6):
        options = {"top_logprobs": count} if stream else {"top_logprobs": count, "stream": False}
        entries = [entry for each in asked(answer, **options) if each for entry in each.content]
        assert told_by(entries) == TOLD
        tops = [told_by(entry.top_logprobs) for entry in entries]
        ranking = [("Ca", -0.25), ("La", -0.5), ("Da", -2.0), ("Ta", -3.0)]
        assert tops == [TOLD[:1], ranking[:count], TOLD[2:3], TOLD[3:]]


@pytest.mark.parametrize(
    ("answer", "options"),
    [
        (Answer(pieces=PIECES, logprobs=NUMBERS), {"logprobs": False}),
        (Answer(pieces=PIECES, logprobs=NUMBERS), {"tools": TOOLS}),
        (Answer(tool_calls=[ToolCall("t", TEXT)], logprobs=lambda text: -1.0), {}),
        (Answer(refusal="no", reasoning="hm", logprobs=lambda text: -1.0), {}),
    ],
)
def test_who_does_not_ask_is_told_nothing_and_of_calls_nobody(
    answer: Answer, options: dict[str, Any]
) -> None:
    assert not any(asked(answer, **options))


def test_a_cut_answer_and_reasoning_before_it() -> None:
    answer = Answer(
        pieces=PIECES, logprobs=NUMBERS, reasoning="hm, let me", fault=faults.LengthCut(5)
    )
    assert told(asked(answer)) == TOLD[:2]


def test_choices_by_a_function() -> None:
    answer = Answer(choices=["aaaaaa", "b"], logprobs=lambda text: -len(text))
    assert told(asked(answer)) == [("aaaa", -4), ("b", -1), ("aa", -2)]
    first, second = asked(answer, stream=False)
    assert (told([first]), told([second])) == ([("aaaa", -4), ("aa", -2)], [("b", -1)])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"text": TEXT, "logprobs": [-1.0]}, "7 deltas have 7 logprobs, not 1"),
        ({"pieces": ["a", "b"], "logprobs": [-1.0]}, "2 deltas have 2 logprobs, not 1"),
        ({"choices": ["a", "b"], "logprobs": [-1.0]}, "choices take a function"),
        ({"text": TEXT, "alternatives": {}.get}, "alternatives are sent beside logprobs"),
        ({"recorded": b"", "logprobs": lambda text: -1.0}, "a recording stays as it is"),
    ],
)
def test_numbers_that_do_not_fit(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Answer(**options)


def test_an_answer_with_logprobs_is_a_value() -> None:
    assert Answer("abcd", logprobs=[-1.0]) == Answer("abcd", logprobs=(-1.0,))
    assert len({Answer("abcd", logprobs=[-1.0]), Answer("abcd", logprobs=(-1.0,))}) == 1


def test_items_have_the_confidence_that_was_scripted() -> None:
    class Product(BaseModel):
        name: str

    with (
        ReplayServer(Answer(pieces=PIECES, logprobs=NUMBERS)) as server,
        openai.OpenAI(base_url=server.base_url, api_key="test") as sdk,
    ):
        client = partialstream.from_openai(sdk)
        (item,) = client.create_iterable(
            response_model=Product, model="m", messages=MESSAGES, logprobs=True
        ).detailed()
    assert item.value == Product(name="Lamp")
    assert item.confidence == {("name",): pytest.approx(math.exp(-0.75))}


INCLUDE: Any = ["message.output_text.logprobs"]


@pytest.mark.parametrize("count", [0, 2])
def test_of_a_response_every_copy_of_a_text_has_them(count: int) -> None:
    answer = Answer(pieces=PIECES, logprobs=NUMBERS, alternatives={"La": {"Ca": -0.25}}.get)
    with (
        ReplayServer(answer, repeat=True) as server,
        openai.OpenAI(base_url=server.base_url, api_key="test") as client,
    ):
        more = {"include": INCLUDE, "top_logprobs": count}
        asked: dict[str, Any] = {"model": "m", "input": "x", **more}
        events: Any = [*client.responses.create(stream=True, **asked)]
        whole: Any = client.responses.create(**asked)
        silent: Any = client.responses.create(model="m", input="x", top_logprobs=2)
    pieces = [event.logprobs for event in events if event.type == "response.output_text.delta"]
    assert [len(each) for each in pieces] == [1, 1, 0, 1, 1]
    (done,) = [event.logprobs for event in events if event.type == "response.output_text.done"]
    for entries in ([entry for each in pieces for entry in each], done):
        assert [(entry.token, entry.logprob) for entry in entries] == TOLD
    for response in (events[-1].response, whole):
        (content,) = response.output[0].content
        assert told_by(content.logprobs) == TOLD
        tops = [told_by(entry.top_logprobs) for entry in content.logprobs]
        ranking = [("Ca", -0.25), ("La", -0.5)][:count]
        one = min(count, 1)
        assert tops == [TOLD[:one], ranking, TOLD[2 : 2 + one], TOLD[3 : 3 + one]]
    assert silent.output[0].content[0].logprobs == []


@pytest.mark.parametrize("extra", [{"tools": [{"type": "function", "name": "t"}]}, {}])
def test_of_a_response_calls_and_refusals_have_none(extra: dict[str, Any]) -> None:
    answer = Answer(**({"text": TEXT} if extra else {"refusal": "no"}), logprobs=lambda text: -1.0)
    with (
        ReplayServer(answer) as server,
        openai.OpenAI(base_url=server.base_url, api_key="test") as client,
    ):
        asked: dict[str, Any] = {"model": "m", "input": "x", "include": INCLUDE, **extra}
        events: Any = [*client.responses.create(stream=True, **asked)]
    assert not any(getattr(event, "logprobs", None) for event in events)
