"""Names and values by OpenTelemetry's GenAI conventions, and our own names.

The conventions: https://github.com/open-telemetry/semantic-conventions-genai
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from partialstream.errors import IncompleteStreamError, ProviderError, RefusalError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from partialstream.deltas import AnswerMetadata
    from partialstream.stream.observer import AttemptStart
    from partialstream.usage import Usage

Value = str | bool | int | float | list[str]
Attributes = dict[str, Value]

PROVIDER: Final = "gen_ai.provider.name"
OPERATION: Final = "gen_ai.operation.name"
REQUEST_MODEL: Final = "gen_ai.request.model"
RESPONSE_MODEL: Final = "gen_ai.response.model"
TIME_TO_FIRST_CHUNK: Final = "gen_ai.response.time_to_first_chunk"
ERROR_TYPE: Final = "error.type"
SERVER_ADDRESS: Final = "server.address"
SERVER_PORT: Final = "server.port"

ATTEMPT: Final = "partialstream.attempt"
CAUSE: Final = "partialstream.cause"
OUTCOME: Final = "partialstream.outcome"
ITEMS: Final = "partialstream.items"
REJECTED: Final = "partialstream.rejected"
ATTEMPTS: Final = "partialstream.attempts"
TIME_TO_FIRST_ITEM: Final = "partialstream.time_to_first_item"
WAIT: Final = "partialstream.wait"

# Arguments of the SDKs, by their names there. Of several with the same meaning, the first counts.
_NUMBERS: Final = (
    ("temperature", "gen_ai.request.temperature", float),
    ("top_p", "gen_ai.request.top_p", float),
    ("top_k", "gen_ai.request.top_k", int),
    ("frequency_penalty", "gen_ai.request.frequency_penalty", float),
    ("presence_penalty", "gen_ai.request.presence_penalty", float),
    ("max_completion_tokens", "gen_ai.request.max_tokens", int),
    ("max_output_tokens", "gen_ai.request.max_tokens", int),
    ("max_tokens", "gen_ai.request.max_tokens", int),
    ("seed", "gen_ai.request.seed", int),
)


def of_request(start: AttemptStart) -> Attributes:
    """What is known of a request before it is sent."""
    arguments = start.target.arguments
    found = of_target(start)
    found["gen_ai.output.type"] = "json"
    if start.streamed:
        found["gen_ai.request.stream"] = True
    for argument, name, kind in _NUMBERS:
        value = arguments.get(argument)
        if name not in found and isinstance(value, (int, float)) and not isinstance(value, bool):
            found[name] = kind(value)
    choices = arguments.get("n")
    if isinstance(choices, int) and choices != 1:
        found["gen_ai.request.choice.count"] = choices
    stops: Any = arguments.get("stop", arguments.get("stop_sequences"))
    if isinstance(stops, str):
        stops = [stops]
    if isinstance(stops, (list, tuple)):
        sequences = [each for each in cast("list[Any]", stops) if isinstance(each, str)]
        found["gen_ai.request.stop_sequences"] = sequences
    found[ATTEMPT] = start.number
    found[CAUSE] = start.cause
    return found


def of_target(start: AttemptStart) -> Attributes:
    """Who is asked for what: these are the attributes of metrics, too."""
    found: Attributes = {OPERATION: start.target.operation}
    if start.provider is not None:
        found[PROVIDER] = start.provider
    if start.model is not None:
        found[REQUEST_MODEL] = start.model
    if start.target.server is not None:
        found[SERVER_ADDRESS], found[SERVER_PORT] = start.target.server
    return found


def of_response(metadata: AnswerMetadata) -> Attributes:
    """What a response says of itself."""
    found: Attributes = {}
    if metadata.model:
        found[RESPONSE_MODEL] = metadata.model
    if metadata.request_id:
        found["gen_ai.response.id"] = metadata.request_id
    if metadata.finish_reason:
        found["gen_ai.response.finish_reasons"] = [metadata.finish_reason]
    return found


def of_usage(usage: Usage | None) -> Mapping[str, int]:
    """The tokens that a provider has reported; estimates are not among them."""
    if usage is None:
        return {}
    counts = {
        "gen_ai.usage.input_tokens": usage.input_tokens,
        "gen_ai.usage.output_tokens": usage.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": usage.cached_tokens,
        "gen_ai.usage.reasoning.output_tokens": usage.reasoning_tokens,
    }
    return {name: count for name, count in counts.items() if count}


def error_type(error: BaseException) -> str:
    """A short name for an error: one of few, and none of its text.

    The HTTP status that a server has rejected a request with, the outcome of a response that is
    not complete, else the name of the exception's class.

    Example:
        >>> from partialstream.results import Outcome
        >>> error_type(IncompleteStreamError.of(Outcome("truncated"))), error_type(KeyError("x"))
        ('truncated', 'KeyError')
    """
    status: object = getattr(error, "status_code", None)
    if isinstance(error, ProviderError):
        status = error.status
    if isinstance(status, int):
        return str(status)
    if isinstance(error, (IncompleteStreamError, RefusalError)) and error.outcome is not None:
        return error.outcome.status
    return type(error).__name__
