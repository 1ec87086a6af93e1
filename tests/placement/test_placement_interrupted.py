"""A list in another place than was asked for, in an answer that breaks off: nothing is lost."""

from __future__ import annotations

from typing import Any

import pytest
from client_runs import CALLERS, Caller, Product

from partialstream import IncompleteStreamError
from partialstream.testing import Answer, ReplayServer, ToolCall, faults

NAMES = ["Lamp", "Rug", "Shelf", "Vase"]
ITEMS = [f'{{"name":"{name}"}}' for name in NAMES]
PRODUCTS = [Product(name=name) for name in NAMES]

both = pytest.mark.parametrize("caller", CALLERS)
WRAPPERS = ['{"users":[%s', '{"result":{"items":[%s']


def cut(wrapper: str, *, as_tool: bool, reset: bool = False) -> Answer:
    """An answer that breaks off in its third item."""
    text = wrapper % ",".join([*ITEMS[:2], ITEMS[2][:6]])
    more: dict[str, Any] = {"chunk_size": 4, "finish_reason": "length"}
    if reset:
        text += ITEMS[2][6:]
        more["fault"] = faults.Reset(after=(len(text) - 6) // 4)
    if as_tool:
        return Answer(tool_calls=[ToolCall("ProductList", text)], **more)
    return Answer(text, as_tool=False, **more)


@both
@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("mode", ["json_schema", "tools"])
@pytest.mark.parametrize("as_tool", [True, False])
@pytest.mark.parametrize("reset", [False, True])
def test_what_is_complete_is_handed_over_before_the_error(
    caller: Caller, wrapper: str, mode: str, as_tool: bool, reset: bool
) -> None:
    with ReplayServer(cut(wrapper, as_tool=as_tool, reset=reset)) as server:
        run = caller(server).read(
            "create_iterable", response_model=Product, mode=mode, max_retries=0
        )
    assert run.values == PRODUCTS[:2]
    assert isinstance(run.error, IncompleteStreamError)
    assert run.stream.outcome.status == ("disconnected" if reset else "truncated")


@both
@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("mode", ["json_schema", "tools"])
@pytest.mark.parametrize("as_tool", [True, False])
@pytest.mark.parametrize("reset", [False, True])
def test_it_is_resumed(caller: Caller, wrapper: str, mode: str, as_tool: bool, reset: bool) -> None:
    rest = f'{{"items":[{",".join(ITEMS[2:])}]}}'
    answers = [cut(wrapper, as_tool=as_tool, reset=reset), Answer(rest)]
    with ReplayServer(answers) as server:
        run = caller(server, max_retries=0).read(
            "create_iterable", response_model=Product, mode=mode, max_retries=2
        )
    assert run.error is None
    assert run.values == PRODUCTS
    assert run.stream.outcome.ok
