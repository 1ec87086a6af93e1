from __future__ import annotations

from example_runs import check_times, run_example, run_live, timed

from partialstream.testing import Answer, ReplayServer

PRODUCTS = ["Lamp, 39.50", "Rocking chair, 120.00", "Café table, 64.00"]


def sections(shown: str) -> dict[str, list[str]]:
    """The lines below each title."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in shown.splitlines():
        if line.startswith(" "):
            lines.append(line)
        else:
            lines = found[line] = []
    return found


def come_one_by_one(shown: str) -> None:
    times, _ = timed(sections(shown)["httpx, raw bytes"][:-1])
    assert times == sorted(set(times))


def test_bytes_a_file_and_a_generator_give_products_as_they_complete() -> None:
    shown = sections(run_example("bring_your_own_stream"))
    assert list(shown) == ["httpx, raw bytes", "the same bytes from a file", "a generator of text"]
    for *lines, last in shown.values():
        assert last.strip() == "complete"
        times, products = timed(lines)
        assert times == sorted(times)
        assert products in (PRODUCTS, ["Lamp, 39.50", "Rug, 80.00"])
    assert timed(shown["httpx, raw bytes"][:-1])[1] == PRODUCTS
    check_times("bring_your_own_stream", come_one_by_one)
    assert timed(shown["the same bytes from a file"][:-1])[1] == PRODUCTS


def test_it_can_ask_a_real_endpoint() -> None:
    answer = Answer('[{"name": "Jug", "price": 1}]', cut_bytes=1)
    with ReplayServer(answer) as server:
        shown = sections(run_live("bring_your_own_stream", server.base_url))
    for title in ("httpx, raw bytes", "the same bytes from a file"):
        assert timed(shown[title][:-1])[1] == ["Jug, 1.00"]
    (request,) = server.requests
    assert (request.body["model"], request.body["stream"]) == ("mini", True)
    assert "authorization" in request.headers
