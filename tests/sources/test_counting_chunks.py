from __future__ import annotations

import pytest

from partialstream import ProviderError
from partialstream.sources.detect import source_for

EVENT = b'data: {"choices":[{"index":0,"delta":{"content":"1"}}]}\n\n'
BODY = b": hello\n\n" + EVENT * 5 + b": still here\n\n" + EVENT * 2 + b"data: [DONE]\n\n"


@pytest.mark.parametrize("size", [1, 7, len(EVENT), 1000])
def test_events_are_chunks_wherever_a_body_is_cut_and_comments_and_the_mark_of_the_end_are_none(
    size: int,
) -> None:
    pieces = [BODY[start : start + size] for start in range(0, len(BODY), size)]
    source = source_for(pieces[0])
    for piece in pieces:
        source.feed(piece)
    source.finish()
    assert source.metadata.chunks == 7


@pytest.mark.parametrize(
    "last",
    [
        b'event: error\ndata: {"message": "overloaded"}\n\n',
        b'data: {"error": "x"}\n\n',
        b"data: {]\n\n",
    ],
)
@pytest.mark.parametrize("size", [1, 7, len(EVENT), 1000])
def test_an_event_that_is_an_error_and_those_before_it_are_chunks(last: bytes, size: int) -> None:
    body = b'data: {"choices":[]}\n\n' * 3 + last
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    source = source_for(pieces[0])
    for piece in pieces[:-1]:
        source.feed(piece)
    with pytest.raises(ProviderError):
        source.feed(pieces[-1])
    assert source.metadata.chunks == 4


def test_a_body_that_is_one_document_is_one_chunk() -> None:
    body = b'{"choices":[{"index":0,"message":{"content":"[1]"},"finish_reason":"stop"}]}'
    source = source_for(body)
    source.feed(body)
    source.finish()
    assert source.metadata.chunks == 1


@pytest.mark.parametrize("chunk", ["[1]", {"choices": [{"index": 0, "delta": {"content": "1"}}]}])
def test_chunks_that_somebody_else_took_out_of_a_body_are_not_counted(chunk: object) -> None:
    source = source_for(chunk)
    source.feed(chunk)
    source.finish()
    assert source.metadata.chunks is None
