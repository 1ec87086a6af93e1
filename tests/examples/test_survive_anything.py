from __future__ import annotations

from example_runs import run_example, run_live, timed

from partialstream.testing import ReplayServer

SURVIVED = """\
request 1
item 0   Lamp, 39
item 1   invalid: {"name": "Rug", "price": -80}
failed   the connection ended before the response did
request 2, to resume
2 items need not come again
item 2   Shelf, 64
failed   the response ends before the document does (finish reason 'length')
request 3, to resume
3 items need not come again
item 3   Vase, 18
failed   the provider sent an error
request 4, to resume
4 items need not come again
item 4   Plant, 22
failed   item 1 does not validate
request 5, to repair
item 1   Rug, 80
"""


def test_one_stream_survives_anything() -> None:
    *lines, last = run_example("survive_anything").splitlines()
    times, told = timed(lines)
    assert told == SURVIVED.splitlines()
    assert times == sorted(times)
    assert last == "5 items, each once, from 5 requests"


def test_it_can_ask_a_real_endpoint() -> None:
    with ReplayServer('{"items": [{"name": "Lamp", "price": 39}]}') as server:
        shown = run_live("survive_anything", server.base_url)
    assert shown.endswith("1 items, each once, from 1 requests\n")
    assert server.requests[0].body["model"] == "mini"
