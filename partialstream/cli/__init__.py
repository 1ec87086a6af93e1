r"""The command line: `partialstream demo`, `partialstream parse` and `partialstream bench`.

app.py          the commands and their options
parse.py        `parse`: standard input to one JSON line per item
reading.py        standard input as it arrives: SSE or text
target.py         `module:Class` to a type
demo.py         `demo`: a streamed answer beside one that is waited for
demo_race.py      the two requests, at the same time
demo_endpoint.py  where they go: the built-in server, or a real one
demo_data.py      what is asked, and what the built-in server answers
demo_view.py      what is shown of it, on a terminal and in a pipe
bench.py        `bench`: the times of one's own endpoint, streamed and not
bench_runs.py     the requests, in turns
bench_progress.py what is told of them meanwhile
bench_report.py   percentiles, the table, JSON
bench_chart.py    an SVG chart
ending.py       from what went wrong to a message and an exit code
output.py       lines out, flushed one by one
exit_codes.py   the exit codes

All commands end with one of these exit codes; 1 only if nothing worse happened:

====  =====================================================================================
   0  complete
   1  complete, but some items are invalid; or the object is
   2  the command line is wrong: an option, the model, an extra that is not installed
   3  malformed: the text cannot become valid JSON, or is no UTF-8
   4  incomplete: truncated, empty, without a list or object, disconnected, stalled
   5  refused by the model, or stopped by a content filter
   6  the provider sent an error, or cannot be reached
   7  one of the limits was reached
   8  standard input cannot be read, or standard output not written
  70  a program error, here or in the model's own code, with its traceback
 130  Ctrl-C
 141  the reader of the output has left, as in `partialstream demo | head -1`
====  =====================================================================================
"""

from __future__ import annotations

import importlib
import sys

__all__ = ["main"]

_EXTRA = ("typer", "rich")


def main() -> int:
    """Run the command line with the arguments of the process.

    Returns:
        The exit code, if it is not raised as `SystemExit`.

    Raises:
        SystemExit: With the exit code; see the module.
    """
    try:
        for name in _EXTRA:
            importlib.import_module(name)
        from partialstream.cli.app import app

        app(prog_name="partialstream")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        message = f'the command line needs {error.name}: pip install "partialstream[cli]"'
        print(f"partialstream: {message}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:  # before a command has begun
        return 130
    return 0
