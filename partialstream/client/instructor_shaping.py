"""Requests that instructor shapes, for all the providers and modes that it knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from partialstream.client.carrier import Taken, carrier_for, path_for, tool_name_for
from partialstream.client.follow_up import free_name
from partialstream.client.schemas import request_schema, takes_any_name
from partialstream.client.templating import as_list, escaped
from partialstream.limits import DEFAULT_LIMITS
from partialstream.stream.flow import Expected

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from partialstream.client.options import Options
    from partialstream.client.response_model import ResponseShape
    from partialstream.results import Path

# Their tool modes ask for JSON in the content.
_TOOLS_AS_CONTENT = frozenset({"cohere"})

# What instructor passes on to Google's SDKs as it is.
_MODEL_ROLES = {"genai": "model", "vertexai": "model"}


@dataclass(frozen=True, slots=True)
class InstructorRequest:
    """A request before instructor has shaped it.

    Attributes:
        arguments: For instructor's `create`, all but the response model.
        carrier: Makes the response model.
        as_tool: Whether the answer is to come as the arguments of a tool call.
        idle_seconds: How long to wait for the next bytes.
    """

    arguments: dict[str, Any]
    carrier: Callable[[Taken], Any]
    as_tool: bool
    idle_seconds: float


class InstructorShaping:
    """Makes the requests of one call through instructor; see `Shaping`.

    A follow-up is two more messages, the model's words and ours, whatever the mode: instructor
    turns these into every provider's form.

    Args:
        client: An `Instructor` or `AsyncInstructor`.
        shape: What the call asks for.
        options: How the answer is to be read.
        kwargs: What the caller passes on.
        stream: Whether the answer is to be streamed.
        templates: Whether messages are templates, if the call does not say.

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
        provider = _value_of(client.provider)
        as_content = provider in _TOOLS_AS_CONTENT
        self._as_tool = ("TOOLS" in mode or mode == "FUNCTIONS") and not as_content
        self._model_role = _MODEL_ROLES.get(provider, "assistant")
        self._shape = shape
        self._limits = options.limits or DEFAULT_LIMITS
        if options.templates is not None:
            templates = options.templates
        context = options.context if templates else None
        self._arguments = self._shaped(client, mode, context, kwargs, stream)
        self._templates = bool(self._arguments["context"])
        self.path: Path = path_for(shape, parallel=self._parallel)
        # No place of the list is expected: no provider is held to it.
        tool = tool_name_for(shape) if mode == "TOOLS" else None
        self.expected = Expected("tool", tool) if self._as_tool else Expected("content")
        self.request = self._request(self._arguments["messages"], ())

    def member_beside(self, name: str) -> str | None:
        """See `Shaping`. A tool call for each item has no place for it."""
        if self._parallel or takes_any_name(self._shape.type_):
            return None
        return free_name(name, request_schema(self._shape))

    def follow_up(
        self,
        said: str | None,
        instruction: str,
        carried: Sequence[str],
        beside: str | None = None,
    ) -> InstructorRequest:
        """See `Shaping`."""
        more = [] if said is None else [{"role": self._model_role, "content": said}]
        more.append({"role": "user", "content": instruction})
        if self._templates:
            more = [{**each, "content": escaped(each["content"])} for each in more]
        return self._request([*self._arguments["messages"], *more], carried, beside)

    def _request(
        self, messages: list[Any], carried: Sequence[str], beside: str | None = None
    ) -> InstructorRequest:
        return InstructorRequest(
            arguments={**self._arguments, "messages": messages},
            carrier=partial(_carrier, self._shape, self._parallel, carried, beside),
            as_tool=self._as_tool,
            idle_seconds=self._limits.idle_seconds,
        )

    @staticmethod
    def _shaped(
        client: Any, mode: str, context: Any, kwargs: Mapping[str, Any], stream: bool
    ) -> dict[str, Any]:
        arguments: dict[str, Any] = dict(client.handle_kwargs(dict(kwargs)))
        if bool(arguments.pop("stream", stream)) != stream:
            raise TypeError(f"stream={not stream} contradicts the call, which sets {stream}")
        messages: Any = arguments.pop("messages", None)
        asked: Any = arguments.pop("input", None)  # as the Responses API calls it
        if (messages is None) == (asked is None):
            raise TypeError("messages= is needed" + (", and no input=" if asked else ""))
        given = asked if messages is None else messages
        arguments["messages"] = (
            [{"role": "user", "content": given}] if isinstance(given, str) else as_list(given)
        )
        # Variables for templates; what is handed to validators is none of instructor's here.
        arguments["context"] = context if isinstance(context, Mapping) else None
        arguments["max_retries"] = 0
        if stream:
            arguments["stream"] = True
            if _asks_openai(client.client) and not mode.startswith("RESPONSES"):
                arguments.setdefault("stream_options", {"include_usage": True})
        if arguments.get("stream_options", arguments) is None:
            del arguments["stream_options"]
        return arguments


def _carrier(
    shape: ResponseShape,
    parallel: bool,
    carried: Sequence[str],
    beside: str | None,
    taken: Taken,
) -> Any:
    return carrier_for(shape, taken, parallel=parallel, carried=carried, beside=beside)


def _value_of(provider: Any) -> str:
    value: Any = getattr(provider, "value", provider)
    return str(value)


def _asks_openai(client: Any) -> bool:
    """Whether a client is OpenAI's own, which tells usage only if it is asked to."""
    return any(
        cls.__name__ in ("OpenAI", "AsyncOpenAI") and cls.__module__.partition(".")[0] == "openai"
        for cls in type(client).__mro__
    )
