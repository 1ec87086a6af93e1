from __future__ import annotations

import asyncio
import doctest
import importlib
import pkgutil
import time

import pytest

import partialstream.testing
from partialstream.testing import async_fake_stream, fake_stream

MODULES = [
    "partialstream.testing",
    *(
        module.name
        for module in pkgutil.walk_packages(
            partialstream.testing.__path__, "partialstream.testing."
        )
    ),
]


def test_a_fake_stream_gives_its_deltas() -> None:
    stream = fake_stream(["a", "", "b"])
    assert list(stream) == ["a", "", "b"]
    assert (stream.given, stream.closed) == (3, False)
    assert list(stream) == []


def test_a_closed_stream_is_at_its_end() -> None:
    stream = fake_stream(["a", "b"])
    assert next(stream) == "a"
    stream.close()
    stream.close()
    assert list(stream) == []
    assert (stream.given, stream.closed) == (1, True)


def test_leaving_the_block_closes() -> None:
    with pytest.raises(KeyError), fake_stream(["a"]) as stream:
        raise KeyError
    assert stream.closed


def test_an_error_comes_behind_the_last_delta_and_once() -> None:
    stream = fake_stream(["a"], error=ConnectionResetError("gone"))
    assert next(stream) == "a"
    with pytest.raises(ConnectionResetError, match="gone"):
        next(stream)
    assert list(stream) == []


def test_a_delay_comes_before_each_delta() -> None:
    started = time.perf_counter()
    assert next(fake_stream(["a", "b"], 0.05)) == "a"
    assert time.perf_counter() - started >= 0.05


def test_an_asynchronous_fake_stream_does_the_same() -> None:
    async def run() -> None:
        stream = async_fake_stream(["a", "b"], 0.001)
        assert [delta async for delta in stream] == ["a", "b"]
        assert (stream.given, stream.closed) == (2, False)

        async with async_fake_stream(["a", "b"]) as left:
            assert await left.__anext__() == "a"
        assert (left.given, left.closed) == (1, True)
        assert [delta async for delta in left] == []

        broken = async_fake_stream(["a"], error=ConnectionResetError("gone"))
        assert await broken.__anext__() == "a"
        with pytest.raises(ConnectionResetError, match="gone"):
            await broken.__anext__()
        await broken.aclose()
        assert broken.closed

    asyncio.run(run())


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_the_documentation_run(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_every_public_name_has_a_documentation() -> None:
    public = partialstream.testing.__all__
    assert public == sorted(public)
    assert all(getattr(partialstream.testing, name).__doc__ for name in public)
