"""Packages that come with an extra."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def import_extra(module: str, extra: str, what: str) -> Any:
    """Import a module.

    Args:
        module: Its name.
        extra: The extra that installs it.
        what: What needs it, for the error.

    Raises:
        ModuleNotFoundError: It is not installed; the message names the extra.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f'{what} needs {error.name}: pip install "partialstream[{extra}]"', name=error.name
        ) from error
