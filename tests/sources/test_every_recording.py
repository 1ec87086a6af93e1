"""Every recorded answer, as users hand it over: bytes, whose wire format nobody has named."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from source_runs import STREAMS, needs_streams

from partialstream.errors import ProviderError
from partialstream.sources.detect import source_for


def entries() -> list[Any]:
    if not STREAMS.is_dir():
        return []
    lines = (STREAMS / "index.jsonl").read_text("utf-8").splitlines()
    return [pytest.param(entry, id=entry["file"]) for entry in map(json.loads, lines)]


each_recording = pytest.mark.parametrize("entry", entries())

KINDS = {
    "content": "content",
    "custom_tool_call_input": "tool",
    "reasoning": "reasoning",
    "refusal": "refusal",
    "server_tool_use_args": "server_tool",
    "tool_args": "tool",
}

# What stands in for an object that a provider has sent whole, or not at all.
Read = tuple[list[tuple[str, str | None, str]], str | None, bool, str | None]


def read(body: list[bytes]) -> Read:
    """The texts by kind and name, the finish reason, whether there is usage, and the error."""
    source = source_for(body[0])
    joined: dict[Any, str] = {}
    error: str | None = None
    try:
        for chunk in body:
            for channel, text in source.feed(chunk):
                joined[channel] = joined.get(channel, "") + text
        for channel, text in source.finish():
            joined[channel] = joined.get(channel, "") + text
    except ProviderError as raised:
        error = str(raised)
    texts = [(channel.kind, channel.name, text) for channel, text in joined.items()]
    metadata = source.metadata
    return texts, metadata.finish_reason, metadata.usage is not None, error


@needs_streams
@each_recording
def test_cut_anywhere(entry: dict[str, Any]) -> None:
    body = (STREAMS / entry["file"]).read_bytes()
    whole = read([body])
    assert read([body[at : at + 1] for at in range(len(body))]) == whole
    chance = random.Random(entry["file"])
    for count in (1, 2, 5, 20, 80):
        cuts = sorted(chance.choices(range(len(body) + 1), k=count))
        assert (
            read([body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]) == whole
        )


@needs_streams
@each_recording
def test_as_the_index_says(entry: dict[str, Any]) -> None:
    texts, finish_reason, has_usage, error = read([(STREAMS / entry["file"]).read_bytes()])
    expected = [
        (KINDS[channel["channel"]], channel.get("name"), channel["text"])
        for channel in entry["channels"]
        if channel["kind"] != "empty"
    ]
    found = [(kind, name, comparable(text)) for kind, name, text in texts if kind != "reasoning"]
    told = [(kind, name, comparable(text)) for kind, name, text in expected if kind != "reasoning"]
    for each in told:
        assert each in found
    # What is not in the index are the `{}` of tools that were called without arguments.
    assert all(each in told or each[2] == {} for each in found)
    reasons = [reason.partition(":") for reason in entry["finish_reason"].values()]
    words = {"completed" if word == "completed" else rest or word for word, _, rest in reasons}
    if words and not words & {"SAFETY"}:
        assert finish_reason in words
    assert has_usage == entry["usage_present"]
    assert (error is not None) == ("sse:unknown_field:{" in entry["oddities"])


def comparable(text: str) -> Any:
    """A JSON object as what it means: some providers send arguments as objects, not as texts."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, dict) else text


@needs_streams
def test_all_are_here() -> None:
    files = {path.name for path in STREAMS.iterdir() if path.suffix not in (".jsonl", ".md")}
    assert {param.id for param in entries()} == files
    assert len(files) >= 78
