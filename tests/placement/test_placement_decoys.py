"""What stands beside the list, or the object, and is not it."""

from __future__ import annotations

import pytest
from placement_runs import (
    CALLERS,
    LIST,
    MODES,
    OBJECTS,
    PRODUCTS,
    RIGHT,
    TOOL,
    Caller,
    call,
    content,
    items,
)

from partialstream.testing import Answer, ToolCall

both = pytest.mark.parametrize("caller", CALLERS)
in_all_modes = pytest.mark.parametrize("mode", MODES)
SEARCHES = ['{"query": "x"}', '{"name": "Paris"}', '{"items": [{"name": "Paris"}]}']
a_search = pytest.mark.parametrize("arguments", SEARCHES)


@both
@pytest.mark.parametrize("mode", ["json_schema", "tools"])
@pytest.mark.parametrize(
    "text",
    [
        f'{{"notes": [{{"name": "draft"}}], "items": {LIST}}}',
        f'{{"notes": [], "items": {LIST}, "more": [{{"name": "draft"}}]}}',
        f'{{"meta": {{"items": [{{"name": "draft"}}]}}, "items": {LIST}}}',
    ],
)
def test_arrays_that_fit_beside_the_member_asked_for(caller: Caller, mode: str, text: str) -> None:
    items(caller, call(text) if mode == "tools" else content(text), PRODUCTS, mode)


@both
@in_all_modes
def test_arrays_that_do_not_fit(caller: Caller, mode: str) -> None:
    text = f'{{"meta": [{{"k": 1}}], "items": {LIST}, "other": [{{"z": 1}}]}}'
    for answer in (content(text), call(text)):
        items(caller, answer, PRODUCTS, mode)


def beside(arguments: str, *, before: bool, interleaved: bool = False) -> Answer:
    calls = [ToolCall(TOOL, RIGHT), ToolCall("search", arguments)]
    return Answer(tool_calls=calls[::-1] if before else calls, interleaved=interleaved)


@both
@pytest.mark.parametrize("before", [True, False], ids=["before ours", "behind ours"])
@pytest.mark.parametrize("interleaved", [False, True])
@a_search
def test_another_tool_called_beside_ours(
    caller: Caller, before: bool, interleaved: bool, arguments: str
) -> None:
    items(caller, beside(arguments, before=before, interleaved=interleaved), PRODUCTS, "tools")


@both
@pytest.mark.parametrize("before", [True, False], ids=["before ours", "behind ours"])
@a_search
def test_another_tool_called_beside_calls_for_single_items(
    caller: Caller, before: bool, arguments: str
) -> None:
    ours = [ToolCall(TOOL, text) for text in OBJECTS]
    search = ToolCall("search", arguments)
    answer = Answer(tool_calls=[search, *ours] if before else [*ours, search])
    items(caller, answer, PRODUCTS, "tools")


@both
@pytest.mark.parametrize("mode", ["json_schema", "json_object"])
@a_search
def test_a_tool_called_beside_the_content_asked_for(
    caller: Caller, mode: str, arguments: str
) -> None:
    answer = Answer(RIGHT, as_tool=None, tool_calls=[ToolCall("search", arguments)])
    items(caller, answer, PRODUCTS, mode)


@both
@pytest.mark.parametrize(
    "draft",
    [
        'Let me think: {"items": [{"name": "draft"}]}',
        '{"items": [{"name": "draft"}]}',
        '{"name": "draft"}',
        'Like {"name": "draft"}, or so.',
        '[{"name": "draft"}]',
        '```json\n[{"name": "draft"}]\n```',
        '{"items": [{"name": "dr',
        '{"items": [{"title": 3}]}',
        '{"items": [{"name": 3}]}',
        "Here they are, [1] {x}.",
    ],
)
def test_a_draft_in_the_content_before_the_tool_call(caller: Caller, draft: str) -> None:
    answer = Answer(draft, tool_calls=[ToolCall(TOOL, RIGHT)])
    items(caller, answer, PRODUCTS, "tools")
