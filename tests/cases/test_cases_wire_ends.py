"""How chat completions end: finish reasons, reasoning, refusals, filters, errors."""

from __future__ import annotations

import pytest
from case_models import Named
from wire_case import ROLE, STOP, WAYS, Wire, call, calls, check_wire, chunk, says, several

from partialstream import ProviderError

A, B = '{"name":"a"}', '{"name":"b"}'
USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
FILTERED = {"hate": {"filtered": False, "severity": "safe"}}


def ends(finish: str) -> dict[str, object]:
    return chunk({}, finish)


ROWS = [
    # How the answer ends.
    Wire("finish repeated", Named, [says(f"[{A}]"), STOP, STOP, chunk(None, "stop")], [(A, 0)]),
    Wire(
        "finish absent from a complete answer",
        Named,
        [says(f"[{A}]")],
        [(A, 0)],
        finish_reason=None,
    ),
    Wire(
        "documents in a row, and nothing says that these are all",
        Named,
        [says(A), says(B)],
        [(A, 0), (B, 1)],
        status="disconnected",
        finish_reason=None,
        done=False,
    ),
    Wire(
        "a call for each item, and nothing says that these are all",
        Named,
        [calls(call(A, 0, id="a", name="f")), calls(call(B, 1, id="b", name="f"))],
        [(A, 0), (B, 1)],
        status="disconnected",
        finish_reason=None,
        done=False,
    ),
    Wire(
        "length",
        Named,
        [says(f"[{A},"), says('{"name":"b'), ends("length")],
        [(A, 0)],
        status="truncated",
        finish_reason="length",
        tail='{"name":"b',
    ),
    Wire(
        "length behind the last character",
        Named,
        [says(f"[{A}]"), ends("length")],
        [(A, 0)],
        finish_reason="length",
    ),
    Wire(
        "length, and documents in a row",
        Named,
        [says(A), says(B), ends("length")],
        [(A, 0), (B, 1)],
        status="truncated",
        finish_reason="length",
    ),
    Wire(
        "length, and nothing at all",
        Named,
        [ROLE, ends("length")],
        [],
        status="truncated",
        finish_reason="length",
    ),
    Wire(
        "stop within an item",
        Named,
        [says(f"[{A},"), says('{"name"'), STOP],
        [(A, 0)],
        status="truncated",
        tail='{"name"',
    ),
    Wire("nothing but a role", Named, [ROLE, STOP], [], status="empty"),
    Wire("nothing but blanks", Named, [ROLE, says(" \n"), says(" "), STOP], [], status="empty"),
    Wire("no JSON", Named, [says("I can"), says("not."), STOP], [], status="no_json"),
    Wire(
        "a list sent as a string",
        Named,
        [says('{"items":"[{\\"name\\":\\"a\\"}]"}'), STOP],
        [],
        status="no_json",
    ),
    # Reasoning, refusals, filters.
    Wire(
        "reasoning before the JSON",
        Named,
        [
            chunk({"reasoning_content": "[1] {x}"}),
            chunk({"reasoning": '[{"name":"x"}]'}),
            says(f"[{A}]"),
            STOP,
        ],
        [(A, 2)],
    ),
    Wire(
        "reasoning beside the JSON",
        Named,
        [
            chunk({"reasoning_content": "hm", "content": ""}),
            chunk({"reasoning_content": "[", "content": f"[{A}]"}),
            STOP,
        ],
        [(A, 1)],
    ),
    Wire(
        "thinking in parts",
        Named,
        [
            chunk(
                {
                    "content": [
                        {"type": "thinking", "thinking": [{"type": "text", "text": "[1]"}]},
                        {"type": "text", "text": f"[{A}]"},
                    ]
                }
            ),
            STOP,
        ],
        [(A, 0)],
    ),
    Wire(
        "nothing but reasoning",
        Named,
        [chunk({"reasoning_content": f"[{A}]"}), STOP],
        [],
        status="empty",
    ),
    Wire(
        "a refusal instead of an answer",
        Named,
        [ROLE, chunk({"refusal": "I can"}), chunk({"refusal": "not."}), STOP],
        [],
        status="refused",
        detail="I cannot.",
    ),
    Wire(
        "a refusal in the middle of the JSON",
        Named,
        [says(f"[{A},"), says('{"na'), chunk({"refusal": "No."}), STOP],
        [(A, 0)],
        status="refused",
        detail="No.",
        tail='{"na',
    ),
    Wire(
        "a refusal behind the JSON",
        Named,
        [says(f"[{A}]"), chunk({"refusal": "No."}), STOP],
        [(A, 0)],
        status="refused",
        detail="No.",
    ),
    Wire(
        "finish reason refusal",
        Named,
        [says(f"[{A},"), ends("refusal")],
        [(A, 0)],
        status="refused",
        finish_reason="refusal",
    ),
    Wire(
        "finish reason content_filter",
        Named,
        [says(f"[{A},"), says('{"na'), ends("content_filter")],
        [(A, 0)],
        status="filtered",
        finish_reason="content_filter",
        tail='{"na',
    ),
    Wire(
        "a filter that says why",
        Named,
        [
            says(f"[{A},"),
            several(
                {
                    "index": 0,
                    "delta": {},
                    "finish_reason": "content_filter",
                    "content_filter_results": {"hate": {"filtered": True, "severity": "high"}},
                }
            ),
        ],
        [(A, 0)],
        status="filtered",
        finish_reason="content_filter",
        detail="hate (high)",
    ),
    Wire(
        "a filtered prompt",
        Named,
        [
            several(
                prompt_filter_results=[
                    {
                        "prompt_index": 0,
                        "content_filter_results": {
                            "violence": {"filtered": True, "severity": "high"}
                        },
                    }
                ]
            ),
            ends("content_filter"),
        ],
        [],
        status="filtered",
        finish_reason="content_filter",
        detail="violence",
    ),
    # Errors inside the stream.
    Wire(
        "an error event",
        Named,
        [says(f"[{A},"), {"error": {"message": "overloaded", "code": 502}}],
        [(A, 0)],
        status="disconnected",
        finish_reason=None,
        error=ProviderError,
    ),
    Wire(
        "an error beside choices",
        Named,
        [says(f"[{A},"), chunk({"content": ""}, "error", error={"message": "down", "code": 500})],
        [(A, 0)],
        status="disconnected",
        finish_reason=None,
        error=ProviderError,
    ),
    Wire(
        "an error as the first chunk",
        Named,
        [{"error": {"message": "no such model", "type": "invalid_request_error"}}],
        [],
        status="disconnected",
        finish_reason=None,
        error=ProviderError,
    ),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", ROWS, ids=str)
def test_how_chat_completions_end(case: Wire, way: str) -> None:
    check_wire(case, way)
