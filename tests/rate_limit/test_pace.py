"""The pace of requests and tokens, by a clock that the test moves."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated import Simulated, line_up, simulate

from partialstream.client.rate_limit.limit import Permit
from partialstream.client.rate_limit.pace import HEADROOM

GAPS = st.one_of(st.just(0.0), st.floats(0, 3), st.floats(0, 100))
LATENESS = st.lists(st.one_of(st.just(0.0), st.floats(0, 0.01), st.floats(0, 20)), max_size=60)


@given(
    st.integers(1, 40),
    st.lists(GAPS, min_size=1, max_size=80),
    LATENESS,
)
def test_no_minute_has_more_requests_than_allowed_and_they_go_in_order(
    allowed: int, gaps: list[float], lateness: list[float]
) -> None:
    limit = Simulated(requests_per_minute=allowed)
    went = simulate(limit, [(gap, 0) for gap in gaps], lateness)
    times = [each.at for each in went]
    assert [each.number for each in went] == list(range(len(gaps)))
    assert times == sorted(times)
    for first in times:
        assert sum(first <= time < first + 60.0 for time in times) <= allowed


@given(
    st.integers(100, 2000),
    st.lists(st.tuples(GAPS, st.integers(0, 700)), min_size=1, max_size=60),
    LATENESS,
)
def test_no_minute_has_more_tokens_than_allowed_but_of_one_large_request(
    allowed: int, requests: list[tuple[float, int]], lateness: list[float]
) -> None:
    limit = Simulated(tokens_per_minute=allowed)
    went = simulate(limit, requests, lateness)
    assert [each.number for each in went] == list(range(len(requests)))
    for first in went:
        minute = [each for each in went if first.at <= each.at < first.at + 60.0]
        tokens = [each.tokens for each in minute if each.tokens]
        assert sum(tokens) <= allowed or len(tokens) == 1


@given(st.integers(1, 600), st.integers(1, 400))
def test_what_waits_goes_at_the_allowed_rate_but_for_the_headroom(allowed: int, count: int) -> None:
    limit = Simulated(requests_per_minute=allowed)
    went = simulate(limit, [(0.0, 0)] * count)
    assert went[-1].at == pytest.approx((count - 1) * 60.0 * HEADROOM / allowed)


def test_it_is_paced_after_a_quiet_time_too() -> None:
    limit = Simulated(requests_per_minute=60)
    simulate(limit, [(0.0, 0)])
    went = simulate(limit, [(1000.0, 0), *[(0.0, 0)] * 5])
    gaps = [b.at - a.at for a, b in pairwise(went)]
    assert gaps == pytest.approx([HEADROOM] * 5)


def test_what_wakes_late_does_not_lower_the_rate() -> None:
    limit = Simulated(requests_per_minute=600)
    went = simulate(limit, [(0.0, 0)] * 600, [0.05] * 600)
    assert went[-1].at < 60.0 * HEADROOM * 1.01


def test_a_request_above_the_limit_of_tokens_goes_alone() -> None:
    limit = Simulated(tokens_per_minute=1000)
    went = simulate(limit, [(0.0, 100), (0.0, 3000), (0.0, 100)])
    first, large, last = (each.at for each in went)
    assert large - first >= 60.0
    assert last - large >= 3 * 60.0


def test_both_limits_hold() -> None:
    limit = Simulated(requests_per_minute=60, tokens_per_minute=600)
    small = simulate(limit, [(0.0, 1)] * 10)
    assert small[-1].at == pytest.approx(9 * HEADROOM)
    large = simulate(limit, [(100.0, 60), *[(0.0, 60)] * 9])
    assert large[-1].at - large[0].at == pytest.approx(9 * 6 * HEADROOM)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(1, 500), st.integers(1, 500)), min_size=1, max_size=30))
def test_the_reported_usage_counts_in_place_of_the_estimate(pairs: list[tuple[int, int]]) -> None:
    from partialstream import Usage

    limit = Simulated(tokens_per_minute=1000)
    total = 0
    for estimated, real in pairs:
        ticket = line_up(limit, estimated)
        while isinstance(turn := limit.enter(ticket), float):
            limit.now += turn
        total += real
        turn.end(Usage(input_tokens=1, output_tokens=real - 1))
    # One after another, at the pace of what they really took: each waits for those before it. What
    # one waits for its own estimate, before that is corrected, is not given to those after it.
    last = pairs[-1][1]
    most = sum(map(max, pairs))
    assert limit.now >= (total - last) * 60.0 * HEADROOM / 1000 * 0.999 - 60.0 * HEADROOM
    assert limit.now <= (most + 500) * 60.0 * HEADROOM / 1000 + 60.0 * HEADROOM


def test_a_corrected_estimate_wakes_who_waits_for_it() -> None:
    from partialstream import Usage

    limit = Simulated(tokens_per_minute=6000)
    first = limit.enter(line_up(limit, 6000))
    assert isinstance(first, Permit)
    second = line_up(limit, 600)
    waits = limit.enter(second)
    assert isinstance(waits, float)
    assert waits > 60.0
    second.arm()
    limit.now = 2.0
    first.end(Usage(input_tokens=100, output_tokens=100))
    assert second.due == 2.0
    waits = limit.enter(second)
    assert isinstance(waits, float)
    assert waits < 0.1


def test_a_request_that_gives_up_takes_nothing_from_the_others() -> None:
    limit = Simulated(requests_per_minute=60)
    tickets = [line_up(limit) for _ in range(5)]
    assert isinstance(limit.enter(tickets[0]), Permit)
    for ticket in (tickets[1], tickets[3]):
        limit.leave(ticket)
    assert limit.waiting == 2
    limit.now = HEADROOM
    assert isinstance(limit.enter(tickets[2]), Permit)
    limit.now = 2 * HEADROOM
    assert isinstance(limit.enter(tickets[4]), Permit)


def test_a_head_that_never_comes_does_not_stop_the_others() -> None:
    limit = Simulated(requests_per_minute=60)
    assert isinstance(limit.enter(line_up(limit)), Permit)
    dead, alive = line_up(limit), line_up(limit)
    assert isinstance(limit.enter(dead), float)
    limit.now = 1.5
    assert isinstance(limit.enter(alive), float)  # it is the other's turn
    limit.now = 10.0
    assert isinstance(limit.enter(alive), Permit)
    limit.now = 20.0
    assert isinstance(limit.enter(dead), Permit)  # it was not dead, but lines up again


def test_a_head_that_never_comes_costs_once() -> None:
    limit = Simulated(requests_per_minute=60)
    assert isinstance(limit.enter(line_up(limit)), Permit)
    dead, first = line_up(limit), line_up(limit)
    assert isinstance(limit.enter(dead), float)
    limit.now = 10.0
    assert isinstance(limit.enter(first), Permit)
    assert limit.waiting == 0
    limit.now = 20.0
    assert isinstance(limit.enter(line_up(limit)), Permit)  # at once


def test_a_head_that_comes_too_late_lines_up_at_the_end() -> None:
    limit = Simulated(requests_per_minute=60)
    assert isinstance(limit.enter(line_up(limit)), Permit)
    late, first, second = (line_up(limit) for _ in range(3))
    assert isinstance(limit.enter(late), float)
    limit.now = 10.0
    assert isinstance(limit.enter(first), Permit)
    assert isinstance(limit.enter(late), float)
    assert limit.waiting == 2
    limit.now = 20.0
    assert isinstance(limit.enter(second), Permit)
    limit.now = 30.0
    assert isinstance(limit.enter(late), Permit)
    assert limit.waiting == 0
    limit.leave(late)
    assert limit.waiting == 0


def test_of_concurrent_responses_one_ends_before_the_next_begins() -> None:
    limit = Simulated(concurrent=2)
    first, second = limit.enter(line_up(limit)), limit.enter(line_up(limit))
    assert isinstance(first, Permit)
    assert isinstance(second, Permit)
    third, fourth = line_up(limit), line_up(limit)
    assert isinstance(limit.enter(third), float)
    assert (limit.open, limit.waiting) == (2, 2)
    first.end()
    first.end()  # again, which changes nothing
    assert isinstance(limit.enter(third), Permit)  # and its permit is dropped at once
    assert isinstance(limit.enter(fourth), Permit)
    assert limit.open == 1
