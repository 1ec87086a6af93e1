"""What a small program asks: a replay server, or with `--live` a real endpoint."""

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
    """Where to ask, in the words of the SDKs' constructors. None leaves it to the SDK.

    Attributes:
        model: The model's name.
        base_url: What OpenAI's SDK takes for `base_url`.
        url: What Anthropic's and Google's SDKs take.
        api_key: Never a real one: SDKs read these from the environment.
        server: The replay server, None if a real endpoint is asked.
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
        model: Which model is asked unless another one is named.

    Example:
        >>> endpoint_parser("Streams a list.").parse_args(["--live"])
        Namespace(live=True, base_url=None, model='gpt-5-mini')
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--live", action="store_true", help="ask a real endpoint")
    parser.add_argument(
        "--base-url", metavar="URL", help="which one; without it, the SDK's own default"
    )
    parser.add_argument(
        "--model", default=model, help="the model to ask there (default: %(default)s)"
    )
    return parser


@contextmanager
def endpoint(
    options: argparse.Namespace,
    answers: Answer | str | Sequence[Answer | str] | Choose,
    *,
    repeat: bool = False,
) -> Generator[Endpoint, None, None]:
    """The endpoint that a command line asks for, there until the end of the `with` block.

    Args:
        options: What `endpoint_parser` has parsed.
        answers: What the replay server says; see `ReplayServer`. Not used with `--live`.
        repeat: See `ReplayServer`.

    Raises:
        ImportError: The extra `server` is not installed, and no real endpoint is asked.

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
