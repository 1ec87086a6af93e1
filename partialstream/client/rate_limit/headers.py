"""The limits of a server, as the headers of its responses tell them.

OpenAI's format, which most compatible servers have:

    x-ratelimit-limit-requests: 60          x-ratelimit-limit-tokens: 150000
    x-ratelimit-remaining-requests: 59      x-ratelimit-remaining-tokens: 149984
    x-ratelimit-reset-requests: 1s          x-ratelimit-reset-tokens: 6m0s

Anthropic's has the same for `anthropic-ratelimit-requests-` and `anthropic-ratelimit-tokens-`:
`limit`, `remaining`, and `reset` as a point in time (RFC 3339).
"""

from __future__ import annotations

import math
import re
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Unit = Literal["requests", "tokens"]

UNITS: Final[tuple[Unit, ...]] = ("requests", "tokens")

_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s|d)")
_DURATION = re.compile(rf"(?:{_PART.pattern})+")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@dataclass(frozen=True, slots=True)
class ServerLimit:
    """What a server says of one of its limits; None where it gives no figure."""

    limit: int | None = None
    remaining: int | None = None
    reset: float | None = None  # seconds

    @property
    def exhausted_for(self) -> float:
        """Seconds for which nothing is left; 0 if something is, or that is not known."""
        return self.reset or 0.0 if self.remaining == 0 else 0.0


def server_limit(headers: Mapping[str, str], unit: Unit) -> ServerLimit:
    """Read one limit from the headers of a response; what cannot be read was not said.

    Example:
        >>> server_limit({"x-ratelimit-remaining-tokens": "0",
        ...               "x-ratelimit-reset-tokens": "1m0.5s"}, "tokens").exhausted_for
        60.5
    """
    limit, remaining, reset = (
        headers.get(f"x-ratelimit-{what}-{unit}")
        or headers.get(f"anthropic-ratelimit-{unit}-{what}")
        for what in ("limit", "remaining", "reset")
    )
    return ServerLimit(
        _number(limit), _number(remaining), None if reset is None else _reset(reset, headers)
    )


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else None


def _reset(text: str, headers: Mapping[str, str]) -> float | None:
    """Seconds until a limit is reset: a duration, a number of seconds, or a point in time."""
    if _DURATION.fullmatch(text):
        return sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))
    try:
        return _sane(float(text))
    except ValueError:
        pass
    try:
        # Python 3.10 does not know the letter.
        until = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=timezone.utc)
    return _sane(until.timestamp() - _now_there(headers))


def _now_there(headers: Mapping[str, str]) -> float:
    """The time by the server's clock, which need not be ours."""
    try:
        return parsedate_to_datetime(headers["date"]).timestamp()
    except (KeyError, ValueError):
        return time.time()


def _sane(seconds: float) -> float | None:
    return max(0.0, seconds) if math.isfinite(seconds) else None
