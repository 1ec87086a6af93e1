"""Many documents, and a provider that fails at every fifth request."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import TYPE_CHECKING

import tenacity
from etl_runs import Driver, Model, expected, job, lines, rows_in

from partialstream.testing import Answer, ReplayServer, faults

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENTS = 150
HOPELESS = range(7, DOCUMENTS, 40)  # of which the provider never says anything else
STUBBORN = range(9, DOCUMENTS, 40)  # which have a row that stays invalid


class Faults:
    """Spoils the answers of a model, by chance."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self.spoiled = 0

    def __call__(self, number: int, asked: int, answer: Answer) -> Answer:
        if number in HOPELESS:
            return Answer(fault=faults.HTTPError(400, message=f"no {number}"))
        if number in STUBBORN:
            return replace(answer, text=answer.text.replace('"count": 2}', '"count": -2}'))
        if self._chance.random() > 0.2:
            return answer
        self.spoiled += 1
        deltas = -(-len(answer.text) // answer.chunk_size)
        after = self._chance.randrange(1, max(2, deltas))
        kind = self._chance.randrange(7)
        if kind == 0:
            return Answer(fault=faults.HTTPError(429, retry_after=0.01))
        if kind == 1:
            return Answer(fault=faults.HTTPError(503))
        if kind == 2:
            return replace(answer, fault=faults.Reset(after=after))
        if kind == 3:
            return replace(answer, fault=faults.EndEarly(after=after))
        if kind == 4:
            return replace(answer, fault=faults.MalformedEvent(after=after))
        if kind == 5:
            cut = answer.text[: after * answer.chunk_size]
            return replace(answer, text=cut, finish_reason="length")
        return replace(answer, text=answer.text.replace('"count": 1}', '"count": "many"}'))


def test_all_that_can_succeed_does_and_the_rest_is_told(driver: Driver, tmp_path: Path) -> None:
    retrying = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(8), wait=tenacity.wait_none(), reraise=False
    )
    given = Faults(seed=11)
    with ReplayServer(Model(given)) as server:
        summary = driver.run(
            server,
            job(DOCUMENTS, rows=6),
            journal=tmp_path / "run.db",
            sink=tmp_path / "rows.jsonl",
            max_retries=retrying,
            max_requests=30,
        )
        assert summary.requests == len(server.requests)
    assert given.spoiled > DOCUMENTS / 10
    missing = {
        row
        for row in expected(DOCUMENTS, rows=6)
        if int(row[0][4:]) in HOPELESS or (int(row[0][4:]) in STUBBORN and row[1] == 2)
    }
    assert rows_in(lines(tmp_path / "rows.jsonl")) == sorted(expected(DOCUMENTS, rows=6) - missing)
    assert (summary.failed, summary.rejected) == (len(HOPELESS), len(STUBBORN))
    letters = lines(tmp_path / "run.dead-letters.jsonl")
    failed = {letter["document"]: letter["reason"] for letter in letters if "row" not in letter}
    assert sorted(failed) == [f"doc-{number:04}" for number in HOPELESS]
    assert all(f"no {int(name[4:])}" in reason for name, reason in failed.items())
    rejected = {
        letter["document"]: json.loads(letter["raw"])["count"]
        for letter in letters
        if "row" in letter
    }
    assert rejected == {f"doc-{number:04}": -2 for number in STUBBORN}
