from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress

import openai
import pytest
from http_library import httpx

from partialstream.testing import Answer, ReplayRequest, ReplayServer

SOON = 20.0  # seconds, on a busy machine; it takes milliseconds


def server_threads() -> list[str]:
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith("partialstream-replay")]


def test_close_drops_what_hangs_and_may_be_called_again() -> None:
    server = ReplayServer(Answer("abcdefgh", first_delay=3600)).start()
    assert server_threads()
    host, port = server.url.removeprefix("http://").split(":")
    with (
        socket.create_connection((host, int(port))) as idle,
        openai.OpenAI(base_url=server.base_url, api_key="test") as client,
    ):
        stream = client.chat.completions.create(model="m", messages=[], stream=True)
        started = time.perf_counter()
        server.close()
        server.close()
        assert time.perf_counter() - started < SOON  # the answer would have taken an hour
        with pytest.raises((httpx.RemoteProtocolError, openai.APIConnectionError)):
            list(stream)
        assert idle.recv(1) == b""
    assert not server_threads()
    request = server.requests[0]
    assert not request.wait_finished()
    assert not request.wait_hung_up()


def test_a_client_that_leaves_within_its_request_takes_no_answer() -> None:
    head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n\r\n{"
    with (
        ReplayServer("ok") as server,
        openai.OpenAI(base_url=server.base_url, api_key="test") as client,
    ):
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(head)
        completion = client.chat.completions.create(model="m", messages=[])
        assert completion.choices[0].message.content == "ok"
        assert len(server.requests) == 1


def test_a_script_that_blocks_is_named_on_close(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("partialstream.testing.server._STOP_SECONDS", 0.05)
    asked, answer = threading.Event(), threading.Event()

    def block(request: ReplayRequest) -> str:
        asked.set()
        answer.wait(30)
        return "ok"

    server = ReplayServer(block).start()
    with openai.OpenAI(base_url=server.base_url, api_key="test", max_retries=0) as client:

        def call() -> None:
            # The answer and the end of the server are due at the same moment.
            with suppress(openai.APIConnectionError):
                client.chat.completions.create(model="m", messages=[])

        caller = threading.Thread(target=call)
        caller.start()
        assert asked.wait(30)
        with pytest.raises(RuntimeError, match="blocks"):
            server.close()
        answer.set()
        caller.join()
    deadline = time.perf_counter() + SOON
    while server_threads() and time.perf_counter() < deadline:
        time.sleep(0.01)
    assert not server_threads()


def test_a_server_starts_once() -> None:
    server = ReplayServer("ok")
    with pytest.raises(RuntimeError, match="not been started"):
        assert server.base_url
    server.close()
    with server, pytest.raises(RuntimeError, match="once"):
        server.start()


def test_ctrl_c_reaches_the_main_program() -> None:
    def interrupted() -> None:
        with ReplayServer("ok"):
            assert server_threads()
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not server_threads()


def test_without_the_extra_only_the_server_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "partialstream.testing.app", raising=False)
    monkeypatch.setitem(sys.modules, "starlette.applications", None)
    server = ReplayServer("ok")
    with pytest.raises(ImportError, match=r"partialstream\[server\]"):
        server.start()
    assert not server_threads()


def test_importing_the_package_loads_no_server_and_no_sdk() -> None:
    code = (
        "import sys, partialstream.testing\n"
        "print(sorted({'starlette', 'uvicorn', 'openai'} & sys.modules.keys()))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
