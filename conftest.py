"""What holds for all tests: Hypothesis, the extras that a test needs, Ctrl-C, workers."""

from __future__ import annotations

import gc
import os
import signal
import ssl
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from extras import missing_extra
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

if os.environ.get("PARTIALSTREAM_SCANNER") == "interpreted":
    # The compiled scanner and its source share a name, and Python prefers the compiled one.
    _spec = spec_from_file_location(
        "partialstream.engine.scan",
        Path(__file__).parent / "partialstream" / "engine" / "scan.py",
    )
    assert _spec is not None
    assert _spec.loader is not None
    sys.modules[_spec.name] = module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules[_spec.name])

# `ci` is the default and repeatable, `dev` looks for new examples.
# Loading a module for the first time may make one example slow; that says nothing of the code.
settings.register_profile(
    "ci",
    derandomize=True,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "dev", deadline=None, max_examples=1000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

# A shell starts a background job (`pytest &`) with SIGINT ignored, and programs inherit that: the
# ones that tests interrupt would not notice. With a handler of Python's, they get the default.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def no_certificates() -> Iterator[None]:
    """A client loads the certificates of the system, which takes 40 ms; all tests speak HTTP."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("load_verify_locations", "load_default_certs"):
            patch.setattr(ssl.SSLContext, name, lambda *_, **__: None)
        yield


@pytest.fixture(scope="module")
def nothing_is_left_of_others() -> None:
    """What other tests have loaded is not gone through again by each `gc.collect()` of a file."""
    gc.collect()
    gc.freeze()


def pytest_collection_finish() -> None:
    """What thousands of tests are made of is left out of collections, which take a second else."""
    gc.collect()
    gc.freeze()


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Tests that are named, or whose output is asked for, run at once and in this process.

    All of them take a process more than there are processors: half of their time they wait.
    """
    named = config.args_source is not pytest.Config.ArgsSource.TESTPATHS
    return 0 if named or config.option.capture == "no" else (os.cpu_count() or 1) + 1


def pytest_runtest_setup(item: pytest.Item) -> None:
    if reason := missing_extra(item):
        pytest.skip(reason)
