"""Chat completions as providers send them: odd chunks, several texts."""

from __future__ import annotations

import pytest
from case_models import Named
from wire_case import CALLED, ROLE, STOP, WAYS, Wire, call, calls, check_wire, chunk, says, several

A, B = '{"name":"a"}', '{"name":"b"}'
USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
FILTERED = {"hate": {"filtered": False, "severity": "safe"}}


def ends(finish: str) -> dict[str, object]:
    return chunk({}, finish)


ROWS = [
    # What may be in a chunk beside the text.
    Wire(
        "a newline alone",
        Named,
        [ROLE, says("["), says("\n"), says(A), says("\n"), says("]"), STOP],
        [(A, 3)],
    ),
    Wire(
        "content null",
        Named,
        [chunk({"role": "assistant", "content": None}), says(None), says(f"[{A}]"), STOP],
        [(A, 2)],
    ),
    Wire(
        "content inside the finish chunk",
        Named,
        [ROLE, says(f"[{A},"), says(f"{B}]", "stop")],
        [(A, 1), (B, 2)],
    ),
    Wire(
        "no choices but usage",
        Named,
        [ROLE, says(f"[{A}]"), STOP, several(usage=USAGE)],
        [(A, 1)],
        usage=(7, 3),
    ),
    Wire(
        "usage in each chunk",
        Named,
        [
            chunk({"content": f"[{A}"}, usage={**USAGE, "completion_tokens": 1}),
            chunk({"content": "]"}, "stop", usage=USAGE),
        ],
        [(A, 0)],
        usage=(7, 3),
    ),
    Wire(
        "the prompt's filter results come first",
        Named,
        [
            several(
                id="",
                object="",
                model="",
                prompt_filter_results=[{"prompt_index": 0, "content_filter_results": FILTERED}],
            ),
            says(f"[{A}]"),
            STOP,
        ],
        [(A, 1)],
    ),
    Wire(
        "filter results in a chunk without choices",
        Named,
        [says(f"[{A}"), several(content_filter_results=FILTERED), says("]"), STOP],
        [(A, 0)],
    ),
    Wire(
        "empty deltas",
        Named,
        [chunk({}), says(f"[{A}"), chunk({}), says("]"), chunk({}), STOP],
        [(A, 1)],
    ),
    Wire(
        "everything null",
        Named,
        [
            chunk({"role": None, "content": None, "tool_calls": None, "refusal": None}),
            says(f"[{A}]"),
            STOP,
        ],
        [(A, 1)],
    ),
    Wire(
        "content as a list of parts",
        Named,
        [
            chunk({"content": [{"type": "text", "text": f"[{A}"}]}),
            chunk({"content": [{"type": "text", "text": ","}, {"type": "text", "text": f"{B}]"}]}),
            STOP,
        ],
        [(A, 0), (B, 1)],
    ),
    Wire(
        "obfuscation",
        Named,
        [
            chunk({"content": f"[{A}"}, obfuscation="[x]"),
            chunk({"content": "]"}, "stop", obfuscation="{y}"),
        ],
        [(A, 0)],
    ),
    Wire(
        "a cumulative message beside the delta",
        Named,
        [
            several({"index": 0, "delta": {"content": f"[{A},"}, "message": {"content": f"[{A},"}}),
            several(
                {
                    "index": 0,
                    "delta": {"content": f"{B}]"},
                    "message": {"content": f"[{A},{B}]"},
                    "finish_reason": "stop",
                }
            ),
        ],
        [(A, 0), (B, 1)],
    ),
    Wire(
        "a whole completion",
        Named,
        [
            {
                "id": "c",
                "object": "chat.completion",
                "created": 1,
                "model": "m",
                "choices": [
                    {
                        "index": 0,
                        "message": {"role": "assistant", "content": f"[{A}]"},
                        "finish_reason": "stop",
                    }
                ],
                "usage": USAGE,
            }
        ],
        [(A, 0)],
        usage=(7, 3),
    ),
    # Several texts in one answer.
    Wire(
        "two choices in turns",
        Named,
        [
            several(
                {"index": 0, "delta": {"content": '[{"name":'}},
                {"index": 1, "delta": {"content": '[{"name":'}},
            ),
            several({"index": 1, "delta": {"content": '"b"}'}}),
            several({"index": 0, "delta": {"content": '"a"}'}}),
            several({"index": 0, "delta": {"content": "]"}, "finish_reason": "stop"}),
            several({"index": 1, "delta": {"content": "]"}, "finish_reason": "stop"}),
        ],
        [(B, 1), (A, 2)],
    ),
    Wire(
        "one of two choices is cut",
        Named,
        [
            several(
                {"index": 0, "delta": {"content": f"[{A}]"}},
                {"index": 1, "delta": {"content": '[{"na'}},
            ),
            STOP,
            several({"index": 1, "delta": {}, "finish_reason": "length"}),
        ],
        [(A, 0)],
        status="truncated",
        finish_reason="length",
        tail='{"na',
    ),
    Wire(
        "the same document twice",
        Named,
        [says(f'{{"items":[{A}]}}'), says(f'{{"items":[{A}]}}'), STOP],
        [(A, 0), (A, 1)],
    ),
    Wire(
        "prose before a tool call",
        Named,
        [
            says("Let me [see] {it}."),
            calls(call(f'{{"items":[{A}]}}', 0, id="c", name="f")),
            CALLED,
        ],
        [(A, 1)],
        finish_reason="tool_calls",
    ),
    # Characters of many bytes; halves of a surrogate pair in two chunks.
    Wire(
        "characters of many bytes",
        str,
        [says('["é€'), says('\U0001f600",'), says('"\u2028"]'), STOP],
        [('"é€\U0001f600"', 1), ('"\u2028"', 2)],
    ),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", ROWS, ids=str)
def test_chat_completions(case: Wire, way: str) -> None:
    check_wire(case, way)
