"""The stream that an adapter reads, and how far it has read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from openai.types.chat import ChatCompletionChunk

    from benchmarks.correctness.case import Case


class Reported(Exception):
    """An adapter tells that the library has told of a failure without raising."""


class Source:
    """The deltas of a case, as text or as chunks of Chat Completions.

    Attributes:
        given: How many deltas have been asked for.
        path: Where the list is; see `Case.path`.
        base_url: Of the server, where there is one.
    """

    def __init__(self, case: Case, base_url: str = "") -> None:
        self.given = 0
        self.path = case.path
        self.base_url = base_url
        self._case = case

    def texts(self) -> Iterator[str]:
        """The deltas as they are."""
        for delta in self._case.deltas:
            self.given += 1
            yield delta

    async def atexts(self) -> AsyncIterator[str]:
        """The deltas as they are."""
        for delta in self.texts():
            yield delta

    def dicts(self) -> Iterator[dict[str, Any]]:
        """Chunks of Chat Completions: the role, the deltas, the finish reason."""
        yield chunk({"role": "assistant", "content": ""})
        for delta in self.texts():
            yield chunk({"content": delta}) if isinstance(delta, str) else delta
        self.given += 1
        yield chunk({}, self._case.finish)

    def objects(self) -> Iterator[ChatCompletionChunk]:
        """The chunks as the SDK gives them."""
        from openai.types.chat import ChatCompletionChunk

        for each in self.dicts():
            yield ChatCompletionChunk.model_validate(each)

    async def aobjects(self) -> AsyncIterator[ChatCompletionChunk]:
        """The chunks as the SDK gives them."""
        for each in self.objects():
            yield each


def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    """A chunk of Chat Completions."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
