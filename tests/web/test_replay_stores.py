"""What `web.Replay` keeps logs in: who reads them, from which event loops and processes."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from extras import needs
from replay_runs import SOON, site_of, until
from web_runs import products
from wire_readers import read_sse

from partialstream import web
from partialstream.testing import Answer, ReplayServer
from partialstream.web.replay import scripts
from partialstream.web.replay.log import Bounds, Store, StoreError
from partialstream.web.replay.memory import MemoryStore
from partialstream.web.replay.redis_store import RedisStore
from partialstream.web.replay.server import RedisServer

if TYPE_CHECKING:
    from redis_runs import Redis

BOUNDS = Bounds(keep=60, max_logs=10, lease=30)
HERE = Path(__file__).parent


@pytest.fixture(params=["memory", pytest.param("redis", marks=needs("redis", "redis"))])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "memory":
        return MemoryStore(BOUNDS)
    return RedisStore(request.getfixturevalue("redis").url, f"test-{uuid4().hex}", BOUNDS)


# -- who reads -----------------------------------------------------------------------------------


def test_a_run_waits_for_its_first_reader(store: Store) -> None:
    """Also where another one has the key by then: that reader has been promised the log."""

    async def run() -> None:
        log, _ = await store.begin("k", "AiSdk", renew=True, name="")
        assert await log.tend() < 0
        other, is_new = await store.begin("k", "AiSdk", renew=True, name="")
        assert is_new
        assert await log.tend() < 0
        await log.attach()
        assert await log.tend() == 0
        await log.detach()
        assert await log.tend() > 1e6
        await other.attach()
        await other.detach()
        assert 0 <= await other.tend() < 1e6
        await store.aclose()

    asyncio.run(run())


def test_no_time_without_readers(make: Any) -> None:
    answers = [Answer(products(10), tokens_per_second=100)]
    answers.append(Answer(products(3000), tokens_per_second=50))
    with ReplayServer(answers) as provider, site_of(partial(make, linger=0), provider) as site:
        page = read_sse(site.begin("a").text)
        assert page.ok
        assert len(page.values) == 10
        site.begin_and_leave("p1", "b")
        assert provider.requests[1].wait_hung_up(SOON)


@pytest.mark.parametrize("keep", [0, 0.0005])
def test_nothing_is_kept_after_the_end(make: Any, keep: float) -> None:
    with (
        ReplayServer(Answer(products(10), tokens_per_second=200), repeat=True) as provider,
        site_of(partial(make, keep=keep), provider) as site,
    ):
        for _ in range(3):
            page = read_sse(site.begin().text)
            assert page.ok
            assert len(page.values) == 10
            until(lambda: site.again().status_code == 204)


@needs("redis", "redis")
def test_a_reader_that_leaves_while_a_pulse_is_under_way(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It arrives late, and says that the reader is there."""
    send = RedisServer.run

    async def run() -> None:
        going_on = asyncio.Event()

        async def slow(self: RedisServer, script: Any, *arguments: Any, **options: Any) -> Any:
            if script is scripts.PULSE:
                await going_on.wait()
            return await send(self, script, *arguments, **options)

        monkeypatch.setattr(RedisServer, "run", slow)
        store = RedisStore(redis.url, f"test-{uuid4().hex}", BOUNDS)
        log: Any = (await store.begin("k", "Sse", renew=False, name=""))[0]
        await log.attach()
        pulse = asyncio.create_task(log._hub._pulse([log._run]))
        await asyncio.sleep(0)  # it is on its way
        await log.detach()
        going_on.set()
        await pulse
        await asyncio.sleep(0.002)
        assert await log.tend() > 0
        await store.aclose()

    asyncio.run(run())


# -- event loops, and processes ----------------------------------------------------------------


def in_a_process(script: str, *arguments: str) -> Any:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])}
    command = [sys.executable, str(HERE / script), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)


@needs("redis", "redis")
@pytest.mark.parametrize("how", ["address", "client", "memory"])
def test_an_event_loop_for_each_request(redis: Redis, how: str) -> None:
    """As in tests of applications, without a lifespan."""
    done = in_a_process("replay_loops.py", redis.url, how)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


@needs("redis", "redis")
def test_a_client_that_is_of_another_event_loop() -> None:
    from redis.asyncio import Redis as Client

    class Bound(Client):
        async def execute_command(self, *_: Any, **__: Any) -> Any:
            raise RuntimeError("Event loop is closed")

    async def ask() -> None:
        with pytest.raises(StoreError, match=r"cannot be used .* \(Event loop is closed\)"):
            await RedisStore(Bound(), "test", BOUNDS).find("k")

    asyncio.run(ask())


@needs("redis", "redis")
@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_workers_that_were_forked_are_apart(redis: Redis) -> None:
    done = in_a_process("replay_fork.py", redis.url)
    assert done.stdout == "0.0\n", done.stderr


# -- what cannot be used --------------------------------------------------------------------------


@needs("redis", "redis")
def test_no_address() -> None:
    with pytest.raises(ValueError, match="redis://"):
        web.Replay(redis="localhost:1")


def test_no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    with pytest.raises(ImportError, match=r'pip install "partialstream\[redis\]"'):
        web.Replay(redis="redis://127.0.0.1:1")
