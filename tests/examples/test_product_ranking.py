from __future__ import annotations

import json
import re

import pytest
from example_runs import run_example, run_live, timed

from partialstream.testing import ReplayServer

LAST = re.compile(r"The first: after (\d+\.\d\d) s and after (\d+\.\d\d) s, (\d+\.\d) times")


def test_each_product_is_there_as_it_completes_and_otherwise_all_at_once() -> None:
    title, *streamed_lines = (lines := run_example("product_ranking").splitlines())[:11]
    other_title, *whole_lines = lines[11:-1]
    assert (title, other_title) == ("Streamed", "Not streamed")
    times, streamed = timed(streamed_lines)
    waits, whole = timed(whole_lines)
    assert streamed == whole
    scores = [re.fullmatch(r"(\d+)\. [\w ]+ \((\d+)\): .+", line) for line in streamed]
    assert [int(match[1]) for match in scores if match] == list(range(1, 11))
    ranked = [int(match[2]) for match in scores if match]
    assert ranked == sorted(ranked, reverse=True)
    assert times == sorted(set(times))  # one after the other
    assert len(set(waits)) == 1

    last = LAST.fullmatch(lines[-1])
    assert last is not None
    assert float(last[1]) == pytest.approx(times[0], abs=0.02)  # rounded in two places
    assert float(last[2]) == waits[0]
    assert float(last[3]) == pytest.approx(waits[0] / times[0], rel=0.1)
    assert float(last[3]) > 2  # 8 on a machine with nothing else to do


def test_it_asks_a_real_endpoint_twice_streamed_and_not() -> None:
    answer = '{"items": [{"name": "Lamp", "reason": "Dark", "score": 7}]}'
    with ReplayServer(answer, repeat=True) as server:
        shown = run_live("product_ranking", server.base_url)
    assert shown.count("1. Lamp (7): Dark\n") == 2
    assert [request.body.get("stream", False) for request in server.requests] == [True, False]
    for request in server.requests:
        assert request.body["model"] == "mini"
        asked = json.dumps(request.body["messages"])
        assert "Waterproof pannier" in asked
        assert "third floor" in asked.lower()
