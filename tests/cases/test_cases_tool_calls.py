"""Tool calls: one item each, or a list in one; interleaved, unnumbered, cut, repeated."""

from __future__ import annotations

import pytest
from case_models import Named
from pydantic import BaseModel
from wire_case import CALLED, ROLE, STOP, WAYS, Wire, call, calls, check_wire, chunk, several


class Numbered(BaseModel):
    name: str
    age: int


class Bare(BaseModel):
    name: str = "none"


A, B = '{"name":"a"}', '{"name":"b"}'
N0, N1 = '{"name":"n0","age":0}', '{"name":"n1","age":1}'
DONE = "tool_calls"

ROWS = [
    Wire(
        "two calls interleaved",
        Numbered,
        [
            calls(
                call('{"name":"n0",', 0, id="a", name="f"),
                call('{"name":"n1",', 1, id="b", name="f"),
            ),
            calls(call('"age":1}', 1)),
            calls(call('"age":0}', 0)),
            CALLED,
        ],
        [(N1, 1), (N0, 2)],
        finish_reason=DONE,
    ),
    Wire(
        "two calls one after another",
        Named,
        [
            calls(call("", 0, id="a", name="f")),
            calls(call('{"name"', 0)),
            calls(call(':"a"}', 0)),
            calls(call("", 1, id="b", name="f")),
            calls(call(B, 1)),
            CALLED,
        ],
        [(A, 2), (B, 4)],
        finish_reason=DONE,
    ),
    Wire(
        "the first index is 1",
        Named,
        [
            calls(call(A[:5], 1, id="a", name="f")),
            calls(call(A[5:], 1)),
            calls(call(B, 2, id="b", name="f")),
            CALLED,
        ],
        [(A, 1), (B, 2)],
        finish_reason=DONE,
    ),
    Wire(
        "ids that come late",
        Named,
        [
            calls(call(A[:5], 0, name="f")),
            calls(call(A[5:], 0, id="a")),
            calls(call(B[:5], 1, name="f")),
            calls(call(B[5:], 1, id="b")),
            CALLED,
        ],
        [(A, 1), (B, 3)],
        finish_reason=DONE,
    ),
    Wire(
        "no ids at all",
        Named,
        [
            calls(call(A[:5], 0, name="f"), call(B[:5], 1, name="f")),
            calls(call(B[5:], 1), call(A[5:], 0)),
            CALLED,
        ],
        [(B, 1), (A, 1)],
        finish_reason=DONE,
    ),
    Wire(
        "ids and names null",
        Named,
        [
            calls(
                {
                    "index": 0,
                    "id": "a",
                    "type": "function",
                    "function": {"name": "f", "arguments": A[:5]},
                }
            ),
            calls(
                {
                    "index": 0,
                    "id": None,
                    "type": None,
                    "function": {"name": None, "arguments": A[5:]},
                }
            ),
            CALLED,
        ],
        [(A, 1)],
        finish_reason=DONE,
    ),
    Wire(
        "ids and names repeated",
        Named,
        [
            calls(call(A[:5], 0, id="a", name="f")),
            calls(call(A[5:], 0, id="a", name="f")),
            calls(call(B, 1, id="b", name="f")),
            CALLED,
        ],
        [(A, 1), (B, 2)],
        finish_reason=DONE,
    ),
    Wire(
        "the same index for a second call",
        Named,
        [
            calls(call(A, 0, id="a", name="f")),
            calls(call(B[:5], 0, id="b", name="f")),
            calls(call(B[5:], 0)),
            CALLED,
        ],
        [(A, 0), (B, 2)],
        finish_reason=DONE,
    ),
    Wire(
        "no index, each call whole in one delta",
        Named,
        [calls(call(A, id="a", name="f"), call(B, id="b", name="f")), CALLED],
        [(A, 0), (B, 0)],
        finish_reason=DONE,
    ),
    Wire(
        "whole calls inside the finish chunk",
        Named,
        [ROLE, calls(call(A, 0, id="a", name="f"), call(B, 1, id="b", name="f"), finish=DONE)],
        [(A, 1), (B, 1)],
        finish_reason=DONE,
    ),
    Wire(
        "finish reason stop despite tool calls",
        Named,
        [calls(call(A, 0, id="a", name="f")), STOP],
        [(A, 0)],
    ),
    Wire(
        "content empty or null beside the calls",
        Named,
        [
            chunk(
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [call(A[:5], 0, id="a", name="f")],
                }
            ),
            chunk({"content": "", "tool_calls": [call(A[5:], 0)]}),
            CALLED,
        ],
        [(A, 1)],
        finish_reason=DONE,
    ),
    Wire(
        "one call with a list",
        Named,
        [
            calls(call('{"items":[', 0, id="a", name="f")),
            calls(call(f"{A},", 0)),
            calls(call(f"{B}]", 0)),
            calls(call("}", 0)),
            CALLED,
        ],
        [(A, 1), (B, 2)],
        finish_reason=DONE,
    ),
    Wire(
        "two calls with a list each",
        Named,
        [
            calls(call(f'{{"items":[{A}]}}', 0, id="a", name="f")),
            calls(call(f'{{"items":[{B}]}}', 1, id="b", name="f")),
            CALLED,
        ],
        [(A, 0), (B, 1)],
        finish_reason=DONE,
    ),
    Wire(
        "a call with an empty list",
        Named,
        [calls(call('{"items":[]}', 0, id="a", name="f")), CALLED],
        [],
        finish_reason=DONE,
    ),
    Wire(
        "a function call of old",
        Named,
        [
            chunk({"function_call": {"name": "f", "arguments": A[:5]}}),
            chunk({"function_call": {"arguments": A[5:]}}),
            chunk({}, "function_call"),
        ],
        [(A, 1)],
        finish_reason="function_call",
    ),
    Wire(
        "calls of two choices",
        Named,
        [
            several(
                {"index": 0, "delta": {"tool_calls": [call(A[:5], 0, id="a", name="f")]}},
                {"index": 1, "delta": {"tool_calls": [call(B[:5], 0, id="b", name="f")]}},
            ),
            several({"index": 1, "delta": {"tool_calls": [call(B[5:], 0)]}}),
            several({"index": 0, "delta": {"tool_calls": [call(A[5:], 0)]}}),
            CALLED,
        ],
        [(B, 1), (A, 2)],
        finish_reason=DONE,
    ),
    Wire(
        "a server's own tool beside the client's",
        Named,
        [
            calls(
                {
                    "index": 0,
                    "id": "s",
                    "type": "builtin_function",
                    "function": {"name": "search", "arguments": '{"name":"query"}'},
                }
            ),
            calls(call(A, 1, id="a", name="f")),
            CALLED,
        ],
        [(A, 1)],
        finish_reason=DONE,
    ),
    # Tools without arguments.
    *(
        Wire(
            f"arguments {text!r} for a tool without arguments",
            Bare,
            [calls(call(text, 0, id="a", name="f")), CALLED],
            [("{}", 1)],
            finish_reason=DONE,
        )
        for text in ("", "null", None)
    ),
    # Cut off.
    Wire(
        "arguments cut off",
        Named,
        [calls(call(A, 0, id="a", name="f")), calls(call('{"na', 1, id="b", name="f")), CALLED],
        [(A, 0)],
        status="truncated",
        finish_reason=DONE,
        tail='{"na',
    ),
    Wire(
        "the first of two calls is cut",
        Named,
        [calls(call('{"na', 0, id="a", name="f")), calls(call(B, 1, id="b", name="f")), CALLED],
        [(B, 1)],
        status="truncated",
        finish_reason=DONE,
        tail='{"na',
    ),
    Wire(
        "a call cut by its length before its arguments",
        Named,
        [
            calls(call(A, 0, id="a", name="f")),
            calls(call("", 1, id="b", name="f")),
            chunk({}, "length"),
        ],
        [(A, 0)],
        status="truncated",
        finish_reason="length",
    ),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", ROWS, ids=str)
def test_tool_calls(case: Wire, way: str) -> None:
    check_wire(case, way)
