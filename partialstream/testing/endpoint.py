"""The endpoint of a small program: a replay server, or with `--live` a real one."""

from __future__ import annotations

import argparse
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from partialstream.testing.server import Choose, ReplayServer

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from partialstream.testing.answers import Answer


@dataclass(frozen=True)
class Endpoint:
    """An endpoint, as the SDKs' constructors take it. None leaves a value to the SDK.

    Attributes:
        model: The model's name.
        base_url: What OpenAI's SDK takes for `base_url`.
        url: What Anthropic's and Google's SDKs take.
        api_key: Never a real one: SDKs read these from the environment.
        server: The replay server, None with `--live`.
    """

    model: str
    base_url: str | None = None
    url: str | None = None
    api_key: str | None = None
    server: ReplayServer | None = None


def endpoint_parser(
    description: str | None, *, model: str = "gpt-5-mini"
) -> argparse.ArgumentParser:
    """A parser of command lines with `--live`, `--base-url` and `--model`.

    Args:
        description: What the program does.
        model: The default of `--model`.

    Example:
        >>> endpoint_parser("Streams a list.").parse_args(["--live"])
        Namespace(live=True, base_url=None, model='gpt-5-mini')
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--live", action="store_true", help="use a real endpoint")
    parser.add_argument("--base-url", metavar="URL", help="its base URL (default: the SDK's own)")
    parser.add_argument(
        "--model", default=model, help="the model to request there (default: %(default)s)"
    )
    return parser


@contextmanager
def endpoint(
    options: argparse.Namespace,
    answers: Answer | str | Sequence[Answer | str] | Choose,
    *,
    repeat: bool = False,
) -> Generator[Endpoint, None, None]:
    """Open the endpoint that a command line asks for; a `with` block closes it.

    Args:
        options: What `endpoint_parser` has parsed.
        answers: The script of the replay server; see `ReplayServer`. Not used with `--live`.
        repeat: See `ReplayServer`.

    Raises:
        ModuleNotFoundError: Without `--live`, if the extra `server` is not installed.

    Example:
        >>> options = endpoint_parser("Streams a list.").parse_args([])
        >>> with endpoint(options, '{"items": []}') as there:
        ...     there.base_url.startswith("http://127.0.0.1:"), there.api_key
        (True, 'none')
    """
    if options.live:
        yield Endpoint(options.model, base_url=options.base_url, url=options.base_url)
        return
    with ReplayServer(answers, repeat=repeat) as server:
        yield Endpoint(options.model, server.base_url, server.url, "none", server)
