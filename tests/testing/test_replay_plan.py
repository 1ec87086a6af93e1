from __future__ import annotations

import math
from typing import Any

import pytest

from partialstream.testing import Answer, ToolCall, faults
from partialstream.testing.plan import ReplayPlan, make_plan
from partialstream.testing.received import redact
from partialstream.testing.script import Ask, compose
from partialstream.testing.wires import WIRES
from partialstream.testing.wires.chat import ChatWire
from partialstream.usage import Usage

TEXT = "one two three four "  # five deltas


def planned(answer: Answer, **options: Any) -> ReplayPlan:
    return make_plan(answer, Ask(**options), ChatWire)


def body(plan: ReplayPlan) -> bytes:
    return b"".join(write.data for write in plan.writes)


def schedule(plan: ReplayPlan) -> list[tuple[float, int]]:
    return [(write.due, write.deltas) for write in plan.writes]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(TEXT), [(0, 5)]),
        (Answer(TEXT, first_delay=2), [(2, 5)]),
        # The opening comes with the first delta, and the end takes the time of a token.
        (Answer(TEXT, tokens_per_second=2), [(0, 1), (0.5, 1), (1, 1), (1.5, 1), (2, 1), (2.5, 0)]),
        (Answer(TEXT, fault=faults.Stall(2, seconds=9)), [(0, 2), (9, 3)]),
        (Answer(TEXT, fault=faults.Stall(2)), [(0, 2), (math.inf, 3)]),
        (Answer(TEXT, fault=faults.Stall(0, seconds=9)), [(0, 0), (9, 5)]),
        (Answer("abcdefgh", tokens_per_second=2, fault=faults.Reset(1)), [(0, 1)]),
        (
            Answer("abcdefgh", tokens_per_second=2, fault=faults.Stall(1, seconds=9)),
            [(0, 1), (9.5, 1), (10, 0)],
        ),
        (Answer(""), [(0, 0)]),
    ],
)
def test_when_deltas_are_due(answer: Answer, expected: list[tuple[float, int]]) -> None:
    assert schedule(planned(answer)) == expected


@pytest.mark.parametrize(
    ("fault", "ending"),
    [
        (None, "end"),
        (faults.Reset(1), "reset"),
        (faults.Disconnect(1), "close"),
        (faults.EndEarly(1), "end"),
    ],
)
@pytest.mark.parametrize("stream", [True, False])
def test_how_a_connection_is_left(fault: faults.Fault | None, ending: str, stream: bool) -> None:
    assert planned(Answer(TEXT, fault=fault), stream=stream).ending == ending


@pytest.mark.parametrize("sizes", [1, 2, 13, 1000, 10**6, [1, 2, 3]])
@pytest.mark.parametrize("pace", [None, 10.0])
@pytest.mark.parametrize("fault", [None, faults.Reset(2), faults.Stall(2, seconds=1)])
def test_cuts_change_neither_bytes_nor_times_nor_counts(
    sizes: Any, pace: float | None, fault: faults.Fault | None
) -> None:
    uncut = planned(Answer(TEXT, tokens_per_second=pace, fault=fault))
    cut = planned(Answer(TEXT, tokens_per_second=pace, fault=fault, cut_bytes=sizes))
    assert body(cut) == body(uncut)
    assert cut.deltas == uncut.deltas == (2 if isinstance(fault, faults.Reset) else 5)
    for due in {write.due for write in uncut.writes}:
        counts = [
            sum(write.deltas for write in plan.writes if write.due == due) for plan in (cut, uncut)
        ]
        assert counts[0] == counts[1]
    assert all(write.data for write in cut.writes)


def test_a_delta_counts_with_its_last_byte() -> None:
    recorded = b"data: 1\n\ndata: 2\n\n"
    plan = planned(Answer(recorded=recorded, cut_bytes=8))
    assert [(write.data, write.deltas) for write in plan.writes] == [
        (b"data: 1\n", 0),
        (b"\ndata: 2", 1),
        (b"\n\n", 1),
    ]


def test_a_burst_is_a_few_large_writes() -> None:
    plan = planned(Answer("x" * 40_000))
    assert len(body(plan)) > 1_000_000
    assert len(plan.writes) == -(-len(body(plan)) // 65536)
    assert sum(write.deltas for write in plan.writes) == 10_000


@pytest.mark.parametrize(
    "recorded",
    [b"", b"data: 1", b"data: 1\n\ndata: 2", b"data: 1\r\n\r\n: x\r\n\r\n\r\n\r\n", b"\n\n\n"],
)
@pytest.mark.parametrize("stream", [True, False])
def test_a_recording_loses_nothing(recorded: bytes, stream: bool) -> None:
    assert body(planned(Answer(recorded=recorded), stream=stream)) == recorded


def test_a_recording_can_have_a_pace_and_a_fault_of_the_connection() -> None:
    recorded = b"data: 1\n\ndata: 2\n\ndata: 3\n\n"
    answer = Answer(recorded=recorded, tokens_per_second=2, fault=faults.Disconnect(2))
    plan = planned(answer)
    assert schedule(plan) == [(0, 1), (0.5, 1)]
    assert (body(plan), plan.ending) == (recorded[:18], "close")


def test_headers_of_a_stream_come_at_once_and_others_with_their_body() -> None:
    late = Answer(TEXT, first_delay=3)
    assert planned(late).begin == 0
    assert planned(late, stream=False).begin == 3
    failed = planned(Answer(fault=faults.HTTPError(429, retry_after=2), first_delay=3))
    assert (failed.begin, failed.status) == (3, 429)
    assert ("retry-after", "2") in failed.headers


def test_the_same_answer_is_planned_the_same_way() -> None:
    assert planned(Answer(TEXT)) == planned(Answer(TEXT))
    answer = Answer(tool_calls=[ToolCall("a", pieces=["x"])], cut_bytes=[1, 2], choices=[])
    assert hash(answer) == hash(
        Answer(tool_calls=(ToolCall("a", "x", pieces=("x",)),), cut_bytes=(1, 2))
    )


@pytest.mark.parametrize(
    ("answer", "finish_reason"),
    [
        (Answer(TEXT), "stop"),
        (Answer(tool_calls=[ToolCall("a")]), "tool_calls"),
        (Answer(tool_calls=[ToolCall("a")], finish_reason="stop"), "stop"),
        (Answer(TEXT, fault=faults.LengthCut(1)), "length"),
        (Answer(TEXT, fault=faults.LengthCut(1), finish_reason="stop"), "stop"),
    ],
)
def test_finish_reasons(answer: Answer, finish_reason: str) -> None:
    assert compose(answer, Ask()).finish_reason == finish_reason


def test_only_what_is_said_is_charged() -> None:
    script = compose(Answer(TEXT, fault=faults.LengthCut(2)), Ask(prompt_tokens=7))
    assert script.usage == Usage(7, 2)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"text": "a", "pieces": ["b"]}, ValueError, "text and pieces differ"),
        ({"pieces": "abc"}, TypeError, "one str"),
        ({"choices": "abc"}, TypeError, "one str"),
        ({"chunk_size": 0}, ValueError, "chunk_size"),
        ({"tokens_per_second": 0}, ValueError, "tokens_per_second"),
        ({"first_delay": -1}, ValueError, "first_delay"),
        ({"cut_bytes": 0}, ValueError, "cut_bytes"),
        ({"cut_bytes": []}, ValueError, "cut_bytes"),
        ({"text": "a", "choices": ["b"]}, ValueError, "choices"),
        ({"text": "a", "recorded": b"b"}, ValueError, "recorded"),
        ({"recorded": b"b", "fault": faults.LengthCut(1)}, ValueError, "recording"),
        ({"as_tool": True, "tool_calls": [ToolCall("a")]}, ValueError, "as_tool"),
    ],
)
def test_what_makes_no_answer(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Answer(**arguments)


@pytest.mark.parametrize(
    ("fault", "arguments"),
    [(faults.Reset, (-1,)), (faults.Comments, (0,)), (faults.HTTPError, (200,))],
)
def test_what_makes_no_fault(fault: type[faults.Fault], arguments: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r", not (-1|0|200)$"):
        fault(*arguments)


def test_every_credential_is_hidden() -> None:
    names = ["Authorization", "API-Key", "x-api-key", "X-Goog-Api-Key", "Cookie"]
    assert set(redact((name, "secret") for name in names).values()) == {"[redacted]"}


@pytest.mark.parametrize(
    ("content", "tokens"),
    [("", 0), ("12345", 2), (None, 0), ([{"type": "text", "text": "1234"}, {"type": "image"}], 1)],
)
def test_four_characters_of_a_request_are_a_token(content: Any, tokens: int) -> None:
    wire = WIRES[0]
    ask = wire.read("/v1/chat/completions", {"messages": [{"role": "user", "content": content}]})
    assert ask.prompt_tokens == tokens
