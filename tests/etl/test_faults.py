"""Many documents, and a provider that fails at every fifth request.

`PARTIALSTREAM_FAULTS` is the number of documents, 150 by default.
"""

from __future__ import annotations

import json
import os
import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import tenacity
from etl_runs import Driver, Model, expected, job, lines, rows_in
from etl_sinks import JSONLPlace, Place, SQLitePlace
from extras import needs

from partialstream import Limits
from partialstream.testing import Answer, ReplayServer, faults

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DOCUMENTS = int(os.environ.get("PARTIALSTREAM_FAULTS", "150"))
ROWS = 6
HOPELESS = range(7, DOCUMENTS, 40)  # every request for these is rejected
STUBBORN = range(9, DOCUMENTS, 40)  # these have a row that stays invalid
IDLE = 2.0  # seconds without data, until a stream counts as stalled


def garbage(body: bytes, content_type: str) -> Callable[[Answer, int], Answer]:
    """A response with status 200 that is not the API's."""
    return lambda answer, after: Answer(recorded=body, headers={"content-type": content_type})


KINDS: dict[str, Callable[[Answer, int], Answer]] = {
    "429": lambda *_: Answer(fault=faults.HTTPError(429, retry_after=0.01)),
    "500": lambda *_: Answer(fault=faults.HTTPError(500)),
    "503": lambda *_: Answer(fault=faults.HTTPError(503, retry_after=0.01)),
    "reset": lambda answer, after: replace(answer, fault=faults.Reset(after=after)),
    "disconnect": lambda answer, after: replace(answer, fault=faults.Disconnect(after=after)),
    "early end": lambda answer, after: replace(answer, fault=faults.EndEarly(after=after)),
    "error event": lambda answer, after: replace(answer, fault=faults.ErrorEvent(after=after)),
    "malformed": lambda answer, after: replace(answer, fault=faults.MalformedEvent(after=after)),
    "token limit": lambda answer, after: replace(answer, fault=faults.LengthCut(after=after)),
    "stalled": lambda answer, after: replace(answer, fault=faults.Stall(after=after)),
    "slow": lambda answer, after: replace(answer, tokens_per_second=100.0),
    "invalid row": lambda answer, after: replace(
        answer, text=answer.text.replace('"count": 1}', '"count": "many"}')
    ),
    "prose": lambda answer, after: replace(answer, text="There are many articles in it."),
    "HTML": garbage(b"<html><body>502 Bad Gateway</body></html>", "text/html"),
    "JSON": garbage(b'{"error": {"message": "overloaded", "code": 529}}', "application/json"),
    "bytes": garbage(bytes(range(256)), "text/event-stream"),
    "nothing": garbage(b"", "text/event-stream"),
    "wrong content type": lambda answer, after: replace(
        answer, headers={"content-type": "text/plain"}
    ),
}


class Faults:
    """Spoils one in five answers of a model, each kind in turn.

    Attributes:
        kinds: How often each kind was used.
        healed: Whether documents that were hopeless or stubborn are not any more.
    """

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self.kinds = dict.fromkeys(KINDS, 0)
        self.healed = False

    def __call__(self, number: int, asked: int, answer: Answer) -> Answer:
        if number in HOPELESS and not self.healed:
            return Answer(fault=faults.HTTPError(400, message=f"no {number}"))
        if number in STUBBORN:
            return replace(answer, text=answer.text.replace('"count": 2}', '"count": -2}'))
        if self._chance.random() > 0.2:
            return answer
        kind = min(self.kinds, key=lambda name: self.kinds[name])
        self.kinds[kind] += 1
        deltas = -(-len(answer.text) // answer.chunk_size)
        return KINDS[kind](answer, self._chance.randrange(1, max(2, deltas)))


RETRIES: dict[str, Any] = {
    "ours": 8,
    "tenacity": tenacity.Retrying(
        stop=tenacity.stop_after_attempt(8), wait=tenacity.wait_none(), reraise=False
    ),
}

SINKS = [
    (JSONLPlace, "ours"),
    (JSONLPlace, "tenacity"),
    pytest.param(SQLitePlace, "ours", marks=needs("sql", "sqlalchemy")),
]


@pytest.mark.parametrize(("kind", "retries"), SINKS)
def test_all_rows_are_right_and_each_failure_has_its_reason(
    driver: Driver, tmp_path: Path, kind: type[Place], retries: str
) -> None:
    place = kind(tmp_path)
    given = Faults(seed=11)

    def run(server: ReplayServer, *, retry_failed: bool = False) -> Any:
        return driver.run(
            server,
            job(DOCUMENTS, ROWS),
            journal=tmp_path / "run.db",
            sink=place.spec,
            max_retries=RETRIES[retries],
            max_requests=30,
            limits=Limits(idle_seconds=IDLE),
            endpoint="test",
            retry_failed=retry_failed,
        )

    with ReplayServer(Model(given)) as server:
        summary = run(server)
        assert summary.requests == len(server.requests)
        assert sum(given.kinds.values()) > DOCUMENTS / 10
        assert all(given.kinds.values())
        stubborn = {
            row
            for row in expected(DOCUMENTS, ROWS)
            if row[1] == 2 and number_of(row[0]) in STUBBORN
        }
        hopeless = {row for row in expected(DOCUMENTS, ROWS) if number_of(row[0]) in HOPELESS}
        assert rows_in(place.objects()) == sorted(expected(DOCUMENTS, ROWS) - stubborn - hopeless)
        assert (summary.failed, summary.rejected) == (len(HOPELESS), len(STUBBORN))
        check_dead_letters(lines(tmp_path / "run.dead-letters.jsonl"))

        given.healed = True
        before = len(server.requests)
        again = run(server, retry_failed=True)
        assert (again.done, again.failed) == (len(HOPELESS), 0)
        assert again.requests == len(server.requests) - before
        assert rows_in(place.objects()) == sorted(expected(DOCUMENTS, ROWS) - stubborn)
        assert run(server).requests == 0


def number_of(document: str) -> int:
    return int(document.partition("-")[2])


def check_dead_letters(letters: list[dict[str, Any]]) -> None:
    failed = {each["document"]: each["reason"] for each in letters if "row" not in each}
    assert sorted(map(number_of, failed)) == list(HOPELESS)
    assert all(f"no {number_of(name)}" in reason for name, reason in failed.items())
    rejected = {each["document"]: each for each in letters if "row" in each}
    assert sorted(map(number_of, rejected)) == list(STUBBORN)
    for each in rejected.values():
        assert (each["row"], json.loads(each["raw"])["count"]) == (2, -2)
        assert "greater than or equal to 0" in each["reason"]
    assert len(letters) == len(HOPELESS) + len(STUBBORN)
