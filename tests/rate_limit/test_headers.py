"""What a server says of its limits, and what follows from it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from simulated import Simulated, line_up, simulate

from partialstream.client.rate_limit.headers import ServerLimit, server_limit
from partialstream.client.rate_limit.limit import FIRST_PAUSE, Permit
from partialstream.client.rate_limit.pace import HEADROOM

DATE = "Wed, 01 Jan 2025 00:00:00 GMT"

HEADERS: list[tuple[dict[str, str], Any, ServerLimit]] = [
    ({}, "requests", ServerLimit()),
    (
        {
            "x-ratelimit-limit-requests": "60",
            "x-ratelimit-remaining-requests": "59",
            "x-ratelimit-reset-requests": "1s",
        },
        "requests",
        ServerLimit(60, 59, 1.0),
    ),
    (
        {"x-ratelimit-limit-tokens": "150000", "x-ratelimit-reset-tokens": "6m0s"},
        "tokens",
        ServerLimit(150000, None, 360.0),
    ),
    ({"x-ratelimit-reset-requests": "20ms"}, "requests", ServerLimit(reset=0.02)),
    ({"x-ratelimit-reset-requests": "1m6.5s"}, "requests", ServerLimit(reset=66.5)),
    ({"x-ratelimit-reset-requests": "7h12m0s"}, "requests", ServerLimit(reset=25920.0)),
    ({"x-ratelimit-reset-requests": "12"}, "requests", ServerLimit(reset=12.0)),
    ({"x-ratelimit-reset-requests": "-12"}, "requests", ServerLimit(reset=0.0)),
    ({"x-ratelimit-reset-requests": "nan"}, "requests", ServerLimit()),
    ({"x-ratelimit-reset-requests": "soon"}, "requests", ServerLimit()),
    ({"x-ratelimit-limit-requests": "sixty"}, "requests", ServerLimit()),
    ({"x-ratelimit-limit-requests": "-1"}, "requests", ServerLimit()),
    ({"x-ratelimit-remaining-requests": "0"}, "tokens", ServerLimit()),
    (
        {
            "anthropic-ratelimit-tokens-limit": "80000",
            "anthropic-ratelimit-tokens-remaining": "0",
            "anthropic-ratelimit-tokens-reset": "2025-01-01T00:00:30Z",
            "date": DATE,
        },
        "tokens",
        ServerLimit(80000, 0, 30.0),
    ),
    (
        {"anthropic-ratelimit-requests-reset": "2025-01-01T01:00:10.5+01:00", "date": DATE},
        "requests",
        ServerLimit(reset=10.5),
    ),
    (
        {"anthropic-ratelimit-requests-reset": "2025-01-01T00:00:10", "date": DATE},
        "requests",
        ServerLimit(reset=10.0),
    ),
    (
        {"anthropic-ratelimit-requests-reset": "2024-12-31T00:00:00Z", "date": DATE},
        "requests",
        ServerLimit(reset=0.0),
    ),
]


@pytest.mark.parametrize(("headers", "unit", "expected"), HEADERS)
def test_they_are_read(headers: dict[str, str], unit: Any, expected: ServerLimit) -> None:
    assert server_limit(headers, unit) == expected


def test_without_a_date_a_point_in_time_is_compared_with_the_clock_here() -> None:
    reset = server_limit({"anthropic-ratelimit-tokens-reset": "2099-01-01T00:00:00Z"}, "tokens")
    assert reset.reset is not None
    assert reset.reset > 3600.0


def sent(limit: Simulated) -> Permit:
    turn = limit.enter(line_up(limit))
    assert isinstance(turn, Permit)
    return turn


def wait_of(limit: Simulated) -> float:
    """How long a request would have to wait that came now."""
    ticket = line_up(limit)
    turn = limit.enter(ticket)
    limit.leave(ticket)
    return turn if isinstance(turn, float) else 0.0


def response(**headers: str) -> Any:
    return SimpleNamespace(
        headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


class APIStatusError(Exception):
    """As the SDKs have it, by whose name it is known."""

    status_code = 429

    def __init__(self, **headers: str) -> None:
        super().__init__("slow down")
        self.response = response(**headers)


def test_a_lower_limit_of_the_server_slows_down_and_a_higher_one_changes_nothing() -> None:
    limit = Simulated(requests_per_minute=60)
    sent(limit).answered(response(x_ratelimit_limit_requests="30"))
    limit.now = 100.0
    went = simulate(limit, [(0.0, 0)] * 3)
    assert went[-1].at - went[0].at == pytest.approx(4 * HEADROOM)
    went[-1].permit.answered(response(x_ratelimit_limit_requests="1000"))
    limit.now = 200.0
    went = simulate(limit, [(0.0, 0)] * 3)
    assert went[-1].at - went[0].at == pytest.approx(2 * HEADROOM)


def test_where_nothing_remains_all_wait_until_the_reset() -> None:
    limit = Simulated()
    sent(limit).answered(
        response(x_ratelimit_remaining_requests="0", x_ratelimit_reset_requests="12s")
    )
    assert wait_of(limit) == pytest.approx(12.0)
    limit.now = 12.0
    assert wait_of(limit) == 0.0


def test_nobody_waits_for_a_day() -> None:
    limit = Simulated()
    sent(limit).answered(
        response(x_ratelimit_remaining_requests="0", x_ratelimit_reset_requests="24h")
    )
    assert wait_of(limit) == pytest.approx(60.0)


def test_after_a_429_all_wait_as_long_as_the_server_says() -> None:
    limit = Simulated(requests_per_minute=600)
    sent(limit).rejected(APIStatusError(retry_after="7"))
    assert wait_of(limit) == pytest.approx(7.0)
    limit.now = 7.0
    went = simulate(limit, [(0.0, 0)] * 3)  # and not all at once then
    assert [each.at - 7.0 for each in went] == pytest.approx([0.0, 0.1 * HEADROOM, 0.2 * HEADROOM])


def test_after_a_429_that_says_nothing_the_pause_grows_until_a_request_is_taken() -> None:
    limit = Simulated()
    for pause in (1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0):
        sent(limit).rejected(APIStatusError())
        assert wait_of(limit) == pytest.approx(pause * FIRST_PAUSE)
        limit.now += pause
    sent(limit).answered(response())
    sent(limit).rejected(APIStatusError())
    assert wait_of(limit) == pytest.approx(FIRST_PAUSE)


def test_requests_that_were_sent_together_count_as_one_429() -> None:
    limit = Simulated()
    permits = [sent(limit) for _ in range(10)]
    for permit in permits:
        permit.rejected(APIStatusError())
    assert wait_of(limit) == pytest.approx(FIRST_PAUSE)


def test_other_errors_make_nobody_wait() -> None:
    limit = Simulated()
    error = APIStatusError(retry_after="7")
    error.status_code = 500
    sent(limit).rejected(error)
    sent(limit).rejected(KeyboardInterrupt())
    assert wait_of(limit) == 0.0
    assert limit.open == 0
