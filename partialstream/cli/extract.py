"""`partialstream extract`: rows from documents, by an `etl.Extraction`."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
from contextlib import contextmanager
from glob import has_magic
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import PydanticUserError
from typing_extensions import override

from partialstream.cli.endpoint import real_endpoint
from partialstream.cli.item_type import item_adapter, load_type
from partialstream.cli.output import (
    EndpointError,
    ExitCode,
    InputOutputError,
    JournalError,
    UsageError,
    plural,
    write_error,
    write_line,
)
from partialstream.client import RateLimit
from partialstream.client.options.mode import resolve_mode
from partialstream.errors import LimitExceededError
from partialstream.etl import (
    Extraction,
    ExtractionError,
    JournalInUseError,
    JournalMismatchError,
    documents,
    journal_status,
)
from partialstream.etl.arguments import OWN_ARGUMENTS
from partialstream.etl.inputs.files import matching_files
from partialstream.etl.inputs.tables import READERS
from partialstream.etl.interrupts import run_until_interrupted
from partialstream.etl.prompting import metadata_names
from partialstream.etl.report.summary import MAX_FAILURES, LoggedReason
from partialstream.terminal import terminal

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from partialstream.cli.endpoint import Endpoint
    from partialstream.cli.options import ExtractOptions
    from partialstream.client import AsyncClient
    from partialstream.etl import Document, Summary


def run_extract(options: ExtractOptions) -> ExitCode:
    """Run the extraction, or show the state of its journal."""
    try:
        return _show_status(options) if options.status else _run(options)
    except (JournalInUseError, JournalMismatchError) as error:
        raise JournalError(str(error)) from error
    except ExtractionError as error:
        raise InputOutputError(str(error)) from error


def _show_status(options: ExtractOptions) -> ExitCode:
    status = journal_status(options.journal)
    for line in (status.to_json() if options.as_json else str(status)).splitlines():
        write_line(line)
    return ExitCode.COMPLETE


def _run(options: ExtractOptions) -> ExitCode:
    _check(options)
    prompt = _prompt(options)
    arguments = _arguments(options)
    target = options.model_class or ""
    row = load_type(target, option="--model-class")
    item_adapter(row, target)
    found = _documents(options)
    with real_endpoint(options.base_url, options.api_key, options.model or "") as endpoint:
        return asyncio.run(_extract(options, endpoint, row, prompt, arguments, found))


async def _extract(
    options: ExtractOptions,
    endpoint: Endpoint,
    row: Any,
    prompt: str,
    arguments: dict[str, Any],
    found: Iterator[Document],
) -> ExitCode:
    async with endpoint.client() as client:
        extraction = _extraction(options, client, row, prompt, arguments)

        def stop() -> None:
            extraction.stop()
            write_error("finishing the open documents; press Ctrl-C again to stop at once")

        ended = False
        try:
            with _messages(quiet=options.quiet):
                interrupted = await run_until_interrupted(
                    lambda: extraction.arun(
                        found,
                        retry_failed=options.retry_failed,
                        progress=not options.quiet,
                        total=_total(options),
                    ),
                    stop,
                )
            ended = True
        except LimitExceededError as error:
            raise EndpointError(_with_options(error.message), ExitCode.LIMIT) from error
        finally:
            summary = extraction.summary
            if ended or summary.documents:
                _show(options, summary, extraction.dead_letters)
    if interrupted:
        return ExitCode.INTERRUPTED
    rejected = summary.rejected if summary.job is None else summary.job.rejected
    return ExitCode.COMPLETE if summary.ok and not rejected else ExitCode.INVALID


def _show(options: ExtractOptions, summary: Summary, dead_letters: str) -> None:
    """Write the summary to standard output, and where the reasons are to standard error."""
    if options.as_json:
        write_line(summary.to_json())
    elif (console := terminal()) is not None:
        if not options.quiet:
            console.print()  # the last frame of the progress is above
        console.print(summary)
    else:
        for line in str(summary).splitlines():
            write_line(line)
    reasons = _reasons(summary)
    if reasons and not options.quiet:
        write_error(f"{reasons}; the reasons are in {dead_letters}")


def _reasons(summary: Summary) -> str:
    """Why not all rows of all documents are there, in this run and in earlier ones."""
    job = summary.job
    counts = (
        (summary.failed + summary.refused, "document", "failed"),
        (summary.failed_before, "document", "failed before"),
        (summary.rejected, "row", "rejected"),
        (0 if job is None else job.rejected - summary.rejected, "row", "rejected before"),
    )
    return ", ".join(f"{plural(count, of)} {what}" for count, of, what in counts if count > 0)


# -- the command line ----------------------------------------------------------------------


def _check(options: ExtractOptions) -> None:
    required = {
        "DOCUMENTS": options.documents,
        "--model": options.model,
        "--model-class": options.model_class,
        "--prompt or --prompt-file": options.prompt or options.prompt_file,
        "--sink": options.sink,
    }
    missing = [name for name, value in required.items() if not value]
    if missing:
        raise UsageError(f"missing: {', '.join(missing)}")
    if options.prompt is not None and options.prompt_file is not None:
        raise UsageError("--prompt and --prompt-file exclude each other")


def _prompt(options: ExtractOptions) -> str:
    if options.prompt_file is None:
        prompt, option = options.prompt or "", "--prompt"
    else:
        option = options.prompt_file
        try:
            prompt = Path(option).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputOutputError(f"cannot read {option}: {_reason(error)}") from error
    if "{text}" not in prompt:
        raise UsageError(f"{option} must contain {{text}}, where the document's text is inserted")
    names = metadata_names(prompt)
    # A pattern such as docs/* may match tables.
    if names and not any(map(_may_be_table, _sources(options))):
        raise UsageError(f"{option} has {{metadata.{names[0]}}}, but text files have no metadata")
    return prompt


def _may_be_table(source: str) -> bool:
    suffix = Path(source).suffix.lower()
    return not suffix or has_magic(suffix) or suffix in READERS


def _arguments(options: ExtractOptions) -> dict[str, Any]:
    """The arguments for the SDK; a value that is not JSON is a text."""
    found: dict[str, Any] = {}
    for argument in options.arguments or ():
        name, equals, value = argument.partition("=")
        if not (equals and name.isidentifier()):
            raise UsageError(f"--argument is NAME=VALUE, as in temperature=0, not {argument!r}")
        if name in OWN_ARGUMENTS or name in _INSTEAD:
            option = _INSTEAD.get(name, _option(name))
            raise UsageError(f"--argument {name} is not allowed: use {option}")
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found


def _extraction(
    options: ExtractOptions, client: AsyncClient, row: Any, prompt: str, arguments: dict[str, Any]
) -> Extraction[Any]:
    limits = (options.requests_per_minute, options.tokens_per_minute)
    try:
        if options.mode is not None:
            arguments["mode"] = resolve_mode(options.mode)
        return Extraction(
            client,
            row,
            prompt=prompt,
            journal=options.journal,
            model=options.model,
            many=not options.one,
            sink=options.sink,
            dead_letters=options.dead_letters,
            concurrency=options.concurrency,
            rate_limit=RateLimit(*limits) if any(limits) else None,
            max_retries=options.max_retries,
            max_cost=options.max_cost,
            on_restart=options.on_restart.value,
            commit=options.commit.value,
            endpoint=options.endpoint,
            **arguments,
        )
    except ModuleNotFoundError as error:
        raise UsageError(_with_options(str(error))) from error
    except (TypeError, ValueError, PydanticUserError) as error:
        raise UsageError(_with_options(str(error).partition("\n")[0])) from error


_INSTEAD: Final = {
    "client": "--base-url",
    "many": "--one",
    "messages": "--prompt",
    "rate_limit": "--requests-per-minute and --tokens-per-minute",
    "response_model": "--model-class",
}
"""Arguments of `Extraction` that have options of other names."""

_ARGUMENT: Final = re.compile(rf"\b({'|'.join(OWN_ARGUMENTS)})=(?:'(\w+)'|([\d.e+-]+))?")


def _option(argument: str) -> str:
    return f"--{argument.replace('_', '-')}"


def _with_options(message: str) -> str:
    """A message about arguments of `Extraction`, with the options that stand for them.

    Example:
        >>> _with_options("commit='row' needs a sink, and dead_letters= is the same")
        '--commit row needs a sink, and --dead-letters is the same'
    """

    def named(match: re.Match[str]) -> str:
        return " ".join(filter(None, (_option(match[1]), match[2], match[3])))

    return _ARGUMENT.sub(named, message)


# -- documents -----------------------------------------------------------------------------


def _sources(options: ExtractOptions) -> list[str]:
    """The files and patterns; a shell does not expand the `~` of those in quotes."""
    return [os.path.expanduser(source) for source in options.documents or ()]


def _documents(options: ExtractOptions) -> Iterator[Document]:
    """The documents of all files; the paths of text files are their ids."""
    try:
        # Each finds out now whether there are files.
        found = [
            documents(
                source,
                id=options.id_column,
                text=options.text_column,
                encoding=options.encoding,
                # With the folder of each pattern, a/1.txt and b/1.txt would have the same id.
                root=Path(source).anchor or ".",
            )
            for source in _sources(options)
        ]
    except LookupError as error:
        raise UsageError(f"--encoding: {error}") from error
    except ValueError as error:
        raise UsageError(str(error)) from error
    except OSError as error:
        raise InputOutputError(str(error)) from error
    return _readable(chain.from_iterable(found))


def _readable(found: Iterator[Document]) -> Iterator[Document]:
    """The documents; an error of their files ends the command with a message."""
    try:
        yield from found
    except ModuleNotFoundError as error:
        raise UsageError(str(error)) from error
    except ValueError as error:  # a table without these columns
        raise UsageError(str(error).replace("id= and text=", "--id and --text")) from error
    except OSError as error:
        raise InputOutputError(str(error)) from error


def _total(options: ExtractOptions) -> int | None:
    """How many documents there are; None if only reading them would tell."""
    if options.total is not None or options.quiet:
        return options.total
    total = 0
    for source in _sources(options):
        for file in matching_files(source):
            suffix = Path(file.path).suffix.lower()
            if suffix in (".jsonl", ".ndjson"):
                try:
                    with open(file.path, "rb") as lines:
                        total += sum(1 for line in lines if line.strip())
                except OSError:
                    total += 1  # a document that cannot be read
            elif suffix in READERS:
                return None
            else:
                total += 1
    return total


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)


# -- messages ------------------------------------------------------------------------------


class _Messages(logging.Handler):
    """Writes warnings to standard error, of many the first ones; failures with their reasons."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._count = 0

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self._count += 1
        if self._count <= MAX_FAILURES:
            write_error(_message(record))
        elif self._count == MAX_FAILURES + 1:
            write_error("further warnings are not shown; the dead letters have all reasons")


def _message(record: logging.LogRecord) -> str:
    """The message of a record; of a failed document with the reason, which is not logged."""
    for argument in record.args or ():
        if isinstance(argument, LoggedReason):
            return f"document {argument.failure.id!r} failed: {argument.failure.reason}"
    return record.getMessage()


@contextmanager
def _messages(*, quiet: bool) -> Generator[None]:
    """Show warnings of the package as messages of the command, unless it is to be quiet."""
    logger = logging.getLogger("partialstream")
    handler = logging.NullHandler() if quiet else _Messages()
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
