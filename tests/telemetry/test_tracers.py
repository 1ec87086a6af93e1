"""What four tracers of the OpenAI SDK see of our calls: as much as of the SDK's own.

Each needs an environment of its own, as .ci/run makes it, and is skipped in all others.
"""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from extras import is_installed

PROGRAM = Path(__file__).with_name("traced_program.py")

MODULES = {
    "openinference": "openinference.instrumentation.openai",
    "traceloop": "opentelemetry.instrumentation.openai",
    "logfire": "logfire.integrations",  # not of logfire-api, which is a stand-in
    "langfuse": "langfuse",
}

TRACERS = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            not is_installed(module),
            reason=f"needs {name}, in an environment of its own; see .ci/run",
        ),
    )
    for name, module in MODULES.items()
]

TO_THE_END = ["sync end", "async end"]
EARLY = ["sync early", "async early"]


@cache
def found(tracer: str, api: str) -> dict[str, Any]:
    """What the program says."""
    run = subprocess.run(
        [sys.executable, PROGRAM, tracer, api],
        stdout=subprocess.PIPE,
        check=True,
        timeout=120,
        text=True,
    )
    made: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    print(json.dumps(made, indent=1))
    return made


@pytest.mark.parametrize("tracer", TRACERS)
@pytest.mark.parametrize("api", ["chat", "responses"])
@pytest.mark.parametrize("case", [*TO_THE_END, *EARLY, "not streamed"])
def test_a_tracer_sees_as_much_of_our_calls_as_of_the_sdks_own(
    tracer: str, api: str, case: str
) -> None:
    plain, ours = found(tracer, api)[case]
    assert ours == plain
    assert plain["spans"]


@pytest.mark.parametrize("tracer", TRACERS)
@pytest.mark.parametrize("api", ["chat", "responses"])
@pytest.mark.parametrize("case", TO_THE_END)
def test_a_tracer_sees_output_and_tokens(tracer: str, api: str, case: str) -> None:
    _, ours = found(tracer, api)[case]
    assert ours["first"]
    assert ours["last"]
    assert "321" in json.dumps(ours["tokens"])
    assert "654" in json.dumps(ours["tokens"])


@pytest.mark.parametrize("tracer", TRACERS)
def test_a_tracer_sees_calls_through_instructor(tracer: str) -> None:
    (ours,) = found(tracer, "chat")["instructor"]  # instructor itself cannot read all of them
    assert ours["last"]
    assert "654" in json.dumps(ours["tokens"])


@pytest.mark.parametrize("tracer", TRACERS)
def test_a_tracer_sees_less_of_bytes(tracer: str) -> None:
    """If this fails, the tracer has learnt to read bytes, and need not be made way for."""
    (ours,) = found(tracer, "chat")["bytes"]
    assert not ours["last"]
