from __future__ import annotations

import json

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from partialstream.testing import (
    Answer,
    ReplayServer,
    characters,
    chat_chunks,
    every_cut,
    recut,
    recut_bytes,
    sse_body,
)
from partialstream.usage import Usage

seeds = st.integers(0, 1000)
sizes = st.integers(1, 9)


@given(st.text(), seeds, sizes, st.booleans())
def test_pieces_join_to_the_text(text: str, seed: int, size: int, empties: bool) -> None:
    pieces = recut(text, seed=seed, max_piece=size, empties=empties)
    assert "".join(pieces) == text
    assert pieces == recut(text, seed=seed, max_piece=size, empties=empties)
    assert all(len(piece) <= size for piece in pieces)
    assert empties or all(pieces)


@given(st.binary(), seeds, sizes)
def test_pieces_join_to_the_bytes(data: bytes, seed: int, size: int) -> None:
    pieces = recut_bytes(data, seed=seed, max_piece=size)
    assert b"".join(pieces) == data
    assert all(len(piece) <= size for piece in pieces)


@given(st.text(max_size=20))
def test_every_cut_is_every_cut(text: str) -> None:
    cuts = list(every_cut(text))
    assert all(head + tail == text for head, tail in cuts)
    assert [len(head) for head, _ in cuts] == list(range(len(text) + 1))
    assert all(head + tail == text.encode() for head, tail in every_cut(text.encode()))
    assert characters(text) == list(text)


def test_seeds_cut_differently_and_empty_pieces_occur() -> None:
    text = "x" * 200
    assert len({tuple(recut(text, seed=seed)) for seed in range(20)}) == 20
    assert "" in recut(text)


@pytest.mark.parametrize("cut", [recut("ab", max_piece=1), recut_bytes(b"ab", max_piece=1)])
def test_small_pieces(cut: list[str] | list[bytes]) -> None:
    assert [len(piece) for piece in cut if piece] == [1, 1]


def test_a_piece_has_a_size() -> None:
    with pytest.raises(ValueError, match="max_piece"):
        recut("ab", max_piece=0)


def test_chunks_hold_the_deltas_the_finish_reason_and_the_usage() -> None:
    role, one, two, finish, usage = chat_chunks(["a", ""], usage=Usage(1, 2))
    deltas = [chunk["choices"][0]["delta"] for chunk in (role, one, two, finish)]
    assert deltas == [{"role": "assistant", "content": ""}, {"content": "a"}, {"content": ""}, {}]
    assert finish["choices"][0]["finish_reason"] == "stop"
    assert (usage["choices"], usage["usage"]["total_tokens"]) == ([], 3)
    assert len(chat_chunks(["a"], finish_reason=None)) == 2


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("space", [True, False])
@pytest.mark.parametrize("done", [True, False])
def test_a_body_holds_the_chunks(newline: str, space: bool, done: bool) -> None:
    text = sse_body(["€", "}"], newline=newline, space=space, done=done).decode()
    *events, rest = text.split(newline * 2)
    head = "data: " if space else "data:"
    assert rest == ""
    assert all(event.startswith(head) for event in events)
    data = [event[len(head) :] for event in events]
    assert (data[-1] == "[DONE]") is done
    assert [json.loads(line) for line in data[:4]] == chat_chunks(["€", "}"])


def test_a_body_is_what_a_server_sends() -> None:
    deltas = ["{", '"a€"', "", ":1}"]
    answer = Answer(recorded=sse_body(deltas), cut_bytes=1)
    with (
        ReplayServer(answer) as server,
        openai.OpenAI(base_url=server.base_url, api_key="test") as client,
    ):
        stream = client.chat.completions.create(model="m", messages=[], stream=True)
        assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == "".join(deltas)
