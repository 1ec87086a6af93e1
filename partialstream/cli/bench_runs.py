"""The runs of `partialstream bench`: the same question, streamed and not, in turns."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from time import perf_counter
from types import GenericAlias
from typing import TYPE_CHECKING, Any, Literal, Protocol

from partialstream.client import from_openai

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openai import AsyncOpenAI

    from partialstream.cli.demo_endpoint import Endpoint

Kind = Literal["streamed", "whole"]
"""Whether each item is taken when it is complete, or the whole answer is waited for."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked in every run.

    Attributes:
        item: The type of one item; a list of them is asked for.
        messages: The chat.
        mode: How the endpoint is made to answer in JSON; see `from_openai`.
    """

    item: Any
    messages: list[dict[str, str]]
    mode: str | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """One run. Times are seconds since its request.

    Attributes:
        kind: Which of the two it is.
        first_token: The first text of any kind, reasoning included; None if there was none. Of
            a whole answer nothing is there before its end.
        items: When each item was there.
        total: When the answer was over.
        output_tokens: As the endpoint counts them, None if it does not.
    """

    kind: Kind
    first_token: float | None
    items: tuple[float, ...]
    total: float
    output_tokens: int | None = None


class Progress(Protocol):
    """Learns of the runs while they go on."""

    def begins(self, kind: Kind) -> None:
        """A run begins."""

    def item(self, count: int) -> None:
        """So many items of it have arrived."""

    def ends(self, run: Measured) -> None:
        """The run is over."""


def in_turns(runs: int) -> Iterator[Kind]:
    """The order of the runs.

    Every second pair is turned round. So either kind follows either kind about as often, and
    what one run leaves to the next, as an open connection, or a rate limit that is used up, is
    nobody's advantage.

    Args:
        runs: How many of each kind.

    Example:
        >>> list(in_turns(2))
        ['streamed', 'whole', 'whole', 'streamed']
    """
    for number in range(runs):
        yield "whole" if number % 2 else "streamed"
        yield "streamed" if number % 2 else "whole"


async def measure(
    endpoint: Endpoint,
    question: Question,
    measured: list[Measured],
    progress: Progress,
    *,
    runs: int,
    warm_up: int,
) -> None:
    """Make all the runs, one after the other.

    Args:
        endpoint: Whom to ask.
        question: What to ask.
        measured: Gets each run when it is over, so that it is kept whatever ends the others.
        progress: Learns of all runs, those to warm up included.
        runs: How many of each kind.
        warm_up: How many streamed ones before, which are not measured: they load what is loaded
            on first use, here and there.

    Raises:
        openai.OpenAIError: A request was refused.
        PartialStreamError: An answer is not what was asked for.
    """
    # The SDK loads a part of itself on first use, for which no answer is to blame.
    importlib.import_module("openai.resources.chat.completions")
    async with endpoint.connect() as sdk:
        for _ in range(warm_up):
            await _run("streamed", sdk, endpoint.model, question, progress)
        for kind in in_turns(runs):
            run = await _run(kind, sdk, endpoint.model, question, progress)
            measured.append(run)  # what comes may fail, and this is kept


async def _run(
    kind: Kind, sdk: AsyncOpenAI, model: str, question: Question, progress: Progress
) -> Measured:
    progress.begins(kind)
    ask = _streamed if kind == "streamed" else _whole
    run = await ask(sdk, model, question, progress)
    progress.ends(run)
    return run


async def _streamed(
    sdk: AsyncOpenAI, model: str, question: Question, progress: Progress
) -> Measured:
    client = from_openai(sdk, mode=question.mode)
    count = 0
    async with client.create_iterable(
        response_model=question.item, model=model, messages=question.messages
    ) as stream:
        async for _ in stream:
            count += 1
            progress.item(count)
    timing, usage = stream.timing, stream.usage
    return Measured(
        "streamed",
        timing.first_delta,
        tuple(timing.items),
        timing.total or 0.0,
        None if usage is None else usage.output_tokens,
    )


async def _whole(sdk: AsyncOpenAI, model: str, question: Question, progress: Progress) -> Measured:
    client = from_openai(sdk, mode=question.mode)
    begun = perf_counter()
    items, completion = await client.create_with_completion(
        response_model=GenericAlias(list, (question.item,)), model=model, messages=question.messages
    )
    seconds = perf_counter() - begun
    progress.item(len(items))
    usage = completion.usage
    tokens = None if usage is None else usage.completion_tokens
    return Measured("whole", seconds, (seconds,) * len(items), seconds, tokens)
