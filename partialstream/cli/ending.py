"""How a command ends: a message, if there is something to say, and an exit code."""

from __future__ import annotations

import traceback
from contextlib import suppress
from typing import TYPE_CHECKING

from pydantic import ValidationError

from partialstream.cli.exit_codes import ExitCode, code_of
from partialstream.cli.output import InputOutputError, leave_output, write_error
from partialstream.errors import (
    IncompleteStreamError,
    JSONSyntaxError,
    OutputValidationError,
    PartialStreamError,
    format_path,
)

if TYPE_CHECKING:
    from collections.abc import Callable


class UsageError(Exception):
    """What was asked for on the command line cannot be done."""


def run(command: Callable[[], ExitCode]) -> ExitCode:
    """Run a command; whatever becomes of it, the exit code tells.

    Args:
        command: Does the work, and has cleaned up when it returns or raises.
    """
    try:
        return command()
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        leave_output()
        return ExitCode.READER_LEFT
    except UsageError as error:
        return _tell(str(error), ExitCode.USAGE)
    except InputOutputError as error:
        return _tell(str(error), ExitCode.INPUT_OUTPUT)
    except PartialStreamError as error:
        return _tell(message_of(error), code_of(error))
    except Exception:  # noqa: BLE001 - shown whole; Python's own exit code for it is taken
        with suppress(OSError):
            traceback.print_exc()
        return ExitCode.PROGRAM_ERROR


def _tell(message: str, code: ExitCode) -> ExitCode:
    with suppress(OSError):
        write_error(message)
    leave_output()
    return code


def message_of(error: PartialStreamError) -> str:
    """One line for an error of a stream, its kind first."""
    if isinstance(error, JSONSyntaxError):
        return f"malformed: {error}"
    if isinstance(error, OutputValidationError) and isinstance(error.__cause__, ValidationError):
        return f"invalid: {reasons(error.__cause__)}; raw: {one_line(error.raw)}"
    if isinstance(error, IncompleteStreamError) and error.outcome is not None:
        return f"{error.outcome.status}: {error}"
    return str(error)


def reasons(error: ValidationError) -> str:
    """What pydantic says of a value, on one line.

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
    r"""JSON text on one line, the same JSON: line ends stand between its values only.

    Example:
        >>> one_line('{\n"a": 1}')
        '{ "a": 1}'
    """
    return raw.replace("\r", "").replace("\n", " ")
