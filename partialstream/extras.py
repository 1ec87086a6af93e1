"""Packages that come with an extra."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator


@contextmanager
def requires_extra(extra: str, what: str) -> Generator[None]:
    """Have imports name the extra that installs what is missing.

    Args:
        extra: The extra.
        what: What needs it, for the error.

    Raises:
        ModuleNotFoundError: A package that is imported in the block is not installed; the message
            names the package and the extra.

    Example:
        >>> with requires_extra("sql", "this sink"):
        ...     import no_such_package
        Traceback (most recent call last):
        ModuleNotFoundError: this sink needs no_such_package: pip install "partialstream[sql]"
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == __name__.partition(".")[0]:
            raise  # a module of ours, which no extra installs
        raise ModuleNotFoundError(
            f'{what} needs {error.name}: pip install "partialstream[{extra}]"', name=error.name
        ) from error
