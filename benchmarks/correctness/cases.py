"""All cases, in the order of the table."""

from __future__ import annotations

from benchmarks.correctness import growing, items, wire

SUBJECTS = {"items": items.CASES, "a growing object": growing.CASES, "the wire": wire.CASES}

CASES = [case for cases in SUBJECTS.values() for case in cases]
