"""What HTTP libraries raise in the middle of a body: real libraries, real connections."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest
from faulty_server import BODIES, TAIL, FaultyServer
from patience import IDLE, NEVER, patiently
from pydantic import BaseModel

from partialstream import IncompleteStreamError, astream_items, stream_items

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator


class Product(BaseModel):
    name: str


def through_httpx(url: str, timeout: float) -> Iterator[bytes]:
    import httpx

    with (
        httpx.Client(timeout=timeout, trust_env=False) as client,
        client.stream("GET", url) as body,
    ):
        yield from body.iter_bytes()


def through_httpx2(url: str, timeout: float) -> Iterator[bytes]:
    import httpx2

    with (
        httpx2.Client(timeout=timeout, trust_env=False) as client,
        client.stream("GET", url) as body,
    ):
        yield from body.iter_bytes()


def through_requests(url: str, timeout: float) -> Iterator[bytes]:
    import requests

    with requests.Session() as session:
        session.trust_env = False
        with session.get(url, stream=True, timeout=timeout) as body:
            yield from body.iter_content(1)  # a larger piece is waited for


def through_urllib3(url: str, timeout: float) -> Iterator[bytes]:
    import urllib3

    with urllib3.PoolManager(retries=False) as pool:
        body = pool.request("GET", url, preload_content=False, timeout=timeout)
        try:
            yield from body.stream(65536 if body.chunked else 1, decode_content=True)
        finally:
            body.close()


def through_the_standard_library(url: str, timeout: float) -> Iterator[bytes]:
    from urllib.request import ProxyHandler, build_opener

    with build_opener(ProxyHandler({})).open(url, timeout=timeout) as body:
        while data := body.read1(65536):
            yield data


# Which comes with version 3 of OpenAI's SDK.
WITH_HTTPX2 = pytest.mark.skipif(find_spec("httpx2") is None, reason="there is no httpx2")

SYNC: list[Any] = [
    through_httpx,
    pytest.param(through_httpx2, marks=WITH_HTTPX2),
    through_requests,
    through_urllib3,
    through_the_standard_library,
]


async def through_async_httpx(url: str, timeout: float) -> AsyncGenerator[bytes, None]:
    import httpx

    async with (
        httpx.AsyncClient(timeout=timeout, trust_env=False) as client,
        client.stream("GET", url) as body,
    ):
        async for data in body.aiter_bytes():
            yield data


async def through_async_httpx2(url: str, timeout: float) -> AsyncGenerator[bytes, None]:
    import httpx2

    async with (
        httpx2.AsyncClient(timeout=timeout, trust_env=False) as client,
        client.stream("GET", url) as body,
    ):
        async for data in body.aiter_bytes():
            yield data


async def through_aiohttp(url: str, timeout: float) -> AsyncGenerator[bytes, None]:
    import aiohttp

    limits = aiohttp.ClientTimeout(sock_read=timeout)
    async with aiohttp.ClientSession(timeout=limits) as session, session.get(url) as body:
        async for data in body.content.iter_any():
            yield data


ASYNC: list[Any] = [
    through_async_httpx,
    pytest.param(through_async_httpx2, marks=WITH_HTTPX2),
    through_aiohttp,
]


def check(fault: str, through: Any, names: list[str], error: IncompleteStreamError) -> None:
    assert error.outcome is not None
    assert error.outcome.status == ("stalled" if fault == "stall" else "disconnected")
    # aiohttp drops what it has read together with a bad chunk.
    lost = "gzip" in fault or (fault == "bad chunk" and through is through_aiohttp)
    assert names == ([] if lost else ["Lamp"])
    assert error.tail == ("" if lost else TAIL)
    assert error.delivered == len(names)
    if error.__cause__ is not None:
        assert not type(error.__cause__).__module__.startswith("partialstream")


def is_unnoticed(fault: str, through: Any) -> bool:
    """The standard library neither looks for gzip nor misses bytes in `read1`."""
    return through is through_the_standard_library and (
        "gzip" in fault or fault in ("shorter than its length", "early close")
    )


def check_patiently(fault: str, check: Callable[[float], None]) -> None:
    """Only a body that stalls has to run into a time limit."""
    if fault == "stall":
        patiently(check, IDLE)
    else:
        check(NEVER)


@pytest.mark.parametrize("through", SYNC)
@pytest.mark.parametrize("fault", BODIES)
def test_a_body_that_breaks(through: Callable[[str, float], Iterator[bytes]], fault: str) -> None:
    if is_unnoticed(fault, through):
        pytest.skip("not noticed by the library")

    def check_within(timeout: float) -> None:
        names: list[str] = []
        with FaultyServer(fault) as server:
            stream = stream_items(Product, server.watched(through(server.url, timeout)))
            with pytest.raises(IncompleteStreamError) as caught:
                names.extend(product.name for product in stream)
        check(fault, through, names, caught.value)
        assert caught.value.__cause__ is not None

    check_patiently(fault, check_within)


@pytest.mark.parametrize("through", ASYNC)
@pytest.mark.parametrize("fault", BODIES)
def test_an_async_body_that_breaks(
    through: Callable[[str, float], AsyncGenerator[bytes, None]], fault: str
) -> None:
    def check_within(timeout: float) -> None:
        names: list[str] = []

        async def main(server: FaultyServer) -> None:
            body = server.watched_async(through(server.url, timeout))
            async for product in astream_items(Product, body):
                names.append(product.name)  # noqa: PERF401 - kept when the loop raises

        with FaultyServer(fault) as server, pytest.raises(IncompleteStreamError) as caught:
            asyncio.run(asyncio.wait_for(main(server), 60))
        check(fault, through, names, caught.value)
        assert caught.value.__cause__ is not None

    check_patiently(fault, check_within)


# Modules and names from the innermost base to the class itself, and the status.
FAKES = [
    ("requests.exceptions", ["RequestException", "ChunkedEncodingError"], "disconnected"),
    ("requests.exceptions", ["RequestException", "ContentDecodingError"], "disconnected"),
    ("requests.exceptions", ["RequestException", "ConnectionError"], "disconnected"),
    ("requests.exceptions", ["RequestException", "Timeout", "ReadTimeout"], "stalled"),
    ("requests.exceptions", ["RequestException", "HTTPError"], None),
    ("requests.exceptions", ["RequestException", "MissingSchema"], None),
    ("httpx", ["HTTPError", "RequestError", "DecodingError"], "disconnected"),
    ("httpx2._exceptions", ["HTTPError", "RequestError", "DecodingError"], "disconnected"),
    ("httpx", ["HTTPError", "HTTPStatusError"], None),
    ("httpcore", ["ReadTimeout", "TimeoutException"], "stalled"),
    ("urllib3.exceptions", ["HTTPError", "ProtocolError"], "disconnected"),
    ("urllib3.exceptions", ["HTTPError", "DecodeError"], "disconnected"),
    ("urllib3.exceptions", ["HTTPError", "SSLError"], "disconnected"),
    ("urllib3.exceptions", ["HTTPError", "IncompleteRead"], "disconnected"),
    ("urllib3.exceptions", ["HTTPError", "TimeoutError", "ReadTimeoutError"], "stalled"),
    ("aiohttp.client_exceptions", ["ClientError", "ClientPayloadError"], "disconnected"),
    ("aiohttp.client_exceptions", ["ClientError", "ContentTypeError"], "disconnected"),
    ("aiohttp.client_exceptions", ["ClientError", "ServerDisconnectedError"], "disconnected"),
    ("aiohttp.http_exceptions", ["HttpProcessingError", "BadHttpMessage"], "disconnected"),
    ("anyio", ["BrokenResourceError"], "disconnected"),
    ("anyio._core._exceptions", ["EndOfStream"], "disconnected"),
    ("curl_cffi.requests.exceptions", ["RequestException", "IncompleteRead"], "disconnected"),
    ("http.client", ["HTTPException", "BadStatusLine"], "disconnected"),
    ("ssl", ["SSLError"], "disconnected"),
    ("zlib", ["error"], "disconnected"),
    ("brotli", ["error"], "disconnected"),
    ("_brotli", ["error"], "disconnected"),
    ("zstandard.backend_c", ["ZstdError"], "disconnected"),
    ("compression.zstd", ["ZstdError"], "disconnected"),
    ("gzip", ["BadGzipFile"], "disconnected"),
    # The same names elsewhere mean something else.
    ("struct", ["error"], None),
    ("re", ["error"], None),
    ("starlette.exceptions", ["HTTPException"], None),
    ("shop.errors", ["DecodeError"], None),
    ("json", ["DecodingError"], None),
    ("jose.exceptions", ["JOSEError", "SSLError"], None),
]


def made(module: str, names: list[str]) -> Exception:
    cls: Any = Exception
    for name in names:
        cls = type(name, (cls,), {"__module__": module})
    error: Exception = cls("gone")
    return error


@pytest.mark.parametrize(("module", "names", "status"), FAKES)
def test_exceptions_are_told_apart_by_package_and_name(
    module: str, names: list[str], status: str | None
) -> None:
    error = made(module, names)

    def chunks() -> Iterator[str]:
        yield '[{"name":"Lamp"},{"name":"Ru'
        raise error

    stream = stream_items(Product, chunks())
    with pytest.raises(Exception, match="gone") as caught:
        list(stream)
    if status is None:
        assert caught.value is error
    else:
        assert isinstance(caught.value, IncompleteStreamError)
        assert caught.value.__cause__ is error
        assert stream.outcome is not None
        assert (stream.outcome.status, stream.outcome.tail) == (status, '{"name":"Ru')
