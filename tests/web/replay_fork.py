"""A server that forks its workers, after it has used Redis: python replay_fork.py REDIS.

A reader in the one process leaves, while one in the other stays. Prints for how many seconds nobody
has read then.
"""

from __future__ import annotations

import asyncio
import os
import sys
from uuid import uuid4

from partialstream.web.replay.log import Bounds, Log
from partialstream.web.replay.redis_store import RedisStore


def main(redis: str) -> None:
    store = RedisStore(redis, f"test-{uuid4().hex}", Bounds(keep=60, max_logs=10, lease=30))
    loop = asyncio.new_event_loop()

    async def read() -> Log:
        log, _ = await store.begin("k", "Sse", renew=False, name="")
        await log.attach()
        return log

    loop.run_until_complete(store.find("k"))
    is_read, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.read(is_read, 1)
        asyncio.run(leave(store))
        os._exit(0)
    log = loop.run_until_complete(read())
    os.write(tell, b"1")
    assert os.waitpid(child, 0)[1] == 0
    print(loop.run_until_complete(log.tend()))
    loop.run_until_complete(store.aclose())
    loop.close()


async def leave(store: RedisStore) -> None:
    log = await store.find("k")
    assert log is not None
    await log.attach()
    await log.detach()
    await store.aclose()


if __name__ == "__main__":
    main(*sys.argv[1:])
