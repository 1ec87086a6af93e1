"""Text for terminals, and whether there is one."""

from __future__ import annotations

import re
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.console import Console

_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def printable(text: str) -> str:
    r"""One line of text, with control characters escaped: a terminal would act on them.

    Example:
        >>> print(printable("red: \x1b[31m, next\nline"))
        red: \x1b[31m, next\nline
    """
    return _CONTROLS.sub(lambda match: repr(match[0])[1:-1], text)


def terminal(*, stderr: bool = False) -> Console | None:
    """The terminal of standard output or standard error; None if it is a pipe or a dumb one.

    Raises:
        ModuleNotFoundError: rich is not installed.
    """
    stream = sys.stderr if stderr else sys.stdout
    console: Console = import_module("rich.console").Console(stderr=stderr)
    can_draw = console.is_terminal and not console.is_dumb_terminal
    # Environment variables make rich take a pipe for a terminal.
    return console if can_draw and stream is not None and stream.isatty() else None
