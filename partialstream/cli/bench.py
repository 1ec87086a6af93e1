"""`partialstream bench`: the same request to an endpoint, streamed and not, in turns."""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from types import GenericAlias
from typing import TYPE_CHECKING, Any

from pydantic import PydanticUserError

from partialstream.cli.chart import svg
from partialstream.cli.demo_data import RankedProduct, messages
from partialstream.cli.endpoint import open_endpoint
from partialstream.cli.item_type import item_adapter, load_type
from partialstream.cli.output import (
    ExitCode,
    InputOutputError,
    UsageError,
    plural,
    write_error,
    write_line,
)
from partialstream.cli.report import Kind, Measured, Report, as_json, chart, show
from partialstream.client.options.mode import resolve_mode
from partialstream.terminal import terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from partialstream.cli.endpoint import Endpoint
    from partialstream.cli.options import BenchOptions
    from partialstream.client import AsyncClient
    from partialstream.client.options.mode import ModeWord

_ITEMS = 5

_NAMES: dict[Kind, str] = {"streamed": "streamed", "whole": "not streamed"}


@dataclass(frozen=True, slots=True)
class Question:
    """The request of every run, for a list of items."""

    item: Any
    messages: list[dict[str, str]]
    mode: ModeWord


def run_bench(options: BenchOptions) -> ExitCode:
    """Measure, and report what was measured, even if something ends it early."""
    question = _question(options)
    _check_files(options)
    report: Report | None = None
    measured: list[Measured] = []
    try:
        with (
            open_endpoint(options, options.items or _ITEMS) as endpoint,
            _status() as show_status,
        ):
            report = Report(
                endpoint=endpoint.label,
                model=endpoint.model,
                mode=question.mode,
                tokens_per_second=endpoint.tokens_per_second,
                runs=options.runs,
                measured=measured,
            )
            asyncio.run(_measure(endpoint, question, measured, show_status, options))
    finally:
        if report is not None and measured:
            _write(report, options)
    return ExitCode.COMPLETE


def in_turns(runs: int) -> Iterator[Kind]:
    """The order of the runs, every second pair turned round.

    So either kind follows either kind about as often, and what one run leaves to the next, as an
    open connection, or a rate limit that is used up, is nobody's advantage.
    """
    for number in range(runs):
        yield "whole" if number % 2 else "streamed"
        yield "streamed" if number % 2 else "whole"


@contextmanager
def _status() -> Generator[Callable[[str], None], None, None]:
    """Give a function that shows a text on the terminal, if there is one; it is restored."""
    console = terminal(stderr=True)
    if console is None:
        yield lambda text: None
    else:
        with console.status("") as status:
            yield status.update


async def _measure(
    endpoint: Endpoint,
    question: Question,
    measured: list[Measured],
    show: Callable[[str], None],
    options: BenchOptions,
) -> None:
    """Make all the runs, one after the other, and write a line to standard error after each.

    Those that warm up are not measured: they load what is loaded on first use, on both sides.
    """
    runs: list[Kind] = ["streamed" for _ in range(options.warm_up)]
    runs += in_turns(options.runs)
    async with endpoint.client(question.mode) as client:

        async def run(kind: Kind, label: str) -> Measured:
            show(f"{label} …")
            request = _streamed if kind == "streamed" else _whole
            result = await request(
                client,
                endpoint.model,
                question,
                lambda count: show(f"{label}: {plural(count, 'item')} …"),
            )
            first = f"first item {result.items[0]:.2f} s, " if result.items else ""
            items = plural(len(result.items), "item")
            write_error(f"{label}: {first}{items} in {result.total:.2f} s")
            return result

        for number, kind in enumerate(runs, 1):
            label = f"run {number} of {len(runs)}, {_NAMES[kind]}"
            if number <= options.warm_up:
                await run(kind, f"{label} (warm-up, not counted)")
            else:
                result = await run(kind, label)
                measured.append(result)  # the next one may fail, and this is kept


async def _streamed(
    client: AsyncClient, model: str, question: Question, arrived: Callable[[int], None]
) -> Measured:
    count = 0
    async with client.create_iterable(
        response_model=question.item, model=model, messages=question.messages
    ) as stream:
        async for _ in stream:
            count += 1
            arrived(count)
    timing, usage = stream.timing, stream.usage
    tokens = None if usage is None else usage.output_tokens
    items = tuple(timing.items)
    return Measured("streamed", timing.first_delta, items, timing.total or 0.0, tokens)


async def _whole(
    client: AsyncClient, model: str, question: Question, arrived: Callable[[int], None]
) -> Measured:
    begun = perf_counter()
    response_model: Any = GenericAlias(list, (question.item,))
    items, completion = await client.create_with_completion(
        response_model=response_model, model=model, messages=question.messages
    )
    seconds = perf_counter() - begun
    arrived(len(items))
    usage = completion.usage
    tokens = None if usage is None else usage.completion_tokens
    return Measured("whole", seconds, (seconds,) * len(items), seconds, tokens)


def _question(options: BenchOptions) -> Question:
    try:
        mode = resolve_mode(options.mode)
    except ValueError as error:
        raise UsageError(f"--mode: {error}") from error
    given = (("--model-class", options.model_class), ("--prompt", options.prompt))
    own = [name for name, value in given if value is not None]
    if own and options.built_in:
        raise UsageError(
            f"the built-in server has one response only: {own[0]} needs --base-url or --model"
        )
    if own and options.items is not None:
        raise UsageError(f"--items is for the built-in question: it does not go with {own[0]}")
    if options.prompt is None:
        if own:
            raise UsageError("--model-class needs a --prompt that asks for such items")
        return Question(RankedProduct, messages(options.items or _ITEMS), mode)
    item: Any = RankedProduct
    if options.model_class is not None:
        item = load_type(options.model_class, option="--model-class")
        try:
            item_adapter(item, options.model_class).json_schema()
        except PydanticUserError as error:
            reason = str(error).partition("\n")[0]
            raise UsageError(
                f"{options.model_class} has no JSON schema to ask for: {reason}"
            ) from error
    return Question(item, [{"role": "user", "content": options.prompt}], mode)


def _check_files(options: BenchOptions) -> None:
    """Find out before the work, not after it, that its result cannot be kept."""
    if options.chart_file is not None and not options.chart_file.lower().endswith(".svg"):
        raise UsageError("--chart writes SVG: its name has to end with .svg")
    for name in (options.json_file, options.chart_file):
        if name is None or name == "-":
            continue
        path = Path(name).absolute()
        if path.is_dir():
            raise InputOutputError(f"cannot write {name}: it is a directory")
        if not path.parent.is_dir():
            raise InputOutputError(f"cannot write {name}: there is no such directory")
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            raise InputOutputError(f"cannot write {name}: permission denied")


def _write(report: Report, options: BenchOptions) -> None:
    # The files first: whoever reads standard output may have left.
    figures = json.dumps(as_json(report), indent=2)
    if options.chart_file is not None:
        _write_file(options.chart_file, svg(chart(report)))
    if options.json_file == "-":
        write_line(figures)
        return
    if options.json_file is not None:
        _write_file(options.json_file, f"{figures}\n")
    show(report)


def _write_file(name: str, text: str) -> None:
    try:
        Path(name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputOutputError(f"cannot write {name}: {error.strerror}") from error
