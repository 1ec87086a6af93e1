"""Where a list comes that was asked for as `{"items": [...]}`: all of it is read, once."""

from __future__ import annotations

import pytest
from placement_runs import (
    CALLERS_AND_RESPONSES,
    LIST,
    MODES,
    OBJECTS,
    PRODUCTS,
    SHAPES,
    Caller,
    Product,
    call,
    content,
    items,
    read,
)

from partialstream import IncompleteStreamError
from partialstream.testing import Answer

each_caller = pytest.mark.parametrize("caller", CALLERS_AND_RESPONSES)
in_all_modes = pytest.mark.parametrize("mode", MODES)


@each_caller
@in_all_modes
@pytest.mark.parametrize(("text", "expected"), SHAPES.values(), ids=list(SHAPES))
def test_in_the_content(caller: Caller, mode: str, text: str, expected: list[Product]) -> None:
    items(caller, content(text), expected, mode)


@each_caller
@in_all_modes
@pytest.mark.parametrize(("text", "expected"), SHAPES.values(), ids=list(SHAPES))
def test_in_a_tool_call(caller: Caller, mode: str, text: str, expected: list[Product]) -> None:
    items(caller, call(text), expected, mode)


@each_caller
@in_all_modes
def test_one_tool_call_per_item(caller: Caller, mode: str) -> None:
    items(caller, call(*OBJECTS), PRODUCTS, mode)


@each_caller
@in_all_modes
def test_one_tool_call_per_list(caller: Caller, mode: str) -> None:
    lists = [f'{{"items": [{text}]}}' for text in OBJECTS]
    items(caller, call(*lists), PRODUCTS, mode)


@each_caller
@in_all_modes
def test_a_tool_call_of_another_name_where_there_is_nothing_else(caller: Caller, mode: str) -> None:
    items(caller, call(f'{{"items": {LIST}}}', name="Products"), PRODUCTS, mode)


@each_caller
@in_all_modes
@pytest.mark.parametrize("text", [f'{{"items": {LIST}}}', LIST])
def test_reasoning_beside(caller: Caller, mode: str, text: str) -> None:
    draft = 'Maybe {"items": [{"name": "draft"}]}? No.'
    items(caller, Answer(text, as_tool=False, reasoning=draft), PRODUCTS, mode)


@each_caller
@in_all_modes
@pytest.mark.parametrize("as_tool", [False, True])
def test_prose_alone_is_quoted_by_the_error(caller: Caller, mode: str, as_tool: bool) -> None:
    text = "I am sorry, but I cannot list products that I do not know."
    answer = call(text) if as_tool else content(text)
    for run in read(
        caller, "create_iterable", answer, response_model=Product, mode=mode, max_retries=0
    ):
        assert isinstance(run.error, IncompleteStreamError)
        assert run.error.outcome is not None
        assert run.error.outcome.status == "no_json"
        assert "no JSON found in the response: 'I am sorry" in str(run.error)
        assert run.values == []


@each_caller
@in_all_modes
def test_prose_alone_instead_of_an_object(caller: Caller, mode: str) -> None:
    answer = content("I am sorry, but I cannot say {x}.")
    for run in read(
        caller, "create_partial", answer, response_model=Product, mode=mode, max_retries=0
    ):
        assert isinstance(run.error, IncompleteStreamError)
        assert run.error.outcome is not None
        assert run.error.outcome.status == "no_json"
        assert "no JSON found in the response: 'I am sorry" in str(run.error)
