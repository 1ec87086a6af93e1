"""Lists that repeat themselves, cut anywhere and resumed in any way: each item once, none lost.

To run more of them:

    PARTIALSTREAM_SCRIPTS=10000 pytest tests/retries/test_random_repeats.py
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, given, settings
from pydantic import BaseModel
from repeats import Model, Repeats, expected, make_call, scripts
from script_runs import drive

from partialstream.client.retries.items import item_session
from partialstream.stream.aio import AsyncItemStream
from partialstream.stream.sync import ItemStream
from partialstream.stream.transport import AsyncChunks, Chunks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from partialstream import Item

COUNT = int(os.environ.get("PARTIALSTREAM_SCRIPTS", "300"))

many = settings(
    max_examples=COUNT,
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
    phases=[phase for phase in Phase if phase is not Phase.explain],
)


def run_sync(script: Repeats) -> tuple[Any, list[Item[Any]], Model]:
    model, call = Model(script), make_call(script, asynchronous=False)
    chunks = Chunks(model.answer(call.request), model.answer)
    stream = ItemStream(item_session(call), chunks)
    return stream, list(stream.detailed()), model


def run_async(script: Repeats) -> tuple[Any, list[Item[Any]], Model]:
    model, call = Model(script), make_call(script, asynchronous=True)

    async def send(request: Any) -> AsyncIterator[Any]:
        return chunks(request)

    async def chunks(request: Any) -> AsyncIterator[Any]:
        for chunk in model.answer(request):
            yield chunk

    stream = AsyncItemStream(item_session(call), AsyncChunks(lambda: send(call.request), send))
    items: list[Item[Any]] = []

    async def main() -> None:
        async for item in stream.detailed():
            items.append(item)  # noqa: PERF401  # an async comprehension would not be driven

    drive(main())
    return stream, items, model


def value_of(item: Item[Any]) -> Any:
    return item.value.model_dump() if isinstance(item.value, BaseModel) else item.value


@many
@given(scripts())
def test_each_item_comes_once_and_none_is_lost(script: Repeats) -> None:
    told: list[Any] = []
    for run in (run_sync, run_async):
        stream, items, model = run(script)
        assert stream.outcome.status == "complete"
        wanted, rejected = expected(script, model)
        assert sorted((item.index, value_of(item)) for item in items) == sorted(wanted.items())
        assert len({item.index for item in items}) == len(items)
        refused = [(each.index, json.dumps(json.loads(each.raw))) for each in stream.rejected]
        assert refused == sorted(rejected.items())
        if script.ordered or not script.bad:
            assert [item.index for item in items] == sorted(wanted)
        follow_ups = [said for said in model.log if said.cause == "resume" and said.known]
        if all(said.turn.indexed for said in follow_ups) or script.kind == "entries":
            come = {index: value for index, value in enumerate(model.values) if index in wanted}
            assert wanted == come
            assert len(wanted) + len(rejected) == len(model.values)
        told.append([(item.index, item.raw, item.attempt) for item in items])
    assert told[0] == told[1]
