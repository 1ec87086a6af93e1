"""What must hold: the largest value of each ratio that is good.

Each is checked by the subject it is named after; a figure without a target is only told.
"""

from __future__ import annotations

TARGETS: dict[str, float] = {
    # CPU of items, with 4 characters a delta; 100 and 1,000 items.
    "items / ijson": 0.85,  # yajl2_c, its faster form, with the same validation
    "items / floor": 3.5,  # an empty loop over the deltas and one validation of the whole
    "items / instructor": 1 / 35,
    "long item / instructor": 1 / 1000,  # one item of 20 KB
    "items: 1 MB / 3 KB": 1.1,  # per delta
    # CPU per delta of a growing object, with 4 characters a delta.
    "growing / instructor, 3 KB": 1 / 30,
    "growing / instructor, 30 KB": 1 / 150,
    "growing / jiter, 3 KB": 0.4,  # parsing all of the 3 KB again, and constructing the model
    "growing / jiter, 30 KB": 0.06,
    "growing: 1 MB / 3 KB": 1.3,
    # CPU from the bytes of an HTTP response to validated items.
    "HTTP / SDK": 0.16,  # bare iteration of the SDK's typed stream, all chunks at once
    "HTTP / bytes": 2.0,  # reading the bytes and nothing else
    # Python calls from the bytes of a chunk that completes nothing until the next is asked for.
    "calls: items": 13,
    "calls: retries": 16,
    "calls: take": 16,
    "calls: growing": 18,
    # When a result is there.
    "hand-over": 1.0,  # ms from the last byte of an item to the item, p99
    "late": 0.0,  # deltas between the one that closes an item and the item
    "first item / not streamed": 0.15,  # of 10, at 50 tokens a second
    # Beside the four questions.
    "import / pydantic": 1.7,  # what we cannot do without
    "memory": 5.0,  # MB of growth, however long the list is
    # Of the table of correctness.
    "cells that are not right": 0.0,
}
