from __future__ import annotations

import subprocess
import sys
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from instructor.core import hooks as instructors

from partialstream.client.hooks import Hooks

if TYPE_CHECKING:
    from collections.abc import Callable

EVENTS = [member.value for member in instructors.HookName]
ERROR = ValueError("no price")
METADATA = {"attempt_number": 2, "max_attempts": 3, "is_last_attempt": False}
REQUEST = {"model": "gpt-5", "messages": [{"role": "user", "content": "Three tools, please."}]}

EMISSIONS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("emit_completion_arguments", (), REQUEST),
    ("emit_completion_response", ({"id": "1"},), {}),
    ("emit_completion_usage", (12,), {"attempt_number": 2}),
    ("emit_completion_error", (ERROR,), METADATA),
    ("emit_completion_error", (ERROR,), {}),
    ("emit_parse_error", (ERROR,), METADATA),
    ("emit_completion_last_attempt", (ERROR,), METADATA),
]


class Recorder:
    """Handlers of every kind that people write, and what they were called with."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def handlers(self) -> list[Callable[..., Any]]:
        return [
            self.anything,
            self.keywords,
            self.one,
            self.one_and_keywords,
            self.one_and_the_attempt,
            self.nothing,
            self.calls.append,
        ]

    def anything(self, *args: Any, **kwargs: Any) -> None:
        self.calls.append(("anything", args, kwargs))

    def keywords(self, **kwargs: Any) -> None:
        self.calls.append(("keywords", kwargs))

    def one(self, value: Any) -> None:
        self.calls.append(("one", value))

    def one_and_keywords(self, value: Any, **kwargs: Any) -> None:
        self.calls.append(("one_and_keywords", value, kwargs))

    def one_and_the_attempt(self, value: Any, *, attempt_number: int = 0) -> None:
        self.calls.append(("one_and_the_attempt", value, attempt_number))

    def nothing(self) -> None:
        self.calls.append(("nothing",))


def run(hooks: Any, emitter: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[str]:
    """Emit an event; the first line of each warning, and the last, which is the exception."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        getattr(hooks, emitter)(*args, **kwargs)
    lines = [str(warning.message).strip().splitlines() for warning in caught]
    return [f"{each[0]} {each[-1]}" for each in lines]


@pytest.mark.parametrize(("emitter", "args", "kwargs"), EMISSIONS)
def test_handlers_are_called_as_by_instructor(
    emitter: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    told, calls = [], []
    for hooks in (Hooks(), instructors.Hooks()):
        recorder = Recorder()
        for event in EVENTS:
            for handler in recorder.handlers():
                hooks.on(event, handler)
        told.append(run(hooks, emitter, args, kwargs))
        calls.append(recorder.calls)
    assert told[0] == told[1]
    assert calls[0] == calls[1]
    assert calls[0]


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_goes_by_its_name_or_by_instructors_member(event: str) -> None:
    member = instructors.HookName(event)
    seen: list[Any] = []
    for added, emitted, removed in [(event, member, event), (member, event, member)]:
        hooks = Hooks()
        hooks.on(added, seen.append)
        hooks.emit(emitted, 1)
        hooks.off(removed, seen.append)
        hooks.emit(emitted, 2)
    assert seen == [1, 1]


@pytest.mark.parametrize("event", EVENTS)
def test_a_handler_hears_its_own_event_only(event: str) -> None:
    seen: list[Any] = []
    hooks = Hooks()
    hooks.on(event, seen.append)
    for other in EVENTS:
        hooks.emit(other, other)
    assert seen == [event]


@pytest.mark.parametrize("name", ["completion", "", "COMPLETION_KWARGS", None])
def test_what_is_no_event_is_refused(name: Any) -> None:
    hooks = Hooks()
    for method in (hooks.on, hooks.off):
        with pytest.raises(ValueError, match=r"no such event: .*'completion:kwargs', .*"):
            method(name, print)
    with pytest.raises(ValueError, match="no such event"):
        hooks.emit(name)
    if name is not None:  # which clears all
        with pytest.raises(ValueError, match="no such event"):
            hooks.clear(name)


def test_handlers_are_called_in_order_and_as_often_as_added() -> None:
    seen: list[Any] = []
    hooks = Hooks()

    def first(error: Exception) -> None:
        seen.append(("first", error))

    hooks.on("parse:error", first)
    hooks.on("parse:error", seen.append)
    hooks.on("parse:error", first)
    hooks.emit("parse:error", ERROR)
    assert seen == [("first", ERROR), ERROR, ("first", ERROR)]
    seen.clear()
    hooks.off("parse:error", first)
    hooks.emit("parse:error", ERROR)
    assert seen == [ERROR, ("first", ERROR)]


def test_removing_what_is_not_there_is_no_mistake() -> None:
    hooks = Hooks()
    hooks.off("parse:error", print)
    hooks.clear("parse:error")
    hooks.clear()


def test_clearing_removes_the_handlers_of_one_event_or_of_all() -> None:
    seen: list[Any] = []
    hooks = Hooks()
    for event in EVENTS:
        hooks.on(event, seen.append)
    hooks.clear("parse:error")
    for event in EVENTS:
        hooks.emit(event, event)
    assert seen == [event for event in EVENTS if event != "parse:error"]
    hooks.clear()
    for event in EVENTS:
        hooks.emit(event, event)
    assert len(seen) == len(EVENTS) - 1


def test_a_handler_may_remove_itself() -> None:
    seen: list[Any] = []
    hooks = Hooks()

    def once(value: Any) -> None:
        seen.append(value)
        hooks.off("completion:response", once)

    hooks.on("completion:response", once)
    hooks.on("completion:response", seen.append)
    hooks.emit("completion:response", 1)
    hooks.emit("completion:response", 2)
    assert seen == [1, 1, 2]


def test_a_handler_that_raises_is_a_warning_and_the_others_are_called() -> None:
    seen: list[Any] = []
    hooks = Hooks()

    def breaks(error: Exception) -> None:
        raise RuntimeError("the log is full") from error

    hooks.on("parse:error", breaks)
    hooks.on("parse:error", seen.append)
    with pytest.warns(UserWarning, match=r"(?s)^Error in parse:error handler:.*the log is full"):
        hooks.emit("parse:error", ERROR)
    assert seen == [ERROR]


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
def test_a_handler_may_still_end_the_program(interruption: type[BaseException]) -> None:
    def leave(_error: Exception) -> None:
        raise interruption

    hooks = Hooks()
    hooks.on("parse:error", leave)
    with pytest.raises(interruption):
        hooks.emit("parse:error", ERROR)


def test_a_built_in_function_that_does_not_say_what_it_takes_is_called() -> None:
    seen: dict[str, Any] = {}
    hooks = Hooks()
    hooks.on("completion:kwargs", seen.update)
    hooks.emit("completion:kwargs", **REQUEST)
    assert seen == REQUEST


def test_a_type_error_of_the_handlers_own_is_not_taken_for_a_refusal() -> None:
    calls: list[Any] = []

    def breaks(error: Exception, **metadata: Any) -> None:
        calls.append(metadata)
        raise TypeError("of its own")

    hooks = Hooks()
    hooks.on("parse:error", breaks)
    with pytest.warns(UserWarning, match="of its own"):
        hooks.emit("parse:error", ERROR, **METADATA)
    assert calls == [METADATA]


def recording(kind: type[Any], name: str, seen: list[Any]) -> Any:
    hooks = kind()
    for event in EVENTS:
        hooks.on(event, lambda *args, **kwargs: seen.append((name, args, kwargs)))
    return hooks


@pytest.mark.parametrize(("emitter", "args", "kwargs"), EMISSIONS)
def test_ours_and_instructors_are_combined_in_order(
    emitter: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    seen: list[Any] = []
    ours = recording(Hooks, "ours", seen)
    theirs = recording(instructors.Hooks, "theirs", seen)
    getattr(Hooks.combine(ours, None, theirs, ours), emitter)(*args, **kwargs)
    assert seen == [(name, args, kwargs) for name in ("ours", "theirs", "ours")]


def test_hooks_are_added_with_a_plus() -> None:
    seen: list[Any] = []
    theirs = recording(instructors.Hooks, "theirs", seen)
    combined = recording(Hooks, "ours", seen) + theirs
    combined.emit("parse:error", ERROR)
    assert [name for name, *_ in seen] == ["ours", "theirs"]


@pytest.mark.parametrize("make", [Hooks.copy, Hooks.combine, lambda hooks: hooks + None])
def test_a_copy_goes_its_own_way(make: Callable[[Hooks], Hooks]) -> None:
    seen: list[Any] = []
    first = Hooks()
    first.on("parse:error", seen.append)
    second = make(first)
    first.clear()
    second.on("completion:error", seen.append)
    first.emit("completion:error", ERROR)
    assert seen == []
    second.emit("parse:error", ERROR)
    assert seen == [ERROR]


def test_a_handler_added_to_instructors_hooks_later_is_heard() -> None:
    seen: list[Any] = []
    theirs = instructors.Hooks()
    combined = Hooks.combine(theirs)
    theirs.on("parse:error", seen.append)
    combined.emit("parse:error", ERROR, **METADATA)
    assert seen == [ERROR]


def test_hooks_that_know_some_events_only_hear_those() -> None:
    class Early:
        def __init__(self) -> None:
            self.seen: list[Any] = []

        def emit_parse_error(self, error: Exception) -> None:
            self.seen.append(error)

    early = Early()
    combined = Hooks.combine(early)
    for event in EVENTS:
        combined.emit(event, ERROR, **METADATA)
    assert early.seen == [ERROR]


@pytest.mark.parametrize("hooks", [{"parse:error": print}, [print], print, "parse:error"])
def test_what_are_no_hooks_is_refused(hooks: Any) -> None:
    with pytest.raises(TypeError, match=r"hooks= must be partialstream's or instructor's Hooks"):
        Hooks.combine(hooks)


def test_hooks_load_neither_openai_nor_instructor() -> None:
    program = (
        "import sys\n"
        "from partialstream.client import call, hooks, prompts\n"
        "hooks.Hooks.combine(hooks.Hooks())\n"
        "print(sorted({'openai', 'instructor'} & sys.modules.keys()))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
