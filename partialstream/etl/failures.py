"""What an error means for a run: whether it ends all of it, and what the dead letters say."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from partialstream.client.prompts import errors_of
from partialstream.errors import (
    LimitExceededError,
    OutputValidationError,
    PartialStreamError,
    RetriesExhaustedError,
    format_path,
)
from partialstream.etl.prompting import PromptTypeError
from partialstream.quoting import mask_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

_STATUSES: Final = (401, 404)
"""Responses that every request would get: a wrong key, an unknown model."""

_OUT_OF_CREDIT: Final = "insufficient_quota"
"""The code with which OpenAI answers every request of an account without credit, as HTTP 429."""

_FORBIDDEN: Final = (402, 403)
"""What a single document may get, or every request; see `forbidden.py`."""

_CONNECTION_ERRORS: Final = ("ConnectError", "ConnectTimeout", "ClientConnectorError")
"""What httpx and aiohttp raise if they cannot connect; by name, as they need not be installed."""


def is_fatal(error: Exception) -> bool:
    """Whether every other document would fail in the same way, so that the run ends.

    This includes a prompt function that returns no prompt, an account without credit, and a failed
    connection: an outage must not mark all remaining documents as failed.
    """
    if isinstance(error, LimitExceededError):
        return error.limit == "max_cost"
    if isinstance(error, PromptTypeError):
        return True
    return _status_of(error) in _STATUSES or any(
        _is_connection_error(cause) or getattr(cause, "code", None) == _OUT_OF_CREDIT
        for cause in _causes(error)
    )


def is_forbidden(error: Exception) -> bool:
    """Whether a request was refused with HTTP 402 or 403."""
    return _status_of(error) in _FORBIDDEN


def _status_of(error: Exception) -> object:
    """The HTTP status of an error, by the names that SDKs have for it; None if there is none."""
    status = getattr(error, "status_code", None)
    return getattr(error, "status", None) if status is None else status


def _is_connection_error(error: BaseException) -> bool:
    if isinstance(error, (ConnectionRefusedError, socket.gaierror)):
        return True
    return any(kind.__name__ in _CONNECTION_ERRORS for kind in type(error).__mro__)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and its causes, the last one first."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__


def reason_of(error: Exception) -> str:
    """Why a row or a document failed, for the dead letters."""
    rejection = rejection_of(error)
    message = "; ".join(
        f"{format_path(path)}: {text}" if path else text
        for path, text in errors_of(rejection or error)
    )
    if isinstance(error, RetriesExhaustedError) and rejection is not None:
        message = f"not valid after {len(error.attempts)} requests: {message}"
    name = type(error).__name__
    if not message:
        return name
    return mask_keys(message if _is_clear(error) else f"{name}: {message}")


def _is_clear(error: Exception) -> bool:
    """Whether a message says enough without the error's class, unlike that of a `KeyError`."""
    return isinstance(error, (PartialStreamError, ValidationError)) or _has_request(error)


def _has_request(error: Exception) -> bool:
    """Whether an error is of a request that was sent: SDKs and HTTP libraries attach it."""
    try:
        return getattr(error, "request", None) is not None
    except RuntimeError:  # httpx: it was not set
        return False


def rejection_of(error: Exception) -> OutputValidationError | None:
    """The error of the value that stayed invalid, if that is all that was wrong."""
    cause = error.__cause__ if isinstance(error, RetriesExhaustedError) else error
    return cause if isinstance(cause, OutputValidationError) else None
