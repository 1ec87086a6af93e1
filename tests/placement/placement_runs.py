"""One question, and every place where a model puts its answer."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from client_runs import CALLERS, Caller, Product, Run, SyncResponsesCaller, called_tool

from partialstream.testing import Answer, ReplayServer, ToolCall

if TYPE_CHECKING:
    from collections.abc import Sequence

MODES = ("json_schema", "tools", "json_object")
TOOL = "ProductList"  # as the request's `tool_choice` names it
SIZES = (1, 5, 1000)  # characters of a delta

NAMES = ["Lamp", "Rug [1]", 'A "shelf" {x}']
PRODUCTS = [Product(name=name) for name in NAMES]
OBJECTS = [json.dumps({"name": name}) for name in NAMES]
LIST = f"[{', '.join(OBJECTS)}]"
RIGHT = f'{{"items": {LIST}}}'

SHAPES: dict[str, tuple[str, list[Product]]] = {
    "as asked": (RIGHT, PRODUCTS),
    "a root array": (LIST, PRODUCTS),
    "a fenced array": (f"```json\n{LIST}\n```", PRODUCTS),
    "a fenced object": (f"```json\n{RIGHT}\n```", PRODUCTS),
    "a line per item": ("\n".join(OBJECTS), PRODUCTS),
    "another name": (f'{{"users": {LIST}}}', PRODUCTS),
    "one level deeper": (f'{{"result": {RIGHT}}}', PRODUCTS),
    "one bare object": (OBJECTS[0], PRODUCTS[:1]),
    "an empty array": ("[]", []),
    "an empty list": ('{"items": []}', []),
    "prose before": (f"Here are [3] of {{x}}: {RIGHT}", PRODUCTS),
    "prose before and behind": (f"Here you are:\n{RIGHT}\nSee [1] {{x}}.", PRODUCTS),
    "other members beside": (f'{{"note": "see [1]", "items": {LIST}, "count": 3}}', PRODUCTS),
    "other arrays beside": (
        f'{{"meta": [{{"k": 1}}], "items": {LIST}, "other": [{{"z": 1}}]}}',
        PRODUCTS,
    ),
}


def content(text: str) -> Answer:
    """The text as content, whatever was asked for."""
    return Answer(text, as_tool=False)


def call(*arguments: str, name: str = TOOL) -> Answer:
    """Calls of our tool, whatever was asked for."""
    return Answer(tool_calls=[ToolCall(name, text) for text in arguments])


def read(caller: Caller, method: Any, answer: Answer, **kwargs: Any) -> list[Run]:
    """Read an answer once for each of `SIZES`."""
    runs: list[Run] = []
    answers = [replace(answer, chunk_size=size) for size in SIZES]
    with ReplayServer(answers) as server:
        runs += [caller(server, max_retries=0).read(method, **kwargs) for _ in SIZES]
        assert len(server.requests) == len(SIZES), "one request each"
        body = server.requests[0].body
        if "tool_choice" in body and kwargs.get("response_model") is Product:
            assert called_tool(body) == (TOOL if method == "create_iterable" else "Product")
    return runs


def items(caller: Caller, answer: Answer, expected: Sequence[Product], mode: str) -> None:
    """All items are there, and nothing else, however the answer is cut."""
    runs = read(caller, "create_iterable", answer, response_model=Product, mode=mode, max_retries=0)
    for run in runs:
        assert run.error is None, repr(run.error)
        assert run.values == list(expected)
        assert run.stream.outcome.status == "complete"
        assert run.stream.rejected == []


CALLERS_AND_RESPONSES: list[Caller] = [*CALLERS, SyncResponsesCaller]

__all__ = ["CALLERS", "CALLERS_AND_RESPONSES", "Caller", "Product", "Run"]
