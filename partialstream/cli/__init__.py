r"""The command line: `partialstream demo`, `bench`, `parse` and `extract`.

app.py          the commands
options.py      their options, declared once, as values
item_type.py    `module:Class` to a type
output.py       lines out, messages for errors, the exit codes
parse.py        `parse`: standard input to one JSON line per item
extract.py      `extract`: rows from documents, by an `etl.Extraction`
demo.py         `demo`: a streamed response beside one that is not streamed
demo_data.py    its request, and the response of the built-in server
bench.py        `bench`: the times of an endpoint, streamed and not
report.py       its percentiles, table and JSON
chart.py        charts as SVG
endpoint.py     where requests are sent: the built-in server, or a real one

All commands end with one of these exit codes; 1 only if nothing worse happened:

====  =====================================================================================
   0  complete
   1  complete, but some items are invalid, or the object is; or documents failed
   2  the command line is wrong: an option, the model, an extra that is not installed
   3  malformed: the text cannot become valid JSON, or is not valid UTF-8
   4  incomplete: truncated, empty, without a list or object, disconnected, stalled
   5  refused by the model, or stopped by a content filter
   6  the provider sent an error, or cannot be reached
   7  a limit was exceeded
   8  input (of `extract`: documents, journal) cannot be read, or output not written
   9  the journal is in use, or belongs to another job
  70  a program error, here or in the model's own code, with its traceback
 130  Ctrl-C
 141  the output was closed by its reader, as by `partialstream demo | head -1`
====  =====================================================================================
"""

from __future__ import annotations

import importlib
import sys

from partialstream.extras import requires_extra

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
        try:
            with requires_extra("cli", "the command line"):
                for name in _EXTRA:
                    importlib.import_module(name)
        except ModuleNotFoundError as error:
            print(f"partialstream: {error}", file=sys.stderr)
            return 2
        from partialstream.cli.app import app

        app(prog_name="partialstream")
    except KeyboardInterrupt:  # before a command has begun
        return 130
    return 0
