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
