"""An instructor client: every provider and mode that instructor knows.

instructor shapes the requests and sends them; their responses are captured (`capture.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from typing_extensions import override

from partialstream.client.endpoints.base import (
    FullResponse,
    RequestBuilder,
    Sending,
    body_of,
    model_in,
)
from partialstream.client.endpoints.capture import (
    AsyncCapturedChunks,
    CapturedChunks,
    CapturedResponse,
    capturing_model,
    path_for,
    tool_name_for,
)
from partialstream.client.endpoints.instructor_errors import exhausted_class
from partialstream.client.endpoints.providers import path_of, provider_of_instructor, server_of
from partialstream.client.endpoints.watched import (
    is_instrumented,
    is_stream_instrumented,
    watched_chunks,
)
from partialstream.client.hooks import Hooks
from partialstream.client.sdk_arguments import arguments_of
from partialstream.limits import DEFAULT_LIMITS
from partialstream.stream.observer import Target
from partialstream.stream.reader import Expected
from partialstream.stream.steps import resolved

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from partialstream.client.options.options import Options
    from partialstream.client.rate_limit import RateLimit
    from partialstream.client.response_model import ResponseShape
    from partialstream.errors import RetriesExhaustedError
    from partialstream.results import Attempt, Outcome, Path
    from partialstream.stream.steps import Steps

# Their tool modes ask for JSON in the content.
_TOOLS_AS_CONTENT = frozenset({"cohere"})

# What instructor passes on to Google's SDKs as it is.
_MODEL_ROLES = {"genai": "model", "vertexai": "model"}

# -- sending -------------------------------------------------------------------------------


class InstructorEndpoint:
    """Sends through an `Instructor` or `AsyncInstructor`; see `Endpoint`.

    `client` stays the caller's to close; `templates` is for calls that do not say.
    """

    def __init__(
        self, client: Any, *, templates: bool = True, rate_limit: RateLimit | None = None
    ) -> None:
        self._client = client
        self.templates = templates
        self.hooks: Any = client.hooks
        self.rate_limit = rate_limit
        self.provider = provider_of_instructor(client)

    def request_builder(
        self, shape: ResponseShape, options: Options, kwargs: Mapping[str, Any], *, stream: bool
    ) -> InstructorRequestBuilder:
        """Prepare a call; see `Endpoint`."""
        return InstructorRequestBuilder(
            self._client, shape, options, kwargs, stream=stream, templates=self.templates
        )

    def target(self, request: InstructorRequest) -> Target:
        """Where a request goes, and what it asks; see `Endpoint`."""
        google = self.provider.startswith("gcp.") and not _is_openai(self._client.client)
        operation = "generate_content" if google else "chat"
        client = self._client.client
        traced = False
        if _takes_timeout(client):
            resource = client.messages if hasattr(client, "messages") else client.chat.completions
            traced = is_instrumented(client, resource)
        return Target(
            operation, server_of(client), request.arguments, path_of(client), traced=traced
        )

    @contextmanager
    def _capturing(
        self, request: InstructorRequest, sending: Sending
    ) -> Generator[tuple[CapturedResponse, dict[str, Any]], None, None]:
        """Captures a response: gives what it comes into, and the arguments for instructor.

        Raises:
            TypeError: There was none to capture.
        """
        captured = CapturedResponse()
        try:
            yield captured, self._arguments(request, captured, sending)
        except Exception as error:
            # What instructor thinks of a response does not matter: it is read here. An error of
            # the SDK is raised as it is, and not as instructor wraps it.
            cause = error.__cause__
            if not captured and type(error).__name__ == "InstructorRetryException" and cause:
                raise cause from cause.__cause__
            if not captured:
                raise
        if not captured:
            raise TypeError(
                "instructor asks this provider in a way that leaves no response to read"
            )

    def _arguments(
        self, request: InstructorRequest, captured: CapturedResponse, sending: Sending
    ) -> dict[str, Any]:
        """The arguments for instructor, whose own hooks show what it makes of them."""

        def keep(response: Any) -> None:
            captured.response = response
            if sending.on_response is not None:
                sending.on_response(getattr(response, "response", None))  # of an SDK's stream
            sending.hooks.emit("completion:response", response)

        watching = Hooks()
        watching.on("completion:kwargs", partial(sending.hooks.emit, "completion:kwargs"))
        watching.on("completion:response", keep)
        model = request.response_model(captured)
        arguments = {**request.arguments, "response_model": model, "hooks": watching}
        if sending.deadline is not None and _takes_timeout(self._client.client):
            timeout = arguments.get("timeout")
            left = sending.deadline.left()
            arguments["timeout"] = min(timeout, left) if isinstance(timeout, (int, float)) else left
        return arguments

    def send(self, request: InstructorRequest, sending: Sending) -> Steps[Any]:
        """Send a request; gives the chunks of its response."""
        with self._capturing(request, sending) as (captured, arguments):
            yield from resolved(self._client.create_fn(**arguments))
        read = "aiter_bytes" if sending.asynchronous else "iter_bytes"
        response = captured.http_response(read, request.idle_seconds)
        known = response is not None and _takes_timeout(self._client.client)
        if known and is_stream_instrumented(captured.response):
            return (yield from watched_chunks(captured.response, sending))
        if response is not None:
            return body_of(response, sending)
        chunks = AsyncCapturedChunks if sending.asynchronous else CapturedChunks
        return chunks(captured, as_tool=request.as_tool)

    def send_full(self, request: InstructorRequest, sending: Sending) -> Steps[FullResponse]:
        """Send a request whose response is not streamed."""
        with self._capturing(request, sending) as (captured, arguments):
            yield from resolved(self._client.create_fn(**arguments))
        return captured.full()


def _takes_timeout(client: Any) -> bool:
    """Whether the methods of an SDK's client take `timeout` in seconds."""
    return type(client).__module__.partition(".")[0] in ("anthropic", "groq", "openai")


# -- building requests ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InstructorRequest:
    """A request before instructor has shaped it."""

    arguments: dict[str, Any]  # for instructor's `create`, all but the response model
    response_model: Callable[[CapturedResponse], Any]  # makes that
    as_tool: bool  # whether the JSON is to come as the arguments of a tool call
    idle_seconds: float  # how long to wait for the next bytes


class InstructorRequestBuilder(RequestBuilder):
    """Builds the requests of one call through instructor.

    A follow-up is two more messages, the model's words and ours, whatever the mode: instructor
    turns these into every provider's form.

    `kwargs` is what the caller passes on; `templates` is the client's, for calls that do not say.

    Raises:
        TypeError: The arguments contradict each other.
    """

    request: InstructorRequest

    def __init__(
        self,
        client: Any,
        shape: ResponseShape,
        options: Options,
        kwargs: Mapping[str, Any],
        *,
        stream: bool,
        templates: bool = True,
    ) -> None:
        if options.mode is not None:
            raise TypeError("mode= belongs to instructor's client; give it where that is made")
        mode: str = client.mode.name
        self._parallel = mode.endswith("PARALLEL_TOOLS")
        if self._parallel and shape.kind != "items":
            raise TypeError(f"mode {mode} gives items; ask for Iterable[...], or use another mode")
        provider = str(getattr(client.provider, "value", client.provider))
        as_content = provider in _TOOLS_AS_CONTENT
        self._as_tool = ("TOOLS" in mode or mode == "FUNCTIONS") and not as_content
        self._model_role = _MODEL_ROLES.get(provider, "assistant")
        self.shape = shape
        self._limits = options.limits or DEFAULT_LIMITS
        if options.templates is not None:
            templates = options.templates
        context = options.context if templates else None
        self._arguments = _arguments(client, mode, context, kwargs, stream)
        self.model = model_in(self._arguments)
        self._templates = bool(self._arguments["context"])
        self.path: Path = path_for(shape, parallel=self._parallel)
        # No place of the list is expected: no provider is held to it.
        tool = tool_name_for(shape) if mode == "TOOLS" else None
        self.expected = Expected("tool", tool) if self._as_tool else Expected("content")
        self.request = self._request(self._arguments["messages"], ())

    @override
    def exhausted(
        self,
        message: str,
        *,
        attempts: Sequence[Attempt],
        outcome: Outcome | None,
        request: Any,
        failures: Sequence[tuple[int, Exception]],
        completion: Any,
    ) -> RetriesExhaustedError:
        from instructor.core.exceptions import FailedAttempt

        error: Any = exhausted_class()(message, attempts=attempts, outcome=outcome)
        # By a fallback it may be the request of another endpoint.
        arguments = {**arguments_of(request)}
        error.n_attempts = len(attempts)
        error.last_completion = completion
        error.create_kwargs, error.messages = arguments, arguments.get("messages")
        last = failures[-1][0] if failures else 0
        error.failed_attempts = [
            FailedAttempt(number, failure, completion if number == last else None)
            for number, failure in failures
        ]
        exhausted: RetriesExhaustedError = error
        return exhausted

    @override
    def follow_up(
        self,
        said: str | None,
        instruction: str,
        carried: Sequence[str],
        beside: str | None = None,
    ) -> InstructorRequest:
        more = [] if said is None else [{"role": self._model_role, "content": said}]
        more.append({"role": "user", "content": instruction})
        if self._templates:
            more = [{**each, "content": escape_template(each["content"])} for each in more]
        return self._request([*self._arguments["messages"], *more], carried, beside)

    def _request(
        self, messages: list[Any], carried: Sequence[str], beside: str | None = None
    ) -> InstructorRequest:
        model = partial(
            capturing_model, self.shape, parallel=self._parallel, carried=carried, beside=beside
        )
        return InstructorRequest(
            {**self._arguments, "messages": messages},
            response_model=model,
            as_tool=self._as_tool,
            idle_seconds=self._limits.idle_seconds,
        )


def _arguments(
    client: Any, mode: str, context: Any, kwargs: Mapping[str, Any], stream: bool
) -> dict[str, Any]:
    """The arguments for instructor, but for the response model."""
    arguments: dict[str, Any] = dict(client.handle_kwargs(dict(kwargs)))
    if bool(arguments.pop("stream", stream)) != stream:
        raise TypeError(f"stream={not stream} contradicts the call, which sets {stream}")
    messages: Any = arguments.pop("messages", None)
    asked: Any = arguments.pop("input", None)  # as the Responses API calls it
    if (messages is None) == (asked is None):
        raise TypeError("messages= is needed" + (", and no input=" if asked else ""))
    given = asked if messages is None else messages
    if isinstance(given, str):
        given = [{"role": "user", "content": given}]
    arguments["messages"] = (
        [*cast("Sequence[Any]", given)] if isinstance(given, (list, tuple)) else []
    )
    # Variables for templates; instructor has no use here for what is handed to validators.
    arguments["context"] = context if isinstance(context, Mapping) else None
    arguments["max_retries"] = 0
    if stream:
        arguments["stream"] = True
        if _is_openai(client.client) and not mode.startswith("RESPONSES"):
            arguments.setdefault("stream_options", {"include_usage": True})
    if arguments.get("stream_options", arguments) is None:
        del arguments["stream_options"]
    return arguments


def escape_template(text: str) -> str:
    """Write a text so that rendering it gives the text.

    Example:
        >>> from instructor.templating import apply_template
        >>> text = '{"a": "{{ b }}"}'
        >>> apply_template(escape_template(text), {}) == text
        True
    """
    return text.replace("{", "{{ '{' }}")


def _is_openai(client: Any) -> bool:
    """Whether a client is OpenAI's own, which reports usage only on request."""
    return any(
        cls.__name__ in ("OpenAI", "AsyncOpenAI") and cls.__module__.partition(".")[0] == "openai"
        for cls in type(client).__mro__
    )
