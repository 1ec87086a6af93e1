"""The server of `loopback.py`, a process of its own: `python -m benchmarks.server`.

Prints its base URL, and serves until its stdin is closed.
"""

from __future__ import annotations

import json
import sys

from benchmarks.loopback import ITEMS
from partialstream.testing import Answer, ReplayServer


def answer() -> Answer:
    """All items at once, in deltas of four characters."""
    offers = [
        {
            "name": f"Oak table {number}",
            "description": "Seats six, rounded edges, oiled by hand, ships flat packed.",
            "price": 100 + number / 4,
            "in_stock": number % 3 > 0,
        }
        for number in range(ITEMS)
    ]
    return Answer(json.dumps({"items": offers}))


def main() -> None:
    """Serve."""
    with ReplayServer(answer(), repeat=True) as server:
        print(server.base_url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
