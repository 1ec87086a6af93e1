"""From what a language model streams to validated Pydantic objects, as early as possible.

    chunks ─────► sources ──────► engine ─────────► validation ──────► stream
    (SDK objects,  (texts and     (where the JSON    (pydantic, each    (items, snapshots,
     dicts, SSE     metadata of    is; items cut      item and each      outcome, usage,
     bytes, text)   each wire      out unread;        complete value     timing; closes the
                    format)        growing values)    once)              response)

`client` makes the request before that, and `telemetry` shows what becomes of it; `web` sends it on
to browsers, `etl` extracts rows from many documents; `testing` plays the provider, `cli`
is the command line. `errors`, `results`, `deltas`, `usage`, `prices`, `limits`, `quoting`,
`spelling`, `extras` and `terminal` are what all of them share. Each package begins with a map of
its files.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from partialstream.client import (
        AsyncClient,
        Client,
        Mode,
        Partial,
        RateLimit,
        from_instructor,
        from_openai,
        from_provider,
    )
    from partialstream.client.hooks import Hooks
    from partialstream.client.prompts import Prompts
    from partialstream.deltas import AnswerMetadata, Token
    from partialstream.engine.changes import Change
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
        Confidence,
        Item,
        Outcome,
        RejectedItem,
        Span,
        Timing,
    )
    from partialstream.stream.aio import (
        AsyncItemStream,
        AsyncPartialStream,
        astream_items,
        astream_partial,
    )
    from partialstream.stream.confidence import confidence
    from partialstream.stream.events import (
        AttemptFailed,
        AttemptStarted,
        Finished,
        ItemRejected,
        ItemRepaired,
        Resumed,
        Snapshot,
        TextDelta,
        WordWatch,
    )
    from partialstream.stream.sync import ItemStream, PartialStream, stream_items, stream_partial
    from partialstream.usage import Usage
    from partialstream.validation.items import ItemParser
    from partialstream.validation.markers import Atomic, Gate, Quote
    from partialstream.validation.partials import PartialParser
    from partialstream.validation.paths import completeness

__all__ = [
    "AnswerMetadata",
    "AsyncClient",
    "AsyncItemStream",
    "AsyncPartialStream",
    "Atomic",
    "Attempt",
    "AttemptFailed",
    "AttemptStarted",
    "Change",
    "Client",
    "Confidence",
    "Finished",
    "Gate",
    "Hooks",
    "IncompleteStreamError",
    "Item",
    "ItemParser",
    "ItemRejected",
    "ItemRepaired",
    "ItemStream",
    "JSONSyntaxError",
    "LimitExceededError",
    "Limits",
    "Mode",
    "Outcome",
    "OutputValidationError",
    "Partial",
    "PartialParser",
    "PartialStream",
    "PartialStreamError",
    "Prompts",
    "ProviderError",
    "Quote",
    "RateLimit",
    "RefusalError",
    "RejectedItem",
    "Resumed",
    "RetriesExhaustedError",
    "Snapshot",
    "Span",
    "TextDelta",
    "Timing",
    "Token",
    "Usage",
    "WordWatch",
    "astream_items",
    "astream_partial",
    "completeness",
    "confidence",
    "from_instructor",
    "from_openai",
    "from_provider",
    "stream_items",
    "stream_partial",
]

__version__ = "0.1.0"

_HOMES = {
    # Where each name is defined. A name is loaded when it is first used, so that whoever only
    # parses does not wait for the client, nor a sync program for the async half.
    "client": (
        "AsyncClient",
        "Client",
        "Mode",
        "Partial",
        "RateLimit",
        "from_instructor",
        "from_openai",
        "from_provider",
    ),
    "client.hooks": ("Hooks",),
    "client.prompts": ("Prompts",),
    "engine.changes": ("Change",),
    "deltas": ("AnswerMetadata", "Token"),
    "errors": (
        "IncompleteStreamError",
        "JSONSyntaxError",
        "LimitExceededError",
        "OutputValidationError",
        "PartialStreamError",
        "ProviderError",
        "RefusalError",
        "RetriesExhaustedError",
    ),
    "limits": ("Limits",),
    "results": (
        "Attempt",
        "Confidence",
        "Item",
        "Outcome",
        "RejectedItem",
        "Span",
        "Timing",
    ),
    "stream.aio": ("AsyncItemStream", "AsyncPartialStream", "astream_items", "astream_partial"),
    "stream.confidence": ("confidence",),
    "stream.events": (
        "AttemptFailed",
        "AttemptStarted",
        "Finished",
        "ItemRejected",
        "ItemRepaired",
        "Resumed",
        "Snapshot",
        "TextDelta",
        "WordWatch",
    ),
    "stream.sync": ("ItemStream", "PartialStream", "stream_items", "stream_partial"),
    "usage": ("Usage",),
    "validation.paths": ("completeness",),
    "validation.items": ("ItemParser",),
    "validation.markers": ("Atomic", "Gate", "Quote"),
    "validation.partials": ("PartialParser",),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            from importlib import import_module

            value = getattr(import_module(f"{__name__}.{home}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
