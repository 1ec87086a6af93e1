"""Streams that are left, taken away or never begun, and what a real server makes of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, cast

import pytest
from client_runs import sync_sdk
from engine_runs import Engine, asking
from pydantic import BaseModel, Field
from vocabulary import ENDLESS_LISTS, NO_STRAY_BYTES

from partialstream import IncompleteStreamError, RetriesExhaustedError, from_openai

if TYPE_CHECKING:
    from engine_runs import Caller

pytestmark = pytest.mark.engine

GONE = "Disconnected from client"
SOON = 5.0  # seconds; it takes milliseconds, and the whole answer longer than this


class Product(BaseModel):
    name: str = Field(pattern="^[a-z]{3,8}$")
    stock: int


def long_answer(mode: str, **kwargs: Any) -> dict[str, Any]:
    """Of as many tokens as the context has room for, which takes ten seconds."""
    return asking(
        Product,
        "create_iterable",
        mode,
        seed=1,
        max_tokens=3500,
        bias=NO_STRAY_BYTES | ENDLESS_LISTS,
        **kwargs,
    )


def test_who_leaves_is_noticed(caller: Caller, mode: str, engine: Engine) -> None:
    before = engine.log_text().count(GONE)
    assert isinstance(caller.first("create_iterable", **long_answer(mode)), Product)
    until = time.monotonic() + SOON
    while engine.log_text().count(GONE) == before:
        assert time.monotonic() < until, "the server goes on for nobody"
        time.sleep(0.02)


def test_an_answer_that_another_request_interrupts_is_not_whole(
    engine: Engine, caller: Caller, mode: str
) -> None:
    """The engine has one place, and gives it to who asks last: it says [DONE] to the other."""
    with sync_sdk(base_url=engine.base_url, max_retries=0) as sdk:
        with from_openai(sdk).create_iterable(**long_answer(mode)) as stream:
            next(stream)
            other = caller.read(
                "create_iterable", **asking(Product, "create_iterable", mode, seed=2, max_tokens=20)
            )
            assert other.answers[0].startswith("{")
            with pytest.raises(IncompleteStreamError) as raised:
                list(stream)
        assert stream.outcome is not None
        assert stream.outcome.status in ("truncated", "disconnected")
        assert stream.outcome.finish_reason is None
        assert raised.value.outcome == stream.outcome


@pytest.mark.parametrize("max_retries", [0, 1])
def test_a_prompt_that_is_too_long_is_no_empty_list(
    caller: Caller, mode: str, max_retries: int
) -> None:
    """The engine notices after it has said HTTP 200, and says nothing more."""
    messages = [{"role": "user", "content": "x" * 5000}]
    run = caller.read(
        "create_iterable",
        **asking(
            Product,
            "create_iterable",
            mode,
            max_tokens=20,
            messages=messages,
            max_retries=max_retries,
        ),
    )
    assert run.items == []
    error = run.error
    if max_retries:
        assert isinstance(error, RetriesExhaustedError)
        assert len(error.attempts) == len(run.requests) == 2
        error = cast("Exception", error.__cause__)
    assert isinstance(error, IncompleteStreamError)
    assert run.stream.outcome.status in ("empty", "disconnected")


def test_a_whole_answer_has_its_usage(engine: Engine, mode: str) -> None:
    with sync_sdk(base_url=engine.base_url, max_retries=0) as sdk:
        client = from_openai(sdk)
        answers: list[Any] = []
        client.on("completion:response", answers.append)
        asked = asking(Product, "create_partial", mode, seed=4, max_tokens=100)
        product = client.create(**asked)
    assert isinstance(product, Product)
    (answer,) = answers
    message = answer.choices[0].message
    text = message.tool_calls[0].function.arguments if mode == "tools" else message.content
    assert product == Product.model_validate_json(text)
    assert answer.usage.completion_tokens > 0
