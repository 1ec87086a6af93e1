"""Random scripts of which only the first items are wanted: what comes is how all would begin.

To run more of them:

    PARTIALSTREAM_SCRIPTS=10000 pytest tests/retries/test_random_stopping.py
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import strategies as st
from script_runs import Run, make_call, run_sync
from scripted_model import ScriptedModel
from scripts import Script, scripts

from partialstream import Finished, Item, ItemRejected, ItemRepaired, Outcome, RejectedItem
from partialstream.client.retries.items import item_session
from partialstream.stream.sync import ItemStream
from partialstream.stream.transport import Chunks

if TYPE_CHECKING:
    from collections.abc import Iterator

COUNT = int(os.environ.get("PARTIALSTREAM_SCRIPTS", "150"))

many = settings(
    max_examples=COUNT,
    suppress_health_check=list(HealthCheck),
    phases=[phase for phase in Phase if phase is not Phase.explain],
)


def run_taking(script: Script, take: int) -> Run:
    """Run a script, of whose items so many are wanted."""
    model, call = ScriptedModel(script), make_call(script, asynchronous=False, take=take)
    stream = ItemStream(item_session(call), Chunks(model.answer(call.request), model.answer))
    run = Run(stream=stream, log=model.log)
    source: Iterator[Any] = (
        iter(stream) if script.way == "values" else getattr(stream, script.way)()
    )
    try:
        for value in source:
            run.values.append(value)
    except Exception as error:  # noqa: BLE001 - compared with that of the other run
        run.error = error
    model.check()
    return run


def timeless(value: Any) -> Any:
    if isinstance(value, Item):
        return replace(value, received_at=0.0)
    if isinstance(value, RejectedItem):
        return value.index, value.raw, value.attempt
    if isinstance(value, ItemRejected | ItemRepaired):
        rejected = value.item if isinstance(value, ItemRejected) else value.rejected
        return type(value), timeless(rejected)
    return str(value) if hasattr(value, "error") else value


def still_rejected(events: list[Any]) -> list[Any]:
    """The items that were rejected and not repaired by the end of these events."""
    standing: dict[int, Any] = {}
    for event in events:
        if isinstance(event, ItemRejected):
            standing[event.item.index] = timeless(event.item)
        elif isinstance(event, ItemRepaired):
            del standing[event.rejected.index]
    return [standing[index] for index in sorted(standing)]


@many
@given(scripts, st.integers(1, 5))
def test_what_is_taken_is_the_beginning(script: Script, take: int) -> None:
    try:
        whole = run_sync(script)
    except AssertionError:
        reject()  # what is asked of the model is the subject of another test
    taken = run_taking(script, take)
    is_item = [script.way == "values" or isinstance(value, Item) for value in whole.values]
    if sum(is_item) < take:
        assert taken.comparable() == whole.comparable()
        return
    places = [place for place, is_one in enumerate(is_item) if is_one]
    expected = whole.values[: places[take - 1] + 1]
    outcome = Outcome("cancelled", detail=f"take={take}")
    told = list(taken.values)
    if script.way == "events":
        assert told.pop() == Finished(outcome)
        assert list(map(timeless, taken.stream.rejected)) == still_rejected(expected)
    assert list(map(timeless, told)) == list(map(timeless, expected))
    assert taken.error is None
    assert taken.stream.outcome == outcome
    assert len(taken.stream.timing.items) == take
    assert taken.log == whole.log[: len(taken.log)], "nothing else was asked for"
    assert len(taken.stream.attempts) <= len(whole.stream.attempts)


@many
@given(scripts, st.integers(1, 5))
def test_what_is_rejected_does_not_depend_on_how_it_is_read(script: Script, take: int) -> None:
    try:
        runs = [
            run_taking(replace(script, way=way), take) for way in ("values", "detailed", "events")
        ]
    except AssertionError:
        reject()
    told = [
        (
            list(map(timeless, run.stream.rejected)),
            run.stream.outcome,
            [each.outcome for each in run.stream.attempts],
            getattr(run.error, "message", None) or str(run.error),  # the former has no times
            len(run.stream.timing.items),
        )
        for run in runs
    ]
    assert told[0] == told[1] == told[2]
