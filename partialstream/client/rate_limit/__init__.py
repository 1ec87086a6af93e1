"""How many requests and tokens a minute, and how many responses at once.

limit.py      `RateLimit`: whose turn it is, and what a server says of its own limits
pace.py       so many units a minute, evenly spread; no clock of its own
ticket.py     a request that waits, in a thread or in an event loop
waiting.py    how a call waits for its turn, sync and async; its response gives back what it took
headers.py    the limits in the headers of a response, and how long a server wants to be left alone
estimate.py   how many tokens a request will take
"""

from __future__ import annotations

from partialstream.client.rate_limit.limit import RateLimit

__all__ = ["RateLimit"]
