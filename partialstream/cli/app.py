"""The commands; the modules that do the work are imported when they are run."""

from __future__ import annotations

from typing import Annotated

import typer

import partialstream
from partialstream.cli.options import BenchOptions, DemoOptions, ExtractOptions, ParseOptions
from partialstream.cli.output import ExitCode, help_table, run
from partialstream.engine.scan import COMPILED

Options = BenchOptions | DemoOptions | ExtractOptions | ParseOptions


def _work(options: Options) -> ExitCode:
    if isinstance(options, DemoOptions):
        from partialstream.cli.demo import run_demo

        return run_demo(options)
    if isinstance(options, BenchOptions):
        from partialstream.cli.bench import run_bench

        return run_bench(options)
    if isinstance(options, ExtractOptions):
        from partialstream.cli.extract import run_extract

        return run_extract(options)
    from partialstream.cli.parse import parse_input

    return parse_input(options)


def _run(options: Options, **_: bool) -> None:
    """Run the command whose options these are; typer gives those before it as well."""
    raise typer.Exit(run(lambda: _work(options)))


def _version(wanted: bool) -> None:
    if wanted:
        scanner = "compiled" if COMPILED else "interpreted"
        typer.echo(f"partialstream {partialstream.__version__} (scanner: {scanner})")
        raise typer.Exit


app = typer.Typer(
    name="partialstream",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # the tables of exit codes and examples keep their lines
    # Our own errors are one line each; a traceback of the user's model is Python's.
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    result_callback=_run,
)


@app.callback(epilog=help_table())
def main_options(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Print the version, and whether the scanner is compiled.",
            callback=_version,
            is_eager=True,
        ),
    ] = False,
) -> None:
    """Validated Pydantic objects from a language model's stream, as early as possible."""


# A command does no more than make its options; `_run` gets them.
for _name, _options, _summary in (
    ("demo", DemoOptions, "Show a response arrive item by item."),
    ("bench", BenchOptions, "Measure an endpoint, streamed and not."),
    ("parse", ParseOptions, "Turn a stream into validated JSON lines."),
    ("extract", ExtractOptions, "Extract rows from documents, each exactly once."),
):
    app.command(_name, epilog=help_table(), short_help=_summary)(_options)
