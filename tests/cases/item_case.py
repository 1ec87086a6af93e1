"""A case of an item stream, and its check in all the ways that the text may arrive."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from harness import TEXT_WAYS, WIRE_WAYS, Cut, parse, text_cuts, wire_cuts
from pydantic import TypeAdapter, ValidationError

from partialstream import (
    IncompleteStreamError,
    ItemParser,
    JSONSyntaxError,
    OutputValidationError,
    PartialStreamError,
    RefusalError,
    astream_items,
    stream_items,
)
from partialstream.testing import async_fake_stream, fake_stream

if TYPE_CHECKING:
    from partialstream import Outcome, RejectedItem

WAYS = (*TEXT_WAYS, *WIRE_WAYS)

_ERRORS: dict[str, type[PartialStreamError]] = {
    "empty": IncompleteStreamError,
    "no_json": IncompleteStreamError,
    "truncated": IncompleteStreamError,
    "refused": RefusalError,
    "filtered": RefusalError,
    "disconnected": IncompleteStreamError,
}


@dataclass(frozen=True)
class Items:
    """A row of a table: a text, what is to come of it, and how it is to end.

    Attributes:
        name: What it shows.
        type_: The type of an item.
        marked: The text, with the marks of `harness.py`.
        status: The outcome's.
        tail: The outcome's.
        place: Offset, line, column and path of the JSONSyntaxError.
        finish: The finish reason where the text comes from a provider.
        options: Further arguments.
    """

    name: str
    type_: Any
    marked: str
    status: str = "complete"
    tail: str = ""
    place: tuple[int, int, int, tuple[str | int, ...]] | None = None
    finish: str | None = "stop"
    options: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name

    @property
    def error(self) -> type[PartialStreamError] | None:
        if self.status == "complete":
            return None
        if self.place is not None:
            return JSONSyntaxError
        return _ERRORS.get(self.status, OutputValidationError)


@dataclass
class Run:
    """What came of one run: values, and the number of the chunk that each came with."""

    values: list[Any] = field(default_factory=list)
    at: list[int] = field(default_factory=list)
    error: PartialStreamError | None = None
    error_at: int | None = None
    outcome: Outcome | None = None
    rejected: list[RejectedItem] = field(default_factory=list)


def check_items(case: Items, way: str) -> None:
    """Run a case in one of `WAYS`, through every API that it fits."""
    marked = parse(case.marked)
    if way in WIRE_WAYS:
        cuts = list(wire_cuts(marked, way, case.finish))
    else:
        cuts = list(text_cuts(marked, way, complete=case.status == "complete"))
        for cut in cuts:
            _check(case, cut, _parse(case, cut), by="ItemParser")
    if len(cuts) > 40:  # every cut: the parser has seen them all
        cuts = cuts[::7]
    for cut in cuts:
        _check(case, cut, _stream(case, cut), by="stream_items")

    async def stream_all() -> list[Run]:
        return [await _astream(case, cut) for cut in cuts]

    for cut, run in zip(cuts, asyncio.run(stream_all()), strict=True):
        _check(case, cut, run, by="astream_items")


def _parse(case: Items, cut: Cut) -> Run:
    run = Run()
    parser = ItemParser(case.type_, **case.options)
    number = -1
    try:
        for number, chunk in enumerate(cut.chunks):
            for value in parser.feed(chunk):
                run.values.append(value)
                run.at.append(number)
        number = len(cut.chunks)
        run.values += parser.finish()
        run.at += [number] * (len(run.values) - len(run.at))
    except PartialStreamError as error:
        run.error, run.error_at = error, number
    run.outcome, run.rejected = parser.outcome, parser.rejected
    return run


def _stream(case: Items, cut: Cut) -> Run:
    run = Run()
    chunks = fake_stream(cut.chunks)
    stream = stream_items(case.type_, chunks, **case.options)
    try:
        for value in stream:
            run.values.append(value)
            run.at.append(chunks.given - 1)
    except PartialStreamError as error:
        run.error, run.error_at = error, chunks.given - 1
    assert chunks.closed
    run.outcome, run.rejected = stream.outcome, stream.rejected
    return run


async def _astream(case: Items, cut: Cut) -> Run:
    run = Run()
    chunks = async_fake_stream(cut.chunks)
    stream = astream_items(case.type_, chunks, **case.options)
    try:
        async for value in stream:
            run.values.append(value)
            run.at.append(chunks.given - 1)
    except PartialStreamError as error:
        run.error, run.error_at = error, chunks.given - 1
    assert chunks.closed
    run.outcome, run.rejected = stream.outcome, stream.rejected
    return run


def _check(case: Items, cut: Cut, run: Run, *, by: str) -> None:
    marked = parse(case.marked)
    adapter = TypeAdapter(case.type_)
    options = {key: case.options[key] for key in ("strict", "context") if key in case.options}
    told = (by, cut.chunks if len(cut.chunks) < 20 else f"{len(cut.chunks)} chunks")
    expected = [adapter.validate_json(element.raw, **options) for element in marked.items]
    assert run.values == expected, told
    assert list(map(type, run.values)) == list(map(type, expected)), told
    assert run.outcome is not None, told
    assert run.outcome.status == case.status, (told, run.error)
    assert run.outcome.finish_reason == (case.finish if cut.wire and _ended(case) else None), told
    _check_rejected(case, cut, run, told)
    _check_error(case, cut, run, by, told)
    if cut.ends is None:
        return
    assert run.at == [cut.chunk_of(element.known) for element in marked.items], told
    assert run.outcome.tail == case.tail, told


def _ended(case: Items) -> bool:
    """Whether the answer is read to its end."""
    return case.status != "invalid"


def _check_rejected(case: Items, cut: Cut, run: Run, told: object) -> None:
    marked = parse(case.marked)
    elements = marked.elements
    assert [r.index for r in run.rejected] == [elements.index(r) for r in marked.rejected], told
    for found, element in zip(run.rejected, marked.rejected, strict=True):
        assert isinstance(found.error, ValidationError)
        if cut.ends is not None:
            assert found.raw == element.raw, told
        with pytest.raises(ValidationError) as caught:
            TypeAdapter(case.type_).validate_json(found.raw)
        assert found.error.errors() == caught.value.errors(), told


def _check_error(case: Items, cut: Cut, run: Run, by: str, told: object) -> None:
    error = run.error
    if case.error is None:
        assert error is None, told
        return
    assert type(error) is case.error, (told, error)
    assert error.outcome == run.outcome, told
    assert error.delivered == len(run.values), told
    if isinstance(error, OutputValidationError):
        rejected = run.rejected[-1]
        assert (error.index, error.raw) == (rejected.index, rejected.raw), told
        assert error.__cause__ is rejected.error, told
    if cut.ends is None:
        return
    if isinstance(error, JSONSyntaxError):
        place = (error.offset, error.line, error.column, error.path)
        assert place == case.place, told
    marked = parse(case.marked)
    known = marked.failing
    if known is None and marked.rejected:
        known = marked.rejected[-1].known
    if known is None:
        # Only the end of the text tells.
        assert run.error_at == len(cut.chunks) - (by != "ItemParser"), told
        return
    latest = cut.chunk_of(known)
    if by == "ItemParser" and latest in run.at:
        latest += 1  # what the same delta completed comes first
    assert run.error_at is not None, told
    assert run.error_at <= latest, told
