"""A process of an application, to be killed: python replay_process.py REDIS PREFIX PROVIDER LEASE.

Prints its port.
"""

from __future__ import annotations

import sys
import time
from types import SimpleNamespace
from typing import Any

from replay_runs import site_of
from web_runs import products

from partialstream import web
from partialstream.testing import ReplayServer


def main(redis: str, prefix: str, provider: str, lease: str) -> None:
    def make() -> web.Replay:
        return web.Replay(redis=redis, prefix=prefix, lease=float(lease))

    # What a first response loads takes a busy machine seconds, in which a lease could end.
    with ReplayServer(products(1)) as own, site_of(web.Replay, own) as first:
        first.begin()
    place: Any = SimpleNamespace(base_url=provider)
    with site_of(make, place) as site:
        print(site.url, flush=True)
        time.sleep(300)


if __name__ == "__main__":
    main(*sys.argv[1:])
