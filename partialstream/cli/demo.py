"""`partialstream demo`: a streamed answer beside one that is waited for."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from partialstream.cli.demo_endpoint import DemoOptions, Endpoint, open_endpoint
from partialstream.cli.demo_race import Race, Run
from partialstream.cli.demo_view import ratio, view_for
from partialstream.cli.exit_codes import ExitCode
from partialstream.cli.output import write_line

if TYPE_CHECKING:
    from typing import Any


def run_demo(options: DemoOptions) -> ExitCode:
    """Run the demo.

    Raises:
        UsageError: The options cannot be met.
        PartialStreamError: A real endpoint was not reached, or did not answer as asked.
        InputOutputError: Its output cannot be written.
        BrokenPipeError: Nobody reads it any more.
    """
    with open_endpoint(options) as endpoint:
        race = Race(endpoint, options.items)
        with view_for(race, _title(options, endpoint), silent=options.as_json) as view:
            asyncio.run(race.run(view.arrived, view.tick))
            view.end()
    if options.as_json:
        write_line(json.dumps(figures(race, endpoint)))
    return ExitCode.COMPLETE


def figures(race: Race, endpoint: Endpoint) -> dict[str, Any]:
    """What `--json` prints: times in seconds since the requests, to the millisecond."""
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
