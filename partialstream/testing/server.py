"""A local server whose responses are scripted."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING

from partialstream.extras import requires_extra
from partialstream.testing.answers import Answer

if TYPE_CHECKING:
    from partialstream.testing.received import ReplayRequest
    from partialstream.testing.transport import PromptServer

Choose = Callable[["ReplayRequest"], "Answer | str"]
"""Gives a request its answer. Called on the server's thread, so it must not block."""

_STOP_SECONDS = 10.0  # it takes milliseconds, if the script's own function does not block


class ReplayServer:
    r"""An OpenAI-compatible server with scripted responses: real HTTP, real SSE, real faults.

    It listens on 127.0.0.1, on a free port, in a thread and an event loop of its own, within a
    `with` or `async with` block, or between `start` and `close`; both take only milliseconds.
    It answers the requests, streamed or not, of the SDKs of OpenAI (Chat Completions and
    Responses), Anthropic and Google; `base_url` and `url` are what these take.

    Args:
        answers: The answers, one for each request in the order of their arrival; a str stands
            for an `Answer` with that text. Or one answer alone. Or a function that gives a
            request its answer; it runs on the server's thread and must not block.
        repeat: Whether the last answer is given to all further requests. Otherwise they get
            HTTP 500, marked as not to be retried.

    Attributes:
        requests: The requests so far, in the order of arrival.

    Raises:
        ModuleNotFoundError: On start, if the extra `server` is not installed.

    Example:
        >>> import json, urllib.request
        >>> with ReplayServer('{"items":[]}') as server:
        ...     body = json.dumps({"model": "m", "messages": [], "stream": True}).encode()
        ...     call = urllib.request.Request(server.base_url + "/chat/completions", body)
        ...     with urllib.request.urlopen(call) as response:
        ...         events = response.read().decode().split("\n\n")
        >>> [json.loads(event[6:])["choices"][0]["delta"] for event in events[1:4]]
        [{'content': '{"it'}, {'content': 'ems"'}, {'content': ':[]}'}]
        >>> server.requests[0].wait_finished(), server.requests[0].deltas_sent, events[-2]
        (True, 3, 'data: [DONE]')
    """

    requests: list[ReplayRequest]

    def __init__(
        self, answers: Answer | str | Sequence[Answer | str] | Choose, *, repeat: bool = False
    ) -> None:
        self.requests = []
        self._choose = _chooser(answers, repeat=repeat)
        self._port: int | None = None
        self._thread: threading.Thread | None = None
        self._stop: Callable[[], None] | None = None

    @property
    def url(self) -> str:
        """The server's URL without a path, which Anthropic's and Google's SDKs take.

        Raises:
            RuntimeError: If it has not been started.
        """
        if self._port is None:
            raise RuntimeError("the server has not been started; use `with ReplayServer(...)`")
        return f"http://127.0.0.1:{self._port}"

    @property
    def base_url(self) -> str:
        """The server's URL for OpenAI's SDK.

        Raises:
            RuntimeError: If the server has not been started.
        """
        return f"{self.url}/v1"

    def start(self) -> ReplayServer:
        """Start the server; it takes requests when this returns.

        Raises:
            ModuleNotFoundError: If the extra `server` is not installed.
            RuntimeError: If it has been started before.
        """
        if self._thread is not None:
            raise RuntimeError("a ReplayServer can be started once; make another one")
        with requires_extra("server", "ReplayServer"):
            from partialstream.testing.app import ReplayApp
            from partialstream.testing.transport import PromptServer
        app = ReplayApp(self._choose, self.requests)
        server = PromptServer(app.asgi())
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        ready: Future[asyncio.AbstractEventLoop] = Future()
        self._port = listener.getsockname()[1]
        # A daemon, so that a forgotten server keeps no program from ending.
        self._thread = threading.Thread(
            target=lambda: asyncio.run(_serve(server, listener, ready)),
            name=f"partialstream-replay-{self._port}",
            daemon=True,
        )
        self._thread.start()
        loop = ready.result()

        def stop() -> None:
            app.closing = True
            loop.call_soon_threadsafe(server.stop)

        self._stop = stop
        return self

    def close(self) -> None:
        """Stop the server and drop open connections. May be called again.

        Raises:
            RuntimeError: If the server does not stop, because its script blocks.
        """
        stop, self._stop = self._stop, None
        if stop is None or self._thread is None:
            return
        stop()
        self._thread.join(_STOP_SECONDS)
        if self._thread.is_alive():
            raise RuntimeError("the server does not stop: the function with its answers blocks")

    def __enter__(self) -> ReplayServer:
        return self.start()

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    async def __aenter__(self) -> ReplayServer:
        return self.start()

    async def __aexit__(self, *exc_info: object) -> None:
        self.close()


async def _serve(
    server: PromptServer, listener: socket.socket, ready: Future[asyncio.AbstractEventLoop]
) -> None:
    """Run the server; connections wait in the listener's backlog until it accepts them."""
    ready.set_result(asyncio.get_running_loop())
    await server.serve(sockets=[listener])


def _chooser(
    answers: Answer | str | Sequence[Answer | str] | Choose, *, repeat: bool
) -> Callable[[ReplayRequest], Answer | None]:
    """Make one function of all the ways to give answers; None is for an exhausted script."""
    if isinstance(answers, (str, Answer)):
        answers = [answers]
    if callable(answers):
        choose = answers
        return lambda request: _as_answer(choose(request))
    script = [_as_answer(answer) for answer in answers]

    def next_answer(request: ReplayRequest) -> Answer | None:
        if request.number <= len(script):
            return script[request.number - 1]
        return script[-1] if repeat and script else None

    return next_answer


def _as_answer(answer: Answer | str) -> Answer:
    return Answer(answer) if isinstance(answer, str) else answer
