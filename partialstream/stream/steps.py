"""Steps: what a driver is to do. Policy is a generator of steps, for sync and async code alike."""

from __future__ import annotations

from collections.abc import Awaitable, Generator
from inspect import isawaitable
from typing import Any, TypeVar, cast

R = TypeVar("R")

Steps = Generator[Any, Any, R]
"""What a driver is to do, step by step; see `drive.py`. A step that is awaitable is awaited, and
its result sent back. A sync driver awaits nothing: what it may call has no need of it."""


def resolved(value: Awaitable[R] | R) -> Steps[R]:
    """The result of something that a sync or an async function gave."""
    if isawaitable(value):
        return cast("R", (yield value))
    return value


def run_steps(steps: Steps[R]) -> R:
    """Do steps without a loop.

    Raises:
        TypeError: There is something to await.
    """
    try:
        step = next(steps)
    except StopIteration as stop:
        result: R = stop.value
        return result
    steps.close()
    raise cannot_await(step)


def cannot_await(awaitable: Any) -> TypeError:
    """The error of a sync driver for a step that it would have to await."""
    close = getattr(awaitable, "close", None)
    if close is not None:
        close()
    return TypeError("an async function was given to a sync client, which cannot await it")


async def await_steps(steps: Steps[R]) -> R:
    """Do steps that are awaited; what awaiting one raises is thrown in where it was asked for."""
    try:
        step = next(steps)
        while True:
            try:
                result = await step
            except BaseException as error:  # noqa: BLE001 - thrown in, and raised from there
                step = steps.throw(error)
            else:
                step = steps.send(result)
    except StopIteration as stop:
        value: R = stop.value
        return value
