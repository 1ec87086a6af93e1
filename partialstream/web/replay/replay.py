"""Keys, and what becomes of a request for one: a run is begun, or a log is read."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from partialstream.spelling import names_meant
from partialstream.web.checks import check_count, check_key, check_seconds
from partialstream.web.encode import name_of, wire_of
from partialstream.web.endings import report_failure
from partialstream.web.reading import discard
from partialstream.web.replay.following import LogResponse, unavailable
from partialstream.web.replay.log import Bounds, FullError, Span, Store, StoreError
from partialstream.web.replay.memory import MemoryStore
from partialstream.web.replay.redis_store import RedisStore
from partialstream.web.replay.running import Run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redis.asyncio import Redis
    from typing_extensions import Self

    from partialstream.web.encode import Encoding, WireName
    from partialstream.web.replay.log import Log
    from partialstream.web.wires.base import Wire

logger = logging.getLogger("partialstream.web")


class Replay:
    """Keeps what streams have sent, so that a page can resume after a reload.

    Passed to `respond` with a key, it lets the stream run independently of the request: the stream
    continues when the browser leaves, and is closed after `linger` seconds without a reader. A
    request for a known key never asks the model; it gets what was sent from the beginning, and
    what follows.

    A key is all it takes to read what is kept under it: use unguessable keys (`uuid4`), or check in
    the endpoint whose they are.

    Which request begins a run:

    - A key names one run on all wires but `"ai-sdk"`. Known keys are read, also after the end, and
      after an error; for another run, take another key.
    - On `"ai-sdk"` the key is the chat's id, `id` in the body that `useChat` posts, and a chat has
      a run for each message. `useChat` posts for new messages only, and resumes by the `GET`
      route: so each request begins a new run, which replaces the previous one under that key. The
      previous one continues for its readers, and is closed when they leave. Only a request for the
      same `web.AiSdk(message_id=...)` as the current run counts as a repeated one.

    Bounds: when a log exceeds `max_bytes`, its oldest frames are dropped. Readers that keep up do
    not notice; slow ones receive an error, and later requests get status 204. When there are
    `max_logs`, the one that ended first is dropped; while all of them run, a new stream is sent
    without being kept, and a warning is logged.

    Runs are tasks of asyncio; trio is not supported.

    With `redis`, the logs are in Redis (6.2 or later; not a cluster), for any number of processes:
    each is written by the one that has begun it, and read by all. When that process dies, its
    readers receive an error after `lease` seconds. While Redis does not respond, a new stream is
    sent without being kept, with a warning in the log; resume requests get status 503; and a stream
    whose log cannot be written any more is closed, with an error for its readers.

    Args:
        redis: A client of `redis.asyncio`, or an address (`"redis://localhost"`, extra `redis`);
            None for the memory of this process.
        prefix: What the names in Redis begin with.
        linger: Seconds without a reader after which a stream is closed; its log ends by an error.
        keep: Seconds for which a log can be read after its end.
        max_bytes: Bytes of a log that are kept.
        max_logs: Logs that are kept at once.
        lease: Seconds without a sign of life after which a process is taken for dead. Its event
            loop must never be blocked for as long.

    Raises:
        TypeError: `redis` is a client that is not async.
        ValueError: A bound is out of range.

    Example:
        >>> replay = Replay(linger=60)

        In an application of FastAPI, for a page with `useChat({id, resume: true})`:

            @app.post("/api/chat")
            async def chat(body: Body):
                stream = client.create_iterable(response_model=Product, ...)
                return web.respond(stream, wire="ai-sdk", replay=replay, key=body.id)

            @app.get("/api/chat/{id}/stream")
            async def resume(id: str):
                return await replay.response(id, wire="ai-sdk")
    """

    @names_meant
    def __init__(
        self,
        *,
        redis: Redis | str | None = None,
        prefix: str = "partialstream",
        linger: float = 30.0,
        keep: float = 300.0,
        max_bytes: int = 4_000_000,
        max_logs: int = 1000,
        lease: float = 15.0,
    ) -> None:
        for name, value in {"linger": linger, "keep": keep}.items():
            check_seconds(name, value)
        for name, count in {"max_bytes": max_bytes, "max_logs": max_logs}.items():
            check_count(name, count)
        check_seconds("lease", lease, positive=True)
        self._linger = linger
        self._max_bytes = max_bytes
        self._bounds = Bounds(keep=keep, max_logs=max_logs, lease=lease)
        self._store: Store = (
            MemoryStore(self._bounds) if redis is None else RedisStore(redis, prefix, self._bounds)
        )
        self._runs: dict[asyncio.Task[None], Run] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the streams that run in this event loop; their logs end by an error.

        To be called when the application shuts down, in its lifespan. It may be used again.
        """
        loop = asyncio.get_running_loop()
        runs = {task: run for task, run in self._runs.items() if task.get_loop() is loop}
        for run in runs.values():
            await run.stop()
        if runs:
            await asyncio.wait(runs)
        await self._store.aclose()

    @names_meant
    async def response(
        self,
        key: str,
        *,
        wire: WireName | Wire = "sse",
        last_event_id: str | int | None = None,
        heartbeat: float | None = 15.0,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """What is kept under a key, as a response: what was sent, and what follows.

        On `"sse"`, events have numbers: those after `last_event_id` are sent. On the other wires
        it is all from the beginning. Status 204 says that there is nothing to send: the key is not
        known, or not any more; or all was sent; or the event id is unknown. It makes `EventSource`
        stop, and tells `useChat` that there is no response to resume. Status 503 says that Redis
        does not respond.

        Args:
            key: As it was passed to `respond`.
            wire: The one that was passed to `respond`.
            last_event_id: The header `Last-Event-ID`, as it came.
            heartbeat: See `respond`.
            headers: Further headers.

        Raises:
            ValueError: The key's stream was sent on another wire.
        """
        check_key(key)
        chosen = wire_of(wire).begin()
        try:
            log = await self._store.find(key)
            if log is None:
                return Response(status_code=204)
            return await _reading(log, chosen, last_event_id, heartbeat, headers)
        except StoreError as error:
            return unavailable(error)

    async def open(
        self,
        key: str,
        stream: Any,
        encoding: Encoding,
        *,
        last_event_id: str | None,
        heartbeat: float | None,
    ) -> Response | None:
        """Give the response to a request that may begin a run; `respond` does this.

        Returns:
            The response; None if the stream cannot be kept, and was not used.
        """
        wire = encoding.wire
        if last_event_id:
            # It was begun. To ask the model again would be paid for.
            await discard(stream)
            return await self.response(
                key, wire=wire, last_event_id=last_event_id, heartbeat=heartbeat
            )
        loop = _running_loop()
        try:
            log, is_new = await self._store.begin(
                key, name_of(wire), renew=wire.many_runs, name=wire.run
            )
        except (FullError, StoreError) as error:
            logger.warning("a stream is sent without being kept: %s", error)
            return None
        if is_new:
            self._start(log, stream, encoding, loop)
            return LogResponse(log, wire.begin(), 0, heartbeat=heartbeat)
        await discard(stream)
        try:
            return await _reading(log, wire.begin(), None, heartbeat)
        except StoreError as error:
            return unavailable(error)

    def _start(
        self, log: Log, stream: Any, encoding: Encoding, loop: asyncio.AbstractEventLoop
    ) -> None:
        run = Run(
            log,
            encoding,
            linger=self._linger,
            lease=self._bounds.lease,
            max_bytes=self._max_bytes,
        )
        task = loop.create_task(run.write(stream))
        self._runs[task] = run
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        del self._runs[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            report_failure("the log of a stream could not be written", error)


def _running_loop() -> asyncio.AbstractEventLoop:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        raise RuntimeError("replay= needs asyncio: its streams run as tasks") from None


async def _reading(
    log: Log,
    wire: Wire,
    last_event_id: str | int | None,
    heartbeat: float | None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The response that reads a log."""
    if log.wire != name_of(wire):
        raise ValueError(
            f"the stream of this key was sent with wire={log.wire!r}, not {name_of(wire)!r}"
        )
    span = await log.span()
    after = None if span is None else position_of(wire, last_event_id, span)
    if after is None:
        return Response(status_code=204)
    return LogResponse(log, wire, after, heartbeat=heartbeat, headers=headers)


def position_of(wire: Wire, last_event_id: str | int | None, span: Span) -> int | None:
    """The frame that a reader has had last; None if there is nothing that it could go on with."""
    after = 0
    if wire.numbered and last_event_id is not None and last_event_id != "":
        text = str(last_event_id)
        if not (text.isascii() and text.isdigit()) or len(text) > len(str(span.last)):
            return None  # no number, or one far ahead: it is of something else
        after = int(text)
        if after > span.last or (span.ended and after == span.last):
            return None
    return after if after >= span.first - 1 else None
