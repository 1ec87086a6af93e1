"""The options of the commands: declared once, with their help, as values that typer fills in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Annotated

from typer import Option


class InputFormat(str, Enum):
    """The format of standard input."""

    AUTO = "auto"
    TEXT = "text"
    BODY = "body"


@dataclass(frozen=True, kw_only=True)
class EndpointOptions:
    """Where requests are sent: to the built-in server if the first three are None."""

    base_url: Annotated[
        str | None,
        Option(
            help="The OpenAI-compatible endpoint to use instead of the built-in server. "
            "Without it, and with --model or --api-key, OPENAI_BASE_URL or OpenAI itself.",
            metavar="URL",
        ),
    ] = None
    model: Annotated[
        str | None, Option(help="The model to ask there.  [default: gpt-5-mini]", metavar="NAME")
    ] = None
    api_key: Annotated[
        str | None,
        Option(
            help="The key for it; better in OPENAI_API_KEY, where no process list shows it.",
            metavar="KEY",
        ),
    ] = None
    tokens_per_second: Annotated[
        float | None,
        Option(
            help="Pace of the built-in server; four characters are a token.  [default: 50]",
            metavar="RATE",
        ),
    ] = None

    @property
    def built_in(self) -> bool:
        """Whether the built-in server is used."""
        return self.base_url is None and self.model is None and self.api_key is None


@dataclass(frozen=True, kw_only=True)
class DemoOptions(EndpointOptions):
    """Watch a ranking of products arrive item by item, beside one that is waited for.

    Sends two requests at the same time, through the OpenAI SDK and over HTTP: one response is
    streamed, and each item shown when it is complete; the other is waited for. At the end a
    table compares the times.

    By default a server on this machine responds, at 50 tokens a second: nothing leaves the
    machine, and no key is used. With --base-url, --model or --api-key a real endpoint is used.
    """

    items: Annotated[int, Option(min=1, max=10, help="How many products to rank.", metavar="N")] = (
        10
    )
    as_json: Annotated[
        bool, Option("--json", help="Print nothing but the final figures, as JSON.")
    ] = False


@dataclass(frozen=True, kw_only=True)
class BenchOptions(EndpointOptions):
    """Measure how early an endpoint's responses can be used, streamed and not.

    Asks for a list over and over, in turns streamed and waited for, and prints the time to the
    first token, to each item and to the whole response: medians, and with more runs p90 and p99.
    Progress is on standard error. Ctrl-C ends it early: what was measured is still reported.

    By default a server on this machine responds, at 50 tokens a second: nothing leaves the
    machine, and no key is used. With --base-url, --model or --api-key a real endpoint gets
    2 x RUNS + WARM_UP requests, which may cost money.

    Example:  partialstream bench --base-url http://127.0.0.1:8000/v1 --model my-model
    """

    model_class: Annotated[
        str | None,
        Option(
            help="The type of one item, as in shop:Product; a list of them is asked for. The "
            "module may be in the current directory. Needs --prompt.",
            metavar="MODULE:CLASS",
        ),
    ] = None
    prompt: Annotated[str | None, Option(help="What to ask for.", metavar="TEXT")] = None
    mode: Annotated[
        str | None,
        Option(
            help="How the endpoint is made to respond in JSON: json_schema, tools or "
            "json_object.  [default: json_schema]",
            metavar="MODE",
        ),
    ] = None
    runs: Annotated[
        int, Option(min=1, metavar="N", help="Runs of each kind. p90 takes 10 of them, p99 100.")
    ] = 5
    warm_up: Annotated[
        int, Option(min=0, metavar="N", help="Runs before them that are not counted.")
    ] = 1
    items: Annotated[
        int | None,
        Option(
            min=1,
            max=10,
            metavar="N",
            help="How many products to rank, if that is the question.  [default: 5]",
        ),
    ] = None
    json_file: Annotated[
        str | None,
        Option(
            "--json",
            help="Write all figures to this file as JSON, each run included; - is standard "
            "output, in place of the table.",
            metavar="FILE",
        ),
    ] = None
    chart_file: Annotated[
        str | None,
        Option("--chart", help="Draw into this file when each item is there.", metavar="FILE.svg"),
    ] = None


@dataclass(frozen=True, kw_only=True)
class ParseOptions:
    """Turn a model's stream on standard input into validated JSON lines, while it arrives.

    Each line is written when the last character of its item has been read; the end of the
    input is not waited for. An item that is not valid is reported on standard error, with its
    index, the reason and its text, and the rest goes on.

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
            help="Where the list is, as in report.sections.*.bullets; found by itself otherwise.",
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
    strict: Annotated[bool, Option("--strict", help="pydantic's strict mode.")] = False
    form: Annotated[
        InputFormat,
        Option(
            "--format",
            help="What comes in. body: the body of a streamed response, as a provider sends "
            "it. text: JSON, NDJSON, JSON in prose. auto: body if it begins as an event stream "
            "does, with data:, event: or a comment; a body of JSON lines has to be named.",
        ),
    ] = InputFormat.AUTO
