from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from itertools import pairwise
from typing import Any

import pytest
from client_runs import (
    CALLERS,
    EVERY_CALLER,
    MESSAGES,
    PATHS,
    STOP,
    Caller,
    Product,
    conversation,
)
from pydantic import BaseModel
from typing_extensions import TypedDict

from partialstream import Partial, Usage
from partialstream.testing import Answer, ReplayServer, ToolCall, sse_body

MODES = ["json_schema", "tools", "json_object"]

every = pytest.mark.parametrize("caller", EVERY_CALLER)
of_chat = pytest.mark.parametrize("caller", CALLERS)
in_all_modes = pytest.mark.parametrize("mode", MODES)


class Service(BaseModel):
    hours: int


class Color(Enum):
    RED = "red"


@dataclass
class Row:
    number: int


class Size(TypedDict):
    width: int


PRODUCTS = '{"items":[{"name":"Lamp"},{"name":"Rug"}]}'
LAMP_AND_RUG = [Product(name="Lamp"), Product(name="Rug")]


@every
@in_all_modes
@pytest.mark.parametrize(
    ("method", "asked", "stream"),
    [
        ("create_iterable", Product, None),
        ("create_iterable", Iterable[Product], None),
        ("create_iterable", Partial[Product], None),
        ("create", Iterable[Product], True),
        ("create", list[Product], True),
        ("create", tuple[Product, ...], True),
    ],
)
def test_items_are_streamed(
    caller: Caller, mode: str, method: Any, asked: Any, stream: Any
) -> None:
    with ReplayServer(PRODUCTS) as server:
        more = {} if stream is None else {"stream": stream}
        run = caller(server).read(method, response_model=asked, mode=mode, **more)
    assert run.error is None
    assert run.values == LAMP_AND_RUG
    assert run.stream.outcome.ok
    assert run.stream.rejected == []


@every
@pytest.mark.parametrize(
    ("asked", "answer", "expected"),
    [
        (Product, '{"name":"Lamp"}', Product(name="Lamp")),
        (Partial[Product], '{"name":"Lamp"}', Product(name="Lamp")),
        (Row, '{"number":1}', Row(1)),
        (Size, '{"width":1}', {"width": 1}),
        (dict[str, int], '{"a":1}', {"a": 1}),
        (int, '{"value":1}', 1),
        (str, '{"value":"a\\nb"}', "a\nb"),
        (date, '{"value":"2024-05-01"}', date(2024, 5, 1)),
        (Color, '{"value":"red"}', Color.RED),
        (Product | Service, '{"value":{"hours":2}}', Service(hours=2)),
        (tuple[int, str], '{"value":[1,"a"]}', (1, "a")),
        (Partial[list[int]], '{"value":[1,2]}', [1, 2]),
    ],
)
def test_an_object_comes_whole_or_streamed(
    caller: Caller, asked: Any, answer: str, expected: Any
) -> None:
    with ReplayServer(answer, repeat=True) as server:
        run = caller(server).read("create", response_model=asked, stream=True)
        whole = caller(server).whole(response_model=asked)
    assert run.error is None
    assert run.stream.outcome.ok
    for got in (run.values[-1], whole):
        assert got == expected
        assert type(got) is type(expected)
    assert [request.body.get("stream") for request in server.requests] == [True, None]


@every
@pytest.mark.parametrize(
    ("asked", "answer", "expected"),
    [
        (Iterable[Product], PRODUCTS, LAMP_AND_RUG),
        (Sequence[Product], '{"items":[]}', []),
        (list[int], '{"items":[1,2]}', [1, 2]),
        (tuple[Product, ...], PRODUCTS, tuple(LAMP_AND_RUG)),
        (
            list[Product | Service],
            '{"items":[{"hours":1},{"name":"a"}]}',
            [Service(hours=1), Product(name="a")],
        ),
    ],
)
def test_a_list_comes_whole(caller: Caller, asked: Any, answer: str, expected: Any) -> None:
    with ReplayServer(answer) as server:
        assert caller(server).whole(response_model=asked) == expected


@every
@in_all_modes
@pytest.mark.parametrize(
    ("asked", "answer", "expected"),
    [(list[Product], PRODUCTS, LAMP_AND_RUG), (int, '{"value":1}', 1)],
)
def test_an_answer_comes_whole_in_all_modes(
    caller: Caller, mode: str, asked: Any, answer: str, expected: Any
) -> None:
    with ReplayServer(answer) as server:
        assert caller(server, max_retries=0).whole(response_model=asked, mode=mode) == expected


@every
@in_all_modes
def test_an_object_grows(caller: Caller, mode: str) -> None:
    with ReplayServer(Answer('{"name":"A lamp"}', chunk_size=3)) as server:
        run = caller(server).read("create_partial", response_model=Product, mode=mode)
    names = [product.name or "" for product in run.values]
    assert names[-1] == "A lamp"
    assert len(set(names)) > 2
    assert all(later.startswith(earlier) for earlier, later in pairwise(names))
    assert run.stream.outcome.ok


@every
@pytest.mark.parametrize("asked", [str, Partial[list[int]]])
def test_a_wrapped_value_grows(caller: Caller, asked: Any) -> None:
    value = '"abcdefgh"' if asked is str else "[1,2,3,4]"
    with ReplayServer(Answer('{"value":' + value + "}", chunk_size=2)) as server:
        run = caller(server).read("create_partial", response_model=asked)
    assert run.values[-1] == json.loads(value)
    assert len(run.values) > 2


@every
def test_a_stream_tells_of_outcome_usage_and_times(caller: Caller) -> None:
    usage = Usage(input_tokens=7, output_tokens=3, cached_tokens=2, reasoning_tokens=1)
    with ReplayServer(Answer(PRODUCTS, usage=usage, first_delay=0.05)) as server:
        run = caller(server).read("create_iterable", response_model=Product)
    stream = run.stream
    assert stream.outcome.finish_reason == STOP[caller.api]
    assert stream.usage == usage
    assert stream.text == PRODUCTS
    assert 0.04 < stream.timing.first_delta <= stream.timing.first_item <= stream.timing.total < 5
    assert len(stream.timing.items) == 2
    assert [attempt.usage for attempt in stream.attempts] == [usage]


@of_chat
@pytest.mark.parametrize("choices", [1, 2])
def test_the_items_of_all_choices_are_given(caller: Caller, choices: int) -> None:
    texts = ['{"items":[{"name":"a"}]}', '{"items":[{"name":"b"}]}'][:choices]
    with ReplayServer([Answer(choices=texts)] * 2) as server:
        run = caller(server).read("create_iterable", response_model=Product, n=choices)
        whole = caller(server).whole(response_model=list[Product], n=choices)
    assert [product.name for product in run.values] == ["a", "b"][:choices]
    assert whole == run.values
    assert server.requests[0].body["n"] == choices


@every
@pytest.mark.parametrize("interleaved", [False, True])
def test_parallel_calls_of_our_tool_are_all_read(caller: Caller, interleaved: bool) -> None:
    calls = [
        ToolCall("ProductList", '{"items":[{"name":"a"},{"name":"b"}]}'),
        ToolCall("ProductList", '{"items":[{"name":"c"}]}'),
    ]
    with ReplayServer([Answer(tool_calls=calls, interleaved=interleaved)] * 2) as server:
        run = caller(server).read(
            "create_iterable", response_model=Product, mode="tools", parallel_tool_calls=True
        )
        whole = caller(server).whole(response_model=list[Product], mode="tools")
    assert sorted(product.name for product in run.values) == ["a", "b", "c"]
    assert run.stream.outcome.ok
    assert [product.name for product in whole] == ["a", "b", "c"]
    assert server.requests[0].body["parallel_tool_calls"] is True
    assert server.requests[1].body["parallel_tool_calls"] is False


@every
def test_prose_beside_the_tool_call_is_not_the_list(caller: Caller) -> None:
    call = ToolCall("ProductList", '{"items":[{"name":"a"}]}')
    with ReplayServer([Answer('[{"name":"no"}]', tool_calls=[call])] * 2) as server:
        run = caller(server).read("create_iterable", response_model=Product, mode="tools")
        whole = caller(server).whole(response_model=list[Product], mode="tools")
    assert run.values == whole == [Product(name="a")]


@every
@pytest.mark.parametrize(
    ("method", "asked", "text", "expected"),
    [
        ("create_iterable", Product, PRODUCTS, LAMP_AND_RUG),
        ("create_partial", Product, '{"name":"Lamp"}', LAMP_AND_RUG[:1]),
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_a_server_that_does_not_stream_is_read_all_the_same(
    caller: Caller, method: Any, asked: Any, text: str, expected: Any, indent: int | None
) -> None:
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if caller.api == "chat":
        response = {
            "id": "x",
            "object": "chat.completion",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 7, "completion_tokens": 3},
        }
    else:
        message["content"] = [{"type": "output_text", "text": text, "annotations": []}]
        response = {
            "id": "x",
            "object": "response",
            "status": "completed",
            "output": [{"type": "message", "id": "m", "status": "completed", **message}],
            "usage": {"input_tokens": 7, "output_tokens": 3},
        }
    body = json.dumps(response, indent=indent).encode()
    with ReplayServer(Answer(recorded=body, cut_bytes=50)) as server:
        run = caller(server).read(method, response_model=asked)
    assert run.error is None
    assert run.values == expected
    assert run.stream.usage == Usage(input_tokens=7, output_tokens=3)
    assert run.stream.outcome.ok


@of_chat
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_body_may_be_cut_anywhere(caller: Caller, newline: str) -> None:
    text = '{"items":[{"name":"€ 😀"},{"name":"b"}]}'
    body = sse_body(list(text), newline=newline)
    for size in (1, 7, 1000):
        with ReplayServer(Answer(recorded=body, cut_bytes=size)) as server:
            run = caller(server).read("create_iterable", response_model=Product)
        assert [product.name for product in run.values] == ["€ 😀", "b"]
        assert run.stream.outcome.ok


@every
@pytest.mark.parametrize(
    ("mode", "keys"),
    [
        ("json_schema", {"chat": "response_format", "responses": "text"}),
        ("tools", {"chat": "tools", "responses": "tools"}),
        ("json_object", {}),
    ],
)
def test_what_is_asked_for_is_in_the_request(
    caller: Caller, mode: str, keys: dict[str, str]
) -> None:
    with ReplayServer(PRODUCTS) as server:
        caller(server).read(
            "create_iterable", response_model=Product, mode=mode, temperature=0.5, logprobs=True
        )
    request = server.requests[0]
    body = request.body
    assert request.path == PATHS[caller.api]
    assert body["stream"] is True
    if caller.api == "chat":
        assert body["stream_options"] == {"include_usage": True}
        assert body["logprobs"] is True
    else:
        assert "stream_options" not in body
        assert body["include"] == ["message.output_text.logprobs"]
    assert body["temperature"] == 0.5
    assert body["model"] == "any"
    asked = json.dumps(body[keys[caller.api]] if keys else conversation(body)[0])
    assert "items" in asked
    assert "name" in asked
    assert (conversation(body) == MESSAGES) is bool(keys)


@of_chat
def test_stream_options_may_be_left_out(caller: Caller) -> None:
    with ReplayServer(PRODUCTS) as server:
        run = caller(server).read("create_iterable", response_model=Product, stream_options=None)
    assert "stream_options" not in server.requests[0].body
    assert run.values == LAMP_AND_RUG
    assert run.stream.usage is None
