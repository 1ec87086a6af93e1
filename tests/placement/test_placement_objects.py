"""Where a growing object comes that was asked for as content, or as a tool call."""

from __future__ import annotations

import pytest
from placement_runs import CALLERS_AND_RESPONSES, MODES, Caller, Product, call, content, read

from partialstream.testing import Answer, ToolCall

each_caller = pytest.mark.parametrize("caller", CALLERS_AND_RESPONSES)
in_all_modes = pytest.mark.parametrize("mode", MODES)
TOOL = "Product"
RIGHT = '{"name": "A long lamp {x}"}'
LAMP = Product(name="A long lamp {x}")


def grows(caller: Caller, answer: Answer, mode: str, *, on_time: bool = False) -> None:
    """The object is there, and no snapshot shows anything else."""
    runs = read(caller, "create_partial", answer, response_model=Product, mode=mode, max_retries=0)
    for run in runs:
        assert run.error is None, repr(run.error)
        assert run.values[-1] == LAMP
        names = [value.name or "" for value in run.values]
        assert all(LAMP.name.startswith(name) for name in names), names
        assert run.stream.outcome.status == "complete"
    if on_time:
        assert len(runs[0].values) > 10


@each_caller
@in_all_modes
def test_in_its_place(caller: Caller, mode: str) -> None:
    grows(caller, call(RIGHT, name=TOOL) if mode == "tools" else content(RIGHT), mode, on_time=True)


SHAPES = {
    "alone": RIGHT,
    "in a fence": f"```json\n{RIGHT}\n```",
    "behind prose": f"Here [1] it is {{x}}: {RIGHT}",
    "in a fence in prose": f"Here it is:\n```json\n{RIGHT}\n```\nSee [1].",
    "behind an unknown member": f'{{"reasoning": "[x]", {RIGHT[1:]}',
}


@each_caller
@in_all_modes
@pytest.mark.parametrize("text", SHAPES.values(), ids=list(SHAPES))
def test_in_the_content(caller: Caller, mode: str, text: str) -> None:
    grows(caller, content(text), mode)


@each_caller
@in_all_modes
@pytest.mark.parametrize("text", SHAPES.values(), ids=list(SHAPES))
def test_in_a_tool_call(caller: Caller, mode: str, text: str) -> None:
    grows(caller, call(text, name=TOOL), mode)


@each_caller
@pytest.mark.parametrize("before", [True, False], ids=["before ours", "behind ours"])
@pytest.mark.parametrize("interleaved", [False, True])
@pytest.mark.parametrize("arguments", ['{"query": "x"}', '{"name": "Paris"}'])
def test_another_tool_called_beside_ours(
    caller: Caller, before: bool, interleaved: bool, arguments: str
) -> None:
    calls = [ToolCall(TOOL, RIGHT), ToolCall("search", arguments)]
    answer = Answer(tool_calls=calls[::-1] if before else calls, interleaved=interleaved)
    grows(caller, answer, "tools")


@each_caller
@pytest.mark.parametrize("mode", ["json_schema", "json_object"])
@pytest.mark.parametrize("arguments", ['{"query": "x"}', '{"name": "Paris"}'])
def test_a_tool_called_beside_the_content_asked_for(
    caller: Caller, mode: str, arguments: str
) -> None:
    grows(caller, Answer(RIGHT, tool_calls=[ToolCall("search", arguments)]), mode)


@each_caller
@pytest.mark.parametrize(
    "draft",
    [
        '{"name": "draft"}',
        'Let me think: {"name": "draft"}',
        '```json\n{"name": "draft"}\n```',
        '{"name": "dr',
        '{"name": 3}',
        "Here it is, [1] {x}.",
        '{"name": "draft"}? No.</think>',
    ],
)
def test_a_draft_in_the_content_before_the_tool_call(caller: Caller, draft: str) -> None:
    grows(caller, Answer(draft, tool_calls=[ToolCall(TOOL, RIGHT)]), "tools")
