"""A real inference engine on this machine, for the tests of this folder."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from engine_runs import CALLERS, MODES, Caller, Engine

if TYPE_CHECKING:
    from collections.abc import Iterator

_NEEDED = ("llama_cpp", "fastapi", "gguf")
_SECONDS_TO_COME_UP = 60
_SECONDS_TO_END = 10


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The engine, with a model of random weights."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        pytest.skip(f"no {', '.join(missing)}: pip install -e '.[engine]' compiles the engine")
    from tiny_model import CONTEXT, write_tiny_model

    folder = tmp_path_factory.mktemp("engine")
    write_tiny_model(folder / "tiny.gguf")
    with _serving(folder / "tiny.gguf", CONTEXT, folder / "log.txt") as served:
        yield served


@contextmanager
def _serving(model: Path, context: int, log: Path) -> Iterator[Engine]:
    port = _free_port()
    served = Engine(f"http://127.0.0.1:{port}/v1", log)
    options = {"model": model, "host": "127.0.0.1", "port": port, "n_ctx": context}
    command = [sys.executable, "-u", str(Path(__file__).with_name("serve.py"))]
    for name, value in {**options, "logits_all": True, "verbose": False}.items():
        command += [f"--{name}", str(value)]
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT
        ) as process,
    ):
        try:
            _wait_until_up(process, served)
            yield served
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(_SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_until_up(process: subprocess.Popen[bytes], served: Engine) -> None:
    until = time.monotonic() + _SECONDS_TO_COME_UP
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{served.base_url}/models", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    pytest.fail(f"the engine does not come up; its log:\n{served.log_text()}", pytrace=False)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture(params=CALLERS, ids=["sync", "async"])
def caller(request: pytest.FixtureRequest, engine: Engine) -> Caller:
    """One of the two clients, at the engine."""
    made: Caller = request.param(engine)
    return made


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    """How the engine is made to answer in JSON."""
    found: str = request.param
    return found
