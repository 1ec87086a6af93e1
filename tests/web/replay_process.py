"""A process of an application, to be killed: python replay_process.py REDIS PREFIX PROVIDER LEASE.

Prints its port.
"""

from __future__ import annotations

import sys
import time
from types import SimpleNamespace
from typing import Any

from replay_runs import site_of

from partialstream import web


def main(redis: str, prefix: str, provider: str, lease: str) -> None:
    def make() -> web.Replay:
        return web.Replay(redis=redis, prefix=prefix, lease=float(lease))

    place: Any = SimpleNamespace(base_url=provider)
    with site_of(make, place) as site:
        print(site.url, flush=True)
        time.sleep(300)


if __name__ == "__main__":
    main(*sys.argv[1:])
