"""Calls that end by wish: the server sees the client leave, and had not sent the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from client_runs import ASK, CALLERS, EVERY_CALLER, Caller, Product, async_sdk, sync_sdk

from partialstream import IncompleteStreamError, Outcome, PartialStream, from_openai
from partialstream.testing import Answer, ReplayServer, faults

both = pytest.mark.parametrize("caller", CALLERS)
every = pytest.mark.parametrize("caller", EVERY_CALLER)
modes = pytest.mark.parametrize("mode", ["json_schema", "tools"])

NAMES = ["Lamp", "Rug", "Shelf", "Vase"] * 50
ITEMS = [f'{{"name":"{name}"}}' for name in NAMES]
LIST = f'{{"items":[{",".join(ITEMS)}]}}'
# Two items come, and then nothing: whoever waited for more would wait for ever.
STALLED = Answer(LIST, fault=faults.Stall(12))
GROWING = Answer('{"name":"Lampshade"}', fault=faults.Stall(4))
SOON = 10.0  # seconds, on a busy machine; it takes milliseconds


@modes
@every
def test_take_leaves_the_answer(caller: Caller, mode: str) -> None:
    third = LIST.index("}", LIST.index("Shelf")) + 1
    with ReplayServer(Answer(LIST, fault=faults.Stall(-(-third // 4)))) as server:
        run = caller(server).read("create_iterable", response_model=Product, take=3, mode=mode)
        assert run.error is None
        assert [product.name for product in run.values] == ["Lamp", "Rug", "Shelf"]
        assert run.stream.outcome == Outcome("cancelled", detail="take=3")
        (request,) = server.requests
        assert request.wait_hung_up(SOON)
        assert request.deltas_sent < len(LIST) / 4 / 2


@pytest.mark.parametrize("wish", [{"take": 2}, {"stop_when": lambda p: p.name == "Rug"}])
@both
def test_nothing_is_waited_for(caller: Caller, wish: dict[str, Any]) -> None:
    for method, response_model in (("create_iterable", Product), ("create", Iterable[Product])):
        stream = {} if method == "create_iterable" else {"stream": True}
        with ReplayServer(STALLED) as server:
            run = caller(server).read(
                method,  # type: ignore[arg-type]  # one of its words
                response_model=response_model,
                **stream,
                **wish,
            )
            assert run.error is None
            assert [product.name for product in run.values] == ["Lamp", "Rug"]
            assert server.requests[0].wait_hung_up(SOON)


def test_the_client_has_left_when_the_last_item_is_handed_over() -> None:
    with ReplayServer(STALLED) as server, sync_sdk(base_url=server.base_url) as sdk:
        stream = from_openai(sdk).create_iterable(response_model=Product, take=2, **ASK)
        next(stream)
        next(stream)
        assert server.requests[0].wait_hung_up(SOON)
        assert stream.outcome == Outcome("cancelled", detail="take=2")
        assert list(stream) == []


def test_the_async_client_has_left_when_the_last_item_is_handed_over() -> None:
    async def main(server: ReplayServer) -> None:
        async with async_sdk(base_url=server.base_url) as sdk:
            stream = from_openai(sdk).create_iterable(response_model=Product, take=2, **ASK)
            await anext(stream)
            await anext(stream)
            assert await asyncio.to_thread(server.requests[0].wait_hung_up, SOON)
            assert [product async for product in stream] == []

    with ReplayServer(STALLED) as server:
        asyncio.run(main(server))


@modes
@every
def test_a_growing_object_is_left_too(caller: Caller, mode: str) -> None:
    def is_lamp(product: Product) -> bool:
        return product.name is not None and product.name.startswith("Lamp")

    for method, stream in (("create_partial", {}), ("create", {"stream": True})):
        with ReplayServer(GROWING) as server:
            run = caller(server).read(
                method,  # type: ignore[arg-type]  # one of its words
                response_model=Product,
                stop_when=is_lamp,
                mode=mode,
                **stream,
            )
            assert run.error is None
            assert run.values[-1].name.startswith("Lamp")
            assert run.stream.outcome == Outcome("cancelled", detail="stop_when")
            assert server.requests[0].wait_hung_up(SOON)


def test_an_object_that_was_left_has_no_final_value() -> None:
    with ReplayServer(GROWING) as server, sync_sdk(base_url=server.base_url) as sdk:
        stream: PartialStream[Product] = from_openai(sdk).create_partial(
            response_model=Product, stop_when=lambda _: True, **ASK
        )
        with pytest.raises(IncompleteStreamError, match="closed before its end: stop_when"):
            stream.final()


@both
def test_without_a_stream_the_list_so_far_is_given(caller: Caller) -> None:
    for response_model, container in ((Iterable[Product], list), (tuple[Product, ...], tuple)):
        with ReplayServer(LIST, repeat=True) as server:
            calls = caller(server)
            taken = calls.whole(response_model=response_model, take=2)
            assert taken == container([Product(name="Lamp"), Product(name="Rug")])
            found = calls.whole(response_model=response_model, stop_when=lambda p: p.name[0] == "S")
            assert [product.name for product in found] == ["Lamp", "Rug", "Shelf"]


@pytest.mark.parametrize("sdk", [sync_sdk(), async_sdk()])
@pytest.mark.parametrize(
    ("method", "kwargs", "error", "message"),
    [
        ("create_iterable", {"take": 0}, ValueError, "take= must be at least 1"),
        ("create_iterable", {"take": "2"}, TypeError, "take= must be an integer"),
        ("create_iterable", {"stop_when": 1}, TypeError, "stop_when= must be a function"),
        ("create_partial", {"take": 1}, TypeError, "take= is for lists"),
        ("create", {"stop_when": bool}, TypeError, "stop_when= is for streams and lists"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused_at_once(
    sdk: Any, method: str, kwargs: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        getattr(from_openai(sdk), method)(response_model=Product, **ASK, **kwargs)
