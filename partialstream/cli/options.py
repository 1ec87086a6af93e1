"""The options of the commands: declared once, with their help, as values that typer fills in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Annotated

from typer import Argument, Option


class InputFormat(str, Enum):
    """The format of standard input."""

    AUTO = "auto"
    TEXT = "text"
    BODY = "body"


class OnRestart(str, Enum):
    """What is done with a document that was being read when an earlier run ended."""

    RESUME = "resume"
    RESTART = "restart"


class Commit(str, Enum):
    """When rows are delivered."""

    DOCUMENT = "document"
    ROW = "row"


@dataclass(frozen=True, kw_only=True)
class EndpointOptions:
    """The endpoint: the built-in server if the first three are None."""

    base_url: Annotated[
        str | None,
        Option(
            help="The OpenAI-compatible endpoint to use instead of the built-in server. Defaults "
            "to OPENAI_BASE_URL, else to OpenAI, if --model or --api-key is given.",
            metavar="URL",
        ),
    ] = None
    model: Annotated[
        str | None, Option(help="The model to request.  [default: gpt-5-mini]", metavar="NAME")
    ] = None
    api_key: Annotated[
        str | None,
        Option(
            help="The API key. OPENAI_API_KEY is safer: process lists show command lines.",
            metavar="KEY",
        ),
    ] = None
    tokens_per_second: Annotated[
        float | None,
        Option(
            help="Speed of the built-in server; a token is four characters.  [default: 50]",
            metavar="RATE",
        ),
    ] = None

    @property
    def built_in(self) -> bool:
        """Whether the built-in server is used."""
        return self.base_url is None and self.model is None and self.api_key is None


@dataclass(frozen=True, kw_only=True)
class DemoOptions(EndpointOptions):
    """Show a product ranking arrive item by item, beside one that is not streamed.

    Sends the same request twice at the same time, through the OpenAI SDK and over HTTP. One
    response is streamed, and each item is shown when it is complete; the other is not. At the
    end a table compares the times.

    By default a local server responds, at 50 tokens a second: no data leaves this machine, and
    no API key is used. With --base-url, --model or --api-key a real endpoint is used.
    """

    items: Annotated[int, Option(min=1, max=10, help="How many products to rank.", metavar="N")] = (
        10
    )
    as_json: Annotated[bool, Option("--json", help="Print only the final figures, as JSON.")] = (
        False
    )


@dataclass(frozen=True, kw_only=True)
class BenchOptions(EndpointOptions):
    """Measure how early the items of a response are available, streamed and not.

    Requests a list repeatedly, alternately streamed and not, and prints the time to the first
    token, to each item and to the whole response: medians, and with more runs p90 and p99.
    Progress goes to standard error. Ctrl-C ends it early: what was measured is still reported.

    By default a local server responds, at 50 tokens a second: no data leaves this machine, and
    no API key is used. With --base-url, --model or --api-key a real endpoint gets
    2 x RUNS + WARM_UP requests, which may cost money.

    Example:  partialstream bench --base-url http://127.0.0.1:8000/v1 --model my-model
    """

    model_class: Annotated[
        str | None,
        Option(
            help="The type of an item, as in shop:Product; a list of them is requested. The "
            "module may be in the current directory. Needs --prompt.",
            metavar="MODULE:CLASS",
        ),
    ] = None
    prompt: Annotated[
        str | None,
        Option(help="The prompt to send, in place of the product ranking's.", metavar="TEXT"),
    ] = None
    mode: Annotated[
        str | None,
        Option(
            help="How JSON is requested: json_schema, tools or json_object.  "
            "[default: json_schema]",
            metavar="MODE",
        ),
    ] = None
    runs: Annotated[
        int, Option(min=1, metavar="N", help="Runs of each kind. p90 needs 10 runs, p99 needs 100.")
    ] = 5
    warm_up: Annotated[
        int, Option(min=0, metavar="N", help="Streamed runs before these, not counted.")
    ] = 1
    items: Annotated[
        int | None,
        Option(
            min=1,
            max=10,
            metavar="N",
            help="How many products to rank; not with --prompt.  [default: 5]",
        ),
    ] = None
    json_file: Annotated[
        str | None,
        Option(
            "--json",
            help="Write all figures and each run to this file as JSON; - is standard output, in "
            "place of the table.",
            metavar="FILE",
        ),
    ] = None
    chart_file: Annotated[
        str | None,
        Option("--chart", help="Draw when each item is available, as SVG.", metavar="FILE.svg"),
    ] = None


@dataclass(frozen=True, kw_only=True)
class ParseOptions:
    """Turn a model's stream on standard input into validated JSON lines, while it arrives.

    Each item is written as soon as its last character has been read, without waiting for the
    end of the input. An invalid item is reported on standard error, with its index, the reason
    and its text; the others are written.

    Without --many the input is one object, written when it is complete.

    Example:  curl -sN ... | partialstream parse --model shop:Product --many
    """

    model: Annotated[
        str,
        Option(
            help="The type, as in shop:Product. The module may be in the current directory.",
            metavar="MODULE:CLASS",
        ),
    ]
    many: Annotated[
        bool, Option("--many", help="Read a list, one line for each item of the type.")
    ] = False
    path: Annotated[
        str | None,
        Option(
            help="Where the list is, as in report.sections.*.bullets. Without it, the list is "
            "found automatically.",
            metavar="PATH",
        ),
    ] = None
    partial: Annotated[
        bool,
        Option(
            "--partial",
            help="Also write each snapshot of the growing object: the fields that have arrived.",
        ),
    ] = False
    strict: Annotated[bool, Option("--strict", help="Validate in pydantic's strict mode.")] = False
    form: Annotated[
        InputFormat,
        Option(
            "--format",
            help="The input. body: the body of a streamed response, as a provider sends it. "
            "text: JSON, NDJSON, JSON in prose. auto: body if it begins like an event stream, "
            "with data:, event: or a comment, else text. A body of JSON lines needs body.",
        ),
    ] = InputFormat.AUTO


@dataclass(frozen=True, kw_only=True)
class ExtractOptions:
    """Extract rows from documents and deliver them, each document's rows exactly once.

    DOCUMENTS are text files, or .jsonl, .csv, .tsv and .parquet files with a document in each
    row; patterns like "docs/**/*.txt" are allowed in quotes. The id of a text file is its path.

    Rows go to the journal as they complete, and to the sink when their document is complete. Run
    the same command again after a crash, Ctrl-C or an error: it continues where it ended.

    Ctrl-C finishes the open documents, a second one stops at once. The summary is written to
    standard output, progress and errors to standard error.

    \b
    Example:
      partialstream extract "notes/*.txt" --model gpt-5-mini
          --model-class shop:Row --prompt "List the articles in: {text}"
          --journal run.db --sink rows.jsonl
      partialstream extract --journal run.db --status
    """  # noqa: D301 - click keeps the lines of a paragraph that begins with a backspace

    documents: Annotated[
        list[str] | None,
        Argument(help="Files, or patterns in quotes.", metavar="DOCUMENTS", show_default=False),
    ] = None
    journal: Annotated[
        str,
        Option(
            help="The journal, an SQLite file; created if missing. It belongs to one job.",
            metavar="FILE",
        ),
    ]
    sink: Annotated[
        str | None,
        Option(
            help="Where rows are delivered: rows.jsonl, rows.parquet (a folder), "
            "sqlite:///rows.db#table, postgresql://host/database#table.",
            metavar="SINK",
        ),
    ] = None
    model: Annotated[str | None, Option(help="The model to request.", metavar="NAME")] = None
    model_class: Annotated[
        str | None,
        Option(
            help="The type of a row, as in shop:Row. The module may be in the current directory.",
            metavar="MODULE:CLASS",
        ),
    ] = None
    prompt: Annotated[
        str | None,
        Option(
            help="The prompt for each document, with {text} where its text is to be inserted; "
            "{id} and {metadata.name} are replaced too.",
            metavar="TEXT",
        ),
    ] = None
    prompt_file: Annotated[
        str | None, Option(help="A file with the prompt, instead of --prompt.", metavar="FILE")
    ] = None
    one: Annotated[
        bool, Option("--one", help="Each document has exactly one row, not a list of them.")
    ] = False
    id_column: Annotated[
        str, Option("--id", help="The column with the id of a document.", metavar="COLUMN")
    ] = "id"
    text_column: Annotated[
        str, Option("--text", help="The column with its text.", metavar="COLUMN")
    ] = "text"
    encoding: Annotated[str, Option(help="The encoding of text files.", metavar="ENCODING")] = (
        "utf-8"
    )
    base_url: Annotated[
        str | None,
        Option(
            help="The OpenAI-compatible endpoint.  [default: OPENAI_BASE_URL, else OpenAI]",
            metavar="URL",
        ),
    ] = None
    api_key: Annotated[
        str | None,
        Option(
            help="The API key. OPENAI_API_KEY is safer: process lists show command lines.",
            metavar="KEY",
        ),
    ] = None
    endpoint: Annotated[
        str | None,
        Option(
            help="A name for the endpoint in the journal, for one whose URL changes.",
            metavar="NAME",
        ),
    ] = None
    mode: Annotated[
        str | None,
        Option(
            help="How JSON is requested: json_schema, tools or json_object.  "
            "[default: json_schema]",
            metavar="MODE",
        ),
    ] = None
    arguments: Annotated[
        list[str] | None,
        Option(
            "--argument",
            help="An argument for the SDK, as in temperature=0, or an option of the call, as in "
            "deadline=60; may be repeated.",
            metavar="NAME=VALUE",
            show_default=False,
        ),
    ] = None
    concurrency: Annotated[
        int, Option(min=1, help="How many documents are read at the same time.", metavar="N")
    ] = 16
    requests_per_minute: Annotated[
        int | None, Option(min=1, help="The most requests in any minute.", metavar="N")
    ] = None
    tokens_per_minute: Annotated[
        int | None,
        Option(min=1, help="The most tokens in any minute, input and output.", metavar="N"),
    ] = None
    max_cost: Annotated[
        float | None,
        Option(
            help="The most that the job may cost over all its runs, in US dollars.", metavar="USD"
        ),
    ] = None
    max_retries: Annotated[
        int, Option(min=0, help="Retries and repairs per document.", metavar="N")
    ] = 2
    on_restart: Annotated[
        OnRestart,
        Option(
            help="A document that was being read when an earlier run ended: resume requests the "
            "rows that are missing, restart reads it again.",
        ),
    ] = OnRestart.RESUME
    commit: Annotated[
        Commit,
        Option(
            help="When rows are delivered: with their document, when it is complete; or row by "
            "row, to a database."
        ),
    ] = Commit.DOCUMENT
    dead_letters: Annotated[
        str | None,
        Option(
            help="The file for rejected rows and failed documents, with the reasons.  "
            "[default: beside the journal, as run.dead-letters.jsonl for run.db]",
            metavar="FILE",
        ),
    ] = None
    retry_failed: Annotated[
        bool, Option("--retry-failed", help="Read only documents that failed in earlier runs.")
    ] = False
    total: Annotated[
        int | None,
        Option(
            min=0,
            help="How many documents there are, for the time left. Text files and lines of "
            ".jsonl files are counted without it.",
            metavar="N",
        ),
    ] = None
    status: Annotated[
        bool,
        Option(
            "--status",
            help="Show the state of the journal and end; also while a run is using it. Needs "
            "nothing but --journal.",
        ),
    ] = False
    as_json: Annotated[
        bool, Option("--json", help="Write the summary, or the status, as JSON.")
    ] = False
    quiet: Annotated[
        bool, Option("--quiet", "-q", help="Show no progress, and no failed documents.")
    ] = False
