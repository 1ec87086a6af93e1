"""From what a language model streams to validated Pydantic objects, as early as possible.

    chunks ─────► sources ──────► engine ─────────► validation ──────► stream
    (SDK objects,  (texts and     (where the JSON    (pydantic, each    (items, snapshots,
     dicts, SSE     metadata of    is; items cut      item and each      outcome, usage,
     bytes, text)   each wire      out unread;        complete value     timing; closes the
                    format)        growing values)    once)              response)

`client` makes the request before that. `testing` plays the provider.
"""

from typing import TYPE_CHECKING, Any

from partialstream.errors import (
    IncompleteStreamError,
    JSONSyntaxError,
    LimitExceededError,
    OutputValidationError,
    PartialStreamError,
    ProviderError,
    RefusalError,
    RetriesExhaustedError,
)
from partialstream.limits import Limits
from partialstream.results import (
    Attempt,
    Item,
    Outcome,
    RejectedItem,
    Timing,
    Usage,
)
from partialstream.stream.aio import (
    AsyncItemStream,
    AsyncPartialStream,
    astream_items,
    astream_partial,
)
from partialstream.stream.events import Finished, ItemRejected, Snapshot, TextDelta
from partialstream.stream.sync import ItemStream, PartialStream, stream_items, stream_partial
from partialstream.validation.completeness import completeness
from partialstream.validation.items import ItemParser
from partialstream.validation.markers import Atomic, Gate
from partialstream.validation.partials import PartialParser

if TYPE_CHECKING:
    from partialstream.client import AsyncClient, Client, Partial, from_openai

__all__ = [
    "AsyncClient",
    "AsyncItemStream",
    "AsyncPartialStream",
    "Atomic",
    "Attempt",
    "Client",
    "Finished",
    "Gate",
    "IncompleteStreamError",
    "Item",
    "ItemParser",
    "ItemRejected",
    "ItemStream",
    "JSONSyntaxError",
    "LimitExceededError",
    "Limits",
    "Outcome",
    "OutputValidationError",
    "Partial",
    "PartialParser",
    "PartialStream",
    "PartialStreamError",
    "ProviderError",
    "RefusalError",
    "RejectedItem",
    "RetriesExhaustedError",
    "Snapshot",
    "TextDelta",
    "Timing",
    "Usage",
    "astream_items",
    "astream_partial",
    "completeness",
    "from_openai",
    "stream_items",
    "stream_partial",
]

__version__ = "0.1.0"

_OF_CLIENT = frozenset({"AsyncClient", "Client", "Partial", "from_openai"})


def __getattr__(name: str) -> Any:
    """Load the client on first use: whoever has a stream already does not need it."""
    if name in _OF_CLIENT:
        import partialstream.client

        return getattr(partialstream.client, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
