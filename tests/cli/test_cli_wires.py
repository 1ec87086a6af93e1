"""Bodies of all wire formats on standard input."""

from __future__ import annotations

import json
import urllib.request
import zlib

import pytest
from cli_runs import start

from partialstream.cli.options import InputFormat
from partialstream.cli.parse import as_chunks
from partialstream.testing import ReplayServer

ITEMS = '[{"name": "Lamp", "price": 1}, {"name": "Rug", "price": 2}]'

PATHS = {
    "/v1/chat/completions": {"stream": True, "messages": []},
    "/v1/responses": {"stream": True, "input": ""},
    "/v1/messages": {"stream": True, "messages": []},
    "/v1beta/models/m:streamGenerateContent?alt=sse": {"contents": []},
}


def body_of(path: str) -> bytes:
    with ReplayServer(ITEMS) as server:
        request = urllib.request.Request(server.url + path, json.dumps(PATHS[path]).encode())
        with urllib.request.urlopen(request) as response:
            whole: bytes = response.read()
    return whole


def parsed(body: bytes, *options: str) -> bytes:
    asked = ["parse", "--model", "cli_runs:Product", "--many", *options]
    with start(*asked) as process:
        lines, errors = process.communicate(body, timeout=200)
    assert (process.returncode, errors) == (0, b"")
    return lines


LINES = b'{"name":"Lamp","price":1.0}\n{"name":"Rug","price":2.0}\n'


@pytest.mark.parametrize("path", PATHS)
def test_event_streams(path: str) -> None:
    assert parsed(body_of(path)) == LINES


def test_lines_of_json() -> None:
    chunks = [{"model": "m", "message": {"content": ITEMS[:20]}, "done": False}]
    chunks.append({"model": "m", "message": {"content": ITEMS[20:]}, "done": True})
    body = "\n".join(map(json.dumps, chunks)).encode()
    assert parsed(body, "--format", "body") == LINES


def test_amazons_event_stream_is_told_by_its_first_bytes() -> None:
    prelude = b"\0\0\0\x10\0\0\0\0"
    prelude += zlib.crc32(prelude).to_bytes(4, "big")
    for cut in range(1, len(prelude)):
        chunks = list(as_chunks([prelude[:cut], prelude[cut:]], InputFormat.AUTO))
        assert all(isinstance(chunk, bytes) for chunk in chunks)
