"""A case of a growing object, and its check in all the ways that the text may arrive."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from harness import TEXT_WAYS, WIRE_WAYS, Cut, Marked, parse, text_cuts, wire_cuts
from pydantic import BaseModel, RootModel

from partialstream import (
    IncompleteStreamError,
    JSONSyntaxError,
    Outcome,
    OutputValidationError,
    PartialParser,
    PartialStreamError,
    astream_partial,
    stream_partial,
)
from partialstream.testing import async_fake_stream, fake_stream

if TYPE_CHECKING:
    from collections.abc import Sequence

WAYS = (*TEXT_WAYS, *WIRE_WAYS)

Same = Ellipsis
"""Stands in a row for a piece after which nothing new shows."""


@dataclass(frozen=True)
class Grows:
    """A row of a table: pieces of text, and what shows after each.

    Attributes:
        name: What it shows.
        model: The model.
        steps: Pieces, each with the members that show then, or `Same`. A mark `†` in the last
            piece tells where an error is noticed; else it is at the end.
        status: The outcome's.
        place: Offset, line, column and path of the JSONSyntaxError.
        tail: The outcome's, None if any will do. Of what is invalid, it is always `""`.
        finish: The finish reason where the text comes from a provider.
        steady: Whether no validator changes what has been shown.
        options: Further arguments.
    """

    name: str
    model: type[BaseModel]
    steps: Sequence[tuple[str, Any]]
    status: str = "complete"
    place: tuple[int, int, int, tuple[str | int, ...]] | None = None
    tail: str | None = None
    finish: str | None = "stop"
    steady: bool = True
    options: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name

    @property
    def error(self) -> type[PartialStreamError] | None:
        if self.status == "complete":
            return None
        if self.status == "invalid":
            return OutputValidationError if self.place is None else JSONSyntaxError
        return IncompleteStreamError

    @property
    def marked(self) -> Marked:
        return parse("·".join(piece for piece, _ in self.steps))


def shown(value: Any) -> Any:
    """What shows of a value: members that have not arrived are left out."""
    if isinstance(value, RootModel):
        return shown(value.root)
    if isinstance(value, BaseModel):
        members = {name: getattr(value, name) for name in value.model_fields_set}
        return {
            name: shown(members[name])
            for name in (*type(value).model_fields, *members)
            if name in members
        }
    if isinstance(value, list):
        return [shown(element) for element in value]
    if isinstance(value, dict):
        return {name: shown(member) for name, member in value.items()}
    return value


def extends(old: Any, new: Any) -> bool:
    """Whether a value only has more than an earlier one."""
    if type(old) is not type(new):
        return False
    if isinstance(old, str):
        return new.startswith(old)
    if isinstance(old, list | tuple):
        return len(new) >= len(old) and all(map(extends, old, new))
    if isinstance(old, dict):
        return all(name in new and extends(member, new[name]) for name, member in old.items())
    return bool(old == new)


@dataclass
class Run:
    """What came of one run: what showed after each chunk, as text that tells 1 from 1.0."""

    after: list[str] = field(default_factory=list)
    last: BaseModel | None = None
    error: PartialStreamError | None = None
    error_at: int | None = None
    outcome: Outcome | None = None


def check_partial(case: Grows, way: str) -> None:
    """Run a case in one of `WAYS`, through every API that it fits."""
    states = _by_character(case)
    marked = case.marked
    if way in WIRE_WAYS:
        cuts = list(wire_cuts(marked, way, case.finish))
    else:
        cuts = list(text_cuts(marked, way, complete=case.status == "complete"))
        for cut in cuts:
            _check(case, cut, _parse(case, cut), states, by="PartialParser")
    if way == "chunks":
        _check_steps(case, cuts[0])
    if len(cuts) > 40:  # every cut: the parser has seen them all
        cuts = cuts[::7]
    for cut in cuts:
        _check(case, cut, _stream(case, cut), states, by="stream_partial")

    async def stream_all() -> list[Run]:
        return [await _astream(case, cut) for cut in cuts]

    for cut, run in zip(cuts, asyncio.run(stream_all()), strict=True):
        _check(case, cut, run, states, by="astream_partial")


def _by_character(case: Grows) -> list[str]:
    """What shows after so many characters; checks that it only grows and is never changed."""
    parser = PartialParser(case.model, **case.options)
    snapshots: list[BaseModel] = []
    values: list[Any] = []
    states = ["nothing"]
    for char in case.marked.text:
        try:
            snapshot = parser.feed(char)
        except PartialStreamError:
            break
        if snapshot is not None:
            assert isinstance(snapshot, case.model)
            snapshots.append(snapshot)
            values.append(shown(snapshot))
            states.append(repr(values[-1]))
        else:
            states.append(states[-1])
    assert list(map(shown, snapshots)) == values, "an earlier snapshot has changed"
    grown = values if case.steady else values[:-1]
    for old, new in itertools.pairwise(grown):
        assert extends(old, new), (old, new)
    # Snapshots that nobody looked at before the end tell the same.
    parser = PartialParser(case.model, **case.options)
    late: list[BaseModel] = []
    for char in case.marked.text[: len(states) - 1]:
        snapshot = parser.feed(char)
        if snapshot is not None:
            late.append(snapshot)
    assert list(map(repr, map(shown, late))) == list(map(repr, values))
    return states


def _check_steps(case: Grows, cut: Cut) -> None:
    parser = PartialParser(case.model, **case.options)
    for number, (chunk, (_, expected)) in enumerate(zip(cut.chunks, case.steps, strict=True)):
        if number == len(cut.chunks) - 1 and case.status == "invalid":
            with pytest.raises(PartialStreamError) as caught:
                parser.feed(chunk)
            if expected is not Same:
                assert repr(shown(caught.value.snapshot)) == repr(expected), number
            return
        snapshot = parser.feed(chunk)
        if expected is Same:
            assert snapshot is None, number
        else:
            assert snapshot is not None, number
            assert repr(shown(snapshot)) == repr(expected), number


def _parse(case: Grows, cut: Cut) -> Run:
    run = Run()
    parser = PartialParser(case.model, **case.options)
    try:
        for chunk in cut.chunks:
            run.last = parser.feed(chunk) or run.last
            run.after.append(_state(run.last))
        final = parser.finish()
        assert run.last is None or final is run.last
        run.last = final
    except PartialStreamError as error:
        run.error, run.error_at = error, len(run.after)
    run.outcome = parser.outcome
    return run


def _state(snapshot: BaseModel | None) -> str:
    return "nothing" if snapshot is None else repr(shown(snapshot))


def _stream(case: Grows, cut: Cut) -> Run:
    run = Run()
    chunks = fake_stream(cut.chunks)
    stream = stream_partial(case.model, chunks, **case.options)
    try:
        for snapshot in stream:
            run.after += [_state(run.last)] * (chunks.given - 1 - len(run.after))
            run.last = snapshot
        assert stream.final() is run.last
    except PartialStreamError as error:
        run.error, run.error_at = error, chunks.given - 1
    run.after += [_state(run.last)] * (chunks.given - len(run.after))
    assert chunks.closed
    run.outcome = stream.outcome
    return run


async def _astream(case: Grows, cut: Cut) -> Run:
    run = Run()
    chunks = async_fake_stream(cut.chunks)
    stream = astream_partial(case.model, chunks, **case.options)
    try:
        async for snapshot in stream:
            run.after += [_state(run.last)] * (chunks.given - 1 - len(run.after))
            run.last = snapshot
        assert await stream.final() is run.last
    except PartialStreamError as error:
        run.error, run.error_at = error, chunks.given - 1
    run.after += [_state(run.last)] * (chunks.given - len(run.after))
    assert chunks.closed
    run.outcome = stream.outcome
    return run


def _check(case: Grows, cut: Cut, run: Run, states: list[str], *, by: str) -> None:
    told = (by, cut.chunks if len(cut.chunks) < 20 else f"{len(cut.chunks)} chunks")
    marked = case.marked
    assert run.outcome is not None, told
    assert run.outcome.status == case.status, (told, run.error)
    ended = case.status != "invalid"
    assert run.outcome.finish_reason == (case.finish if cut.wire and ended else None), told
    if case.status == "complete":
        assert run.error is None, told
        start, end = (marked.items[0].start, marked.items[0].end) if marked.items else (0, None)
        options = {key: case.options[key] for key in ("strict", "context") if key in case.options}
        expected = case.model.model_validate_json(marked.text[start:end], **options)
        assert run.last == expected, told
        assert type(run.last) is type(expected), told
    else:
        _check_error(case, cut, run, by, told)
    if cut.ends is not None:
        for number, state in enumerate(run.after):
            at_end = number == len(cut.chunks) - 1 and by != "PartialParser"
            if number != run.error_at and not at_end:
                assert state == states[cut.ends[number]], (told, number)


def _check_error(case: Grows, cut: Cut, run: Run, by: str, told: object) -> None:
    error = run.error
    assert case.error is not None
    assert type(error) is case.error, (told, error)
    assert error.outcome == run.outcome, told
    assert run.last is None or extends(shown(run.last), shown(error.snapshot)), told
    if cut.ends is None:
        return
    marked = case.marked
    assert run.outcome is not None
    if case.tail is not None:
        assert run.outcome.tail == case.tail, told
    if isinstance(error, JSONSyntaxError):
        assert (error.offset, error.line, error.column, error.path) == case.place, told
    if case.status == "invalid":
        assert run.outcome.tail == "", told
        known = marked.failing or len(marked.text)
        assert run.error_at == cut.chunk_of(known), told
    else:
        assert run.error_at == len(cut.chunks) - (by != "PartialParser"), told
