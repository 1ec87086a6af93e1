"""The stream that an adapter reads, and how far it has read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from openai.types.chat import ChatCompletionChunk

    from benchmarks.correctness.case import Case
    from partialstream.testing import ReplayServer


CLOSED_SECONDS = 1.0
"""In which a server sees that a connection is closed, if it is; it takes milliseconds."""


class Reported(Exception):
    """The library has reported a failure without raising."""


class Unavailable(Exception):
    """The library has nothing for the type of a case."""


class LeftOpen(Exception):
    """A loop was left, and the server still has its connection."""


class Source:
    """The deltas of a case, as text or as chunks of Chat Completions.

    Attributes:
        given: How many deltas have been asked for.
        path: Where the list is; see `Case.path`.
        server: Where there is one.
    """

    def __init__(self, case: Case, server: ReplayServer | None = None) -> None:
        self.given = 0
        self.path = case.path
        self.server = server
        self._case = case

    @property
    def base_url(self) -> str:
        """Of the server, as OpenAI's SDK takes it."""
        return "" if self.server is None else self.server.base_url

    @property
    def url(self) -> str:
        """Of the server, as Anthropic's SDK takes it."""
        return "" if self.server is None else self.server.url

    def check_closed(self) -> None:
        """Check that the server sees its connection closed.

        Raises:
            LeftOpen: It does not.
        """
        if self.server is None or not self.server.requests[0].wait_hung_up(CLOSED_SECONDS):
            raise LeftOpen("the connection is still open")

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
        if self._case.finish is not None:
            self.given += 1
            yield chunk({}, self._case.finish)

    def objects(self) -> Iterator[ChatCompletionChunk]:
        """The chunks as the SDK gives them."""
        from openai.types.chat import ChatCompletionChunk

        for each in self.dicts():
            yield ChatCompletionChunk.construct(**each)  # unchecked, as the SDK does it

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
