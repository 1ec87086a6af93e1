from __future__ import annotations

import json
import re
from itertools import pairwise

from example_runs import NEEDS, check_times, run_example, timed

from partialstream import Usage
from partialstream.testing import Answer, ReplayServer

pytestmark = NEEDS["anthropic_events"]

EVENTS = [
    "message_start",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
]
CITY = {"name": "Kiel", "sight": "Ferries", "inhabitants": 247000}


def parts(shown: str) -> tuple[list[str], list[str], list[str], list[str]]:
    """The items, what the list cost, the snapshots, what the object cost."""
    lines = shown.splitlines()
    first, second = (place for place, line in enumerate(lines) if "ended as" in line)
    split = [line.strip() for line in lines]
    growing = [line for line in split[first + 1 : second + 1] if line.startswith("City(")]
    items = [line for line in lines[: first + 1] if "City(" in line]
    listed = split[len(items) : first + 1]
    return items, listed, growing, split[first + 1 + len(growing) : second + 1]


def counts(report: list[str]) -> dict[str, int]:
    found = [re.fullmatch(r"(\d+) (\w+)", line) for line in report]
    return {match[2]: int(match[1]) for match in found if match}


def come_as_they_complete(shown: str) -> None:
    times, _ = timed(parts(shown)[0])
    # Between two of them there is half a second, at the least.
    assert times[1] - times[0] > 0.1
    assert times[2] - times[1] > 0.1


def test_events_become_items_and_a_growing_object() -> None:
    items, listed, growing, shown = parts(run_example("anthropic_events"))

    _, cities = timed(items)
    assert [re.findall(r"name='(\w+)'", city) for city in cities] == [
        ["Bergen"],
        ["Split"],
        ["Porto"],
    ]
    check_times("anthropic_events", come_as_they_complete)
    for report in (listed, shown):
        found = counts(report)
        assert list(found) == EVENTS
        assert {kind for kind, count in found.items() if count > 1} == {"content_block_delta"}
    assert listed[-3:] == [
        "input tokens 412, 0 of them cached",
        "output tokens 131",
        "ended as 'end_turn'",
    ]

    assert len(growing) > 5
    assert growing[0].startswith("City(name='Po', sight=None")
    assert all(before != after for before, after in pairwise(growing))
    assert all("inhabitants=None" in each for each in growing[:-1])
    assert growing[-1].endswith("inhabitants=231800)")
    assert shown[-3:] == [
        "input tokens 530, 384 of them cached",
        "output tokens 58",
        "ended as 'tool_use'",
    ]


def test_a_real_endpoint_is_asked_for_a_list_and_then_for_a_tool_call() -> None:
    usage = Usage(input_tokens=7, output_tokens=3)
    script = [Answer(json.dumps([CITY]), usage=usage), Answer(json.dumps(CITY), usage=usage)]
    with ReplayServer(script) as server:
        arguments = ("--live", "--base-url", server.url, "--model", "mini")
        shown = run_example("anthropic_events", *arguments, ANTHROPIC_API_KEY="test")
        bodies = [request.body for request in server.requests]
    items, listed, growing, _ = parts(shown)
    assert len(items) == 1
    assert growing[-1] == "City(name='Kiel', sight='Ferries', inhabitants=247000)"
    assert listed[-3:] == [
        "input tokens 7, 0 of them cached",
        "output tokens 3",
        "ended as 'end_turn'",
    ]
    assert [body["model"] for body in bodies] == ["mini", "mini"]
    assert "tools" not in bodies[0]
    assert bodies[1]["tool_choice"] == {"type": "tool", "name": "show_city"}
