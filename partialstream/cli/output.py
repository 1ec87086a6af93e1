"""What the commands write, line by line, and the exit codes they end with."""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import suppress
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from partialstream.errors import (
    IncompleteStreamError,
    JSONSyntaxError,
    LimitExceededError,
    OutputValidationError,
    PartialStreamError,
    ProviderError,
    RefusalError,
    format_path,
)
from partialstream.terminal import printable

if TYPE_CHECKING:
    from collections.abc import Callable


class ExitCode(IntEnum):
    """How a command ended, and how `--help` explains it."""

    meaning: str

    def __new__(cls, value: int, meaning: str) -> ExitCode:
        """Keep the meaning beside the number."""
        code = int.__new__(cls, value)
        code._value_ = value
        code.meaning = meaning
        return code

    COMPLETE = 0, "complete"
    INVALID = 1, "complete, but items or the object are invalid, or documents failed"
    USAGE = 2, "wrong option or model, or an extra is not installed"
    MALFORMED = 3, "malformed: cannot become valid JSON, or is not valid UTF-8"
    INCOMPLETE = 4, "incomplete: truncated, empty, no JSON, disconnected, stalled"
    REFUSED = 5, "refused by the model, or stopped by a content filter"
    PROVIDER = 6, "the provider sent an error, or cannot be reached"
    LIMIT = 7, "a limit was exceeded"
    INPUT_OUTPUT = 8, "input cannot be read, or output cannot be written"
    JOURNAL = 9, "the journal is in use, or belongs to another job"
    # EX_SOFTWARE of sysexits.h; Python's own 1 means something here
    PROGRAM_ERROR = 70, "program error, here or in the model's code (with traceback)"
    INTERRUPTED = 130, "Ctrl-C"  # 128 + SIGINT, as shells report it
    READER_LEFT = 141, "the output was closed by its reader, as by: | head -1"  # 128 + SIGPIPE


_CODES: Final[dict[type[PartialStreamError], ExitCode]] = {
    OutputValidationError: ExitCode.INVALID,
    JSONSyntaxError: ExitCode.MALFORMED,
    IncompleteStreamError: ExitCode.INCOMPLETE,
    RefusalError: ExitCode.REFUSED,
    ProviderError: ExitCode.PROVIDER,
    LimitExceededError: ExitCode.LIMIT,
}


class CommandError(Exception):
    """Ends a command with a message and an exit code."""

    code: ExitCode


class UsageError(CommandError):
    """The command line asks for something that cannot be done."""

    code = ExitCode.USAGE


class InputOutputError(CommandError):
    """Standard input cannot be read, or standard output not written."""

    code = ExitCode.INPUT_OUTPUT


class JournalError(CommandError):
    """The journal is in use, or belongs to another job."""

    code = ExitCode.JOURNAL


class EndpointError(CommandError):
    """An endpoint was not reached, rejected a request, or its response is not as requested."""

    def __init__(self, message: str, code: ExitCode) -> None:
        super().__init__(message)
        self.code = code


def run(command: Callable[[], ExitCode]) -> ExitCode:
    """Run a command, and give the exit code of whatever it ends with."""
    try:
        return command()
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        leave_output()
        return ExitCode.READER_LEFT
    except CommandError as error:
        return _fail(str(error), error.code)
    except PartialStreamError as error:
        return _fail(message_of(error), code_of(error))
    except Exception:  # noqa: BLE001 - shown with its traceback; Python's own exit code is taken
        with suppress(OSError):
            traceback.print_exc()
        return ExitCode.PROGRAM_ERROR


def code_of(error: PartialStreamError) -> ExitCode:
    """The exit code for an error of a stream."""
    codes = (code for kind, code in _CODES.items() if isinstance(error, kind))
    return next(codes, ExitCode.PROGRAM_ERROR)


def help_table() -> str:
    """The exit codes for a help text, on lines that are not to be wrapped."""
    rows = (f"  {code:>3}  {code.meaning}" for code in ExitCode)
    return "\n".join(["\b", "Exit codes:", *rows])


def message_of(error: PartialStreamError) -> str:
    """One line for an error of a stream, its kind first."""
    if isinstance(error, JSONSyntaxError):
        return f"malformed: {error.message}"
    if isinstance(error, OutputValidationError) and isinstance(error.__cause__, ValidationError):
        return f"invalid: {reasons(error.__cause__)}; raw: {one_line(error.raw)}"
    if isinstance(error, IncompleteStreamError) and error.outcome is not None:
        return f"{error.outcome.status}: {error.message}"
    return error.message


def reasons(error: ValidationError) -> str:
    """Pydantic's messages on one line.

    Example:
        >>> from pydantic import TypeAdapter
        >>> try:
        ...     TypeAdapter(dict[str, list[int]]).validate_json('{"a": [1, "x"]}')
        ... except ValidationError as error:
        ...     print(reasons(error))
        a[1]: Input should be a valid integer, unable to parse string as an integer
    """
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(
        f"{format_path(each['loc'])}: {each['msg']}" if each["loc"] else each["msg"]
        for each in found
    )


def one_line(raw: str) -> str:
    """JSON text on one line, the same JSON: line ends stand between its values only."""
    return raw.replace("\r", "").replace("\n", " ")


def plural(count: int, of: str) -> str:
    """A count and what is counted."""
    return f"{count} {of}" if count == 1 else f"{count} {of}s"


def write_line(line: str | bytes) -> None:
    """Write a line to standard output, and flush it."""
    if sys.stdout is None:  # closed by whoever started us
        raise InputOutputError("there is no standard output")
    data = line.encode("utf-8", "replace") if isinstance(line, str) else line
    try:
        sys.stdout.buffer.write(data + b"\n")
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise InputOutputError(f"cannot write to standard output: {error.strerror}") from error


def write_error(line: str) -> None:
    """Write a line to standard error, after the program's name."""
    if sys.stderr is not None:  # print would take standard output in its place
        print(f"partialstream: {printable(line)}", file=sys.stderr, flush=True)


def leave_output() -> None:
    """Let go of standard output and standard error, where writing has failed.

    Otherwise the interpreter tries once more when it ends, and complains.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except OSError:
            with suppress(OSError):
                os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _fail(message: str, code: ExitCode) -> ExitCode:
    with suppress(OSError):
        write_error(message)
    leave_output()
    return code
