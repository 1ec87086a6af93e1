"""Streams that go on when a page reloads: a run writes a log, responses read it.

replay.py     what users have: keys, and which request begins a run
running.py    writes the log of a stream, beside the requests; ends when nobody reads it
following.py  the response that sends a log, each at its reader's pace
log.py        what a log is, and what keeps logs: the protocol of the two stores
memory.py     ... in this process
"""

from partialstream.web.replay.replay import Replay

__all__ = ["Replay"]
