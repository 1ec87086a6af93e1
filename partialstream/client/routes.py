"""Where the requests of a call go: an endpoint, and what builds the requests for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from partialstream.client.endpoints.base import Endpoint, RequestBuilder
    from partialstream.client.hooks import Hooks


class Route(NamedTuple):
    """One endpoint of a call."""

    builder: RequestBuilder  # builds the call's requests for it
    endpoint: Endpoint | None = None  # None where requests are sent by other means
    hooks: Hooks | None = None  # the handlers of its client, for the requests that are sent to it
