from __future__ import annotations

import json
import os
import re
import subprocess
import sys

from example_runs import EXAMPLES, run_example, run_live, timed

from partialstream.testing import Answer, ReplayServer, faults

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
    assert times == sorted(times)  # one after the other
    assert len(set(waits)) == 1

    last = LAST.fullmatch(lines[-1])
    assert last is not None
    assert float(last[1]) <= times[1]  # when the first one was there: before the second one
    assert float(last[2]) == waits[0]
    least, most = ((waits[0] + off) / (float(last[1]) - off) for off in (-0.005, 0.005))
    assert least - 0.05 <= float(last[3]) <= most + 0.05  # of times before they were rounded


def test_a_product_is_printed_while_the_next_ones_are_not_yet_sent() -> None:
    products = [{"name": name, "reason": "Dark", "score": 7} for name in ("Lamp", "Rug")]
    pieces = ['{"items": [', *(f"{json.dumps(product)}, " for product in products), "and so on"]
    answer = Answer(pieces=pieces, fault=faults.Stall(3))  # for ever
    with ReplayServer(answer) as server:
        arguments = ("--live", "--base-url", server.base_url, "--model", "mini")
        with subprocess.Popen(
            [sys.executable, "-W", "error", str(EXAMPLES / "product_ranking.py"), *arguments],
            env={**os.environ, "PYTHONUTF8": "1", "OPENAI_API_KEY": "test"},
            stdout=subprocess.PIPE,
            encoding="utf-8",
        ) as program:
            try:
                assert program.stdout is not None
                assert program.stdout.readline() == "Streamed\n"
                _, shown = timed([program.stdout.readline().rstrip() for _ in range(2)])
                assert shown == ["1. Lamp (7): Dark", "2. Rug (7): Dark"]
                assert not server.requests[0].finished
            finally:
                program.kill()


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
