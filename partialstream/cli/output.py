"""What the commands write: lines, each on its way when the call returns."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress

# A terminal acts on these, and a model's text must not steer anybody's terminal.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class InputOutputError(Exception):
    """Standard input cannot be read, or standard output not written."""


def write_line(line: str | bytes) -> None:
    """Write a line to standard output, and do not hold it back.

    Raises:
        BrokenPipeError: Nobody reads any more.
        InputOutputError: It cannot be written.
    """
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
    """Write a line to standard error, after the program's name.

    Raises:
        BrokenPipeError: Nobody reads any more.
    """
    if sys.stderr is not None:  # print would take standard output in its place
        print(f"partialstream: {printable(line)}", file=sys.stderr, flush=True)


def printable(text: str) -> str:
    r"""Make one line of a text that may hold anything.

    Example:
        >>> printable("a\x1b[31m\nb")
        'a\\x1b[31m\\nb'
    """
    return _CONTROLS.sub(lambda match: repr(match[0])[1:-1], text)


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
