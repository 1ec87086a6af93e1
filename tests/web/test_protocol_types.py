"""Python's own types of the protocols accept every event that we send."""

from __future__ import annotations

import json
from typing import Any

import pytest
from extras import needs
from pydantic import BaseModel, TypeAdapter
from test_encode import ENDS, ITEMS, Product, Report, body, rejected_and_repaired
from wire_readers import sse_events

from partialstream import web
from partialstream.testing import chat_chunks

OBJECT = ['{"title": "On', ' paper", "tags": ["a', '", "b"], "pa', 'ges": 12}']
BODIES = ["items", "object", "repaired", *ENDS]


def events(wire: str, name: str) -> list[str]:
    """The data of all events of a response."""
    if name == "repaired":
        text = "".join(web.encode(rejected_and_repaired(), wire))  # type: ignore[arg-type]
    elif name == "object":
        text, _ = body("sync", "partial", Report, OBJECT, wire)
    else:
        deltas, reason = ENDS.get(name, (ITEMS, "stop"))
        chunks = chat_chunks(deltas, finish_reason=reason)
        text, _ = body("sync", "items", Product, chunks, wire)
    return [data for _, _, data in sse_events(text)]


@needs("protocols", "pydantic_ai.ui.vercel_ai")
@pytest.mark.parametrize("name", BODIES)
def test_the_ai_sdk_stream(name: str) -> None:
    from pydantic_ai.ui.vercel_ai import response_types

    kinds: dict[str, Any] = {
        cls.model_fields["type"].default: cls
        for cls in vars(response_types).values()
        if isinstance(cls, type) and issubclass(cls, BaseModel) and "type" in cls.model_fields
    }
    *chunks, last = events("ai-sdk", name)
    assert last == "[DONE]"
    for chunk in map(json.loads, chunks):
        data = chunk["type"].startswith("data-")
        kind = response_types.DataChunk if data else kinds[chunk["type"]]
        read = kind.model_validate(chunk)
        assert read.model_dump(mode="json", by_alias=True, exclude_none=True) == chunk


@needs("protocols", "ag_ui")
@pytest.mark.parametrize("name", BODIES)
def test_the_ag_ui_stream(name: str) -> None:
    from ag_ui.core import Event

    adapter = TypeAdapter[Any](Event)
    for data in events("ag-ui", name):
        read = adapter.validate_json(data)
        assert read.model_dump(mode="json", by_alias=True, exclude_unset=True) == json.loads(data)
