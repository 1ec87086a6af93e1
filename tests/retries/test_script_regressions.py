"""Scripts that once went wrong, or that random ones rarely hit."""

from __future__ import annotations

from dataclasses import replace

import pytest
from script_checks import check
from script_runs import run_async, run_sync
from scripts import FOREVER, Mode, Script, Style, Truth, Turn, Way, Wire

GOOD, BAD, HOPELESS = Truth(), Truth(bad=1), Truth(bad=FOREVER, stuck=True)

SCRIPTS = {
    "an exception of the caller's own is no cancellation": Script(turns=(Turn("foreign", 0.0),)),
    "what comes again is not counted in the times": Script(
        (GOOD, Truth(bad=2)), (Turn(), Turn(), Turn(again=1))
    ),
    "a repair is done when all is repaired, whatever breaks off behind it": Script(
        (BAD, GOOD), (Turn(), Turn("malformed", 1.0, extra=1))
    ),
    "a repair that has brought all is not harmed by a lost connection": Script(
        (BAD,), (Turn(), Turn("reset", 0.97)), on_interrupt="raise"
    ),
    "a skipped item that comes again repairs no other": Script(
        (HOPELESS, BAD),
        (Turn(), Turn(again=None)),
        on_invalid="function",
        decisions=("repair", "skip"),
    ),
    "an item that nobody asked for does not hide one that is repaired later": Script(
        (Truth(bad=2), BAD), (Turn(), Turn(extra=2), Turn()), key="name"
    ),
    "an item that was not valid comes better where the list goes on": Script(
        (BAD, GOOD, GOOD, GOOD), (Turn("length", 0.6), Turn(again=None, altered=True)), key="name"
    ),
    "a skipped item that comes better where the list goes on stays skipped": Script(
        (BAD, GOOD, GOOD),
        (Turn("length", 0.5), Turn(again=None, altered=True)),
        key="name",
        on_invalid="skip",
    ),
    "a repair in another order, by key": Script(
        (BAD, GOOD, BAD, BAD), (Turn(), Turn(style=Style(backwards=True))), key="name"
    ),
    "a repair without its first item, by key": Script(
        (BAD, GOOD, BAD, BAD), (Turn(), Turn(missing=1, altered=True)), key="name"
    ),
    "a request for the rest that is rejected leaves the list as it was": Script(
        (GOOD,) * 3, (Turn("length", 0.6), Turn("unauthorized"))
    ),
    "a request for a repair that is rejected leaves the list as it was": Script(
        (GOOD, BAD), (Turn(), Turn("unauthorized"))
    ),
    "the same malformed text twice": Script((GOOD,) * 3, (Turn("malformed", 0.9),) * 3),
    "the same malformed text twice, which is not kept": Script(
        (GOOD,), (Turn("malformed"),) * 3, text_kept=10
    ),
    "the same unfinished text twice": Script((GOOD,) * 3, (Turn("length", 0.2),) * 3),
    "the same beginning of an unknown object twice": Script(
        (GOOD,), (Turn("cut", 0.1),) * 2, max_retries=1
    ),
    "the same invalid item twice": Script((HOPELESS, GOOD), ()),
    "items that come again, of whose texts few are kept": Script(
        (GOOD,) * 8, (Turn("length", 0.8), Turn("reset", 0.9, again=None)), text_kept=60
    ),
    "items that come again in another spelling": Script(
        (Truth("rüg"),) * 4,
        (
            Turn("length", 0.6),
            Turn(again=None, style=Style((",", ":"), ascii=False, backwards=True)),
        ),
    ),
    "items that come again under another name": Script(
        (GOOD,) * 4, (Turn("length", 0.6), Turn(again=None, altered=True)), key="function"
    ),
    "every request brings something, and still there is an end": Script(
        (GOOD,) * 8, tuple(Turn("length", 0.9) for _ in range(5)), max_requests=3
    ),
    "a place in the list is told where the second answer is invalid": Script(
        (GOOD, GOOD, HOPELESS), (Turn("length", 0.5),), on_invalid="raise"
    ),
    "an error event behind the whole list, with items to be repaired": Script(
        (BAD, GOOD), (Turn("error event", 1.0),)
    ),
    "a refusal to repair lets go of what was held back": Script(
        (GOOD, BAD, GOOD), (Turn(), Turn("refusal", 0.0)), ordered=True
    ),
    "an older version of an item comes again behind a better one": Script(
        (GOOD, Truth("lamp", bad=2)),
        (
            Turn("length", 0.0),
            Turn("length", 0.98),
            Turn("length", 0.96, again=1, altered=True),
            Turn(again=1),
        ),
        key="name",
        max_retries=3,
    ),
}


HOW: list[tuple[Mode, Wire, int]] = [
    ("json_schema", "dicts", 3),
    ("tools", "bytes", 1),
    ("json_object", "bytes", 50),
]


@pytest.mark.parametrize("way", ["values", "detailed", "events"])
@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_comes_as_it_has_to(name: str, ordered: bool, way: Way) -> None:
    for mode, wire, size in HOW:
        script = replace(
            SCRIPTS[name],
            mode=mode,
            wire=wire,
            size=size,
            way=way,
            ordered=ordered or SCRIPTS[name].ordered,
        )
        run = run_sync(script)
        check(script, run)
        assert run_async(script).comparable() == run.comparable()
