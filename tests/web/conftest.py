"""What tests of `web.Replay` share: a Redis, and a `Replay` with each store."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from extras import needs
from redis_runs import redis_server

from partialstream import web

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from redis_runs import Redis


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    with redis_server() as server:
        yield server


@pytest.fixture(params=["memory", pytest.param("redis", marks=needs("redis", "redis"))])
def make(request: pytest.FixtureRequest) -> Callable[..., web.Replay]:
    """Makes a `Replay` with each store."""
    if request.param == "memory":
        return web.Replay
    url = request.getfixturevalue("redis").url
    return partial(web.Replay, redis=url, prefix=f"test-{uuid4().hex}")
