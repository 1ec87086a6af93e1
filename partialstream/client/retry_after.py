"""Whether and when a request may be made again, as the response says that rejects it."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final, cast

LONGEST_RETRY_AFTER: Final = 60.0
"""Seconds that are waited because a server asks for it. If it asks for more, the request is not
made again: before that it would be rejected, and a stream should not hang for so long."""


def retry_after(error: BaseException) -> float | None:
    """The seconds after which a server says that it may be asked again, None if it does not say.

    By `retry-after-ms` as OpenAI and Azure send it, else by `Retry-After`, as seconds or as an
    HTTP date; 0 for what is past. What is neither counts as nothing.

    Args:
        error: An SDK's error with the HTTP response, or ours with that as its `__cause__`.
    """
    headers = _headers_of(error) or _headers_of(error.__cause__)
    if headers is None:
        return None
    milliseconds = _number(headers.get("retry-after-ms"))
    seconds = _seconds(headers.get("retry-after")) if milliseconds is None else milliseconds / 1000
    return None if seconds is None else max(0.0, seconds)


def may_be_retried(error: BaseException) -> bool | None:
    """Whether a server says that a request may be made again, None if it does not say.

    By `x-should-retry`, which the SDKs of OpenAI and Anthropic obey.
    """
    headers = _headers_of(error) or _headers_of(error.__cause__)
    said = "" if headers is None else str(headers.get("x-should-retry"))
    return {"true": True, "false": False}.get(said)


def _headers_of(error: BaseException | None) -> Any:
    """The headers of the HTTP response that an error came with, None if that is not known."""
    response: Any = getattr(error, "response", None)
    if isinstance(response, Mapping):  # botocore's, with names in lower case
        about: Any = cast("Mapping[str, Any]", response).get("ResponseMetadata")
        response = cast("Mapping[str, Any]", about) if isinstance(about, Mapping) else {}
        headers: Any = response.get("HTTPHeaders")
    else:
        headers = getattr(response, "headers", None)
    return headers if callable(getattr(headers, "get", None)) else None


def _seconds(said: Any) -> float | None:
    seconds = _number(said)
    if seconds is not None or not isinstance(said, str):
        return seconds
    try:
        return parsedate_to_datetime(said).timestamp() - time.time()
    except (ValueError, OverflowError, OSError):  # no date, or none that the clock knows
        return None


def _number(said: Any) -> float | None:
    try:
        number = float(said) if isinstance(said, str) else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None
