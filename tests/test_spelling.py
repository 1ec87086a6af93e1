"""A misspelled keyword of what is no client's method is answered by the right word."""

from __future__ import annotations

import inspect
import pickle
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import instructor
import pytest
from client_runs import Product, async_sdk, sync_sdk

from partialstream import (
    ItemParser,
    Limits,
    PartialParser,
    RateLimit,
    astream_items,
    astream_partial,
    from_instructor,
    from_openai,
    stream_items,
    stream_partial,
)
from partialstream.spelling import names_meant
from partialstream.testing import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

CALLS: list[tuple[Callable[..., Any], tuple[Any, ...], str, str]] = [
    (stream_items, (Product, []), "on_invald", "on_invalid"),
    (astream_items, (Product, []), "stopwhen", "stop_when"),
    (stream_partial, (Product, []), "limit", "limits"),
    (astream_partial, (Product, []), "leniet", "lenient"),
    (stream_items, (Product,), "chunk", "chunks"),
    (ItemParser, (Product,), "pth", "path"),
    (PartialParser, (Product,), "failfast", "fail_fast"),
    (Limits, (), "idle_second", "idle_seconds"),
    (Answer, (), "txt", "text"),
    (RateLimit, (), "request_per_minute", "requests_per_minute"),
    (from_openai, (sync_sdk(),), "rate_limits", "rate_limit"),
    (from_openai, (async_sdk(),), "fallback", "fallbacks"),
    (from_instructor, (instructor.from_openai(sync_sdk()),), "rate_limits", "rate_limit"),
]

every = pytest.mark.parametrize(
    ("called", "args", "wrong", "right"), CALLS, ids=lambda each: getattr(each, "__name__", None)
)


@every
def test_the_error_names_the_right_word(
    called: Callable[..., Any], args: tuple[Any, ...], wrong: str, right: str
) -> None:
    with pytest.raises(TypeError) as caught:
        called(*args, **{wrong: None})
    assert str(caught.value) == f"there is no argument {wrong}=; did you mean {right}=?"


@every
def test_what_resembles_nothing_is_pythons_error(
    called: Callable[..., Any], args: tuple[Any, ...], wrong: str, right: str
) -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'zzz'"):
        called(*args, zzz=None)
    with pytest.raises(TypeError) as caught:
        called(*args, *range(20))
    assert "did you mean" not in str(caught.value)


@every
def test_signatures_and_docstrings_stay(
    called: Callable[..., Any], args: tuple[Any, ...], wrong: str, right: str
) -> None:
    parameters = inspect.signature(called).parameters
    assert right in parameters
    assert {each.kind for each in parameters.values()}.isdisjoint(
        {inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL}
    )
    assert (called.__doc__ or "").count("\n") > 3
    assert called.__module__ == inspect.unwrap(called).__module__


def test_a_type_error_of_the_function_itself_comes_through() -> None:
    raised = TypeError("not this")

    @names_meant
    def refuse(*, value: int) -> None:
        raise raised

    with pytest.raises(TypeError) as caught:
        refuse(value=1)
    assert caught.value is raised


def test_limits_are_copied_and_kept_as_before() -> None:
    limits = replace(Limits(), depth=3)
    assert limits == Limits(depth=3) == pickle.loads(pickle.dumps(limits))
    with pytest.raises(TypeError, match="did you mean depth="):
        replace(limits, dept=3)
