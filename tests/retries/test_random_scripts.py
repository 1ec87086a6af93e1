"""Random scripts of faults and answers: what comes is what the scripts hold, each item once.

To run more of them:

    PARTIALSTREAM_SCRIPTS=10000 pytest tests/retries/test_random_scripts.py
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, given, settings
from script_checks import check
from script_runs import run_async, run_sync
from scripts import Script, scripts, with_fallbacks

COUNT = int(os.environ.get("PARTIALSTREAM_SCRIPTS", "300"))

many = settings(
    max_examples=COUNT,
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
    # To explain a failure takes longer than to find and to shrink it.
    phases=[phase for phase in Phase if phase is not Phase.explain],
)


@many
@given(scripts)
def test_what_comes_is_what_the_script_holds(script: Script) -> None:
    run = run_sync(script)
    check(script, run)
    assert run_async(script).comparable() == run.comparable()


@many
@given(with_fallbacks)
def test_what_comes_from_several_endpoints_is_what_the_script_holds(script: Script) -> None:
    run = run_sync(script)
    check(script, run)
    assert run_async(script).comparable() == run.comparable()
