"""The race of a sync call: each request is sent, and its response begun to read, by a thread."""

from __future__ import annotations

from contextlib import suppress
from contextvars import copy_context
from functools import partial
from itertools import chain
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, Final

from partialstream.stream.deadline import Alarm
from partialstream.stream.steps import run_steps
from partialstream.stream.transport import close_chunks, end_connection, end_wait, iter_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from partialstream.client.call import Call
    from partialstream.client.contender import Contender
    from partialstream.client.retries.routed import RoutedSession
    from partialstream.client.routes import Route
    from partialstream.stream.steps import Steps

_AGAIN: Final = 0.05
"""Seconds after which a thread that still waits is woken again, and then after twice as many each:
an SDK may retry by itself."""


def race(call: Call, session: RoutedSession[Any], request: Any) -> Steps[Any]:
    """Make a request, and others for the same while none says anything.

    Gives the chunks of the response that does so first. Gives none if the stream is left.
    """
    yield from ()  # a generator, like the steps of any other request
    within = call.options.first_delta_within
    told: SimpleQueue[Runner | Contender | None] = SimpleQueue()
    running: list[Runner] = []
    failed: list[Route] = []
    contenders = session.contenders(request)

    def start() -> Contender | None:
        contender = next(contenders, None)
        if contender is not None:
            contender.on_sent = partial(told.put, contender)
            running.append(Runner(call, contender, told.put))
        return contender

    def leave() -> None:
        told.put(None)

    session.on_cancel.append(leave)
    try:
        latest = start()
        while True:
            left = None
            if latest is not None and within is not None and not latest.waits:
                left = max(0.0, within - latest.silent_for())
            try:
                runner = told.get(timeout=left)
            except Empty:
                latest = start()
                continue
            if runner is None:
                return ()
            if not isinstance(runner, Runner):
                continue  # it has been sent, and may be silent from now on
            running.remove(runner)
            contender = runner.contender
            if contender.error is None or not running:
                break
            failed.append(contender.route)
            session.lose(contender)
            runner.close()
    finally:
        session.on_cancel.remove(leave)
        for other in running:
            session.lose(other.contender)
            other.give_up()
    session.adopt(contender, failed)
    return runner.chunks()


class Runner:
    """Sends a request, and reads its response until that is decided, in a thread.

    Args:
        call: The call.
        contender: The request.
        report: Called by the thread with this, once it is decided.
    """

    def __init__(self, call: Call, contender: Contender, report: Callable[[Runner], None]) -> None:
        self.contender = contender
        self._call = call
        self._report = report
        self._chunks: Any = None
        self._read: list[Any] = []
        self._rest: Iterator[Any] = iter(())
        self._lock = Lock()
        self._decided = False
        self._given_up = False
        # A daemon, as the wait for headers cannot be ended with every library; see `end_wait`.
        run = copy_context().run
        self._thread = Thread(target=run, args=(self._run,), name="partialstream-race", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._send_and_read()
        except BaseException as error:  # noqa: BLE001 - raised where it is read, if it is
            self.contender.error = error
            if self.contender.opened:
                self._rest = _Raising(error)
        with self._lock:
            given_up = self._given_up
            self._decided = True
        if given_up:
            self.close()
        else:
            self._report(self)

    def _send_and_read(self) -> None:
        contender = self.contender
        self._chunks = run_steps(self._call.send(contender, contender.request, contender.route))
        contender.opened = True
        if self._given_up:
            return
        self._rest = iter_of(self._chunks)
        for chunk in self._rest:
            self._read.append(chunk)
            if contender.hears(chunk) or self._given_up:
                if contender.broken and contender.error is not None:
                    self._rest = _Raising(contender.error)
                return
        contender.ended()

    def chunks(self) -> Iterable[Any]:
        """The chunks of the response.

        Raises:
            BaseException: The request has failed.
        """
        if not self.contender.opened and self.contender.error is not None:
            raise self.contender.error
        return RacedChunks(self._chunks, chain(self._read, self._rest))

    def close(self) -> None:
        """Close the response, if there is one, without reading it."""
        with suppress(Exception):  # the other response is what matters
            close_chunks(self._chunks)

    def give_up(self) -> None:
        """It has lost: end its connection, and with that the thread."""
        with self._lock:
            self._given_up = True
            decided = self._decided
        self.contender.leave()
        if decided:
            self.close()
        else:
            self._wake(_AGAIN)

    def _wake(self, pause: float) -> None:
        """End what the thread waits for; it closes the response by itself."""
        if not self._thread.is_alive():
            return
        if not end_connection(getattr(self._chunks, "response", None)):
            end_wait(self._thread)
        Alarm(pause, partial(self._wake, pause * 2))


class _Raising:
    """An iterator that raises an error."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        raise self._error


class RacedChunks:
    """The chunks of a response whose first ones have been read already."""

    def __init__(self, chunks: Any, each: Iterator[Any]) -> None:
        self.response: Any = getattr(chunks, "response", None)
        self._chunks = chunks
        self._each = each

    def __iter__(self) -> Iterator[Any]:
        return self._each

    def close(self) -> None:
        """Close the response."""
        close_chunks(self._chunks)
