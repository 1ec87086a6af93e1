"""The column `spans`, written and read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partialstream.etl.serialization.spans import read_spans, spans_text, with_spans
from partialstream.results import Span

steps = st.text(max_size=4) | st.integers(0, 5)
spans = st.dictionaries(
    st.lists(steps, max_size=3).map(tuple),
    st.builds(
        lambda start, size, match: Span(start, start + size, match),
        st.integers(0, 99),
        st.integers(1, 9),
        st.sampled_from(["exact", "blanks", "case"]),
    ),
)


@given(spans)
def test_what_is_written_is_read(given: dict[Any, Span]) -> None:
    text = spans_text(given, {})
    assert read_spans(text) == given
    assert read_spans(json.loads(text)) == given


def test_the_path_is_that_of_the_row() -> None:
    text = spans_text({("name", 0): Span(1, 2, "case")}, {("name", 0): ("Name", 0)})
    assert json.loads(text) == [{"path": ["Name", 0], "start": 1, "end": 2, "match": "case"}]


def test_no_spans() -> None:
    assert read_spans(None) == read_spans("[]") == read_spans([]) == {}


@pytest.mark.parametrize("column", ['{"a": 1}', "[1]", '[{"path": ["a"]}]', "7"])
def test_what_is_not_a_list_of_spans(column: str) -> None:
    with pytest.raises(ValueError, match="not a list of spans"):
        read_spans(column)


@pytest.mark.parametrize("row", ["{}", '{"a":"{spans}"}', '{"value":[1]}', '{"a":{"spans":1}}'])
def test_a_row_with_spans(row: str) -> None:
    found = json.loads(with_spans(row, "[1]"))
    assert next(iter(found)) == "spans"
    assert found.pop("spans") == [1]
    assert found == json.loads(row)
