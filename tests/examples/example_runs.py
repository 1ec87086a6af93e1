"""Runs an example, and takes its output apart."""

from __future__ import annotations

import io
import os
import re
import runpy
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from extras import needs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

# Those that need more than the other tests do.
NEEDS = {
    "anthropic_events": needs("examples", "anthropic"),
    "fastapi_ranking": needs("examples", "fastapi"),
    "fastapi_report": needs("examples", "fastapi"),
    "flask_ranking": needs("examples", "flask"),
    "gradio_ranking": needs("examples", "gradio"),
    "invoices": needs("examples", "pyarrow", "sqlalchemy"),
    "token_probabilities": needs("litellm", "litellm"),
}


def each_example(names: Iterable[str]) -> pytest.MarkDecorator:
    """Parametrise a test that runs each of these examples."""
    params = [pytest.param(name, marks=NEEDS.get(name, ())) for name in names]
    return pytest.mark.parametrize("name", params)


@cache
def run_example(
    name: str, *arguments: str, warnings: str = "error", log: str = "", **environment: str
) -> str:
    """Run `python examples/NAME.py`; gives what it prints. The same run is made once.

    Args:
        name: Of the example.
        arguments: Of the program.
        warnings: What Python does with them.
        log: The lines that it is to write to stderr, but for tracebacks.
        environment: Further variables.
    """
    done = subprocess.run(
        [sys.executable, "-W", warnings, str(EXAMPLES / f"{name}.py"), *arguments],
        env={**os.environ, "PYTHONUTF8": "1", **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # Our own log names places in the source as tracebacks do, without the error's message.
    told = re.sub(r"^Traceback.*(\n .*)*\n.*\n", "", done.stderr, flags=re.M)
    assert re.sub(r"^ .*\n", "", told, flags=re.M) == log
    return done.stdout


def check_times(name: str, check: Callable[[str], None], *, warnings: str = "error") -> None:
    """Check the times that it prints, and nothing else.

    Where the machine has stood still meanwhile, they are wrong: then it runs again.
    """
    shown = run_example(name, warnings=warnings)
    for _ in range(4):
        try:
            return check(shown)
        except AssertionError:
            shown = run_example.__wrapped__(name, warnings=warnings)
    return check(shown)


def run_here(name: str, *arguments: str, **environment: str) -> str:
    """Run it in this process, which has imported what it needs; gives what it prints.

    Those that need more than the other tests do still run as programs.
    """
    if name in NEEDS:
        return run_example(name, *arguments, warnings="ignore", **environment)
    path = str(EXAMPLES / f"{name}.py")
    shown, errors = io.StringIO(), io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        redirect_stdout(shown),
        redirect_stderr(errors),
        suppress(SystemExit),  # what `--help` ends with; anything else is on stderr
    ):
        patch.setattr(sys, "argv", [path, *arguments])
        for variable, value in environment.items():
            patch.setenv(variable, value)
        runpy.run_path(path, run_name="__main__")
    assert errors.getvalue() == ""
    return shown.getvalue()


def run_live(name: str, base_url: str, model: str = "mini") -> str:
    """Run it with `--live` against an endpoint."""
    arguments = ("--live", "--base-url", base_url, "--model", model)
    return run_here(name, *arguments, OPENAI_API_KEY="test")


def timed(lines: list[str]) -> tuple[list[float], list[str]]:
    """Split lines that begin with a time; gives the times in seconds, and what is behind them."""
    told = [re.fullmatch(r" *(\d+\.\d\d) s +(.+)", line) for line in lines]
    assert all(told), lines
    return (
        [float(match[1]) for match in told if match],
        [match[2] for match in told if match],
    )
