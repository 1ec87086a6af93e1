"""`web.respond` by itself, on asyncio and on trio: no server, no middleware."""

from __future__ import annotations

import gc
import threading
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from anyio import to_thread
from asgi import BACKENDS, Connection, run
from settled import settled
from web_runs import HOWS, Clients, products
from wire_readers import READERS

from partialstream import Change, Item, astream_items, web
from partialstream.testing import Answer, ReplayServer, faults
from partialstream.web.reading import AHEAD

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

WIRES = list(READERS)

pytestmark = [
    pytest.mark.parametrize("backend", BACKENDS),
    # On trio, httpx leaves its own open when a response is closed by another task.
    pytest.mark.filterwarnings("ignore:Async generator 'httpx:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:Async generator 'httpcore:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:Async generator 'openai:ResourceWarning"),
]


def run_with(
    backend: str, replay: ReplayServer, main: Callable[[Clients], Awaitable[Any]], **options: Any
) -> Any:
    """Run a test with clients that are closed in its event loop."""

    async def with_clients() -> Any:
        clients = Clients(replay, max_retries=0, **options)
        async with clients.lifespan(None):
            return await main(clients)

    return run(backend, with_clients)


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("wire", WIRES)
def test_a_list(backend: str, how: str, wire: str) -> None:
    async def main(clients: Clients) -> None:
        connection = Connection()
        await connection.run(web.respond(clients.stream(how), wire=wire))
        assert connection.complete
        page = READERS[wire](connection.text)
        assert page.ok
        assert len(page.values) == 3

    with ReplayServer(Answer(products(3))) as replay:
        run_with(backend, replay, main)


@pytest.mark.parametrize("how", HOWS)
def test_heartbeats_and_who_leaves_in_silence(backend: str, how: str) -> None:
    async def main(clients: Clients) -> None:
        connection = Connection()
        async with anyio.create_task_group() as group:
            group.start_soon(
                connection.run, web.respond(clients.stream(how), heartbeat=0.01, throttle=0.01)
            )
            await connection.until("p0")
            await connection.until(": \n\n: \n\n")
            connection.leave()
        assert not connection.complete
        (request,) = replay.requests
        assert await to_thread.run_sync(request.wait_hung_up, 10.0)

    with ReplayServer(Answer(products(50), fault=faults.Stall(60))) as replay:
        run_with(backend, replay, main)


@pytest.mark.parametrize("how", ["async", "sync callable"])
def test_an_error_after_the_first_items(backend: str, how: str) -> None:
    async def main(clients: Clients) -> None:
        connection = Connection()
        await connection.run(web.respond(clients.stream(how)))
        page = READERS["sse"](connection.text)
        assert connection.complete
        assert page.error
        assert page.values

    with ReplayServer(Answer(products(20), fault=faults.Reset(12))) as replay:
        run_with(backend, replay, main)


@pytest.mark.parametrize("how", ["async", "sync callable"])
def test_a_response_that_is_cancelled_closes_the_stream(backend: str, how: str) -> None:
    """As a server does with those that still run when it shuts down."""

    async def main(clients: Clients) -> None:
        connection = Connection()
        async with anyio.create_task_group() as group:
            group.start_soon(connection.run, web.respond(clients.stream(how)))
            await connection.until("p0")
            group.cancel_scope.cancel()
        (request,) = replay.requests
        assert await to_thread.run_sync(request.wait_hung_up, 10.0)

    with ReplayServer(Answer(products(50), fault=faults.Stall(60))) as replay:
        run_with(backend, replay, main)


class Made:
    """A sync stream whose request takes a while."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.answered = threading.Event()
        self.closed = threading.Event()

    def make(self) -> Made:
        self.asked.set()
        self.answered.wait(20)
        return self

    def __iter__(self) -> Iterator[Any]:
        yield Item(1, 0, (0,), "1")

    def close(self) -> None:
        self.closed.set()


@pytest.mark.parametrize("left", [True, False], ids=["left", "cancelled"])
def test_a_stream_that_is_made_when_nobody_wants_it_is_closed(backend: str, left: bool) -> None:
    async def main() -> None:
        connection = Connection()
        async with anyio.create_task_group() as group:
            group.start_soon(connection.run, web.respond(made.make))
            assert await to_thread.run_sync(made.asked.wait, 10)
            if left:
                connection.leave()
            else:
                group.cancel_scope.cancel()
        # The response is over before the request was answered.
        assert not made.closed.is_set()
        made.answered.set()
        assert await to_thread.run_sync(made.closed.wait, 10)

    made = Made()
    run(backend, main)


def test_who_has_left_before_is_not_asked_for(backend: str) -> None:
    if backend == "trio":
        pytest.skip("which of the tasks runs first is left to chance there")

    async def main() -> None:
        connection = Connection()
        connection.leave()
        await connection.run(web.respond(made.make))
        assert not made.asked.is_set()

    made = Made()
    run(backend, main)


@pytest.mark.parametrize("kind", ["events", "changes", "generator"])
@pytest.mark.parametrize("how", ["async", "sync"])
def test_generators_are_closed_too(backend: str, how: str, kind: str) -> None:
    """A sync one at its next event: nobody can wake it."""
    closed = threading.Event()

    def sync_events(stream: Any) -> Iterator[Any]:
        try:
            yield from stream.events()
        finally:
            closed.set()

    async def async_events(stream: Any) -> AsyncIterator[Any]:
        try:
            async with aclosing(stream.events()) as events:
                async for event in events:
                    yield event
        finally:
            closed.set()

    def events(stream: Any) -> Any:
        if kind != "generator":
            closed.set()
            return getattr(stream, kind)()
        return async_events(stream) if how == "async" else sync_events(stream)

    async def main(clients: Clients) -> None:
        connection = Connection()
        async with anyio.create_task_group() as group:
            group.start_soon(connection.run, web.respond(events(clients.stream(how))))
            await connection.until("p1")
            connection.leave()
        (request,) = replay.requests
        assert await to_thread.run_sync(request.wait_hung_up, 10.0)
        assert await to_thread.run_sync(closed.wait, 10)

    with ReplayServer(Answer(products(500), tokens_per_second=100)) as replay:
        run_with(backend, replay, main)


def test_a_generator_that_gives_something_after_all_is_closed_too(backend: str) -> None:
    """On trio, one that is dropped instead is a warning, and so a failure here."""
    more = anyio.Event()

    async def deltas() -> AsyncIterator[str]:
        yield "[1,"
        await more.wait()
        yield "2,"
        yield "3]"

    async def read(changes: Any) -> None:
        assert [(await anext(changes)).value for _ in range(2)] == [[], 1]
        await changes.aclose()

    async def main() -> None:
        stream = astream_items(int, deltas())
        changes = stream.changes(throttle=60)  # the second one is held back, until the end
        async with anyio.create_task_group() as group:
            group.start_soon(read, changes)
            await anyio.wait_all_tasks_blocked()
            more.set()
            await changes.aclose()
        del changes, stream
        gc.collect()

    run(backend, main)


class Counted:
    """Events without end, and how many were asked for."""

    def __init__(self) -> None:
        self.count = 0
        self.closed = False

    def __iter__(self) -> Iterator[Any]:
        while True:
            self.count += 1
            yield Item(self.count, self.count - 1, (self.count - 1,), "")

    async def _async(self) -> AsyncIterator[Any]:
        for event in self:
            await anyio.lowlevel.checkpoint()
            yield event


@pytest.mark.parametrize("how", ["async", "sync"])
def test_a_client_that_takes_nothing_stops_the_stream(backend: str, how: str) -> None:
    """At most `AHEAD` events wait for it."""

    async def main() -> None:
        connection = Connection()
        async with anyio.create_task_group() as group:
            group.start_soon(
                connection.run, web.respond(counted._async() if how == "async" else counted)
            )
            await connection.until("event: item")
            for _ in range(3):
                connection.room = anyio.Event()
                before = await to_thread.run_sync(
                    settled, lambda: counted.count, abandon_on_cancel=True
                )
                sent = connection.text.count("event: item")
                assert counted.count == before
                # What is being sent is no longer waiting, but was not taken either.
                assert counted.count <= sent + AHEAD
                connection.room.set()
                await connection.until(f"id: {sent + 100}\n")
            connection.leave()

    counted = Counted()
    run(backend, main)


def test_a_server_that_cannot_send_any_more(backend: str) -> None:
    async def main(clients: Clients) -> None:
        connection = Connection()
        async with anyio.create_task_group() as group:
            group.start_soon(connection.run, web.respond(clients.stream("async"), heartbeat=0.02))
            await connection.until("p0")
            connection.fails = BrokenPipeError()
        (request,) = replay.requests
        assert await to_thread.run_sync(request.wait_hung_up, 10.0)

    with ReplayServer(Answer(products(50), fault=faults.Stall(60))) as replay:
        run_with(backend, replay, main)


@pytest.mark.parametrize("wire", ["sse", "object"])
def test_what_fails_while_it_is_held_back_ends_the_response(backend: str, wire: str) -> None:
    """And not as a crash of the server."""

    async def events() -> AsyncIterator[Any]:
        yield Change((), "set", {"a": "b"})
        yield Change(("a",), "append", "\ud800" if wire == "sse" else "c")
        if wire == "object":
            yield Change(("b",), "set", 1)
            yield Change(("a",), "set", "taken back")
        await anyio.sleep(60)

    async def main() -> None:
        connection = Connection()
        response = web.respond(events(), wire=wire, throttle=0.05)
        if wire == "object":
            with pytest.raises(Exception, match="not complete: TakenBackError"):
                await connection.run(response)
            assert not connection.complete
        else:
            await connection.run(response)
            assert connection.complete
            assert READERS["sse"](connection.text).error

    run(backend, main)


@pytest.mark.parametrize("how", HOWS)
def test_head_asks_no_model(backend: str, how: str) -> None:
    async def main(clients: Clients) -> None:
        connection = Connection(method="HEAD")
        await connection.run(web.respond(clients.stream(how), wire="ai-sdk"))
        assert connection.status == 200
        assert connection.headers["x-vercel-ai-ui-message-stream"] == "v1"
        assert connection.text == ""
        assert connection.complete
        assert len(replay.requests) == (how == "sync")  # which is sent when the stream is made
        for request in replay.requests:
            assert await to_thread.run_sync(request.wait_hung_up, 10.0)

    with ReplayServer(Answer(products(50), fault=faults.Stall(60))) as replay:
        run_with(backend, replay, main)


@pytest.mark.parametrize("wire", WIRES)
def test_http_1_0_has_no_way_to_tell_a_torn_body(backend: str, wire: str) -> None:
    """Its end is the end of the connection: what depends on that is refused."""

    async def main(clients: Clients) -> None:
        connection = Connection(http_version="1.0")
        await connection.run(web.respond(clients.stream("async"), wire=wire))
        assert connection.complete
        if wire == "object":
            assert connection.status == 505
            assert "HTTP/1.1" in connection.text
            assert not replay.requests
        else:
            assert READERS[wire](connection.text).ok

    with ReplayServer(Answer(products(2))) as replay:
        run_with(backend, replay, main)


def test_a_response_that_is_never_sent_leaves_no_connection_open(backend: str) -> None:
    """As when something else is returned instead of it."""

    async def main(clients: Clients) -> None:
        response = web.respond(clients.stream("sync"))
        (request,) = replay.requests
        del response
        gc.collect()
        assert await to_thread.run_sync(request.wait_hung_up, 10.0)

    with ReplayServer(Answer(products(50), fault=faults.Stall(60))) as replay:
        run_with(backend, replay, main)
