"""Streams of several requests: whatever goes wrong, a page has the object or an error."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from client_runs import ASK, sync_sdk
from pydantic import BaseModel, Field
from wire_readers import READERS

from partialstream import PartialStreamError, from_openai, web
from partialstream.client import budget
from partialstream.testing import Answer, ReplayServer, faults
from partialstream.web.wires.writer import TakenBackError

FAULTS = [faults.LengthCut, faults.Reset, faults.ErrorEvent, faults.EndEarly]


class Part(BaseModel):
    heading: str
    level: int = Field(ge=0, le=9, default=1)
    words: list[str] = Field(default_factory=list)


class Review(BaseModel):
    title: str
    score: int = Field(ge=0, le=10)
    text: str = ""
    parts: list[Part] = Field(default_factory=list)
    more: dict[str, Any] = Field(default_factory=dict)


def review(chance: random.Random, *, valid: bool) -> dict[str, Any]:
    """A response; one that is not valid may have wrong values, and fields that are missing."""

    def part() -> dict[str, Any]:
        return {
            "heading": chance.choice(["a", "bc", '"x"\n']),
            "level": chance.choice([1, 2] if valid else [1, 2, 99]),
            "words": [chance.choice(["p", "qq"]) for _ in range(chance.randrange(3))],
        }

    members = {
        "title": chance.choice(["Lamp", "Other lamp"]),
        "score": chance.choice([1, 5] if valid else [1, 5, 70, "x"]),
        "text": "word " * chance.randrange(4),
        "parts": [part() for _ in range(chance.randrange(3))],
        "more": {chance.choice(["__proto__", "a"]): [1, {"b": "text"}]},
    }
    names = list(members)
    chance.shuffle(names)
    if not valid and chance.random() < 0.3:
        names = names[:3]
    return {name: members[name] for name in names}


def answers_of(chance: random.Random) -> list[Answer]:
    """Three responses that may be anything, and a good one."""
    answers = []
    for _ in range(3):
        fault = chance.choice([None, None, *FAULTS])
        answers.append(
            Answer(
                json.dumps(review(chance, valid=chance.random() < 0.4)),
                fault=fault and fault(chance.randrange(1, 60)),
                chunk_size=chance.choice([1, 3, 8]),
            )
        )
    return [*answers, Answer(json.dumps(review(chance, valid=True)))]


@pytest.mark.parametrize("wire", READERS)
def test_a_page_has_the_object_or_an_error(wire: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "FIRST_WAIT", 0.0)
    complete = 0
    for seed in range(25):
        chance = random.Random(f"{wire} {seed}")
        retries = chance.randrange(5)
        with (
            ReplayServer(answers_of(chance), repeat=True) as server,
            sync_sdk(base_url=server.base_url) as sdk,
        ):
            stream = from_openai(sdk).create_partial(
                **ASK, response_model=Review, max_retries=retries
            )
            frames: list[str] = []
            torn: Exception | None = None
            try:
                for frame in web.encode(stream, wire, throttle=chance.choice([0.0, 60.0])):
                    frames.append(frame)  # noqa: PERF402 - also what comes before an error
            except (PartialStreamError, TakenBackError) as error:
                torn = error
            try:
                final = stream.final().model_dump(mode="json")
            except PartialStreamError:
                final = None
        if wire == "object" and torn is not None:
            assert final is None or isinstance(torn, TakenBackError)
            with pytest.raises(json.JSONDecodeError):
                json.loads("".join(frames))
            continue
        assert torn is None
        page = READERS[wire]("".join(frames))
        assert page.ok == (final is not None), seed
        if final is not None:
            assert page.state == final, seed
            complete += 1
    assert complete >= 5
