"""`partialstream bench`: how early items are there, streamed and not, at one's own endpoint."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import PydanticUserError

from partialstream.cli.bench_chart import chart
from partialstream.cli.bench_progress import progress_for
from partialstream.cli.bench_report import Report, as_json, show
from partialstream.cli.bench_runs import Question, measure
from partialstream.cli.demo_data import RankedProduct, messages
from partialstream.cli.demo_endpoint import DemoOptions, open_endpoint
from partialstream.cli.ending import UsageError, message_of
from partialstream.cli.exit_codes import ExitCode, code_of
from partialstream.cli.output import InputOutputError, write_error, write_line
from partialstream.cli.target import item_adapter, load_type
from partialstream.client.options import resolve_mode
from partialstream.errors import PartialStreamError

if TYPE_CHECKING:
    from partialstream.cli.bench_runs import Measured

_ITEMS = 5


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """The options of `partialstream bench`.

    Attributes:
        base_url: A real endpoint; None: OPENAI_BASE_URL, or OpenAI's.
        model: The model there; None: a small one of OpenAI's.
        api_key: The key there; None: OPENAI_API_KEY.
        model_class: The type of one item, as `module:Class`; None: the demo's ranking.
        prompt: What to ask for; None: the demo's ranking.
        mode: See `from_openai`; None: its default.
        runs: How many runs of each kind.
        warm_up: How many runs before them, which are not counted.
        items: How many products to rank; None: 5.
        tokens_per_second: Pace of the built-in server; None: 50.
        json_file: Where the figures go; `-` is standard output, in place of the table.
        chart_file: Where the chart goes.

    With none of the first three, the built-in server is asked.
    """

    base_url: str | None = None
    model: str | None = None
    api_key: str | None = None
    model_class: str | None = None
    prompt: str | None = None
    mode: str | None = None
    runs: int = 5
    warm_up: int = 1
    items: int | None = None
    tokens_per_second: float | None = None
    json_file: str | None = None
    chart_file: str | None = None


def run_bench(options: BenchOptions) -> ExitCode:
    """Measure, and report what was measured, even if something ends it early.

    Returns:
        How it ended: the endpoint may have been out of reach, or not have answered as asked.

    Raises:
        UsageError: The options cannot be met.
        InputOutputError: The report cannot be written.
        BrokenPipeError: Nobody reads it.
    """
    question = _question(options)
    _check_files(options)
    measured: list[Measured] = []
    report: Report | None = None
    failure: PartialStreamError | None = None
    code = ExitCode.COMPLETE
    where = DemoOptions(
        items=options.items or _ITEMS,
        tokens_per_second=options.tokens_per_second,
        base_url=options.base_url,
        model=options.model,
        api_key=options.api_key,
    )
    try:
        with (
            open_endpoint(where) as endpoint,
            progress_for(options.warm_up, options.runs) as progress,
        ):
            report = Report(
                endpoint=endpoint.label,
                model=endpoint.model,
                mode=resolve_mode(options.mode),
                tokens_per_second=endpoint.tokens_per_second,
                runs=options.runs,
                measured=measured,
            )
            asyncio.run(
                measure(
                    endpoint,
                    question,
                    measured,
                    progress,
                    runs=options.runs,
                    warm_up=options.warm_up,
                )
            )
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    except PartialStreamError as error:
        failure = error
    if report is not None and measured:
        _write(report, options)
    if failure is not None:
        # A provider may quote the key, in an answer as well as in place of one.
        key = options.api_key or os.environ.get("OPENAI_API_KEY")
        message = message_of(failure)
        write_error(message.replace(key, "[key]") if key else message)
        return code_of(failure)
    return code


def _question(options: BenchOptions) -> Question:
    try:
        mode = resolve_mode(options.mode)
    except ValueError as error:
        raise UsageError(f"--mode: {error}") from error
    own = [
        name
        for name, value in (("--model-class", options.model_class), ("--prompt", options.prompt))
        if value is not None
    ]
    if own and options.base_url is None and options.model is None and options.api_key is None:
        raise UsageError(
            f"the built-in server knows its own answer only: {own[0]} needs --base-url or --model"
        )
    if own and options.items is not None:
        raise UsageError(f"--items is for the built-in question: it does not go with {own[0]}")
    item: Any = RankedProduct
    if options.model_class is not None:
        if options.prompt is None:
            raise UsageError("--model-class needs a --prompt that asks for such items")
        item = _item_type(options.model_class)
    if options.prompt is not None:
        return Question(item, [{"role": "user", "content": options.prompt}], mode)
    return Question(item, messages(options.items or _ITEMS), mode)


def _item_type(target: str) -> Any:
    found = load_type(target, option="--model-class")
    adapter = item_adapter(found, target)
    try:
        adapter.json_schema()
    except PydanticUserError as error:
        reason = str(error).partition("\n")[0]
        raise UsageError(f"{target} has no JSON schema to ask for: {reason}") from error
    return found


def _check_files(options: BenchOptions) -> None:
    """Find out before the work, not after it, that its result cannot be kept."""
    if options.chart_file is not None and not options.chart_file.lower().endswith(".svg"):
        raise UsageError("--chart writes SVG: its name has to end with .svg")
    for name in (options.json_file, options.chart_file):
        if name is None or name == "-":
            continue
        path = Path(name)
        if path.is_dir() or not path.absolute().parent.is_dir():
            reason = "it is a directory" if path.is_dir() else "there is no such directory"
            raise InputOutputError(f"cannot write {name}: {reason}")
        if not os.access(path if path.exists() else path.absolute().parent, os.W_OK):
            raise InputOutputError(f"cannot write {name}: it is not allowed")


def _write(report: Report, options: BenchOptions) -> None:
    # The files first: whoever reads standard output may have left.
    figures = json.dumps(as_json(report), indent=2)
    if options.chart_file is not None:
        _write_file(options.chart_file, chart(report))
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
