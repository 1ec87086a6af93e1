"""`partialstream demo`: a streamed response beside one that is waited for."""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text
from typing_extensions import override

from partialstream.cli.demo_data import RankedProduct, messages
from partialstream.cli.endpoint import Endpoint, open_endpoint
from partialstream.cli.output import ExitCode, printable, write_line
from partialstream.cli.report import ratio, table_lines
from partialstream.client import from_openai

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from partialstream.cli.options import DemoOptions

_FRAME = 0.1  # seconds; the clock of the view shows tenths
_WIDTH = 100  # of a line in a pipe


def run_demo(options: DemoOptions) -> ExitCode:
    """Run the demo."""
    with open_endpoint(options, options.items) as endpoint:
        race = Race(endpoint, options.items)
        with _view_for(race, _title(options, endpoint), silent=options.as_json) as view:
            asyncio.run(race.run(view.arrived, view.tick))
            view.end()
    if options.as_json:
        write_line(json.dumps(figures(race, endpoint)))
    return ExitCode.COMPLETE


@dataclass(slots=True)
class Run:
    """One of the two: its items, and the seconds after which each of them arrived."""

    label: str
    seconds: list[float] = field(default_factory=list[float])
    products: list[RankedProduct] = field(default_factory=list[RankedProduct])
    finished: bool = False

    @property
    def first(self) -> float | None:
        """When the first item arrived, None if none did."""
        return self.seconds[0] if self.seconds else None

    @property
    def last(self) -> float | None:
        """When the last item arrived, None if none did."""
        return self.seconds[-1] if self.seconds else None

    def line(self, index: int) -> str:
        """An item on a line."""
        product = self.products[index]
        return printable(f"{index + 1:2}. {product.name}: {product.reason}")


class Race:
    """The two runs and their common clock."""

    def __init__(self, endpoint: Endpoint, items: int) -> None:
        self._endpoint = endpoint
        self.items = items
        self._started = 0.0
        self.streamed = Run("item by item")
        self.whole = Run("whole response")

    @property
    def elapsed(self) -> float:
        """Seconds since the requests were made."""
        return perf_counter() - self._started

    async def run(self, arrived: Callable[[Run, int], None], tick: Callable[[], None]) -> None:
        """Run both; whatever ends it, no request is left open.

        Args:
            arrived: Called when items were added to a run, with their number.
            tick: Called about ten times a second, and at the end.
        """
        async with self._endpoint.connect() as openai_client:
            client = from_openai(openai_client)
            model, chat = self._endpoint.model, messages(self.items)

            def add(run: Run, products: Sequence[RankedProduct]) -> None:
                run.seconds += [self.elapsed] * len(products)
                run.products += products
                arrived(run, len(products))

            async def stream() -> None:
                async with client.create_iterable(
                    response_model=RankedProduct, model=model, messages=chat
                ) as stream:
                    async for product in stream:
                        add(self.streamed, [product])
                self.streamed.finished = True

            async def wait() -> None:
                products = await client.create(
                    response_model=list[RankedProduct], model=model, messages=chat
                )
                add(self.whole, products)
                self.whole.finished = True

            # The SDK loads a part of itself on first use, for which no response is to blame.
            importlib.import_module("openai.resources.chat.completions")
            self._started = perf_counter()
            await _together([asyncio.create_task(stream()), asyncio.create_task(wait())], tick)


async def _together(tasks: list[asyncio.Task[None]], tick: Callable[[], None]) -> None:
    """Wait for all; the first that fails ends the others."""
    try:
        pending = set(tasks)
        while pending:
            done, pending = await asyncio.wait(
                pending, timeout=_FRAME, return_when=asyncio.FIRST_EXCEPTION
            )
            for task in done:
                task.result()
            tick()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def figures(race: Race, endpoint: Endpoint) -> dict[str, Any]:
    """The output of `--json`: times in seconds since the requests, to the millisecond."""
    factor = ratio(race.whole.first, race.streamed.first)
    return {
        "model": endpoint.model,
        "tokens_per_second": endpoint.tokens_per_second,
        "streamed": _run_figures(race.streamed),
        "whole": _run_figures(race.whole),
        "first_item_ratio": None if factor is None else round(factor, 2),
    }


def _run_figures(run: Run) -> dict[str, Any]:
    seconds = [round(each, 3) for each in run.seconds]
    return {
        "first_item": seconds[0] if seconds else None,
        "last_item": seconds[-1] if seconds else None,
        "items": seconds,
    }


def _title(options: DemoOptions, endpoint: Endpoint) -> str:
    title = f"Ranking {options.items} products for a customer, twice at the same time"
    if endpoint.tokens_per_second is not None:
        return f"{title}, at {endpoint.tokens_per_second:g} tokens a second"
    return f"{title}, by {endpoint.model} at {endpoint.label}"


class _SilentView:
    """Shows nothing."""

    def arrived(self, run: Run, count: int) -> None:
        """Items were added to a run."""

    def tick(self) -> None:
        """Time has passed."""

    def end(self) -> None:
        """Both runs are finished."""


class _LineView(_SilentView):
    """Writes a line for each item, and a table at the end."""

    def __init__(self, race: Race, title: str) -> None:
        self._race = race
        write_line(title)

    @override
    def arrived(self, run: Run, count: int) -> None:
        what = run.line(len(run.products) - 1) if count == 1 else f"all {count} items"
        line = f"{self._race.elapsed:6.2f} s  {run.label:<14}  {what}"
        write_line(line if len(line) <= _WIDTH else line[: _WIDTH - 1] + "…")

    @override
    def end(self) -> None:
        for line in ["", *table_lines(_figures_table(self._race))]:
            write_line(line)


class _TerminalView(_SilentView):
    """Draws both runs side by side."""

    def __init__(self, race: Race, live: Live) -> None:
        self._race = race
        self._live = live

    @override
    def arrived(self, run: Run, count: int) -> None:
        self.tick()

    @override
    def tick(self) -> None:
        race = self._race
        columns = Table.grid(expand=True)
        columns.add_column(ratio=1)
        columns.add_column(ratio=1)
        columns.add_row(self._panel(race.streamed, "green"), self._panel(race.whole, "yellow"))
        self._live.update(columns, refresh=True)

    @override
    def end(self) -> None:
        self._live.stop()
        self._live.console.print(_figures_table(self._race))

    def _panel(self, run: Run, colour: str) -> Panel:
        lines = Text(no_wrap=True, overflow="ellipsis")
        for index, seconds in enumerate(run.seconds):
            lines.append(f"{seconds:5.1f} s  ", style=colour)
            lines.append(f"{run.line(index)}\n")
        if not run.finished:
            lines.append(f"{self._race.elapsed:5.1f} s  …", style="dim")
        lines.rstrip()
        # As high as it will be, so that nothing jumps; two lines are its border.
        height = max(self._race.items, len(run.products)) + 2
        return Panel(lines, title=run.label, border_style=colour, padding=(0, 1), height=height)


@contextmanager
def _view_for(race: Race, title: str, *, silent: bool) -> Generator[_SilentView, None, None]:
    """Choose how to show a race; a terminal is left as it was."""
    console = Console()
    if silent:
        yield _SilentView()
    elif sys.stdout.isatty() and console.is_terminal and not console.is_dumb_terminal:
        console.print(title, highlight=False)
        with Live(console=console, auto_refresh=False) as live:
            yield _TerminalView(race, live)
    else:
        yield _LineView(race, title)


def _figures_table(race: Race) -> Table:
    """The times of both runs, and how many times earlier the first of them is."""
    streamed, whole = race.streamed, race.whole
    table = Table(box=None, pad_edge=False, padding=(0, 4, 0, 0))
    table.add_column("")
    table.add_column("first item", justify="right")
    table.add_column("last item", justify="right")
    for run in (streamed, whole):
        table.add_row(run.label, *(_cell(each, "s", 2) for each in (run.first, run.last)))
    ratios = (ratio(whole.first, streamed.first), ratio(whole.last, streamed.last))
    table.add_row("ratio", *(_cell(each, "x", 1) for each in ratios))
    return table


def _cell(figure: float | None, unit: str, digits: int) -> str:
    return "-" if figure is None else f"{figure:.{digits}f} {unit}"
