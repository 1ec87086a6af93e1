"""`web.Replay` in Redis: several processes, those that die, and a Redis that does."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import anyio
import httpx
import pytest
from extras import needs
from redis_runs import redis_server
from replay_runs import SOON, Site, at_once, read_by_two, site_of, until
from settled import settled
from web_runs import products
from wire_readers import read_sse, sse_events

from partialstream import web
from partialstream.testing import Answer, ReplayServer, faults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from redis_runs import Redis

pytestmark = needs("redis", "redis")

STEADY: dict[str, Any] = {"tokens_per_second": 60}
HERE = Path(__file__).parent

GONE = -2
"""What Redis gives as the time that is left for what it has no longer."""

LEASE = 5.0
"""Seconds; on a busy machine nobody is taken for dead who lives."""


@pytest.fixture
def own_redis() -> Iterator[Redis]:
    """One that the test may stop."""
    with redis_server() as server:
        yield server


@pytest.fixture
def make(redis: Redis) -> Callable[..., web.Replay]:
    return partial(web.Replay, redis=redis.url, prefix=f"test-{uuid4().hex}", lease=LEASE)


# -- several processes -----------------------------------------------------------------------


def test_one_goes_on_with_what_another_writes(make: Any) -> None:
    answer = Answer(products(30), **STEADY)
    with (
        ReplayServer(answer) as provider,
        site_of(make, provider) as one,
        site_of(make, provider) as other,
    ):
        before = sse_events(one.begin_and_leave("p3").rpartition("\n\n")[0] + "\n\n")
        after = sse_events(other.again(last=before[-1][0]).text)
        assert [id_ for id_, _, _ in before + after] == [str(n) for n in range(1, 32)]
        assert other.again().text == one.again().text == one.begin().text == other.begin().text
        assert (one.calls, other.calls) == (["k"], [])
        assert other.again(last="31").status_code == 204


def test_only_one_asks_the_model(make: Any) -> None:
    with (
        ReplayServer(Answer(products(10), **STEADY), repeat=True) as provider,
        ExitStack() as stack,
    ):
        sites = [stack.enter_context(site_of(make, provider)) for _ in range(3)]
        for key in "abcd":
            texts = at_once(6, lambda n, key=key: sites[n % 3].begin(key).text)
            assert len(set(texts)) == 1
            assert read_sse(texts[0]).ok
        assert sorted(key for site in sites for key in site.calls) == ["a", "b", "c", "d"]
        assert len(provider.requests) == 4


def test_readers_elsewhere_keep_it_running(make: Any) -> None:
    answer = Answer(products(40), **STEADY)
    linger = partial(make, linger=0.5)
    with (
        ReplayServer(answer) as provider,
        site_of(linger, provider) as one,
        site_of(linger, provider) as other,
    ):
        seen = read_by_two(f"{one.url}/?key=k", f"{other.url}/again?key=k")
        assert len(read_sse(seen).values) == 40
        assert provider.requests[0].wait_finished(SOON)


def test_the_last_reader_elsewhere_leaves(make: Any) -> None:
    answer = Answer(products(4000), **STEADY)
    linger = partial(make, linger=0.5)
    with (
        ReplayServer(answer) as provider,
        site_of(linger, provider) as one,
        site_of(linger, provider) as other,
    ):
        one.begin_and_leave("p1")
        other.read_until("p3", "GET", "/again?key=k")
        assert provider.requests[0].wait_hung_up(SOON)
        assert read_sse(other.again().text).error == "The response was cancelled."


@contextmanager
def process_of(redis: Redis, prefix: str, provider: ReplayServer) -> Iterator[tuple[Any, Site]]:
    """The application in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])}
    arguments = [redis.url, prefix, provider.base_url, str(LEASE)]
    process = subprocess.Popen(
        [sys.executable, str(HERE / "replay_process.py"), *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url
        yield process, Site(url, web.Replay())
    finally:
        process.kill()
        process.wait(10)
        assert process.stdout is not None
        process.stdout.close()


def test_a_writer_that_is_killed(redis: Redis) -> None:
    """Its readers in other processes are told, those that come later too; nobody pays again."""
    prefix = f"test-{uuid4().hex}"
    answer = Answer(products(3000), tokens_per_second=50)

    def make() -> web.Replay:
        return web.Replay(redis=redis.url, prefix=prefix, lease=LEASE)

    with (
        ReplayServer(answer) as provider,
        process_of(redis, prefix, provider) as (process, writer),
        site_of(make, provider) as site,
        site_of(make, provider) as other,
    ):
        writer.begin_and_leave("p1")
        bodies: list[str] = ["", "", ""]

        def read(n: int) -> None:
            path = f"{[site, site, other][n].url}/again?key=k"
            with httpx.stream("GET", path, timeout=30) as response:
                for text in response.iter_text():
                    bodies[n] += text

        threads = [threading.Thread(target=read, args=(n,)) for n in range(3)]
        for thread in threads:
            thread.start()
        until(lambda: all("p5" in body for body in bodies))
        process.kill()
        for thread in threads:
            thread.join(30)
        assert len(set(bodies)) == 1
        page = read_sse(bodies[0])
        assert page.error == "The connection to the model was lost."
        assert page.values
        assert other.again().text == bodies[0]
        assert site.begin().text == bodies[0]
        last = sse_events(bodies[0])[-1][0]
        assert site.again(last=last).status_code == 204
        assert site.calls == []
        assert len(provider.requests) == 1


def test_who_comes_when_the_writer_has_been_dead_for_long(redis: Redis) -> None:
    prefix = f"test-{uuid4().hex}"
    answer = Answer(products(3000), tokens_per_second=50)
    with (
        ReplayServer(answer) as provider,
        process_of(redis, prefix, provider) as (process, writer),
    ):
        writer.begin_and_leave("p1")
        process.kill()
        process.wait(10)
        time.sleep(LEASE * 1.5)
        with site_of(
            lambda: web.Replay(redis=redis.url, prefix=prefix, lease=LEASE), provider
        ) as site:
            assert read_sse(site.begin().text).error == "The connection to the model was lost."
            assert site.calls == []


def test_a_reader_that_is_killed_does_not_keep_it_running(redis: Redis) -> None:
    prefix = f"test-{uuid4().hex}"
    answer = Answer(products(4000), **STEADY)
    with (
        ReplayServer(answer) as provider,
        site_of(
            lambda: web.Replay(redis=redis.url, prefix=prefix, lease=LEASE, linger=0.3), provider
        ) as site,
        process_of(redis, prefix, provider) as (process, other),
        httpx.stream("POST", f"{site.url}/?key=k", timeout=30) as response,
    ):
        pieces = response.iter_text()
        assert next(pieces)
        with httpx.stream("GET", f"{other.url}/again?key=k", timeout=30) as elsewhere:
            others_pieces = elsewhere.iter_text()  # which closes its response, once it is gone
            assert next(others_pieces)
            response.close()
            time.sleep(LEASE * 1.5)
            assert not provider.requests[0].hung_up
            process.kill()
        assert provider.requests[0].wait_hung_up(SOON)


def test_one_read_for_all_readers(redis: Redis, make: Any) -> None:
    answer = Answer(products(30), fault=faults.Stall(60))
    with (
        ReplayServer(answer, repeat=True) as provider,
        site_of(make, provider) as site,
        ExitStack() as stack,
    ):
        pieces: list[Iterator[str]] = []
        for n in range(12):
            path = f"{site.url}/?key={n % 4}"
            response = stack.enter_context(httpx.stream("POST", path, timeout=30))
            pieces.append(response.iter_text())
            assert next(pieces[-1])

        def reads() -> int:
            return redis.text("CLIENT", "LIST").count("cmd=xread")

        until(lambda: reads() == 1)
        assert settled(reads) == 1
        assert len(provider.requests) == 4


# -- a Redis that does not respond ---------------------------------------------------------------


def test_no_redis(caplog: pytest.LogCaptureFixture) -> None:
    def make() -> web.Replay:
        return web.Replay(redis="redis://:SECRET@127.0.0.1:1/0")

    with (
        ReplayServer(Answer(products(3)), repeat=True) as provider,
        site_of(make, provider) as site,
    ):
        assert read_sse(site.begin().text).ok
        assert "without being kept" in caplog.text
        assert site.again().status_code == 503
        assert site.begin(headers={"Last-Event-ID": "2"}).status_code == 503
        assert len(provider.requests) == 1
    assert "SECRET" not in caplog.text


def test_a_redis_that_hangs(own_redis: Redis) -> None:
    def make() -> web.Replay:
        return web.Replay(redis=own_redis.url, lease=LEASE)

    with (
        ReplayServer(Answer(products(3)), repeat=True) as provider,
        site_of(make, provider) as site,
    ):
        site.begin("other")
        own_redis.freeze()
        try:
            assert read_sse(site.begin().text).ok
            assert site.again().status_code == 503
        finally:
            own_redis.thaw()
        assert site.again("other").status_code == 200


@pytest.mark.parametrize("how", ["freeze", "stop"])
def test_a_redis_that_is_lost_meanwhile(own_redis: Redis, how: str) -> None:
    """Who reads is told, and nothing is paid for that nobody will read."""

    def make() -> web.Replay:
        return web.Replay(redis=own_redis.url, lease=LEASE)

    answer = Answer(products(3000), tokens_per_second=50)
    with ReplayServer(answer) as provider, site_of(make, provider) as site:
        with httpx.stream("POST", f"{site.url}/?key=k", timeout=30) as response:
            pieces = response.iter_text()
            seen = next(pieces)
            getattr(own_redis, how)()
            page = read_sse(seen + "".join(pieces))
        assert page.error
        assert provider.requests[0].wait_hung_up(SOON)
        if how == "freeze":
            own_redis.thaw()


def test_a_redis_that_comes_back_empty(own_redis: Redis) -> None:
    def make() -> web.Replay:
        return web.Replay(redis=own_redis.url, lease=LEASE)

    answers = [Answer(products(3000), tokens_per_second=50), Answer(products(2))]
    with ReplayServer(answers) as provider, site_of(make, provider) as site:
        with httpx.stream("POST", f"{site.url}/?key=k", timeout=30) as response:
            pieces = response.iter_text()
            seen = next(pieces)
            own_redis.stop()
            assert own_redis.start()
            assert read_sse(seen + "".join(pieces)).error
        assert provider.requests[0].wait_hung_up(SOON)
        assert site.again().status_code == 204
        assert read_sse(site.begin("new").text).ok
        assert read_sse(site.again("new").text).ok


# -- what is in it ------------------------------------------------------------------------------


def test_everything_has_a_bound_in_time_and_no_key_is_to_be_seen(redis: Redis) -> None:
    prefix = f"test-{uuid4().hex}"
    make = partial(web.Replay, redis=redis.url, prefix=prefix)
    answers = [Answer(products(5)), Answer(products(500), **STEADY)]
    with ReplayServer(answers) as provider, site_of(make, provider) as site:
        site.begin("SECRET-one")
        site.begin_and_leave("p1", "SECRET-two")

        async def look() -> dict[str, int]:
            from redis.asyncio import Redis as Client

            async with Client.from_url(redis.url) as client:
                found = {
                    name.decode(): await client.pttl(name)
                    async for name in client.scan_iter(f"{prefix}*")
                }
                return {name: left for name, left in found.items() if left != GONE}

        names = anyio.run(look)
    assert names
    assert all(name.startswith(f"{prefix}:") for name in names)
    assert all(0 < left < 4_000_000 for left in names.values()), names
    assert "SECRET" not in str(names)


@pytest.mark.parametrize(
    "options",
    [
        {"decode_responses": True},
        {"protocol": 3},
        {"protocol": 3, "decode_responses": True},
        {"protocol": 2},
        {"socket_timeout": 0.4},
        {"max_connections": 30},
    ],
    ids=str,
)
def test_clients_of_ones_own(redis: Redis, options: dict[str, Any]) -> None:
    """They stay open, and may be set up in any way."""
    from redis.asyncio import Redis as Client

    client = Client.from_url(redis.url, **options)
    answer = Answer(products(20, name="\u00e9\U0001f600"), **STEADY)
    make = partial(web.Replay, redis=client, prefix=f"test-{uuid4().hex}")
    with ReplayServer(answer) as provider, site_of(make, provider, close=client.aclose) as site:
        text = site.begin().text
        assert len(read_sse(text).values) == 20
        assert site.again().text == text


def test_a_client_that_is_not_async(redis: Redis) -> None:
    from redis import Redis as Client

    with Client.from_url(redis.url) as client, pytest.raises(TypeError, match=r"redis\.asyncio"):
        web.Replay(redis=client)  # type: ignore[arg-type]  # what it tests
