"""Random prose, fences and thoughts around a document change nothing of what is read.

300 texts of each kind; as many as `PARTIALSTREAM_TEXTS` says, if that is set. A text that fails
is printed with its seed: `python tests/prose/test_random_prose.py items 17` runs that one alone.
"""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from prose_documents import ITEM_TYPES, items_text, report_text
from prose_texts import Product, Report, Written, without_document
from pydantic import TypeAdapter
from runs import run_items, run_partial, shown
from strategies import ends_of

from partialstream import PartialParser, PartialStreamError, stream_items, stream_partial
from partialstream.testing import every_cut, recut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TEXTS = int(os.environ.get("PARTIALSTREAM_TEXTS", "300"))
BLOCKS = 30
SHORT = 110  # characters; shorter texts are cut in two at every place


def cuts_of(written: Written) -> Iterator[tuple[str, list[str]]]:
    text = written.text
    yield "whole", [text]
    yield "by characters", list(text)
    for seed in range(2):
        yield "at random", ["", *recut(text, seed=written.seed + seed, max_piece=3 + 20 * seed)]
    if len(text) <= SHORT:
        for place, halves in enumerate(every_cut(text)):
            yield f"in two at {place}", [halves[0], "", halves[1]]


def wrong_items(written: Written) -> Iterator[str]:
    """What is wrong with how a text with lists is read."""
    adapter: TypeAdapter[Any] = TypeAdapter(written.type_)
    expected = [adapter.validate_json(raw) for raw in written.items]
    for way, deltas in cuts_of(written):
        run = run_items(written.type_, deltas)
        if run.error is not None or run.status != "complete":
            yield f"{way}: {run.status}, {run.error}, after {len(run.values)} items"
        elif shown(run.values) != shown(expected):
            yield f"{way}: {run.values}"
        else:
            due = [sum(end <= arrived for end in written.due) for arrived in ends_of(deltas)]
            late = [
                n for n, (is_, must) in enumerate(zip(run.after, due, strict=True)) if is_ != must
            ]
            if late:
                yield f"{way}: not on time with delta {late[0]}"
    yield from wrong_item_stream(written, expected)


def wrong_item_stream(written: Written, expected: list[Any]) -> Iterator[str]:
    stream = stream_items(written.type_, recut(written.text, seed=written.seed))
    try:
        values = list(stream)
    except PartialStreamError as error:
        yield f"stream_items: {error!r}"
        return
    if shown(values) != shown(expected) or stream.outcome is None or not stream.outcome.ok:
        yield f"stream_items: {stream.outcome}, {values}"


def states_of(model: Any, text: str) -> list[Any]:
    """What shows after so many characters of a bare document."""
    parser = PartialParser(model)
    states: list[Any] = [None]
    for char in text:
        snapshot = parser.feed(char)
        states.append(states[-1] if snapshot is None else shown(snapshot))
    return states


def wrong_object(written: Written) -> Iterator[str]:
    """What is wrong with how a text with a growing object is read."""
    (document,) = written.documents
    raw = written.text[document.start : document.end]
    states = states_of(Report, raw)
    expected = shown(Report.model_validate_json(raw))
    sure = max(document.start + 1 if document.certain else document.begins_to_fit, *written.settled)
    for way, deltas in cuts_of(written):
        run = run_partial(Report, deltas)
        if run.error is not None or run.status != "complete":
            yield f"{way}: {run.status}, {run.error}, after {len(run.values)} snapshots"
            continue
        if shown(run.values[-1]) != expected:
            yield f"{way}: {run.values[-1]!r}"
            continue
        snapshots = [None, *map(shown, run.values)]
        # A draft in thoughts shows until the document has begun to fit.
        before = written.text[: document.start] if written.drafts else ""
        drafts = [None, *states_of(Report, before)]
        for arrived, count in zip(ends_of(deltas), run.after, strict=True):
            seen = snapshots[count]
            right = states[min(max(arrived - document.start, 0), len(raw))]
            if seen != right and (arrived >= sure or seen not in drafts):
                yield f"{way}: {seen} after {arrived} characters, not {right}"
                break
    yield from wrong_object_stream(written, expected)


def wrong_object_stream(written: Written, expected: Any) -> Iterator[str]:
    stream = stream_partial(Report, recut(written.text, seed=written.seed))
    try:
        final = stream.final()
    except PartialStreamError as error:
        yield f"stream_partial: {error!r}"
        return
    if shown(final) != expected or stream.outcome is None or not stream.outcome.ok:
        yield f"stream_partial: {stream.outcome}, {final!r}"


def wrong_without_document(written: Written) -> Iterator[str]:
    """What is wrong with how prose alone is read."""
    for way, deltas in cuts_of(written):
        if written.type_ is Report:
            run = run_partial(Report, deltas)
        else:
            run = run_items(written.type_, deltas)
        if run.status != "no_json" or run.values or run.rejected:
            yield f"{way}: {run.status}, {run.error}, {run.values}"


def prose_alone(seed: int) -> Written:
    types = (*dict.fromkeys(ITEM_TYPES), Report, Product)
    return without_document(seed, types[seed % len(types)])


KINDS: dict[str, tuple[Callable[[int], Written], Callable[[Written], Iterator[str]]]] = {
    "items": (items_text, wrong_items),
    "objects": (report_text, wrong_object),
    "prose": (prose_alone, wrong_without_document),
}


def check(kind: str, block: int) -> None:
    make, complaints = KINDS[kind]
    failed: list[str] = []
    for seed in range(block, TEXTS, BLOCKS):
        written = make(seed)
        complaint = next(complaints(written), None)
        if complaint is not None:
            failed.append(f"{complaint}\n{written}")
    assert not failed, f"{len(failed)} of {len(range(block, TEXTS, BLOCKS))} texts\n\n" + (
        "\n\n".join(failed[:3])
    )


@pytest.mark.parametrize("block", range(BLOCKS))
def test_items_in_random_prose(block: int) -> None:
    check("items", block)


@pytest.mark.parametrize("block", range(BLOCKS))
def test_a_growing_object_in_random_prose(block: int) -> None:
    check("objects", block)


@pytest.mark.parametrize("block", range(BLOCKS))
def test_random_prose_alone_is_no_json(block: int) -> None:
    check("prose", block)


@pytest.mark.parametrize("kind", KINDS)
def test_the_texts_of_a_seed_are_always_the_same(kind: str) -> None:
    make, _ = KINDS[kind]
    random.seed(1)
    first = make(5).text
    random.seed(2)
    assert make(5).text == first


def test_the_texts_have_all_that_matters() -> None:
    texts = [items_text(seed) for seed in range(200)]
    documents = [document for written in texts for document in written.documents]
    assert any(document.certain for document in documents)
    assert any(not document.certain for document in documents)
    assert any(len(written.documents) > 2 for written in texts)
    everything = "".join(written.text for written in texts)
    for part in ("```json", "```python", "</THINK>", "\ufeff", "\r\n", '["', "{name}", '{"result"'):
        assert part in everything
    reports = [report_text(seed) for seed in range(200)]
    assert any(written.drafts for written in reports)
    assert any(written.settled[0] > written.documents[0].start for written in reports)


if __name__ == "__main__":
    text_of, complaints_of = KINDS[sys.argv[1]]
    chosen = text_of(int(sys.argv[2]))
    print(chosen, *complaints_of(chosen), sep="\n")
