"""Streams that go on when a page reloads: a run writes a log, responses read it.

replay.py     what users have: keys, and which request begins a run
running.py    writes the log of a stream, beside the requests; ends when nobody reads it
following.py  the response that sends a log, each at its reader's pace
log.py        what a log is, and what keeps logs: the protocol of the two stores
memory.py     ... in this process

redis_store.py  ... in Redis, for many
hub.py          one blocking read for all logs that are followed in a process
scripts.py      what Redis does in one step
server.py       the way to Redis: bounded in time, errors of one kind
"""

from partialstream.web.replay.replay import Replay

__all__ = ["Replay"]
