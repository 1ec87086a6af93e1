"""Wrong arguments are refused at the call, by an error that says what to write."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from partialstream import astream_items, stream_items, web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

CUT = ["[1, 2", "0]"]


async def adeltas() -> AsyncIterator[str]:
    for delta in CUT:
        yield delta


def respond(**options: Any) -> object:
    return web.respond(stream_items(int, CUT), **options)


def encode(**options: Any) -> object:
    return web.encode(stream_items(int, CUT), **options)


def calls(call: Any, *args: Any, **options: Any) -> Callable[[], object]:
    return lambda: call(*args, **options)


REFUSED: dict[str, tuple[Callable[[], object], type[Exception], str]] = {
    "a number": (calls(web.respond, 42), TypeError, "respond takes a stream, .* not 42"),
    "a text": (calls(web.respond, "abc"), TypeError, "not 'abc'"),
    "nothing": (calls(web.respond, None), TypeError, "not None"),
    "encode: a number": (calls(web.encode, 42), TypeError, "encode takes a sync stream"),
    "encode: an async stream": (
        lambda: web.encode(astream_items(int, adeltas())),  # type: ignore[arg-type]  # the point
        TypeError,
        "use aencode",
    ),
    "aencode: a sync stream": (
        lambda: web.aencode(stream_items(int, CUT)),  # type: ignore[arg-type]  # the point
        TypeError,
        "use encode",
    ),
    "encode: a function": (calls(web.encode, lambda: None), TypeError, "encode takes"),
    "heartbeat: text": (calls(respond, heartbeat="3"), TypeError, "heartbeat= must be a number"),
    "heartbeat: 0": (calls(respond, heartbeat=0), ValueError, "heartbeat= must be positive"),
    "heartbeat: nan": (calls(respond, heartbeat=float("nan")), ValueError, "heartbeat= must be"),
    "throttle: text": (calls(respond, throttle="1"), TypeError, "throttle= must be a number"),
    "throttle: negative": (calls(encode, throttle=-1), ValueError, "throttle= must be 0 or more"),
    "throttle: nan": (calls(encode, throttle=float("nan")), ValueError, "throttle= must be"),
    "wire: a list": (calls(respond, wire=[]), ValueError, "wire= must be one of 'sse'"),
    "wire: a class": (calls(respond, wire=web.Sse), ValueError, r"web\.Sse\(\)"),
    "a misspelled name": (calls(respond, hearbeat=3), TypeError, "did you mean heartbeat="),
    "encode: misspelled": (calls(encode, throtle=3), TypeError, "did you mean throttle="),
    "Replay: misspelled": (calls(web.Replay, liner=3), TypeError, "did you mean linger="),
    "Replay: no number": (calls(web.Replay, linger=None), TypeError, "linger= must be a number"),
    "Replay: max_logs": (calls(web.Replay, max_logs=0), ValueError, "max_logs= must be positive"),
    "replay alone": (calls(respond, replay=web.Replay()), ValueError, "replay= requires key="),
    "key alone": (calls(respond, key="a"), ValueError, "key= requires replay="),
    "key: a number": (calls(respond, replay=web.Replay(), key=5), TypeError, "key= must be a str"),
    "key: empty": (calls(respond, replay=web.Replay(), key=""), ValueError, "key= must not be"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_wrong_arguments(case: str) -> None:
    call, kind, message = REFUSED[case]
    with pytest.raises(kind, match=message):
        call()


def test_other_names_are_none_of_ours() -> None:
    with pytest.raises(AttributeError, match="respnd"):
        _ = web.respnd  # type: ignore[attr-defined]  # the point
    assert {"respond", "Replay", "static", "encode"} <= set(dir(web))


def test_without_starlette_the_error_names_the_extra() -> None:
    program = (
        "import sys\n"
        "class NotInstalled:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'starlette':\n"
        "            raise ModuleNotFoundError('No module', name=name)\n"
        "sys.meta_path.insert(0, NotInstalled())\n"
        "from partialstream import web\n"
        "list(web.encode(iter(())))\n"
        "web.respond\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert 'web.respond needs starlette: pip install "partialstream[web]"' in run.stderr
