"""The compiled scanner, the interpreted one and `json` agree on any text, cut anywhere.

100 texts of each kind, each cut in five ways; as many as `PARTIALSTREAM_TEXTS` says, if that is
set. Where the scanner is not compiled, the interpreted one is compared with `json` alone:

    PARTIALSTREAM_TEXTS=20000 pytest tests/engine/test_scanners.py
"""

from __future__ import annotations

import importlib.util
import json
import os
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from partialstream.engine import items, scan
from partialstream.engine.route import ANYTHING
from partialstream.errors import PartialStreamError
from partialstream.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

TEXTS = int(os.environ.get("PARTIALSTREAM_TEXTS", "100"))
CUTS = 5


def interpreted(module: ModuleType) -> ModuleType:
    """The module once more, from its source."""
    source = Path(items.__file__).with_name(f"{module.__name__.rpartition('.')[2]}.py")
    spec = importlib.util.spec_from_file_location(module.__name__, source)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def scanners() -> dict[str, Any]:
    """The machine with each of the scanners."""
    known = sys.modules[scan.__name__]
    sys.modules[scan.__name__] = interpreted(scan)
    try:
        machine = interpreted(items)
    finally:
        sys.modules[scan.__name__] = known
    assert not machine.Scan.__init__.__globals__["COMPILED"]
    found: dict[str, Any] = {"interpreted": machine.ItemScanner}
    if scan.COMPILED:
        found["compiled"] = items.ItemScanner
    return found


SCANNERS = scanners()

BLANKS = ["", "", "", " ", "\n", " \t", "\r\n  "]
INSIDE = ["a", "é", "😀", "{", "}", "[", "]", ",", '\\"', "\\\\", "\\n", "\\u00e9", " ", "   "]
NUMBERS = ["0", "-1.5e-3", "12", "true", "false", "null"]


def blank(rng: random.Random) -> str:
    return rng.choice(BLANKS)


def string(rng: random.Random) -> str:
    return '"' + "".join(rng.choices(INSIDE, k=rng.choice([0, 1, 3, 30]))) + '"'


def value(rng: random.Random, depth: int = 0) -> str:
    kind = rng.random()
    if kind < 0.3 or depth > 3:
        return string(rng) if kind < 0.2 else rng.choice(NUMBERS)
    values = [value(rng, depth + 1) for _ in range(rng.randrange(4))]
    comma = blank(rng) + "," + blank(rng)
    if kind < 0.5:
        return f"[{blank(rng)}{comma.join(values)}{blank(rng)}]"
    colon = blank(rng) + ":" + blank(rng)
    members = [f"{string(rng)}{colon}{each}" for each in values]
    return f"{{{blank(rng)}{comma.join(members)}{blank(rng)}}}"


def cuts(rng: random.Random, text: str) -> Iterator[list[str]]:
    yield [text]
    yield list(text)
    for _ in range(CUTS - 2):
        size = rng.choice([2, 4, 9, 60])
        places = sorted(rng.randrange(len(text) + 1) for _ in range(len(text) // size + 1))
        yield [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]


def read(scanner: Any, deltas: list[str], *, pulled: bool) -> tuple[Any, ...]:
    """What comes of the deltas: the items, how it ends, and what is kept."""
    found: list[Any] = []
    end: Any = None
    try:
        if pulled:
            chunks = iter(deltas)
            while True:
                raws, odd = scanner.pull(chunks)
                found += raws
                if odd is not None and odd != "":
                    break
        else:
            for delta in deltas:
                found += scanner.feed(delta)
        outcome = scanner.finish()
        end = outcome.status, outcome.tail
    except PartialStreamError as error:
        end = type(error).__name__, str(error)
    found += scanner.take_completed()
    return [tuple(item) for item in found], end, scanner.size, scanner.text, scanner.offset


@pytest.mark.parametrize("name", SCANNERS)
def test_lists_are_cut_as_json_reads_them(name: str) -> None:
    for seed in range(TEXTS):
        rng = random.Random(seed)
        values = [value(rng) for _ in range(rng.randrange(6))]
        text = f"{blank(rng)}[{blank(rng)}"
        places = []
        for number, each in enumerate(values):
            text += (blank(rng) + "," + blank(rng)) if number else ""
            places.append(len(text))
            text += each
        text += f"{blank(rng)}]{blank(rng)}"
        expected = [
            (raw, number, (number,), (at, text.count("\n", 0, at) + 1, text.rfind("\n", 0, at) + 1))
            for number, (raw, at) in enumerate(zip(values, places, strict=True))
        ]
        assert [json.loads(raw) for raw in values] == json.loads(text)
        for number, deltas in enumerate(cuts(rng, text)):
            found = read(SCANNERS[name](ANYTHING), deltas, pulled=bool(number % 2))
            assert found[:4] == (expected, ("complete", ""), len(text), text), (seed, deltas)


@pytest.mark.parametrize("pulled", [False, True])
def test_broken_lists_are_the_same_for_both_and_in_any_cut(pulled: bool) -> None:
    limits = Limits(depth=5, item_size=60, whitespace_run=6, item_count=5)
    for seed in range(TEXTS):
        rng = random.Random(seed)
        text = "[" + ",".join(value(rng) for _ in range(rng.randrange(6))) + "]"
        for _ in range(rng.randrange(3)):  # spoil it
            at = rng.randrange(1, len(text) + 1)
            text = text[:at] + rng.choice('{}[]",:\\ 1x\n\t') + text[at + rng.randrange(2) :]
        whole: Any = None
        for deltas in cuts(rng, text):
            results = [
                read(scanner(ANYTHING, limits=limits), deltas, pulled=pulled)
                for scanner in SCANNERS.values()
            ]
            assert results.count(results[0]) == len(results), (seed, deltas)
            whole = whole or results[0][:2]
            assert same(results[0][:2], whole), (seed, deltas)


def same(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    """Whether the items are the same, and the end, unless different limits are exceeded first."""
    if one == other:
        return True
    # A limit on what is open is looked at with each delta, and a wrong bracket ends an element.
    limited = {"LimitExceededError", one[1][0]} <= {"LimitExceededError", "JSONSyntaxError"}
    shorter = min(len(one[0]), len(other[0]))
    return limited and one[0][:shorter] == other[0][:shorter]


def test_a_subclass_of_str_is_text_and_nothing_else_is() -> None:
    class Text(str):
        __slots__ = ()

    for scanner in SCANNERS.values():
        assert [item.text for item in scanner(ANYTHING).feed(Text("[1, 2"))] == ["1"]
        for odd in (b"[1,", None, 5):
            with pytest.raises(TypeError):
                scanner(ANYTHING).feed(odd)
            assert scanner(ANYTHING).pull(iter(["[1", odd, ","])) == ((), odd)
        with pytest.raises(ValueError, match="a position in the text"):
            scanner(ANYTHING).read("[1,", -1)
        with pytest.raises(ValueError, match="a position in the text"):
            scanner(ANYTHING).read("[1,", 4)
