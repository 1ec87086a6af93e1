"""What the tests of the sources share: chunks in short, and what a source makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from partialstream.sources.body import BodySource
from partialstream.sources.detect import wire_for

if TYPE_CHECKING:
    from collections.abc import Iterable

    from partialstream.deltas import Channel, Delta
    from partialstream.sources.base import Framing, Source

STREAMS = Path(__file__).resolve().parents[2].parent / "shared" / "streams"

needs_streams = pytest.mark.skipif(
    not STREAMS.is_dir(), reason=f"the recorded streams are not at {STREAMS}"
)


def choice(
    delta: Any, index: int | None = 0, finish_reason: str | None = None, **members: Any
) -> dict[str, Any]:
    fields = {"delta": delta, "logprobs": None, "finish_reason": finish_reason, **members}
    return fields if index is None else {"index": index, **fields}


def chunk(*choices: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "test-model",
        "choices": list(choices),
        **members,
    }


def says(delta: Any, finish_reason: str | None = None, **members: Any) -> dict[str, Any]:
    """One chunk of one choice."""
    return chunk(choice(delta, finish_reason=finish_reason), **members)


def calls(*entries: dict[str, Any] | None, finish_reason: str | None = None) -> dict[str, Any]:
    return says({"tool_calls": list(entries)}, finish_reason)


def call(
    arguments: Any = None, *, index: Any = 0, id: Any = None, name: Any = None
) -> dict[str, Any]:
    """One entry of `tool_calls`; what is None is left out."""
    function = {"name": name, "arguments": arguments}
    entry = {"index": index, "id": id}
    return {
        **{key: value for key, value in entry.items() if value is not None},
        "function": {key: value for key, value in function.items() if value is not None},
    }


def body_source(framing: Framing | None = None) -> BodySource:
    return BodySource(inner=wire_for, framing=framing)


def read_all(source: Source, chunks: Iterable[Any], *, cut: bool = False) -> list[Delta]:
    deltas = [delta for each in chunks for delta in source.feed(each)]
    deltas += source.finish(cut=cut)
    assert all(text for _, text in deltas), "a text is empty"
    return deltas


def texts(deltas: Iterable[Delta]) -> dict[Channel, str]:
    """The text of each channel, in order of arrival."""
    joined: dict[Channel, str] = {}
    for channel, text in deltas:
        joined[channel] = joined.get(channel, "") + text
    return joined


def brief(deltas: Iterable[Delta]) -> dict[tuple[str, Any], str]:
    """The text of each channel by kind and key."""
    return {(channel.kind, channel.key): text for channel, text in texts(deltas).items()}
