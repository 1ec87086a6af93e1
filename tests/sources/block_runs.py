"""What the tests of Anthropic's and Bedrock's blocks share."""

from __future__ import annotations

import json
import random
import struct
from typing import TYPE_CHECKING, Any
from zlib import crc32

import pytest
from source_runs import STREAMS, read_all, texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from partialstream.sources.base import Source

KINDS = {
    "content": "content",
    "tool_args": "tool",
    "server_tool_use_args": "server_tool",
    "reasoning": "reasoning",
}


def recordings(wire: str) -> list[Any]:
    if not STREAMS.is_dir():
        return []
    entries = map(json.loads, (STREAMS / "index.jsonl").read_text("utf-8").splitlines())
    return [pytest.param(each, id=each["file"]) for each in entries if each["wire"] == wire]


def body_of(entry: dict[str, Any]) -> bytes:
    return (STREAMS / entry["file"]).read_bytes()


def random_reads(entry: dict[str, Any]) -> Iterator[list[bytes]]:
    body = body_of(entry)
    source_of_chance = random.Random(entry["file"])
    for count in (1, 3, 10, 30, 100):
        cuts = sorted(source_of_chance.choices(range(len(body) + 1), k=count))
        yield [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]


def check(entry: dict[str, Any], source: Source, chunks: Iterable[Any]) -> None:
    expected: dict[tuple[str, Any, str | None], str] = {}
    for each in entry["channels"]:
        kind = KINDS[each["channel"]]
        # A tool without input is recorded as it came, and its document is `{}`.
        text = "{}" if kind == "tool" and each["kind"] == "empty" else each["text"]
        if text:
            expected[kind, int(each["key"]), each.get("name")] = text
    found = {
        (channel.kind, channel.key, channel.name): text
        for channel, text in texts(read_all(source, chunks)).items()
    }
    assert found == expected
    metadata = source.metadata
    assert metadata.finish_reason == entry["finish_reason"]["message"]
    assert metadata.terminated
    assert (metadata.usage is not None) == entry["usage_present"]
    assert bool(metadata.reasoning) == entry["reasoning_present"]
    reasoning = [text for (kind, _, _), text in expected.items() if kind == "reasoning"]
    assert metadata.reasoning == "".join(reasoning)


def header(name: str, value: str | int) -> bytes:
    """A header, with text or with four bytes."""
    head = bytes([len(name)]) + name.encode()
    if isinstance(value, int):
        return head + b"\x04" + struct.pack(">i", value)
    return head + b"\x07" + struct.pack(">H", len(value.encode())) + value.encode()


def message(payload: bytes | str, *extra: bytes, **headers: str) -> bytes:
    """A message of AWS's binary framing; `event_type` is the header `:event-type`."""
    data = payload.encode() if isinstance(payload, str) else payload
    head = b"".join(header(f":{name.replace('_', '-')}", text) for name, text in headers.items())
    head += b"".join(extra)
    return frame(head, data)


def frame(head: bytes, payload: bytes) -> bytes:
    prelude = struct.pack(">II", 16 + len(head) + len(payload), len(head))
    body = prelude + struct.pack(">I", crc32(prelude)) + head + payload
    return body + struct.pack(">I", crc32(body))
