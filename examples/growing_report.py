"""A nested report that grows on the screen, each member marked missing, partial or complete.

Run it with `python examples/growing_report.py`; it needs `partialstream[server]` and rich. With
`--live` it asks a real endpoint, with the key in OPENAI_API_KEY. On a terminal the report is
redrawn at each change; in a pipe it is printed whenever a mark changes.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, Any, Literal

from openai import OpenAI
from pydantic import BaseModel
from rich.console import Console
from rich.live import Live
from rich.text import Text

import partialstream
from partialstream import Atomic, Gate, completeness
from partialstream.testing import Answer, endpoint, endpoint_parser

if TYPE_CHECKING:
    from collections.abc import Iterator


class Finding(BaseModel):
    """Not shown before it is known how bad it is; then its text grows."""

    place: str
    severity: Annotated[Literal["low", "high"], Gate]
    text: str


class Report(BaseModel):
    """Its title appears at once and whole; its summary grows."""

    title: Annotated[str, Atomic]
    summary: str
    findings: list[Finding]
    minutes_lost: int


ANSWER = Answer(
    '{"title": "Build server out of disk space", "summary": "On Monday the logs of failed jobs'
    ' had filled the disk.", "findings": [{"place": "log rotation", "severity": "high", "text":'
    ' "Nothing deletes the logs of failed jobs."}, {"place": "dashboard", "severity": "low",'
    ' "text": "It shows the free space, but nobody looks."}], "minutes_lost": 140}',
    tokens_per_second=40,
)

MARKS = {"missing": "-", "partial": "…", "complete": "✓"}
STYLES = {"missing": "dim", "partial": "yellow", "complete": "green"}


def members(
    value: BaseModel | list[Any] | str | int | None, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every member of a snapshot with its path; a list's elements as far as they are there."""
    if isinstance(value, (BaseModel, list)):
        for name, member in enumerate(value) if isinstance(value, list) else value:
            yield (*path, name), member
            yield from members(member, (*path, name))


def drawing(report: Report) -> Text:
    """A line for each member: its mark, its name, and what is there of it."""
    text = Text()
    for path, member in members(report):
        state = completeness(report, path)
        shown = member if isinstance(member, (str, int)) else ""
        line = f"{MARKS[state]} {'  ' * (len(path) - 1)}{path[-1]}: {shown}"
        text.append(f"{line.rstrip()}\n", style=STYLES[state])
    return text


def main() -> None:
    """Draw the report while it grows."""
    options = endpoint_parser(__doc__).parse_args()
    console = Console()
    with ExitStack() as stack:
        there = stack.enter_context(endpoint(options, ANSWER))
        sdk = stack.enter_context(OpenAI(base_url=there.base_url, api_key=there.api_key))
        messages = [{"role": "user", "content": "Monday's builds failed. Report, please."}]
        stream = partialstream.from_openai(sdk).create_partial(
            response_model=Report, model=there.model, messages=messages
        )
        live = Live(console=console, auto_refresh=False) if console.is_terminal else None
        if live:
            stack.enter_context(live)
        before = None
        for report in stack.enter_context(stream):
            marks = [completeness(report, path) for path, _ in members(report)]
            if live:
                live.update(drawing(report), refresh=True)
            elif marks != before:
                console.print(drawing(report))
            before = marks


if __name__ == "__main__":
    main()
