"""Growing objects over several answers: what stands is carried, what is wrong is not shown.

To run more of them:

    PARTIALSTREAM_SCRIPTS=5000 pytest tests/retries/test_random_objects.py
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, given, settings
from objects import Grown, Model, Said, Thing, make_call, scripts
from pydantic import BaseModel
from script_runs import drive

from partialstream.client.retries.objects import partial_session
from partialstream.stream.aio import AsyncPartialStream
from partialstream.stream.events import AttemptStarted, Snapshot
from partialstream.stream.sync import PartialStream
from partialstream.stream.transport import AsyncChunks, Chunks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

COUNT = int(os.environ.get("PARTIALSTREAM_SCRIPTS", "300"))

many = settings(
    max_examples=COUNT,
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
    phases=[phase for phase in Phase if phase is not Phase.explain],
)


def run_sync(script: Grown) -> tuple[Any, list[Any], Model]:
    model, call = Model(script), make_call(script, asynchronous=False)
    chunks = Chunks(model.answer(call.request), model.answer)
    stream: Any = PartialStream(partial_session(call), chunks)
    return stream, list(stream.events()), model


def run_async(script: Grown) -> tuple[Any, list[Any], Model]:
    model, call = Model(script), make_call(script, asynchronous=True)

    async def send(request: Any) -> AsyncIterator[Any]:
        return chunks(request)

    async def chunks(request: Any) -> AsyncIterator[Any]:
        for chunk in model.answer(request):
            yield chunk

    stream: Any = AsyncPartialStream(
        partial_session(call), AsyncChunks(lambda: send(call.request), send)
    )
    events: list[Any] = []

    async def main() -> None:
        async for event in stream.events():
            events.append(event)  # noqa: PERF401  # an async comprehension would not be driven

    drive(main())
    return stream, events, model


def shown(value: Any) -> Any:
    """What a snapshot shows, by the names in the text."""
    if isinstance(value, BaseModel):
        names = {name: each.alias or name for name, each in type(value).model_fields.items()}
        arrived = value.model_fields_set
        return {names[name]: shown(getattr(value, name)) for name in names if name in arrived}
    return value


def grows(old: Any, new: Any) -> bool:
    if isinstance(old, dict):
        return all(name in new and grows(old[name], new[name]) for name in old)
    if isinstance(old, list):
        return len(old) <= len(new) and all(map(grows, old, new))
    if isinstance(old, str):
        return isinstance(new, str) and new.startswith(old)
    return bool(old == new and type(old) is type(new))


def check_snapshots(snapshots: list[Any], said: Said) -> None:
    """Each shows no more than what has been said, and takes nothing back."""
    most = {name: json.loads(raw) for name, raw in said.carried.items()}
    for name, (raw, _) in said.ends.items():
        if name not in said.carried and raw[0] != "x":
            most[name] = json.loads(raw[:-1] + {"{": "}", "[": "]"}.get(raw[0], raw[-1]))
    for number, snapshot in enumerate(snapshots):
        state = shown(snapshot)
        is_final = said.is_whole and number == len(snapshots) - 1
        if number and not is_final:
            assert grows(shown(snapshots[number - 1]), state)
        if is_final:
            continue
        assert grows(state, most)
        for name in said.carried:
            assert state[name] == most[name]
        for name, (raw, end) in said.ends.items():
            if name in state and name not in said.carried and raw[0] not in '"[{':
                assert end <= len(said.text)
                assert said.fault is None or end <= said.fault
        for name in said.wrong:
            assert name in said.carried or name not in state or name == "part"


@many
@given(scripts)
def test_what_stands_is_carried_and_the_object_is_whole_at_last(script: Grown) -> None:
    told: list[Any] = []
    for run in (run_sync, run_async):
        stream, events, model = run(script)
        assert stream.outcome.ok
        standing: dict[str, str] = {}
        for number, said in enumerate(model.log):
            carried = {name: json.loads(raw) for name, raw in said.carried.items()}
            assert carried == {name: json.loads(raw) for name, raw in standing.items()}
            standing = said.stands(script)
            assert said.is_last == (number == len(model.log) - 1)
        final = {name: json.loads(raw) for name, raw in standing.items()}
        assert events[-2].value == Thing.model_validate(final)
        snapshots: list[list[Any]] = []
        for event in events:
            if isinstance(event, AttemptStarted):
                snapshots.append([])
            elif isinstance(event, Snapshot):
                snapshots[-1].append(event.value)
        assert len(snapshots) == len(model.log)
        for each, said in zip(snapshots, model.log, strict=True):
            check_snapshots(each, said)
        told.append([[shown(each) for each in some] for some in snapshots])
    assert told[0] == told[1]
