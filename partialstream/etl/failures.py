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
    ProviderError,
    RetriesExhaustedError,
    format_path,
)
from partialstream.quoting import mask_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

_STATUSES: Final = (401, 403, 404)
"""Responses that every request would get: a wrong key, an unknown model."""

_CONNECTING: Final = ("ConnectError", "ConnectTimeout", "ClientConnectorError")
"""Errors of httpx and aiohttp without a connection, by name: neither has to be installed."""


def is_fatal(error: Exception) -> bool:
    """Whether every other document would fail in the same way, so that the run ends.

    Without a connection, too: an outage would mark the rest of the documents as failed.
    """
    if isinstance(error, LimitExceededError):
        return error.limit == "max_cost"
    status = getattr(error, "status_code", None)
    if status is None:
        status = getattr(error, "status", None)
    return status in _STATUSES or any(map(_is_of_connecting, _causes(error)))


def _is_of_connecting(error: BaseException) -> bool:
    if isinstance(error, (ConnectionRefusedError, socket.gaierror)):
        return True
    return any(kind.__name__ in _CONNECTING for kind in type(error).__mro__)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and its causes, the last one first."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__


def reason_of(error: Exception) -> str:
    """Why a row or a document failed, in one line where the library writes it."""
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
    # Of your own functions: the message of a KeyError is the key alone.
    return mask_keys(message if _is_known(error) else f"{name}: {message}")


def _is_known(error: Exception) -> bool:
    """Whether an error says by itself what it is about: ours, pydantic's and those of requests."""
    return isinstance(error, (PartialStreamError, ValidationError)) or is_of_request(error)


def is_of_request(error: BaseException | None) -> bool:
    """Whether a request that was sent has failed: errors of SDKs and HTTP libraries have it."""
    try:
        return isinstance(error, ProviderError) or getattr(error, "request", None) is not None
    except RuntimeError:  # httpx: it was not set
        return False


def rejection_of(error: Exception) -> OutputValidationError | None:
    """The error of the value that stayed invalid, if the response was complete otherwise."""
    cause = error.__cause__ if isinstance(error, RetriesExhaustedError) else error
    return cause if isinstance(cause, OutputValidationError) else None
