"""The replay server fails loudly on a uvicorn that it does not fit."""

from __future__ import annotations

import asyncio

import pytest

uvicorn = pytest.importorskip("uvicorn", reason='needs the extra "server"')

from uvicorn.protocols.http.h11_impl import H11Protocol  # noqa: E402 - skipped without it
from uvicorn.server import ServerState  # noqa: E402 - skipped without it

from partialstream.testing import transport  # noqa: E402 - needs uvicorn


class Renamed:
    def __init__(self, state: object) -> None:
        self.state = state

    def connection_made(self) -> None: ...


def test_the_installed_uvicorn_has_what_is_used_of_it() -> None:
    transport.check_uvicorn()
    config = uvicorn.Config(app=lambda: None, lifespan="off")
    config.load()
    loop = asyncio.new_event_loop()
    try:
        protocol = H11Protocol(config, ServerState(), {"kept": 1}, _loop=loop)
        assert protocol.app_state == {"kept": 1}
        assert protocol.loop is loop
        assert protocol.server_state.connections == protocol.server_state.tasks == set()
    finally:
        loop.close()


def test_another_uvicorn_is_refused_with_what_it_lacks() -> None:
    with pytest.raises(RuntimeError, match=r"Renamed\.connection_lost, Renamed\(app_state=\)"):
        transport.check_uvicorn(protocol=Renamed)
    with pytest.raises(RuntimeError, match=r"Renamed\.main_loop"):
        transport.check_uvicorn(server=Renamed)
