"""instructor, JSON mode; tool calls in tools mode."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

import instructor
import openai

from benchmarks.correctness.libraries.asynchronous import stepwise

with suppress(ModuleNotFoundError):  # its import takes longer than a case may
    import anthropic as _  # noqa: F401 - see `anthropic`

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from benchmarks.correctness.source import Source

    Task = Callable[[Any, Source], Iterator[Any]]

MODE = instructor.Mode.JSON
_REQUEST: dict[str, Any] = {
    "model": "m",
    "messages": [{"role": "user", "content": "Go."}],
    "stream": True,
    "max_retries": 0,
}


def _last_of(snapshots: Iterable[Any]) -> Iterator[Any]:
    """The snapshots, of which the last one is the final object."""
    last = None
    for snapshot in snapshots:
        last = snapshot
        yield snapshot
    return last


def items_in(mode: instructor.Mode) -> Task:
    """`create` of an iterable, in a mode."""

    def items(type_: Any, source: Source) -> Iterator[Any]:
        if get_origin(type_) is Annotated:  # it takes unions, but not those with a discriminator
            type_ = get_args(type_)[0]
        create = instructor.patch(create=lambda **_: source.objects(), mode=mode)
        yield from create(response_model=Iterable[type_], **_REQUEST)

    return items


def growing_in(mode: instructor.Mode) -> Task:
    """`create` of a partial, in a mode. With asyncio, since the sync API gives a list."""

    def growing(type_: Any, source: Source) -> Iterator[Any]:
        async def answer(**_: Any) -> AsyncIterator[Any]:
            return source.aobjects()

        async def snapshots() -> AsyncIterator[Any]:
            create = instructor.patch(create=answer, mode=mode)
            async for snapshot in await create(
                response_model=instructor.Partial[type_], **_REQUEST
            ):
                yield snapshot

        return _last_of(stepwise(snapshots()))

    return growing


def sync_growing_in(mode: instructor.Mode) -> Task:
    """The same with the sync API."""

    def sync_growing(type_: Any, source: Source) -> Iterator[Any]:
        create = instructor.patch(create=lambda **_: source.objects(), mode=mode)
        return (yield from _last_of(create(response_model=instructor.Partial[type_], **_REQUEST)))

    return sync_growing


def served_in(mode: instructor.Mode) -> Task:
    """Items by the SDK's client."""

    def served(type_: Any, source: Source) -> Iterator[Any]:
        with openai.OpenAI(base_url=source.base_url, api_key="k", max_retries=0) as sdk:
            client = instructor.from_openai(sdk, mode=mode)
            yield from client.create(response_model=Iterable[type_], **_REQUEST)

    return served


def left(type_: Any, source: Source) -> Iterator[Any]:
    """Items by the SDK's client, left after the first one."""
    with openai.OpenAI(base_url=source.base_url, api_key="k", max_retries=0) as sdk:
        client = instructor.from_openai(sdk, mode=MODE)
        for item in client.create(response_model=Iterable[type_], **_REQUEST):
            yield item
            break
        source.check_closed()


def left_async(type_: Any, source: Source) -> Iterator[Any]:
    """The same, by the async client."""

    async def first() -> AsyncIterator[Any]:
        async with openai.AsyncOpenAI(base_url=source.base_url, api_key="k") as sdk:
            client = instructor.from_openai(sdk, mode=MODE)
            async for item in await client.create(response_model=Iterable[type_], **_REQUEST):
                yield item
                break
            await asyncio.to_thread(source.check_closed)

    return stepwise(first())


def anthropic(type_: Any, source: Source) -> Iterator[Any]:
    """Items from the input of a tool."""
    from anthropic import Anthropic  # here, since no other task fails without it

    with Anthropic(base_url=source.url, api_key="k", max_retries=0) as sdk:
        client = instructor.from_anthropic(sdk)
        yield from client.create(response_model=Iterable[type_], max_tokens=1000, **_REQUEST)


def responses(type_: Any, source: Source) -> Iterator[Any]:
    """Items from the arguments of a tool."""
    with openai.OpenAI(base_url=source.base_url, api_key="k", max_retries=0) as sdk:
        client = instructor.from_openai(sdk, mode=instructor.Mode.RESPONSES_TOOLS)
        yield from client.create(response_model=Iterable[type_], **_REQUEST)


def served_growing_in(mode: instructor.Mode) -> Task:
    """A growing object by the SDK's client."""

    def served_growing(type_: Any, source: Source) -> Iterator[Any]:
        async def snapshots() -> AsyncIterator[Any]:
            async with openai.AsyncOpenAI(
                base_url=source.base_url, api_key="k", max_retries=0
            ) as sdk:
                create = instructor.from_openai(sdk, mode=mode).create
                model = instructor.Partial[type_]
                async for snapshot in await create(response_model=model, **_REQUEST):
                    yield snapshot

        return _last_of(stepwise(snapshots()))

    return served_growing


items = chunks = items_in(MODE)
calls = items_in(instructor.Mode.TOOLS)
growing = typed = growing_chunks = growing_in(MODE)
sync_growing = sync_growing_in(MODE)
served = served_in(MODE)
served_growing = served_growing_in(MODE)
