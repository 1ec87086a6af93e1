"""The arguments of an `Extraction`: what is checked, and what identifies its job."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from partialstream.client import AsyncClient, Client, RateLimit
from partialstream.client.options.near_misses import check_spelling
from partialstream.client.options.options import WORDS, Options
from partialstream.etl.journal.job import arguments_text, schema_text
from partialstream.stream.stopping import validate_stop_options
from partialstream.usage import Usage
from partialstream.validation.quoted import quote_plan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from partialstream.etl.journal.job import Identity

OWN_ARGUMENTS: Final = (
    *("model", "prompt", "many", "journal", "sink", "dead_letters", "concurrency", "rate_limit"),
    *("max_retries", "max_cost", "on_restart", "commit", "endpoint"),
)
"""The arguments of `Extraction` that are not options of a call."""
_IN_IDENTITY: Final = ("mode", "path", "take", "on_invalid", "strict", "lenient")
"""Options that, like the arguments for the SDK, decide which rows a document has."""


def check_arguments(
    client: object,
    concurrency: object,
    rate_limit: object,
    on_restart: object,
    options: Mapping[str, Any],
) -> None:
    """Check the arguments that the calls themselves do not check.

    Raises:
        TypeError: An argument is of the wrong type, misspelled, or not allowed here.
        ValueError: An argument is out of range.
    """
    if not isinstance(client, (Client, AsyncClient)):
        raise TypeError(
            "client must be a client of partialstream, as from partialstream.from_openai(...), "
            f"not {type(client).__name__}"
        )
    if isinstance(concurrency, bool) or not isinstance(concurrency, int):
        raise TypeError(f"concurrency= must be a number of documents, not {concurrency!r}")
    if concurrency < 1:
        raise ValueError(f"concurrency must be at least 1, not {concurrency}")
    if rate_limit is not None and not isinstance(rate_limit, RateLimit):
        raise TypeError(f"rate_limit= must be partialstream's RateLimit, not {rate_limit!r}")
    if rate_limit is not None and client.rate_limit is not None:
        raise TypeError("rate_limit= is given twice: the client has one already")
    if on_restart not in ("resume", "restart"):
        raise ValueError(f"on_restart must be 'resume' or 'restart', not {on_restart!r}")
    if "source_text" in options:
        raise TypeError("source_text= is not allowed here: it is the text of each document")
    if "messages" in options or "response_model" in options:
        raise TypeError("messages= are made from prompt=, and response_model= is given already")
    validate_stop_options(options.get("take"), options.get("stop_when"))
    check_spelling([name for name in options if name not in WORDS], (*OWN_ARGUMENTS, *WORDS))


def check_file(name: str, path: object) -> None:
    """Check that a path is that of a file on disk.

    Raises:
        TypeError: It is not a path.
        ValueError: It is empty, or SQLite's name for a database in memory.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"{name}= must be the path of a file, not {path!r}")
    if os.fspath(cast("str | os.PathLike[str]", path)) in ("", ":memory:"):
        raise ValueError(f"{name}= must be the path of a file, not {path!r}")


def dead_letters_path(journal: str | os.PathLike[str]) -> str:
    """The default file for the dead letters of a journal; no two journals have the same.

    Example:
        >>> [dead_letters_path(journal) for journal in ("run.db", "run.1", "run")]
        ['run.dead-letters.jsonl', 'run.1-dead-letters.jsonl', 'run-dead-letters.jsonl']
    """
    path = Path(journal)
    if path.suffix == ".db":
        return os.fspath(path.with_suffix(".dead-letters.jsonl"))
    return f"{os.fspath(journal)}-dead-letters.jsonl"  # as SQLite names the files beside it


def check_different(journal: str | os.PathLike[str], dead_letters: str, sink: Path | None) -> None:
    """Check that the files of a job are different ones.

    Raises:
        ValueError: Two are the same.
    """
    seen: dict[str, str] = {}
    for name, path in (("journal", journal), ("dead_letters", dead_letters), ("sink", sink)):
        if path is None:
            continue
        other = seen.setdefault(os.path.realpath(path), name)
        if other != name:
            raise ValueError(f"{other}= and {name}= are the same file, {os.fspath(path)!r}")


def identity_of(
    response_model: Any,
    arguments: Mapping[str, Any],
    *,
    prompt: str,
    model: str,
    endpoint: str,
    sink: str,
    many: bool,
) -> Identity:
    """What identifies the job in its journal."""
    chosen, to_sdk = Options.split(dict(arguments))
    return {
        "prompt": prompt,
        "model": model,
        "schema": schema_text(response_model),
        "endpoint": endpoint,
        "sink": sink,
        "kind": "many" if many else "one",
        "arguments": arguments_text({name: to_sdk[name] for name in to_sdk if name != "model"}),
        "options": arguments_text({name: getattr(chosen, name) for name in _IN_IDENTITY}),
        # The JSON schema does not show quotes, and rows with them have one more column.
        "quotes": "with spans" if quote_plan(response_model).has_quotes else "",
    }


def has_price(model: str, provider: str) -> bool:
    """Whether the price of a model is known. To look up an unknown one is slow, each time."""
    if find_spec("genai_prices") is None:
        return False
    from partialstream.prices import price

    return price(Usage(1, 1), (model,), provider) is not None
