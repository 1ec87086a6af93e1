"""Recorded answers of real providers, and what each is known to say."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest
from source_runs import STREAMS, read_all, texts

from partialstream.errors import ProviderError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from partialstream.sources.base import Source

_KINDS = {"content": "content", "tool_args": "tool", "reasoning": "reasoning"}


def recordings(wire: str) -> list[Any]:
    """The entries of one wire format, none where the streams are absent."""
    if not STREAMS.is_dir():
        return []
    entries = map(json.loads, (STREAMS / "index.jsonl").read_text("utf-8").splitlines())
    return [pytest.param(each, id=each["file"]) for each in entries if each["wire"] == wire]


def body_of(entry: dict[str, Any]) -> bytes:
    return (STREAMS / entry["file"]).read_bytes()


def reads_of(body: bytes, seed: str) -> Iterator[list[bytes]]:
    """The body whole, byte by byte, and in cuts by chance."""
    yield [body]
    yield [body[at : at + 1] for at in range(len(body))]
    source_of_chance = random.Random(seed)
    for count in (1, 3, 10, 30, 100):
        cuts = sorted(source_of_chance.choices(range(len(body) + 1), k=count))
        yield [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]


def check_texts(entry: dict[str, Any], source: Source, chunks: Iterable[Any]) -> None:
    """Compare the texts of all channels; documents count as what they say."""
    found = {
        (channel.kind, channel.key, channel.name): _said(channel.kind, text)
        for channel, text in texts(read_all(source, chunks)).items()
    }
    expected: dict[Any, Any] = {}
    for channel in entry["channels"]:
        kind = _KINDS[channel["channel"]]
        key: Any = tuple(map(int, channel["key"].split(":")))
        if channel["kind"] != "empty":
            expected[kind, key if len(key) > 1 else key[0], channel.get("name")] = _said(
                kind, channel["text"]
            )
    assert found == expected
    assert source.metadata.reasoning == ""
    assert (source.metadata.usage is not None) == entry["usage_present"]


def texts_until_error(source: Source, chunks: Iterable[Any]) -> tuple[str, ProviderError]:
    """Give the text that came before an error, and the error."""
    text = ""
    try:
        for each in chunks:
            text += "".join(piece for _, piece in source.feed(each))
        source.finish()
    except ProviderError as error:
        return text, error
    pytest.fail("no error was raised")


def _said(kind: str, text: str) -> Any:
    return json.loads(text) if kind == "tool" else text
