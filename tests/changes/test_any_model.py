"""Whatever the type, its text and the cuts: what holds of all changes, and of all wires."""

from __future__ import annotations

import json
from datetime import timedelta  # noqa: TC003 - pydantic looks it up
from typing import Any

from any_models import any_texts
from arrived import State
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from strategies import Cut, Fault, cut_everywhere, cuts, faults
from typing_extensions import TypedDict
from web.wire_readers import READERS

from partialstream import PartialStreamError, stream_partial, web
from partialstream.engine.changes import UNSET, Recording, merged
from partialstream.validation.recording import RecordingParser

SLOW = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])

aliases = st.sampled_from([None, False, True])


def plain(value: Any) -> Any:
    """A value to be compared: 1 is not True, nor 1.0, and NaN is itself, which JSON has as null."""
    if isinstance(value, dict):
        return {key: plain(member) for key, member in value.items()}
    if isinstance(value, list):
        return [plain(element) for element in value]
    if isinstance(value, float) and not -1e400 < value < 1e400:
        value = None
    return type(value), value


def grows_into(early: Any, late: Any) -> bool:
    """Whether a value may become another one by growing alone."""
    if isinstance(early, str) and isinstance(late, str):
        return late.startswith(early)
    if isinstance(early, dict) and isinstance(late, dict):
        return all(name in late and grows_into(early[name], late[name]) for name in early)
    if isinstance(early, list) and isinstance(late, list):
        return len(early) <= len(late) and all(map(grows_into, early, late))
    return bool(plain(early) == plain(late))


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


def written(type_: Any, text: str, by_alias: bool | None) -> Any:
    """What the type makes of the text, as JSON; `UNSET` if it cannot be written."""
    adapter: TypeAdapter[Any] = TypeAdapter(type_)
    try:
        final = adapter.validate_json(text)
    except ValidationError:
        assume(False)
    try:
        return adapter.dump_python(final, mode="json", by_alias=by_alias, warnings=False)
    except Exception:  # noqa: BLE001 - a serializer that does not take the value
        return UNSET


class Span(TypedDict):
    span: timedelta


class Floating(BaseModel):
    model_config = ConfigDict(ser_json_timedelta="float")
    inner: Span
    last: str


@SLOW
@given(any_texts(), cuts, aliases)
@example((Floating, '{"inner": {"span": "PT1H"}, "last": "x"}'), cut_everywhere, None)
def test_changes_never_take_anything_back(
    typed: tuple[Any, str], cut: Cut, by_alias: bool | None
) -> None:
    type_, text = typed
    final = written(type_, text, by_alias)
    assume(final is not UNSET)
    parser: RecordingParser[Any] = RecordingParser(type_, Recording(by_alias))
    state, fewer = State(), State()
    every = []
    for delta in cut(text):
        parser.feed(delta)
        changes = parser.take_changes()
        for change in changes:
            if change.op != "complete":
                assert not state.completeness(change.path)
        state.add(changes)
        every += changes
        assert state.value is UNSET or grows_into(state.value, final)
        for change in changes:
            if change.op == "complete":
                assert plain(at(state.value, change.path)) == plain(at(final, change.path))
    parser.finish()
    last = parser.take_changes()
    state.add(last)
    every += last
    fewer.add(merged(every))
    assert plain(state.value) == plain(fewer.value) == plain(final)
    assert state.completeness(())


def closed(text: str) -> str:
    """A document that stops anywhere but within an escape, closed."""
    closers: list[str] = []
    escaped = False
    for char in text:
        if closers and closers[-1] == '"':
            if char == '"' and not escaped:
                closers.pop()
            escaped = char == "\\" and not escaped
        elif char in '"{[':
            closers.append({"{": "}", "[": "]"}.get(char, char))
        elif char in "}]":
            assert closers.pop() == char
    return text + "".join(reversed(closers))


def refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


@SLOW
@given(
    any_texts(),
    cuts,
    aliases,
    st.sampled_from(list(READERS)),
    st.sampled_from([0.0, 60.0]),
    st.none() | faults,
    st.booleans(),
)
def test_a_page_has_all_of_it_or_an_error(
    typed: tuple[Any, str],
    cut: Cut,
    by_alias: bool | None,
    wire: Any,
    throttle: float,
    fault: Fault | None,
    lenient: bool,
) -> None:
    type_, text = typed
    stream: Any = stream_partial(type_, cut(fault(text) if fault else text), lenient=lenient)
    frames: list[str] = []
    torn: Exception | None = None
    try:
        for frame in web.encode(stream, wire, throttle=throttle, by_alias=by_alias):
            frames.append(frame)
            if wire == "object":
                json.loads(closed("".join(frames)), parse_constant=refuse)
            else:
                data = frame if wire == "ndjson" else frame.partition("data: ")[2]
                if data != "[DONE]\n\n":
                    json.loads(data, parse_constant=refuse)
    except (PartialStreamError, LookupError, AttributeError) as error:
        torn = error
    body = "".join(frames)
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(type_)
        final = adapter.dump_python(stream.final(), mode="json", by_alias=by_alias, warnings=False)
        is_complete = stream.outcome.ok
    except Exception:  # noqa: BLE001 - the stream's, or a serializer's
        final, is_complete = UNSET, False
    assert (torn is None) == (wire != "object" or is_complete)
    if torn is not None:
        assert body == "" or closed(body) != body
        return
    page = READERS[wire](body)
    assert page.ok == is_complete
    assert bool(page.error) != is_complete
    if is_complete:
        assert plain(page.state) == plain(final)
