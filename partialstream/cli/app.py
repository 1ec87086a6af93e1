"""The commands and their options; the modules that do the work are imported when they are run."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

import partialstream
from partialstream.cli.options import BenchOptions, DemoOptions, InputFormat
from partialstream.cli.output import ExitCode, UsageError, help_table, run
from partialstream.engine.scan import COMPILED

app = typer.Typer(
    name="partialstream",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # the tables of exit codes and examples keep their lines
    # Our own errors are one line each; a traceback of the user's model is Python's.
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_Model = Annotated[
    str | None,
    typer.Option(
        help="The model to ask there.  [default: gpt-5-mini]", metavar="NAME", show_default=False
    ),
]
_Key = Annotated[
    str | None,
    typer.Option(
        help="The key for it; better in OPENAI_API_KEY, where no process list shows it.",
        metavar="KEY",
        show_default=False,
    ),
]
_Pace = Annotated[
    float | None,
    typer.Option(
        help="Pace of the built-in server; four characters are a token.  [default: 50]",
        metavar="RATE",
        show_default=False,
    ),
]


def _base_url(purpose: str) -> typer.models.OptionInfo:
    """The option `--base-url`."""
    info: typer.models.OptionInfo = typer.Option(
        help=f"{purpose} instead of the built-in server. "
        "Without it, and with --model or --api-key, OPENAI_BASE_URL or OpenAI itself.",
        metavar="URL",
        show_default=False,
    )
    return info


def _version(wanted: bool) -> None:
    if wanted:
        scanner = "compiled" if COMPILED else "interpreted"
        typer.echo(f"partialstream {partialstream.__version__} (scanner: {scanner})")
        raise typer.Exit


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


@app.command(epilog=help_table(), short_help="Watch a response arrive item by item.")
def demo(
    items: Annotated[
        int, typer.Option(min=1, max=10, help="How many products to rank.", metavar="N")
    ] = 10,
    tokens_per_second: _Pace = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print nothing but the final figures, as JSON.")
    ] = False,
    base_url: Annotated[str | None, _base_url("An OpenAI-compatible endpoint to ask")] = None,
    model: _Model = None,
    api_key: _Key = None,
) -> None:
    """Watch a ranking of products arrive item by item, beside one that is waited for.

    Sends two requests at the same time, through the OpenAI SDK and over HTTP: one response is
    streamed, and each item shown when it is complete; the other is waited for. At the end a
    table compares the times.

    By default a server on this machine responds, at 50 tokens a second: nothing leaves the
    machine, and no key is used. With --base-url, --model or --api-key a real endpoint is used.
    """

    def work() -> ExitCode:
        from partialstream.cli.demo import run_demo

        options = DemoOptions(
            base_url=base_url,
            model=model,
            api_key=api_key,
            tokens_per_second=tokens_per_second,
            items=items,
            as_json=as_json,
        )
        return run_demo(options)

    raise typer.Exit(run(work))


@app.command(epilog=help_table(), short_help="Measure an endpoint, streamed and not.")
def bench(
    base_url: Annotated[str | None, _base_url("The OpenAI-compatible endpoint to measure")] = None,
    model: _Model = None,
    api_key: _Key = None,
    model_class: Annotated[
        str | None,
        typer.Option(
            help="The type of one item, as in shop:Product; a list of them is asked for. The "
            "module may be in the current directory. Needs --prompt.",
            metavar="MODULE:CLASS",
            show_default=False,
        ),
    ] = None,
    prompt: Annotated[
        str | None,
        typer.Option(help="What to ask for.", metavar="TEXT", show_default=False),
    ] = None,
    mode: Annotated[
        str | None,
        typer.Option(
            help="How the endpoint is made to respond in JSON: json_schema, tools or "
            "json_object.  [default: json_schema]",
            metavar="MODE",
            show_default=False,
        ),
    ] = None,
    runs: Annotated[
        int,
        typer.Option(
            min=1, metavar="N", help="Runs of each kind. p90 takes 10 of them, p99 takes 100."
        ),
    ] = 5,
    warm_up: Annotated[
        int, typer.Option(min=0, metavar="N", help="Runs before them that are not counted.")
    ] = 1,
    items: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=10,
            metavar="N",
            help="How many products to rank, if that is the question.  [default: 5]",
            show_default=False,
        ),
    ] = None,
    tokens_per_second: _Pace = None,
    json_file: Annotated[
        str | None,
        typer.Option(
            "--json",
            help="Write all figures to this file as JSON, each run included; - is standard "
            "output, in place of the table.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    chart_file: Annotated[
        str | None,
        typer.Option(
            "--chart",
            help="Draw into this file when each item is there.",
            metavar="FILE.svg",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Measure how early an endpoint's responses can be used, streamed and not.

    Asks for a list over and over, in turns streamed and waited for, and prints the time to the
    first token, to each item and to the whole response: medians, and with more runs p90 and p99.
    Progress is on standard error. Ctrl-C ends it early: what was measured is still reported.

    By default a server on this machine responds, at 50 tokens a second: nothing leaves the
    machine, and no key is used. With --base-url, --model or --api-key a real endpoint gets
    2 x RUNS + WARM_UP requests, which may cost money.

    Example:  partialstream bench --base-url http://127.0.0.1:8000/v1 --model my-model
    """

    def work() -> ExitCode:
        from partialstream.cli.bench import run_bench

        options = BenchOptions(
            base_url=base_url,
            model=model,
            api_key=api_key,
            model_class=model_class,
            prompt=prompt,
            mode=mode,
            runs=runs,
            warm_up=warm_up,
            items=items,
            tokens_per_second=tokens_per_second,
            json_file=json_file,
            chart_file=chart_file,
        )
        return run_bench(options)

    raise typer.Exit(run(work))


@app.command(epilog=help_table(), short_help="Turn a stream into validated JSON lines.")
def parse(
    model: Annotated[
        str,
        typer.Option(
            help="The type, as in shop:Product. The module may be in the current directory.",
            metavar="MODULE:CLASS",
            show_default=False,
        ),
    ],
    many: Annotated[
        bool,
        typer.Option("--many", help="Read a list, one line for each item of the type."),
    ] = False,
    path: Annotated[
        str | None,
        typer.Option(
            help="Where the list is, as in report.sections.*.bullets; found by itself otherwise.",
            metavar="PATH",
            show_default=False,
        ),
    ] = None,
    partial: Annotated[
        bool,
        typer.Option(
            "--partial",
            help="Also write each snapshot of the growing object: the fields that have arrived.",
        ),
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="pydantic's strict mode.")] = False,
    form: Annotated[
        InputFormat,
        typer.Option(
            "--format",
            help="What comes in. body: the body of a streamed response, as a provider sends "
            "it. text: JSON, NDJSON, JSON in prose. auto: body if it begins as an event stream "
            "does, with data:, event: or a comment; a body of JSON lines has to be named.",
        ),
    ] = InputFormat.AUTO,
) -> None:
    """Turn a model's stream on standard input into validated JSON lines, while it arrives.

    Each line is written when the last character of its item has been read; the end of the
    input is not waited for. An item that is not valid is reported on standard error, with its
    index, the reason and its text, and the rest goes on.

    Without --many the input is one object, written when it is complete.

    Example:  curl -sN ... | partialstream parse --model shop:Product --many
    """

    def work() -> ExitCode:
        from partialstream.cli.parse import parse_input

        if path is not None and not many:
            raise UsageError("--path is for lists: it needs --many")
        if partial and many:
            raise UsageError("--partial is for one object: it does not go with --many")
        if sys.stdin is None:
            raise UsageError("there is no standard input")
        return parse_input(
            sys.stdin.fileno(),
            model,
            many=many,
            path=path,
            partial=partial,
            strict=strict or None,
            form=form,
        )

    raise typer.Exit(run(work))
