"""The exit codes of the commands."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from partialstream.errors import (
    IncompleteStreamError,
    JSONSyntaxError,
    LimitExceededError,
    OutputValidationError,
    PartialStreamError,
    ProviderError,
    RefusalError,
)


class ExitCode(IntEnum):
    """How a command ended; the table is in `partialstream.cli`."""

    COMPLETE = 0
    INVALID = 1
    USAGE = 2
    MALFORMED = 3
    INCOMPLETE = 4
    REFUSED = 5
    PROVIDER = 6
    LIMIT = 7
    INPUT_OUTPUT = 8
    PROGRAM_ERROR = 70  # EX_SOFTWARE of sysexits.h; Python's own 1 means something here
    INTERRUPTED = 130  # 128 + SIGINT, as shells report it
    READER_LEFT = 141  # 128 + SIGPIPE, as shells report it


MEANINGS: Final = {
    ExitCode.COMPLETE: "complete",
    ExitCode.INVALID: "complete, but some items are invalid; or the object is",
    ExitCode.USAGE: "wrong option or model, or an extra is not installed",
    ExitCode.MALFORMED: "malformed: cannot become valid JSON, or is no UTF-8",
    ExitCode.INCOMPLETE: "incomplete: truncated, empty, no JSON, disconnected, stalled",
    ExitCode.REFUSED: "refused by the model, or stopped by a content filter",
    ExitCode.PROVIDER: "the provider sent an error, or cannot be reached",
    ExitCode.LIMIT: "one of the limits was reached",
    ExitCode.INPUT_OUTPUT: "input cannot be read, or output not written",
    ExitCode.PROGRAM_ERROR: "program error, here or in the model's code (with traceback)",
    ExitCode.INTERRUPTED: "Ctrl-C",
    ExitCode.READER_LEFT: "the reader of the output has left, as in: | head -1",
}
"""What is said of them in `--help`."""

_CODES: Final[dict[type[PartialStreamError], ExitCode]] = {
    OutputValidationError: ExitCode.INVALID,
    JSONSyntaxError: ExitCode.MALFORMED,
    IncompleteStreamError: ExitCode.INCOMPLETE,
    RefusalError: ExitCode.REFUSED,
    ProviderError: ExitCode.PROVIDER,
    LimitExceededError: ExitCode.LIMIT,
}


def code_of(error: PartialStreamError) -> ExitCode:
    """The exit code for an error of a stream.

    Example:
        >>> code_of(RefusalError("no")).name
        'REFUSED'
    """
    for kind, code in _CODES.items():
        if isinstance(error, kind):
            return code
    return ExitCode.PROGRAM_ERROR


def help_table() -> str:
    """The exit codes for a help text, on lines that are not to be wrapped."""
    rows = (f"  {code:>3}  {text}" for code, text in MEANINGS.items())
    return "\n".join(["\b", "Exit codes:", *rows])
