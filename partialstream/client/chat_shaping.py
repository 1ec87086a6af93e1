"""Requests to Chat Completions: shaped here, with schemas as strict as the type allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from partialstream.client.follow_up import (
    conversation,
    free_name,
    indexed_schema,
    rest_schema,
)
from partialstream.client.modes import Mode, resolve_mode
from partialstream.client.requests import shape_request
from partialstream.client.schemas import request_schema, takes_any_name
from partialstream.client.templating import rendered
from partialstream.limits import DEFAULT_LIMITS, Limits
from partialstream.stream.flow import Expected

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from partialstream.client.options import Options
    from partialstream.client.response_model import ResponseShape
    from partialstream.client.schemas import RequestSchema
    from partialstream.results import Path
    from partialstream.stream.deadline import Deadline


class ChatShaping:
    """Makes the requests of one call to Chat Completions; see `Shaping`.

    Args:
        shape: What the call asks for.
        options: How the answer is to be read.
        kwargs: What the caller passes on to the SDK.
        stream: Whether the answer is to be streamed.
        mode: The client's mode, if the call has none.
        timeout: The time-out of the SDK's client.
        templates: Whether messages are templates, if the call does not say.

    Raises:
        TypeError: The arguments contradict each other.
        ValueError: There is no such mode.

    Example:
        >>> from partialstream.client.options import Options
        >>> from partialstream.client.response_model import ResponseShape
        >>> asked = {"model": "gpt-5", "messages": []}
        >>> shaping = ChatShaping(ResponseShape("items", int), Options(), asked, stream=False)
        >>> shaping.expected.path, sorted(shaping.request)
        (('items',), ['messages', 'model', 'response_format'])
    """

    def __init__(
        self,
        shape: ResponseShape,
        options: Options,
        kwargs: Mapping[str, Any],
        *,
        stream: bool,
        mode: Mode | None = None,
        timeout: Any = None,
        templates: bool = False,
    ) -> None:
        self._shape = shape
        self._mode: Mode = mode if options.mode is None and mode else resolve_mode(options.mode)
        self._schema = request_schema(shape)
        if options.templates is not None:
            templates = options.templates
        # A context for validators must not make a template of what a user typed.
        self._kwargs = rendered(kwargs, options.context) if templates else kwargs
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
        self.request = self._shaped(self._kwargs, self._schema)

    def member_beside(self, name: str) -> str | None:
        """See `Shaping`."""
        # Before a list that is looked for, it could be the first member of an open item.
        if self.expected.path is None and takes_any_name(self._shape.type_):
            return None
        return free_name(name, self._schema)

    def follow_up(
        self,
        said: str | None,
        instruction: str,
        carried: Sequence[str],
        beside: str | None = None,
    ) -> dict[str, Any]:
        """See `Shaping`. Of an object, only the members that do not stand are asked for."""
        messages = conversation(
            self._kwargs.get("messages") or (),
            mode=self._mode,
            tool_name=self._schema.name,
            said=said,
            instruction=instruction,
        )
        schema = rest_schema(self._schema, carried) if carried else self._schema
        if beside is not None:
            schema = indexed_schema(schema, beside)
        return self._shaped({**self._kwargs, "messages": messages}, schema)

    def _shaped(self, kwargs: Mapping[str, Any], schema: RequestSchema) -> dict[str, Any]:
        request = shape_request(self._shape, self._mode, kwargs, stream=self._stream, schema=schema)
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


def idle_timeout(timeout: Any, limits: Limits) -> Any:
    """Tighten a time-out: no wait for bytes may be longer than allowed.

    Args:
        timeout: An `httpx.Timeout` of either generation, seconds, or None for none.
        limits: `idle_seconds` bounds the wait for each read.

    Example:
        >>> idle_timeout(60, Limits(idle_seconds=5)).as_dict()
        {'connect': 60, 'read': 5, 'write': 60, 'pool': 60}
    """
    return _tightened(timeout, limits.idle_seconds, ("read",))


def until(deadline: Deadline, timeout: Any) -> Any:
    """Tighten a time-out: no wait may go beyond a deadline.

    Args:
        deadline: The deadline.
        timeout: As for `idle_timeout`; or what the SDK says for its default.
    """
    from openai import NotGiven

    known = None if isinstance(timeout, NotGiven) else timeout
    return _tightened(known, deadline.left(), ("connect", "read", "write", "pool"))


def _tightened(timeout: Any, most: float, names: Sequence[str]) -> Any:
    from openai import Timeout

    known = timeout if hasattr(timeout, "as_dict") else Timeout(timeout)
    waits: dict[str, float | None] = known.as_dict()
    for name in names:
        wait = waits[name]
        waits[name] = most if wait is None else min(wait, most)
    return Timeout(**waits)
