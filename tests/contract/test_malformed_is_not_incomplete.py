"""What cannot become valid is refused with its place, at once; what still can is waited for."""

from __future__ import annotations

from typing import Any

import pytest
import reference
from hypothesis import assume, example, given
from pydantic import BaseModel
from runs import place, run_items, run_partial
from strategies import (
    Cut,
    Fault,
    cut_everywhere,
    cut_whole,
    cuts,
    ends_of,
    json_containers,
    mutations,
)
from typed_documents import typed_texts

from partialstream import IncompleteStreamError, JSONSyntaxError, OutputValidationError


class Anything(BaseModel):
    v: Any


class Loose(BaseModel):
    a: Any = None


def first_malformed(text: str) -> tuple[int, reference.Reading] | None:
    """How many characters show that a text is malformed, and how."""
    for end in range(len(text) + 1):
        reading = reference.read(text[:end])
        if reading.status == "malformed":
            return end, reading
        if reading.status == "complete":
            rest = text[reading.end :]
            blanks = len(rest) - len(rest.lstrip(" \t\n\r"))
            if rest[blanks : blanks + 1] in ("]", "}"):
                wrong = reading.end + blanks
                return wrong + 1, reference.Reading("malformed", end=wrong)
            return None
    return None


@given(json_containers, mutations, cuts)
@example('{"a":[1, "\\ud83d\\ude00"]}', Fault("replace", 16, "x"), cut_everywhere)
def test_a_growing_object_refuses_the_very_delta(text: str, fault: Fault, cut: Cut) -> None:
    head = '{"v":'
    text = fault(f"{head}{text}}}", first=len(head))
    deltas = cut(text)
    run = run_partial(Anything, deltas)
    expected = first_malformed(text)
    if expected is None:
        complete = reference.read(text).status == "complete"
        assert run.status == ("complete" if complete else "truncated")
        assert complete or isinstance(run.exception, IncompleteStreamError)
        return
    arrived, reading = expected
    assert place(run.exception) == reading.place(text)
    assert run.failed_with is not None
    assert ends_of(deltas)[run.failed_with] >= arrived
    assert run.failed_with == 0 or ends_of(deltas)[run.failed_with - 1] < arrived


@given(typed_texts(), mutations, cuts)
def test_a_typed_object_refuses_at_the_same_place(
    typed: tuple[type[BaseModel], str], fault: Fault, cut: Cut
) -> None:
    model, text = typed
    text = fault(text, first=1)
    run = run_partial(model, cut(text))
    expected = first_malformed(text)
    if run.status == "invalid" and isinstance(run.exception, OutputValidationError):
        complete = reference.read(text)
        assert complete.status == "complete", "pydantic is only asked about what is closed"
    elif expected is None:
        assert run.status == reference.read(text).status.replace("incomplete", "truncated")
    else:
        assert place(run.exception) == expected[1].place(text)


@given(json_containers, mutations, cuts)
def test_an_item_stream_refuses_by_the_end_of_the_item(text: str, fault: Fault, cut: Cut) -> None:
    head = '["first", '
    text = fault(f"{head}{text}, 3]", first=len(head))
    reading = reference.read(text)
    # Behind a document that closes early, brackets may begin another one.
    assume(reading.status != "complete" or not text[reading.end :].strip())
    run = run_items(Any, cut(text))
    assert run.values[0] == "first"
    if reading.status == "malformed":
        assert place(run.exception) == reading.place(text)
        assert run.status == "invalid"
    else:
        assert run.status == ("complete" if reading.status == "complete" else "truncated")


@given(json_containers)
def test_every_prefix_is_incomplete_and_nothing_else(text: str) -> None:
    text = f"[{text}]"
    for end in range(1, len(text)):
        items, growing = run_items(Any, [text[:end]]), run_partial(Anything, ['{"v":', text[:end]])
        assert isinstance(items.exception, IncompleteStreamError)
        assert isinstance(growing.exception, IncompleteStreamError)
        assert items.status == growing.status == "truncated"
        assert growing.tail == '{"v":' + text[:end]
        assert text[:end].endswith(items.tail)


MALFORMED = [
    ('{"a":1x', 6, (1, 7), ("a",)),
    ('{"a":1}}', 7, (1, 8), ()),
    ('{"a" 1}', 5, (1, 6), ()),
    ('{"a":[1 2', 8, (1, 9), ("a",)),
    ('{"a":[1]]', 8, (1, 9), ()),
    ('{\n "a": [\n  1,\n  }', 17, (4, 3), ("a", 1)),
    ('{"a":"App\\Http', 9, (1, 10), ("a",)),
    ('{"a":"\\ud83dx', 6, (1, 7), ("a",)),
    ('{"a":"two\nlines"', 9, (1, 10), ("a",)),
    ('{"a":{"b.c":{"d":[0, nulL', 24, (1, 25), ("a", "b.c", "d", 1)),
    ("{'a'", 1, (1, 2), ()),
    ('{"a":1,}', 7, (1, 8), ()),
    ('{"a":01', 6, (1, 7), ("a",)),
    ('{"a":1d5', 6, (1, 7), ("a",)),
    ('{"a":-]', 6, (1, 7), ("a",)),
    ('{"a":1.}', 7, (1, 8), ("a",)),
]


@pytest.mark.parametrize(("text", "offset", "line_column", "path"), MALFORMED)
@pytest.mark.parametrize("before", ["", "\n\n ", "```json\n", "<think>[\n</think>"])
def test_the_place_counts_from_the_start_of_the_text(
    text: str, offset: int, line_column: tuple[int, int], path: tuple[Any, ...], before: str
) -> None:
    line = line_column[0] + before.count("\n")
    column = line_column[1] + (len(before.rpartition("\n")[2]) if line_column[0] == 1 else 0)
    expected = (offset + len(before), line, column, path)
    for deltas in ([before + text + "  "], list(before + text)):
        assert place(run_partial(Loose, deltas).exception) == expected


@pytest.mark.parametrize(("text", "offset", "line_column", "path"), MALFORMED)
def test_the_path_of_a_malformed_item_begins_with_its_list(
    text: str, offset: int, line_column: tuple[int, int], path: tuple[Any, ...]
) -> None:
    head = '{"rows": [{"a": 1}, '
    column = line_column[1] + (len(head) if line_column[0] == 1 else 0)
    # A bracket too many closes the list: the item is complete.
    path = ("rows",) if (text, offset) == ('{"a":1}}', 7) else ("rows", 1, *path)
    for cut in (cut_whole, cut_everywhere):
        run = run_items(Any, cut(head + text + ', {"a":1}, ""]]}}'))
        assert place(run.exception) == (offset + len(head), line_column[0], column, path)


def test_the_error_says_it_all() -> None:
    run = run_partial(Anything, ['{"rows": [{"a":1},\n', '{"b" 2}'])
    assert isinstance(run.exception, JSONSyntaxError)
    assert isinstance(run.exception, ValueError)
    assert str(run.exception) == (
        "expected ':', not '2' at line 2 column 6 (offset 24), in rows[1]"
    )
    assert run.exception.reason == "expected ':', not '2'"
    assert run.exception.outcome is not None
    assert run.exception.outcome.status == "invalid"
