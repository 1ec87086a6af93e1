from __future__ import annotations

import re

import pytest
from example_runs import check_times, run_example, run_live

from partialstream.testing import Answer, ReplayServer

NAMES = [
    "chunks",
    "characters",
    "seconds to the first token",
    "seconds to the first item",
    "seconds in total",
    "input tokens",
    "output tokens",
    "output tokens a second",
]


def columns(shown: str) -> tuple[list[int], list[dict[str, str]]]:
    """How many items and snapshots there were, and the figures of both streams."""
    head, *lines = shown.splitlines()
    counts = re.fullmatch(r" +(\d+) items +(\d+) snapshots", head)
    assert counts is not None
    rows = [re.fullmatch(r"(.+?)  +(\S+) +(\S+)", f"{line[:26]}  {line[26:]}") for line in lines]
    figures = [row.groups() for row in rows if row]
    assert [name for name, _, _ in figures] == NAMES
    return [int(counts[1]), int(counts[2])], [
        {name: values[place] for name, *values in figures} for place in (0, 1)
    ]


def test_the_figures_of_a_list_and_of_an_object_agree_with_each_other() -> None:
    (items, snapshots), told = columns(run_example("stream_statistics"))
    assert items == 4
    assert snapshots > 10
    for figures in told:
        first, item, total = (float(figures[name]) for name in NAMES if "seconds" in name)
        assert 0.3 <= first <= item < total
        tokens = int(figures["output tokens"])
        # The role, each token, the finish reason, the usage.
        assert int(figures["chunks"]) == tokens + 3
        assert 4 * (tokens - 1) < int(figures["characters"]) <= 4 * tokens
        assert int(figures["input tokens"]) > 0
        speed = float(figures["output tokens a second"])
        assert speed == pytest.approx(tokens / (total - first), rel=0.05)
    check_times("stream_statistics", are_those_of_two_models)


def are_those_of_two_models(shown: str) -> None:
    of_list, of_object = columns(shown)[1]
    # The second model is twice as fast, and the first snapshot does not wait for an item.
    assert float(of_list["output tokens a second"]) < float(of_object["output tokens a second"])
    assert float(of_object["seconds to the first item"]) < float(
        of_list["seconds to the first item"]
    )


def test_what_an_endpoint_does_not_tell_is_not_made_up() -> None:
    body = (
        b'data: {"choices":[{"index":0,"delta":{"content":%s}}]}\n\n'
        b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
        b"data: [DONE]\n\n"
    )
    script = [
        Answer(recorded=body % rb'"{\"items\": []}"'),
        Answer(recorded=body % rb'"{\"faces\": \"east\", \"plants\": []}"'),
    ]
    with ReplayServer(script) as server:
        counts, (of_list, of_object) = columns(run_live("stream_statistics", server.base_url))
    assert counts == [0, 1]
    assert (of_list["chunks"], of_list["characters"]) == ("2", "13")
    assert of_list["seconds to the first item"] == "-"
    assert of_object["seconds to the first item"] != "-"
    assert {of_list["output tokens"], of_object["output tokens a second"]} == {"-"}
