"""The web application of the replay server: requests in, scripted answers out."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from functools import lru_cache, partial
from itertools import count
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from partialstream.sources.common import is_object
from partialstream.testing.faults import HTTPError
from partialstream.testing.plan import ReplayPlan, error_plan, make_plan
from partialstream.testing.received import ReplayRequest, redact
from partialstream.testing.transport import LINK, Link
from partialstream.testing.wires import WIRES

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Receive, Scope, Send

    from partialstream.testing.answers import Answer
    from partialstream.testing.wires import Wire


class ReplayApp:
    """Answers requests by the script, and records them."""

    def __init__(
        self, choose: Callable[[ReplayRequest], Answer | None], requests: list[ReplayRequest]
    ) -> None:
        self.choose = choose
        self.requests = requests
        self.numbers = count(1)  # not the list's length: its owner may empty it
        self.closing = False  # whether connections end because the server does

    def asgi(self) -> Starlette:
        """Make the ASGI application, with a route for each wire."""
        return Starlette(
            routes=[
                Route(wire.route, _Endpoint(self, wire), methods=["POST"], name=wire.route)
                for wire in WIRES
            ],
            exception_handlers={404: _not_found, 405: _not_found, Exception: _broken_script},
        )


class _Endpoint:
    """The ASGI application behind one wire's route."""

    def __init__(self, app: ReplayApp, wire: type[Wire]) -> None:
        self._app = app
        self._wire = wire
        # A benchmark asks for the same long answer again and again.
        self._plan = lru_cache(maxsize=8)(partial(make_plan, wire=wire))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app, wire = self._app, self._wire
        http = Request(scope, receive)
        link: Link = scope["state"][LINK]
        try:
            data = await http.body()
        except ClientDisconnect:
            return
        received_at = time.perf_counter()
        # uvicorn stops reading from the socket while a large body is in memory; an end of the
        # connection would then go unnoticed.
        link.transport.resume_reading()
        try:
            body: Any = json.loads(data)
            if not is_object(body):
                raise ValueError("the request's body must be a JSON object")
            ask = wire.read(http.url.path, body)
        except ValueError as error:
            bad = Response(wire.error(str(error), status=400), 400, media_type="application/json")
            await bad(scope, receive, send)
            return
        request = ReplayRequest(
            number=next(app.numbers),
            method=http.method,
            path=http.url.path,
            headers=redact(http.headers.items()),
            body=body,
            received_at=received_at,
        )
        app.requests.append(request)
        finished = False
        try:
            answer = app.choose(request)
            if answer is None:
                message = f"The script is exhausted: it has no answer to request {request.number}."
                plan = error_plan(wire, HTTPError(500, message=message), final=True)
            else:
                plan = self._plan(answer, ask)
                if answer.headers:
                    headers = (*plan.headers, *dict(answer.headers).items())
                    plan = replace(plan, headers=headers)
            request.deltas_planned = plan.deltas
            finished = await _play(plan, request, link, send)
            if not finished and not app.closing:
                request.hung_up_at = link.gone.result()
                request.hung_up = True
        finally:
            request.mark_over(finished=finished)


async def _play(plan: ReplayPlan, request: ReplayRequest, link: Link, send: Send) -> bool:
    """Send an answer by its plan; give whether all of it went out."""
    if not await _wait_until(request.received_at + plan.begin, link):
        return False
    headers = [*plan.headers, ("x-request-id", f"replay-{request.number}")]
    await send(
        {
            "type": "http.response.start",
            "status": plan.status,
            "headers": [(name.encode(), value.encode()) for name, value in headers],
        }
    )
    for write in plan.writes:
        if not await _wait_until(request.received_at + write.due, link):
            return False
        more = write is not plan.writes[-1] or plan.ending != "end"
        await send({"type": "http.response.body", "body": write.data, "more_body": more})
        if link.gone.done():  # while the write waited for a full buffer to become empty
            return False
        request.bytes_sent += len(write.data)
        request.deltas_sent += write.deltas
    if plan.ending == "close":
        await link.close()
    elif plan.ending == "reset":
        await link.reset()
    elif not plan.writes:
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    return True


async def _wait_until(when: float, link: Link) -> bool:
    """Wait for a point in time, by `time.perf_counter`; give whether the client is still there.

    Times are absolute: what one write is late by does not make the next one late.
    """
    await link.wait(max(when - time.perf_counter(), 0.0))
    return not link.gone.done()


async def _not_found(request: Request, error: Exception) -> Response:
    """Say which paths there are."""
    del error
    paths = ", ".join(wire.route for wire in WIRES)
    return _plain_error(404, f"No {request.method} {request.url.path} here; there is POST {paths}")


async def _broken_script(request: Request, error: Exception) -> Response:
    """Answer for a script that raised; Starlette raises the error again, so that it is logged."""
    del request
    return _plain_error(500, f"The script raised {error!r}")


def _plain_error(status: int, message: str) -> Response:
    headers = {"x-should-retry": "false"}
    return JSONResponse({"error": {"message": message}}, status, headers=headers)
