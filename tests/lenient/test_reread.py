"""Text that is not valid JSON, and what it says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sloppy import OBJECTS, written

from partialstream.engine.lenient import reread

READ = [
    ("{'a': 1}", {"a": 1}),
    ("{a: 1, $b_2: 2, true: 3}", {"a": 1, "$b_2": 2, "true": 3}),
    (
        "{'a': None, 'b': True, 'c': False, 'd': null}",
        {"a": None, "b": True, "c": False, "d": None},
    ),
    ('{"a": [1, 2,],}', {"a": [1, 2]}),
    ('{"a": 1, // }\n "b": 2}', {"a": 1, "b": 2}),
    ('{"a": 1, # }\r\n "b": 2}', {"a": 1, "b": 2}),
    ('{"a": /* } */ 1 /***/}', {"a": 1}),
    ("{'a': 'it}s'}", {"a": "it}s"}),
    ("{'a': 'say \"hi\"'}", {"a": 'say "hi"'}),
    (r"""{'a': 'don\'t', 'b': "don\'t"}""", {"a": "don't", "b": "don't"}),
    (r"{'a': '\n\\\u00e9\/'}", {"a": "\n\\é/"}),
    ("{'a': 'two\nlines\t'}", {"a": "two\nlines\t"}),
    ('{"a": "// no comment # here /* either */"}', {"a": "// no comment # here /* either */"}),
    ('{"a": 1.50, "b": -0, "c": 1E+2}', {"a": 1.5, "b": 0, "c": 100.0}),
    ("[]", []),
    ("[{},]", [{}]),
]

DOUBTFUL = [
    "",
    "'a'",
    "1",
    "None",
    "{",
    "{'a': 1",
    "{'a': 1, // }",
    "{'a': 1 /* }",
    "{'a': 'it's'}",
    "{'a': 'it}",
    '{"a": "b" "c"}',
    '{"a": 1 "b": 2}',
    "[1 2]",
    "[1,,2]",
    "[,1]",
    "[,]",
    "{,}",
    "{'a':, 'b': 1}",
    "{'a': 1]",
    "[1}",
    "{a: yes}",
    "{a b: 1}",
    "{a-b: 1}",
    "{'a': NaN}",
    "{'a': undefined}",
    "{'a': .5}",
    "{'a': 5.}",
    "{'a': 01}",
    "{'a': +1}",
    "{'a': 0x1F}",
    "{'a': 1_000}",
    "{'a': 1.2.3}",
    "{'a': 12abc}",
    r"{'a': '\x41'}",
    r"{'a': '\a'}",
    "{'a': `b`}",
    "{“a”: 1}",
    "{'a': 1; 'b': 2}",
    "{'a' = 1}",
    "{/x}",
]


@pytest.mark.parametrize(("text", "value"), READ)
def test_it_is_read(text: str, value: Any) -> None:
    found = reread(text)
    assert found is not None
    assert json.loads(found.json) == value
    assert found.end == len(text)
    behind = reread(f"??{text} and so on", 2)
    assert behind == (found.json, len(text) + 2)


@pytest.mark.parametrize("text", DOUBTFUL)
def test_what_can_be_read_in_two_ways_is_not_read(text: str) -> None:
    found = reread(text)
    if found is not None:  # else what was written is not valid JSON either
        with pytest.raises(ValueError):  # noqa: PT011 - whatever json finds first
            json.loads(found.json)


@given(written(st.one_of(OBJECTS, st.lists(OBJECTS, max_size=3))))
def test_whatever_is_written_sloppily_is_read_as_it_was_meant(pair: tuple[Any, str]) -> None:
    value, text = pair
    found = reread(text)
    assert found is not None
    assert json.loads(found.json) == value
    assert found.end == len(text)


@given(written(), st.data())
def test_no_part_of_it_is_taken_for_all(pair: tuple[Any, str], data: st.DataObject) -> None:
    _, text = pair
    cut = data.draw(st.integers(0, len(text) - 1))
    assert reread(text[:cut]) is None


@given(OBJECTS)
def test_valid_json_says_what_it_says(value: Any) -> None:
    text = json.dumps(value)
    found = reread(text)
    assert found is not None
    assert json.loads(found.json) == value


@given(written(), st.data())
def test_a_character_more_or_less_is_an_error_or_another_reading_of_the_same(
    pair: tuple[Any, str], data: st.DataObject
) -> None:
    """Whatever is read accounts for every character: nothing is dropped, nothing is invented."""
    _, text = pair
    place = data.draw(st.integers(0, len(text)))
    typed = data.draw(st.sampled_from(["", "'", '"', ",", "}", "{", "]", ":", "x", "1", "\\"]))
    changed = text[:place] + typed + text[place + (not typed) :]
    found = reread(changed)
    if found is None:
        return
    again = reread(found.json)
    assert again is not None
    assert again.json == found.json


def test_numbers_keep_their_digits() -> None:
    found = reread("{'a': 1.10, 'b': 1e400, 'c': 123456789012345678901234567890}")
    assert found is not None
    assert found.json == '{"a":1.10,"b":1e400,"c":123456789012345678901234567890}'
