"""What the requests through both APIs of the OpenAI SDK have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from typing_extensions import override

from partialstream.client.endpoints.base import RequestBuilder, idle_timeout, model_in
from partialstream.client.options.mode import ModeWord, resolve_mode
from partialstream.client.prompts import indexed_schema, rest_schema
from partialstream.client.schema import request_schema
from partialstream.limits import DEFAULT_LIMITS
from partialstream.stream.reader import Expected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from partialstream.client.options.mode import API
    from partialstream.client.options.options import Options
    from partialstream.client.response_model import ResponseShape
    from partialstream.client.schema import RequestSchema
    from partialstream.results import Path


class OpenAIRequestBuilder(RequestBuilder):
    """Builds the requests of one call through the OpenAI SDK.

    `kwargs` is what the caller passes on to the SDK; `mode`, `timeout` and `templates` are the
    client's, for calls that do not say.

    Raises:
        TypeError: The arguments contradict each other.
    """

    _api: ClassVar[API]
    _texts: ClassVar[tuple[str, ...]]  # the arguments whose texts may be templates

    def __init__(
        self,
        shape: ResponseShape,
        options: Options,
        kwargs: Mapping[str, Any],
        *,
        stream: bool,
        mode: ModeWord | None = None,
        timeout: Any = None,
        templates: bool = False,
    ) -> None:
        self.shape = shape
        own = options.mode
        self._mode: ModeWord = mode if own is None and mode else resolve_mode(own, self._api)
        self._schema = request_schema(shape)
        if options.templates is not None:
            templates = options.templates
        if templates:  # a context for validators must not make a template of what a user typed
            kwargs = fill_in_templates(kwargs, options.context, self._texts)
        self._kwargs = self._read(kwargs)
        self._stream = stream
        self._limits = options.limits
        self._timeout = timeout
        self.path: Path = self._schema.path
        # A strict schema is mostly kept to, and then the list is nowhere else. Where it was
        # merely asked for, another name for it is common, and not waited for the right one.
        binding = self._schema.strict and self._mode != "json_object"
        path = self._schema.path if binding and shape.kind == "items" else None
        self.expected = (
            Expected("tool", self._schema.name, path)
            if self._mode == "tools"
            else Expected("content", path=path)
        )
        self.request = self._finished(self._kwargs, self._schema)
        self.model = model_in(self.request)

    @override
    def follow_up(
        self,
        said: str | None,
        instruction: str,
        carried: Sequence[str],
        beside: str | None = None,
    ) -> dict[str, Any]:
        kwargs = self._continued(said, instruction)
        schema = rest_schema(self._schema, carried) if carried else self._schema
        if beside is not None:
            schema = indexed_schema(schema, beside)
        return self._finished(kwargs, schema)

    def _read(self, kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
        """The caller's arguments in the words of the API."""
        return kwargs

    @abstractmethod
    def _continued(self, said: str | None, instruction: str) -> Mapping[str, Any]:
        """The caller's arguments, with their conversation continued; see `follow_up`."""

    @abstractmethod
    def _build(self, kwargs: Mapping[str, Any], schema: RequestSchema) -> dict[str, Any]:
        """Add to arguments what makes the provider respond in JSON of a schema."""

    def _finished(self, kwargs: Mapping[str, Any], schema: RequestSchema) -> dict[str, Any]:
        request = self._build(kwargs, schema)
        if self._stream:
            request["timeout"] = self._idle_timeout(request)
        return request

    def _idle_timeout(self, request: Mapping[str, Any]) -> Any:
        """The time-out of a streamed request, which is never idle for longer than allowed.

        A time-out that the caller gives to the call says more than the default limits.
        """
        from openai import NotGiven

        limits = self._limits
        given = request.get("timeout", NotGiven())
        if isinstance(given, NotGiven):
            return idle_timeout(self._timeout, limits or DEFAULT_LIMITS)
        return given if limits is None else idle_timeout(given, limits)


# -- what the caller may not pass ----------------------------------------------------------

_DECIDED: Final = ("response_format", "tools", "tool_choice", "functions", "function_call")


def check_arguments(kwargs: Mapping[str, Any], *, stream: bool) -> None:
    """Refuse arguments that `response_model` and `mode` decide, or that contradict the call.

    Raises:
        TypeError: One of them is given.
    """
    for name in _DECIDED:
        if name in kwargs:
            raise decided_error(name)
    if bool(kwargs.get("stream", stream)) != stream:
        raise TypeError(f"stream={kwargs['stream']!r} contradicts the call, which sets {stream}")


def decided_error(name: str) -> TypeError:
    """Say that an argument is not the caller's to pass."""
    return TypeError(
        f"{name}= is made from response_model; leave it out, "
        f"and choose with mode= between 'json_schema', 'tools' and 'json_object'"
    )


# -- templates -----------------------------------------------------------------------------


def fill_in_templates(
    kwargs: Mapping[str, Any], context: Any, names: Sequence[str]
) -> Mapping[str, Any]:
    """Fill in the Jinja templates in some of the arguments, as instructor does.

    Each is a text or a list of messages; each text of a message, as its content or as a part of
    it, is rendered by instructor. A text without a template stays as it is, and needs neither
    instructor nor Jinja. A `context` that is not a mapping is for validators alone.
    """
    if not isinstance(context, Mapping) or not context:
        return kwargs
    variables = dict(cast("Mapping[str, Any]", context))
    given = {name: kwargs[name] for name in names if name in kwargs}
    return {**kwargs, **{name: _filled_in(value, variables) for name, value in given.items()}}


def _filled_in(value: Any, variables: dict[str, Any], name: str = "content") -> Any:
    """A text, a list of messages, or a list of their parts, whose texts are members `name`."""
    if isinstance(value, str):
        return _rendered(value, variables)
    if not isinstance(value, (list, tuple)):
        return value
    return [_each_filled_in(each, variables, name) for each in cast("Sequence[Any]", value)]


def _each_filled_in(part: Any, variables: dict[str, Any], name: str) -> Any:
    if not isinstance(part, Mapping) or name not in part:
        return cast("Any", part)
    given = cast("Mapping[str, Any]", part)
    return {**given, name: _filled_in(given[name], variables, "text")}


def _rendered(text: str, variables: dict[str, Any]) -> str:
    if not any(mark in text for mark in ("{{", "{%", "{#")):
        return text
    from instructor.templating import apply_template  # type: ignore[attr-defined]  # it is re-exported with a star

    rendered: str = apply_template(text, variables)
    return rendered
