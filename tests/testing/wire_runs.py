"""Requests to a replay server without an SDK, so that its bytes can be looked at."""

from __future__ import annotations

import json
from typing import Any

from http_library import httpx

from partialstream.testing import Answer, ReplayServer


def ask(answer: Answer | str, path: str, body: dict[str, Any]) -> httpx.Response:
    """Make a request, and read the answer."""
    with ReplayServer(answer) as server, httpx.Client() as client:
        return client.post(server.url + path, json=body)


def events_of(response: httpx.Response) -> list[tuple[str | None, dict[str, Any]]]:
    """The names and the data of server-sent events, each of which has one line of data."""
    assert response.headers["content-type"].startswith("text/event-stream")
    found: list[tuple[str | None, dict[str, Any]]] = []
    for event in response.text.replace("\r\n", "\n").split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in event.split("\n"))
        found.append((fields.get("event"), json.loads(fields["data"])))
    return found
