"""Runs a script through a sync and an async stream, with no server and no clock."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

import tenacity
from scripted_model import ASKED, ScriptedModel
from scripts import Entry, Script

from partialstream import AttemptFailed, Item, ItemRejected, ItemRepaired, Limits, RejectedItem
from partialstream.client.call import Call
from partialstream.client.endpoints.chat import ChatRequestBuilder
from partialstream.client.options.options import Options
from partialstream.client.response_model import items_shape
from partialstream.client.retries.items import item_session
from partialstream.client.routes import Route
from partialstream.stream.aio import AsyncItemStream
from partialstream.stream.sync import ItemStream
from partialstream.stream.transport import AsyncChunks, Chunks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterator

    from scripted_wire import Said

R = TypeVar("R")


@dataclass
class Run:
    """What came of a script.

    Attributes:
        values: What the stream gave: values, items or events.
        error: What it raised at last.
        stream: The stream, at its end.
        log: What the model has said.
    """

    values: list[Any] = field(default_factory=list)
    error: BaseException | None = None
    stream: Any = None
    log: list[Said] = field(default_factory=list)

    def comparable(self) -> list[Any]:
        """All of it, without times and in values that compare by what they say."""
        stream = self.stream
        return [
            list(map(_plain, self.values)),
            _plain(self.error),
            stream.outcome,
            stream.usage,
            list(map(_plain, stream.rejected)),
            [(each.number, each.cause, each.outcome, each.usage) for each in stream.attempts],
            len(stream.timing.items),
            self.log,
        ]


def _plain(value: Any) -> Any:
    if isinstance(value, Item):
        return value.value, value.index, value.path, value.raw, value.attempt
    if isinstance(value, RejectedItem):
        return value.index, value.raw, str(value.error), value.path, value.attempt
    if isinstance(value, ItemRejected):
        return "rejected", _plain(value.item)
    if isinstance(value, ItemRepaired):
        return "repaired", _plain(value.rejected), value.attempt
    if isinstance(value, AttemptFailed):
        return value.number, _plain(value.error)
    if isinstance(value, BaseException):
        told = [getattr(value, name, None) for name in ("outcome", "usage", "delivered", "index")]
        text = getattr(value, "message", None) or str(value)  # the former has no times
        return type(value), text, told, value.__cause__ and _plain(value.__cause__)
    return value


def open_sync(script: Script) -> ItemStream[Any]:
    """The stream of a script, unread."""
    model, call = ScriptedModel(script), make_call(script, asynchronous=False)
    return ItemStream(item_session(call), Chunks(model.answer(call.request), model.answer))


def run_sync(script: Script) -> Run:
    """Run a script through `ItemStream`."""
    model, call = ScriptedModel(script), make_call(script, asynchronous=False)
    session = item_session(call)
    stream = ItemStream(session, Chunks(model.answer(call.request), model.answer))
    run = Run(stream=stream, log=model.log)
    source: Iterator[Any] = (
        iter(stream) if script.way == "values" else getattr(stream, script.way)()
    )
    try:
        for value in source:
            run.values.append(value)
    except Exception as error:  # noqa: BLE001 - the test looks at it
        run.error = error
    model.check()
    return run


def run_async(script: Script) -> Run:
    """Run a script through `AsyncItemStream`."""
    model, call = ScriptedModel(script), make_call(script, asynchronous=True)

    async def send(request: Any) -> AsyncIterator[Any]:
        return _later(model, request)

    session = item_session(call)
    stream = AsyncItemStream(session, AsyncChunks(lambda: send(call.request), send))
    run = Run(stream=stream, log=model.log)

    async def main() -> None:
        source: Any = stream if script.way == "values" else getattr(stream, script.way)()
        try:
            async for value in source:
                run.values.append(value)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            run.error = error

    drive(main())
    model.check()
    return run


async def _later(model: ScriptedModel, request: Any) -> AsyncIterator[Any]:
    # What fails in sending fails here only as the answer is read: to the policy it is the same.
    for chunk in model.answer(request):
        yield chunk


def drive(coroutine: Coroutine[Any, Any, R]) -> R:
    """Run a coroutine that waits for nothing; a loop would take longer than the stream."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        value: R = stop.value
        return value
    coroutine.close()
    raise AssertionError("nothing here is worth waiting for")


def make_call(script: Script, *, asynchronous: bool, take: int | None = None) -> Call:
    """The call that a script is the answer to."""
    on_invalid: Any = script.on_invalid
    if on_invalid == "function":

        def on_invalid(rejected: RejectedItem) -> Any:
            return script.decide(rejected.index, rejected.attempt)

    key: Any = script.key
    if key is not None:
        key = "id" if key == "name" else lambda entry: (entry.id, "of the entry")
    retrying: Any = 0
    if script.max_retries:
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(script.max_retries + 1), sleep=lambda seconds: None
        )
    options = Options(
        mode=script.mode,
        on_invalid=on_invalid,
        limits=Limits(text_kept=script.text_kept),
        max_retries=retrying,
        max_requests=script.max_requests,
        on_interrupt=script.on_interrupt,
        ordered=script.ordered,
        key=key,
        take=take,
    )
    shape = items_shape(Entry)
    arguments = {"messages": ASKED, "temperature": 0}
    routes = [
        Route(
            ChatRequestBuilder(
                shape,
                replace(options, mode=mode),
                {"model": f"m{place}", **arguments},
                stream=True,
            )
        )
        for place, mode in enumerate((script.mode, *script.others))
    ]
    return Call(shape, options, routes[0], routes[1:], stream=True, asynchronous=asynchronous)
