"""`partialstream demo`: a streamed response beside one that is not streamed."""

from __future__ import annotations

import asyncio
import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from partialstream.cli.demo_data import RankedProduct, messages
from partialstream.cli.endpoint import Endpoint, open_endpoint
from partialstream.cli.output import ExitCode, write_line
from partialstream.cli.report import ratio, show_table
from partialstream.terminal import printable, terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from partialstream.cli.options import DemoOptions

_FRAMES = 10  # in a second; the clock of the view shows tenths
_WIDTH = 100  # of a line in a pipe

_Arrival = tuple[float, RankedProduct]


def run_demo(options: DemoOptions) -> ExitCode:
    """Run the demo."""
    with open_endpoint(options, options.items) as endpoint:
        race = Race(endpoint, options.items)
        if options.as_json:
            asyncio.run(race.run(lambda run, count: None))
            write_line(json.dumps(figures(race, endpoint)))
            return ExitCode.COMPLETE
        write_line(printable(_title(options, endpoint)))
        with _view_of(race) as arrived:
            asyncio.run(race.run(arrived))
        show_table(_figures_table(race))
    return ExitCode.COMPLETE


@dataclass(slots=True)
class Run:
    """One of the two: its items, each with the seconds after which it arrived."""

    label: str
    items: list[_Arrival] = field(default_factory=list[_Arrival])
    finished: bool = False

    @property
    def first(self) -> float | None:
        """When the first item arrived, None if none did."""
        return self.items[0][0] if self.items else None

    @property
    def last(self) -> float | None:
        """When the last item arrived, None if none did."""
        return self.items[-1][0] if self.items else None

    def line(self, index: int) -> str:
        """An item on a line."""
        product = self.items[index][1]
        return printable(f"{index + 1:2}. {product.name}: {product.reason}")


class Race:
    """The two runs and their common clock."""

    def __init__(self, endpoint: Endpoint, items: int) -> None:
        self._endpoint = endpoint
        self.items = items
        self._started = perf_counter()
        self.streamed = Run("item by item")
        self.whole = Run("whole response")

    @property
    def elapsed(self) -> float:
        """Seconds since the requests were made."""
        return perf_counter() - self._started

    async def run(self, arrived: Callable[[Run, int], None]) -> None:
        """Run both; the first that fails ends the other, and no request is left open.

        Args:
            arrived: Called when items were added to a run, with their number.
        """
        async with self._endpoint.client() as client:
            model, chat = self._endpoint.model, messages(self.items)

            def add(run: Run, products: list[RankedProduct]) -> None:
                run.items += [(self.elapsed, product) for product in products]
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

            self._started = perf_counter()
            tasks = [asyncio.create_task(stream()), asyncio.create_task(wait())]
            try:
                await asyncio.gather(*tasks)
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
    seconds = [round(each, 3) for each, _ in run.items]
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


@contextmanager
def _view_of(race: Race) -> Generator[Callable[[Run, int], None], None, None]:
    """Show a race while it runs: drawn on a terminal, elsewhere a line for each arrival.

    The function it gives is called when items were added to a run. A terminal is restored.
    """
    console = terminal()
    if console is None:
        yield partial(_write_arrived, race)
        return
    with Live(
        console=console, get_renderable=partial(_side_by_side, race), refresh_per_second=_FRAMES
    ) as live:
        yield lambda run, count: live.refresh()


def _write_arrived(race: Race, run: Run, count: int) -> None:
    what = run.line(len(run.items) - 1) if count == 1 else f"all {count} items"
    line = f"{race.elapsed:6.2f} s  {run.label:<14}  {what}"
    write_line(line if len(line) <= _WIDTH else line[: _WIDTH - 1] + "…")


def _side_by_side(race: Race) -> Table:
    columns = Table.grid(expand=True)
    columns.add_column(ratio=1)
    columns.add_column(ratio=1)
    columns.add_row(_panel(race, race.streamed, "green"), _panel(race, race.whole, "yellow"))
    return columns


def _panel(race: Race, run: Run, colour: str) -> Panel:
    lines = Text(no_wrap=True, overflow="ellipsis")
    for index, (seconds, _) in enumerate(run.items):
        lines.append(f"{seconds:5.1f} s  ", style=colour)
        lines.append(f"{run.line(index)}\n")
    if not run.finished:
        lines.append(f"{race.elapsed:5.1f} s  …", style="dim")
    lines.rstrip()
    # As high as it will be, so that nothing jumps; two lines are its border.
    height = max(race.items, len(run.items)) + 2
    return Panel(lines, title=run.label, border_style=colour, padding=(0, 1), height=height)


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
