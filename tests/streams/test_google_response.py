"""Google's SDK leaves its HTTP response open when its generators are closed; we close it."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from partialstream import astream_items
from partialstream.stream.transport import google_response

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator


class Product(BaseModel):
    name: str


TEXTS = ['[{"name":"Lamp"},', '{"name":"Rug"}', "]"]


class Http:
    """A response of an HTTP library."""

    def __init__(self) -> None:
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


class AsyncHttp(Http):
    async def aclose(self) -> None:
        self.close()


class HttpResponse:
    """google-genai's: it and the generator over it refer to each other."""

    def __init__(self, response_stream: Any) -> None:
        self.response_stream = response_stream

    def __aiter__(self) -> HttpResponse:
        self.segment_iterator = self.segments()
        return self

    async def __anext__(self) -> Any:
        return await self.segment_iterator.__anext__()

    async def segments(self) -> AsyncIterator[str]:
        for text in TEXTS:
            yield text


def chunks_over(response: HttpResponse) -> AsyncGenerator[Any, None]:
    """Generators in each other, as google-genai has them: by closure, by name, by neither."""

    async def innermost() -> AsyncIterator[Any]:
        async for chunk in response:
            yield chunk

    async def named() -> AsyncIterator[Any]:
        chunks = innermost()
        async for chunk in chunks:
            yield chunk

    async def opened() -> AsyncIterator[Any]:
        return named()

    async def outermost() -> AsyncGenerator[Any, None]:
        async for chunk in await opened():
            yield chunk

    return outermost()


@pytest.fixture(autouse=True)
def no_collector() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("kind", [Http, AsyncHttp])
@pytest.mark.parametrize("how", ["break", "with", "close"])
def test_leaving_closes_the_http_response(kind: type[Http], how: str) -> None:
    async def main() -> None:
        http = kind()
        chunks = chunks_over(HttpResponse(http))
        if how == "break":
            async for _ in astream_items(Product, chunks):
                break
            for _ in range(20):  # asyncio makes a task of it, which takes some turns
                await asyncio.sleep(0)
        else:
            stream = astream_items(Product, chunks)
            assert await anext_of(stream) == Product(name="Lamp")
            if how == "close":
                await stream.close()
            else:
                async with stream:
                    pass
        assert http.closed == 1

    asyncio.run(main())


async def anext_of(stream: Any) -> Any:
    return await stream.__anext__()


def test_an_error_of_the_generators_does_not_keep_it_open() -> None:
    async def main() -> None:
        http = Http()
        inner = chunks_over(HttpResponse(http))

        async def stubborn() -> AsyncGenerator[Any, None]:
            try:
                async for chunk in inner:
                    yield chunk
            finally:
                raise OSError("it does not close")

        with pytest.raises(OSError, match="it does not close"):
            async with astream_items(Product, stubborn()) as stream:
                await anext_of(stream)
        assert http.closed == 1

    asyncio.run(main())


async def nothing() -> AsyncIterator[str]:
    yield ""


def begun() -> Iterator[int]:
    yield 1


@pytest.mark.parametrize("chunks", [None, [], object(), begun(), nothing(), HttpResponse(Http())])
def test_there_is_none_below_anything_else(chunks: Any) -> None:
    assert google_response(chunks) is None
