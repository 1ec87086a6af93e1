"""What a stream says of the tokens where the provider has not counted them all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from http_library import httpx
from pydantic import BaseModel

from partialstream import PartialStreamError, Usage, stream_items, stream_partial

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT = '{"items": [{"name": "Lamp"}, {"name": "Rug"}]}'


class Named(BaseModel):
    name: str


class Listed(BaseModel):
    items: list[Named]


def delta(text: str, **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": text, **more}}]}


FINISH = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
COUNTED = {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 5}}


def chunks(*given: Any) -> Iterator[Any]:
    for chunk in given:
        if isinstance(chunk, Exception):
            raise chunk
        yield chunk


def usage_of(how: Any, *given: Any, leave_after: int | None = None) -> Usage | None:
    type_: Any = Listed if how is stream_partial else Named
    stream = how(type_, chunks(*given))
    failure: PartialStreamError | None = None
    try:
        for number, _ in enumerate(stream, 1):
            if number == leave_after:
                break
    except PartialStreamError as error:
        failure = error
    assert failure is None or failure.usage == stream.usage
    assert stream.attempts[0].usage == stream.usage
    usage: Usage | None = stream.usage
    return usage


def seen(characters: int) -> Usage:
    return Usage(complete=False, estimated_output_tokens=-(-characters // 4))


RESET = httpx.ReadError("reset")


@pytest.mark.parametrize("how", [stream_items, stream_partial])
@pytest.mark.parametrize(
    ("given", "usage"),
    [
        # Counted, or by a provider that never counts.
        ([delta(TEXT), FINISH, COUNTED], Usage(9, 5)),
        ([delta(TEXT), FINISH], None),
        ([delta(TEXT[:30]), FINISH, COUNTED], Usage(9, 5)),
        ([delta(TEXT), COUNTED], Usage(9, 5)),
        # Interrupted, also behind the document.
        ([delta(TEXT[:30]), RESET], seen(30)),
        ([delta(TEXT[:30])], seen(30)),
        ([delta(TEXT), RESET], seen(len(TEXT))),
        ([delta(TEXT), FINISH, RESET], seen(len(TEXT))),
        ([delta("", reasoning_content="x" * 99), delta(TEXT[:30]), RESET], seen(129)),
        ([delta(TEXT[:30]), {"error": {"message": "overloaded"}}], seen(30)),
        ([delta(TEXT[:11] + "x"), delta(TEXT[11:]), FINISH, COUNTED], seen(12)),
        # Nothing has come that could have cost anything.
        ([RESET], None),
        ([{"error": {"message": "overloaded"}}], None),
    ],
)
def test_what_was_not_counted_is_estimated(how: Any, given: list[Any], usage: Usage | None) -> None:
    assert usage_of(how, *given) == usage


@pytest.mark.parametrize("how", [stream_items, stream_partial])
def test_a_stream_that_is_left_has_cost_what_arrived(how: Any) -> None:
    given = [delta(TEXT[:30]), delta(TEXT[30:]), FINISH, COUNTED]
    assert usage_of(how, *given, leave_after=1) == seen(30)


@pytest.mark.parametrize("how", [stream_items, stream_partial])
def test_texts_without_a_provider_have_no_usage(how: Any) -> None:
    assert usage_of(how, TEXT[:30], TEXT[30:]) is None
    assert usage_of(how, TEXT[:30]) is None


def test_a_count_that_has_gone_on_growing_is_not_counted_twice() -> None:
    start = {
        "type": "message_start",
        "message": {"usage": {"input_tokens": 9, "output_tokens": 1}},
    }
    block = {"type": "content_block_start", "index": 0, "content_block": {"type": "text"}}
    text = {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "text_delta", "text": TEXT[:30]},
    }
    usage = usage_of(stream_items, start, block, text, RESET)
    assert usage == Usage(9, 1, complete=False, estimated_output_tokens=7)


def test_usage_adds_up_compares_and_shows_what_is_estimated() -> None:
    some, rest = Usage(1, 2, 3, 4), Usage(5, 6, complete=False, estimated_output_tokens=7)
    assert some + rest == Usage(6, 8, 3, 4, complete=False, estimated_output_tokens=7)
    assert rest + rest == Usage(10, 12, complete=False, estimated_output_tokens=14)
    assert some + some == Usage(2, 4, 6, 8)
    assert some != rest
    assert Usage(1) != Usage(1, complete=False)
    assert repr(some) == (
        "Usage(input_tokens=1, output_tokens=2, cached_tokens=3, reasoning_tokens=4)"
    )
    assert repr(rest).endswith("complete=False, estimated_output_tokens=7)")
    assert eval(repr(rest)) == rest
    assert rest.total_tokens == 11, "what the provider has counted"


@pytest.mark.parametrize("size", [100, 1023, 1024, 3000])
@pytest.mark.parametrize("how", [stream_items, stream_partial])
def test_all_of_a_long_text_is_estimated(how: Any, size: int) -> None:
    text = '{"items": [{"name": "' + "a" * (size - 21)
    given = [delta(character) for character in text]
    assert usage_of(how, *given, ConnectionError()) == seen(size)
