"""Races over several endpoints that are slow and fail at random: each item comes once, in order.

To run more of them:

    PARTIALSTREAM_RACES=500 pytest tests/fallbacks/test_random_races.py
"""

from __future__ import annotations

import os
import random
import re
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, get_args

import pytest
from endpoints import FIVE, Kind, Product, bad, call, listed

from partialstream import PartialStreamError
from partialstream.testing import Answer, ReplayServer, faults

if TYPE_CHECKING:
    from collections.abc import Callable

    from partialstream.testing import ReplayRequest

COUNT = int(os.environ.get("PARTIALSTREAM_RACES", "12"))
WITHIN = 0.1


class Model:
    """Answers what it is asked for, late or broken as chance has it; then properly at last."""

    def __init__(self, kind: Kind, chance: random.Random) -> None:
        self._kind: Kind = kind
        self._chance = chance
        self._left = 3  # faults

    def __call__(self, request: ReplayRequest) -> Answer:
        chance, asked = self._chance, str(request.body)
        delay = chance.choice([0.0, 0.0, 0.05, WITHIN, WITHIN * 1.5, WITHIN * 4])
        text = listed(self._kind, *self._products(asked))
        fault: faults.Fault | None = None
        if self._left and chance.random() < 0.6:
            self._left -= 1
            place = chance.randrange(len(text) // 4)
            makers: list[Callable[[], faults.Fault]] = [
                lambda: faults.Reset(place),
                lambda: faults.ErrorEvent(place),
                lambda: faults.LengthCut(place),
                lambda: faults.EndEarly(place),
                lambda: faults.HTTPError(chance.choice([401, 429, 500])),
            ]
            fault = chance.choice(makers)()
        return Answer(text, first_delay=delay, fault=fault)

    def _products(self, asked: str) -> list[Product | str]:
        found = re.search(r"Your answer was cut off after (\d+) complete", asked)
        if found:
            return [*FIVE[int(found[1]) :]]
        repaired = re.findall(r"The item at index (\d+):", asked)
        if repaired:
            return [FIVE[int(index)] for index in repaired]
        invalid = self._chance.random() < 0.3
        return [FIVE[0], bad(FIVE[1]) if invalid else FIVE[1], *FIVE[2:]]


KINDS: tuple[Kind, ...] = ("chat", "responses", "instructor")


@pytest.mark.parametrize("seed", range(COUNT))
def test_each_item_comes_once(asynchronous: bool, seed: int) -> None:
    assert set(KINDS) < set(get_args(Kind))
    chance = random.Random(seed)
    chosen: list[Kind] = [chance.choice(KINDS) for _ in range(chance.choice([1, 2, 3]))]
    options: dict[str, Any] = {"max_retries": chance.choice([0, 1, 3])}
    with ExitStack() as stack:
        servers = [stack.enter_context(ReplayServer(Model(kind, chance))) for kind in chosen]
        run = call(
            list(zip(chosen, servers, strict=True)),
            asynchronous=asynchronous,
            first_delta_within=WITHIN,
            **options,
        )
        for server in servers:
            for request in server.requests:
                assert request.wait_hung_up(10) or request.finished
        made = sum(len(server.requests) for server in servers)
    indexes = [index for index, _ in run.items]
    assert len(set(indexes)) == len(indexes)
    assert all(FIVE[index] == value for index, value in run.items)
    if run.error is None:
        assert sorted(indexes) == list(range(5))
        assert run.stream.outcome.ok
    else:
        assert isinstance(run.error, PartialStreamError) or not run.items
    if run.stream is not None and run.error is None:
        attempts = run.stream.attempts
        assert [each.number for each in attempts] == list(range(1, len(attempts) + 1))
        assert all(each.outcome is not None for each in attempts)
        assert made <= len(attempts), "what has lost may not have been sent"
        assert {item.attempt for item in run.values if hasattr(item, "raw")} <= {
            each.number for each in attempts
        }
