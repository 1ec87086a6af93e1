"""The lines of the logger `partialstream`."""

from __future__ import annotations

import logging
import re
import subprocess
import sys

import pytest
from client_runs import CALLERS, Caller, Product

from partialstream.client.budget import Budget
from partialstream.testing import Answer, ReplayServer, faults

LIST = '{"items": [{"name": "Lamp"}, {"name": "Rug"}]}'
BAD = '{"items": [{"name": "Lamp"}, {"name": 1}]}'
RUG = '{"items": [{"name": "Rug"}]}'
SECRET = "a lamp that nobody may know of"


@pytest.fixture(params=CALLERS, ids=["sync", "async"])
def caller(request: pytest.FixtureRequest) -> Caller:
    """Both clients."""
    made: Caller = request.param
    return made


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The lines of the only call, without its number, and with `N` for all other numbers."""
    ours = [each for each in caplog.record_tuples if each[0] == "partialstream"]
    (call,) = {text.partition(":")[0] for _, _, text in ours}
    assert re.fullmatch(r"call \d+", call)
    return [
        logging.getLevelName(level) + re.sub(r"\d+\.\d+", "N", text.partition(":")[2])
        for _, level, text in ours
    ]


def test_a_call_that_goes_well(caller: Caller, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "partialstream"), ReplayServer(LIST) as server:
        caller(server).read("create_iterable", response_model=Product)
    assert [re.sub(r"tokens .*", "tokens", line) for line in lines(caplog)] == [
        "DEBUG attempt 1 (request) to openai, model any",
        "DEBUG attempt 1 complete: N s, first chunk N s, tokens",
        "INFO create_iterable complete: 2 items, 0 rejected, 1 attempt, N s, first item N s, "
        "tokens",
    ]


def test_a_repair(caller: Caller, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "partialstream"), ReplayServer([BAD, RUG]) as server:
        caller(server).read("create_iterable", response_model=Product, max_retries=1)
    first, last = lines(caplog)
    assert first == "INFO repair in N s, as attempt 1 ended with OutputValidationError"
    assert last.startswith("INFO create_iterable complete: 2 items, 0 rejected, 2 attempts")


def test_requests_that_are_rejected(
    caller: Caller, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Budget, "pause", lambda _: iter(()))
    busy = Answer("", fault=faults.HTTPError(429, message=SECRET))
    final = Answer("", fault=faults.HTTPError(401, message=SECRET))
    with caplog.at_level(logging.DEBUG, "partialstream"), ReplayServer([busy, final]) as server:
        made = caller(server, max_retries=0)
        run = made.read("create_iterable", response_model=Product, max_retries=1)
    assert run.error is not None
    assert lines(caplog) == [
        "DEBUG attempt 1 (request) to openai, model any",
        "DEBUG attempt 1 failed: 429",
        "INFO request in N s, as attempt 1 ended with 429",
        "DEBUG attempt 2 (request) to openai, model any",
        "DEBUG attempt 2 failed: 401",
        "INFO create_iterable failed (401): 0 items, 0 rejected, 2 attempts",
    ]
    assert SECRET not in caplog.text


def test_nothing_that_was_said_is_logged(caller: Caller, caplog: pytest.LogCaptureFixture) -> None:
    said = f'{{"items": [{{"name": "{SECRET}"}}, {{"name": ["{SECRET}"]}}]}}'
    with caplog.at_level(logging.DEBUG, "partialstream"), ReplayServer([said, said]) as server:
        run = caller(server).read("create_iterable", response_model=Product, max_retries=1)
    assert run.error is not None
    assert len(lines(caplog)) >= 5
    assert SECRET not in caplog.text


def test_without_anybody_who_wants_lines_there_are_none(
    caller: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), ReplayServer(LIST) as server:
        caller(server).read("create_iterable", response_model=Product)
    assert [each for each in caplog.record_tuples if each[0] == "partialstream"] == []


def test_opentelemetry_is_not_imported() -> None:
    program = """
import sys
from openai import OpenAI
from pydantic import BaseModel
from partialstream import from_openai
from partialstream.testing import ReplayServer

class Product(BaseModel):
    name: str

with ReplayServer('{"items": [{"name": "Lamp"}]}') as server:
    with OpenAI(base_url=server.base_url, api_key="test") as sdk:
        before = "opentelemetry" in sys.modules
        list(from_openai(sdk).create_iterable(response_model=Product, model="m", messages=[]))
assert before or "opentelemetry" not in sys.modules
assert "partialstream.telemetry.spans" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
