"""A rate limit whose clock stands still until a test moves it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from partialstream import RateLimit
from partialstream.client.rate_limit.limit import Permit
from partialstream.client.rate_limit.ticket import Ticket

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Simulated(RateLimit):
    """A `RateLimit` that takes `now` for the time."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = 0.0

    @override
    def _clock(self) -> float:
        return self.now


def line_up(limit: RateLimit, tokens: int = 0) -> Ticket:
    """A request that comes now, and takes so many tokens."""
    return limit.ticket(Ticket, {"messages": [], "max_tokens": tokens})


@dataclass
class Went:
    """A request that was sent."""

    number: int
    came: float
    at: float
    tokens: int
    permit: Permit = field(repr=False)


def simulate(
    limit: Simulated, requests: Sequence[tuple[float, int]], lateness: Iterable[float] = ()
) -> list[Went]:
    """Let requests come, each so long after the one before, and go when they may.

    Args:
        limit: The limit.
        requests: For each its time after the one before, and its tokens.
        lateness: By how much whoever waits is woken too late, in turn; 0 when there are no more.
    """
    late = iter(lateness)
    times: list[float] = []
    for gap, _ in requests:
        times.append(gap + (times[-1] if times else limit.now))
    coming = [
        (time, tokens, number)
        for number, (time, (_, tokens)) in enumerate(zip(times, requests, strict=True))
    ]
    waiting: list[tuple[Ticket, int]] = []
    went: list[Went] = []
    while coming or waiting:
        while coming and coming[0][0] <= limit.now:
            _, tokens, number = coming.pop(0)
            waiting.append((line_up(limit, tokens), number))
        if not waiting:
            limit.now = coming[0][0]
            continue
        ticket, number = waiting[0]
        turn = limit.enter(ticket)
        if isinstance(turn, Permit):
            waiting.pop(0)
            tokens = requests[number][1]
            went.append(Went(number, ticket.since, limit.now, tokens, turn))
            continue
        assert turn > 0
        for other, _ in waiting[1:]:  # out of turn
            assert isinstance(limit.enter(other), float)
        wake = limit.now + turn + next(late, 0.0)
        limit.now = min(wake, coming[0][0]) if coming else wake
    return went
