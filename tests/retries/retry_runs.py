"""The events of a call through both clients, for tests of retries that hold for both."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field
from typing import Any, TypeVar

from client_runs import ASK, AsyncCaller, Method, SyncCaller

from partialstream import from_openai

E = TypeVar("E")

MODES = ["json_schema", "tools"]


def words(count: int) -> str:
    """A text of so many words."""
    return " ".join(
        itertools.islice(itertools.cycle(["solid", "brass", "with", "a", "lid"]), count)
    )


@dataclass
class Run:
    """What came of a call.

    Attributes:
        values: All events.
        error: What was raised at last.
        stream: The stream, at its end.
        final: What `final()` gave, for objects that came to an end.
    """

    values: list[Any] = field(default_factory=list)
    error: Exception | None = None
    stream: Any = None
    final: Any = None

    def all(self, kind: type[E]) -> list[E]:
        """The events of one kind."""
        return [value for value in self.values if isinstance(value, kind)]

    def last(self, kind: type[E]) -> E:
        """The last event of a kind."""
        return self.all(kind)[-1]

    def only(self, kind: type[E]) -> E:
        """The event of a kind, of which there is one."""
        (event,) = self.all(kind)
        return event


class SyncEvents(SyncCaller):
    """All events of a call through `Client`."""

    def events(self, method: Method, **kwargs: Any) -> Run:
        """Call, and read the stream by its events."""
        run = Run()
        with self._open() as sdk:
            try:
                run.stream = getattr(from_openai(sdk, **self._client), method)(**ASK, **kwargs)
                for event in run.stream.events():
                    run.values.append(event)
                if method == "create_partial":
                    run.final = run.stream.final()
            except Exception as error:  # noqa: BLE001 - the test looks at it
                run.error = error
        return run


class AsyncEvents(AsyncCaller):
    """All events of a call through `AsyncClient`."""

    def events(self, method: Method, **kwargs: Any) -> Run:
        """Call, and read the stream by its events."""
        run = Run()

        async def main() -> None:
            async with self._open() as sdk:
                try:
                    run.stream = getattr(from_openai(sdk, **self._client), method)(**ASK, **kwargs)
                    async for event in run.stream.events():
                        run.values.append(event)
                    if method == "create_partial":
                        run.final = await run.stream.final()
                except Exception as error:  # noqa: BLE001 - the test looks at it
                    run.error = error

        asyncio.run(main())
        return run


class SyncResponsesEvents(SyncEvents):
    """All events of a call through `Client`, and the Responses API."""

    api = "responses"


class AsyncResponsesEvents(AsyncEvents):
    """All events of a call through `AsyncClient`, and the Responses API."""

    api = "responses"


Caller = type[SyncEvents] | type[AsyncEvents]

CALLERS: list[Caller] = [SyncEvents, AsyncEvents]
EVERY_CALLER: list[Caller] = [*CALLERS, SyncResponsesEvents, AsyncResponsesEvents]
CALLER_IDS = ["sync", "async", "sync-responses", "async-responses"]
