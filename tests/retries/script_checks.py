"""Compares what came of a script with what had to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from script_oracle import Expected, expected
from scripts import Entry, Script

from partialstream import (
    Item,
    ItemRejected,
    ItemRepaired,
    PartialStreamError,
    RetriesExhaustedError,
    Usage,
)
from partialstream.stream.events import AttemptFailed, AttemptStarted, Finished

if TYPE_CHECKING:
    from script_runs import Run


def check(script: Script, run: Run) -> None:
    """Compare what came of a script with what the oracle says."""
    wanted = expected(script, run.log)
    _check_items(script, run, wanted)
    _check_end(script, run, wanted)
    _check_requests(script, run, wanted)
    if script.way == "events":
        _check_events(run, wanted)


def _check_items(script: Script, run: Run, wanted: Expected) -> None:
    items = sorted(wanted.items) if script.ordered and script.retries else wanted.items
    if script.way == "values":
        assert run.values == [Entry.model_validate_json(raw) for _, _, raw in items]
    else:
        came = [value for value in run.values if isinstance(value, Item)]
        assert [(each.index, each.attempt, each.raw) for each in came] == items
        assert all(each.path == ("items", each.index) for each in came)
        assert [each.value for each in came] == [
            Entry.model_validate_json(each.raw) for each in came
        ]
    rejected = {**wanted.skipped, **wanted.pending}
    assert [(each.index, each.raw) for each in run.stream.rejected] == sorted(rejected.items())
    places = sorted([*rejected, *(index for index, _, _ in items)])
    assert places == list(range(len(places)))  # each of them once, and none is left out
    if wanted.status == "complete":
        assert len(places) == len(script.truths)


def _check_end(script: Script, run: Run, wanted: Expected) -> None:
    stream, error = run.stream, run.error
    assert stream.outcome.status == wanted.status
    if wanted.error is None:
        assert error is None
        assert stream.outcome.ok
        return
    if wanted.reason is None:
        assert type(error) is wanted.error
    else:
        assert type(error) is RetriesExhaustedError
        assert str(error).startswith(wanted.reason)
        assert type(error.__cause__) is wanted.error
        assert list(error.attempts) == stream.attempts
    if isinstance(error, PartialStreamError):
        assert error.outcome == stream.outcome
        assert error.usage == stream.usage
        assert error.delivered == len(wanted.items)


def _check_requests(script: Script, run: Run, wanted: Expected) -> None:
    attempts = run.stream.attempts
    assert [each.number for each in attempts] == list(range(1, len(run.log) + 1))
    assert [each.cause for each in attempts] == wanted.causes
    assert attempts[-1].outcome is not None
    assert [each.model for each in attempts] == [f"m{said.place}" for said in run.log]
    if script.retries:
        assert len(attempts) <= (script.max_requests or 10)
    else:
        assert len(attempts) == 1
    total: Usage | None = None
    for attempt, said in zip(attempts, run.log, strict=True):
        usage, seen = attempt.usage, -(-len(said.text) // 4)
        if usage is not None and not usage.complete:
            # Interrupted, or left: for what is malformed, or by the last of what was wanted.
            assert usage == Usage(
                complete=False, estimated_output_tokens=usage.estimated_output_tokens
            )
            assert 0 < usage.estimated_output_tokens <= seen
            left = said.valid_text is not None or attempt is attempts[-1]
            assert left or not said.was_finished
            assert left or usage.estimated_output_tokens == seen
        else:
            assert usage == (said.turn.usage if said.was_finished else None)
            # A whole list is complete, though nobody has said that it is all.
            assert said.was_finished or not said.text or said.whole
        if said.turn.ending == "unauthorized":
            assert attempt.outcome.status == "empty"
            assert attempt.outcome.detail.startswith(f"the {said.cause} request was rejected: ")
            if attempt is attempts[-1]:
                assert run.stream.outcome.detail == attempt.outcome.detail
        if attempt.usage is not None:
            total = attempt.usage if total is None else total + attempt.usage
    if total is not None and any(
        each.usage is None and each.estimated_input_tokens for each in attempts
    ):
        total = replace(total, complete=False)  # of a request that ended before a word
    assert run.stream.usage == total
    assert len(run.stream.timing.items) == len(wanted.items)


def _check_events(run: Run, wanted: Expected) -> None:
    events = run.values
    assert [each for each in events if isinstance(each, Finished)] == [events[-1]]
    assert events[-1].outcome == run.stream.outcome
    repaired = [each for each in events if isinstance(each, ItemRepaired)]
    assert [each.rejected.index for each in repaired] == wanted.repaired
    started = [each for each in events if isinstance(each, AttemptStarted)]
    failed = [each.number for each in events if isinstance(each, AttemptFailed)]
    if started:
        assert [each.cause for each in started] == wanted.causes
        assert failed[: len(started) - 1] == list(range(1, len(started)))
    rejected = {each.item.index for each in events if isinstance(each, ItemRejected)}
    assert rejected == {*wanted.skipped, *wanted.pending, *wanted.repaired}
