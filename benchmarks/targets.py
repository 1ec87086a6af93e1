"""What must hold: the largest value of each figure that is good.

A figure without a target is only shown; one that nothing which reads the text can bring down to
the other side is marked as a floor.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass


@dataclass(frozen=True)
class ByScanner:
    """A target that depends on how the scanner is installed.

    Attributes:
        compiled: Where it is compiled.
        interpreted: Where there was no compiler.
    """

    compiled: float
    interpreted: float


TARGETS: dict[str, float | ByScanner] = {
    # CPU of items, with 4 characters a delta; 100 and 1,000 items, flat and nested, with and
    # without braces and escaped quotes in their strings. ijson is yajl2_c with the same validation.
    "stream_items / ijson": ByScanner(0.45, 1.5),  # the faster of its two forms
    "ItemParser.feed / ijson push": ByScanner(0.7, 2.2),
    "items / floor": 3.5,  # an empty loop over the deltas and one validation of the whole
    "items / instructor": 1 / 35,
    "long item / instructor": 1 / 1000,  # one item of 20 KB
    "items: 1 MB / 3 KB": 1.1,  # per delta
    "set-up / validation": 15.0,  # a text stream; the validation of one flat item
    # CPU per delta of a growing object, with 4 characters a delta.
    "growing / instructor, 3 KB": 1 / 30,  # no snapshot looked at
    "growing / instructor, 30 KB": 1 / 150,
    "growing / jiter, 3 KB": 0.5,  # one attribute read; parsing all again, and constructing
    "growing / jiter, 30 KB": 0.08,
    "growing: 1 MB / 3 KB": 1.3,  # no snapshot looked at
    "growing / copy": 1.5,  # a delta of a list or dict of 32,000 entries; one copy() of it
    # Python calls from the bytes of a chunk that completes nothing until the next is asked for.
    "calls: items": 13,
    "calls: retries": 16,
    "calls: take": 16,
    "calls: growing": 18,
    # CPU from the bytes of an HTTP response to validated items.
    "HTTP / SDK": 0.16,  # bare iteration of the SDK's typed stream, all chunks at once
    "HTTP / events": 2.0,  # reading and parsing each chunk's JSON, all chunks at once, sync
    "HTTP / bytes": 2.0,  # reading the bytes and nothing else, each chunk by itself
    "HTTP: Responses / Chat": 1.5,  # the same text, all chunks at once
    # When a result is there.
    "hand-over": 1.0,  # ms from the last byte of an item to the item, p99
    "late": 0.0,  # deltas between the one that closes an item and the item
    "first item / not streamed": 0.15,  # of 10, at 50 tokens a second
    # Beside the four questions.
    "import / pydantic": 0.35,
    "import, used / pydantic": 1.5,
    "memory": 5.0,  # MB of growth, however long the list is
    # A stream as an HTTP response.
    "web / FastAPI": 0.4,  # CPU of an event, with a heartbeat; its `EventSourceResponse`
    "web: bytes": 60.0,  # KB on our own wire for a text of 2,000 characters, 4 a delta
    # Documents to rows.
    "etl / SDK": 0.4,  # CPU of a document, with journal and sink; a streamed loop without them
    "etl: memory": 1.0,  # MB of growth from 5,000 to 20,000 documents
    # Of the table of correctness.
    "cells that are not right": 0.0,
}


def scanner() -> str:
    """How the scanner of this installation runs: `"compiled"` or `"interpreted"`."""
    try:
        module = importlib.import_module("partialstream.engine.scan")
    except ModuleNotFoundError:
        return "interpreted"
    return "compiled" if getattr(module, "COMPILED", False) else "interpreted"


def limit(name: str) -> float:
    """The target of that name, for this installation."""
    target = TARGETS[name]
    if isinstance(target, ByScanner):
        return target.compiled if scanner() == "compiled" else target.interpreted
    return target
