"""The server of `loopback.py` and `latency.py`: `python -m benchmarks.server ITEMS [PACE]`.

A process of its own, so that its CPU time does not count. It prints its base URL, and serves
until its stdin is closed. PACE is tokens a second; without it, all is sent at once.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from partialstream.testing import Answer, ReplayServer

if TYPE_CHECKING:
    from collections.abc import Iterator


def served(items: int, pace: float | None = None) -> AbstractContextManager[str]:
    """A server in another process; gives its base URL."""
    return running("benchmarks.server", str(items), *([str(pace)] if pace else []))


@contextmanager
def running(module: str, *arguments: str) -> Iterator[str]:
    """A server in another process, which prints its URL; gives that."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for the command, which ends its processes
    )
    try:
        if process.stdout is None:
            raise RuntimeError("the server is talked to through pipes")
        base_url = process.stdout.readline().strip()
        if not base_url:
            raise RuntimeError("the server has not started, see above")
        yield base_url
    finally:
        process.communicate()


def main() -> None:
    """Serve."""
    from benchmarks.documents import offers

    items = int(sys.argv[1])
    pace = float(sys.argv[2]) if len(sys.argv) > 2 else None
    answer = Answer(offers(items), tokens_per_second=pace)
    with ReplayServer(answer, repeat=True) as server:
        print(server.base_url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
