"""The requests of a replay server, and how much of each response it has sent."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

REDACTED = "[redacted]"

_CREDENTIALS = frozenset(
    {
        "api-key",
        "authorization",
        "cookie",
        "proxy-authorization",
        "x-amz-security-token",
        "x-api-key",
        "x-goog-api-key",
    }
)


def redact(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Give the headers by their names in lower case, without credentials.

    Example:
        >>> redact([("Authorization", "Bearer abc"), ("Accept", "*/*")])
        {'authorization': '[redacted]', 'accept': '*/*'}
    """
    return {
        name.lower(): REDACTED if name.lower() in _CREDENTIALS else value for name, value in headers
    }


@dataclass(slots=True, eq=False)
class ReplayRequest:
    """A request that a `ReplayServer` has received.

    The server's thread goes on writing to it while the answer is sent; any thread may read. What
    it counts and how the request ended are final once `wait_finished` or `wait_hung_up` returns:
    a client may have read a delta before it is counted.

    Attributes:
        number: 1 for the server's first request.
        method: `POST`.
        path: The path without its query, which may hold a credential.
        headers: By their names in lower case; credentials read `[redacted]`.
        body: The JSON body.
        received_at: When it had arrived, by `time.perf_counter`.
        deltas_planned: Deltas that go out if the client stays, up to a fault that ends them; 0
            until the answer is known.
        deltas_sent: Deltas that have gone out whole.
        bytes_sent: Bytes of the answer's body that have gone out.
        finished: Whether everything scripted has been sent, a fault included. The client may
            not have read it yet: without a pace, an answer has gone out before a client can look
            at its first delta.
        hung_up: Whether the client closed the connection before that.
        hung_up_at: When it did so, by `time.perf_counter`; None if it did not.
    """

    number: int
    method: str
    path: str
    headers: dict[str, str]
    body: Any
    received_at: float
    deltas_planned: int = 0
    deltas_sent: int = 0
    bytes_sent: int = 0
    finished: bool = False
    hung_up: bool = False
    hung_up_at: float | None = None
    _over: threading.Event = field(default_factory=threading.Event, repr=False)

    def wait_finished(self, timeout: float = 5.0) -> bool:
        """Wait until the answer has gone out.

        Args:
            timeout: How long to wait at most, in seconds.

        Returns:
            Whether it has; False at once if the client hung up or the server was closed.
        """
        self._over.wait(timeout)
        return self.finished

    def wait_hung_up(self, timeout: float = 5.0) -> bool:
        """Wait until the client hangs up.

        Args:
            timeout: How long to wait at most, in seconds.

        Returns:
            Whether it did; False at once if the answer went out whole or the server was closed.
        """
        self._over.wait(timeout)
        return self.hung_up

    def mark_over(self, *, finished: bool) -> None:
        """Note that nothing more will be sent, and wake waiting threads. The server calls this."""
        self.finished = finished
        self._over.set()
