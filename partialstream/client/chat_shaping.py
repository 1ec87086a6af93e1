"""Requests to Chat Completions: shaped here, with schemas as strict as the type allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from partialstream.client.follow_up import conversation, rest_schema
from partialstream.client.modes import Mode, resolve_mode
from partialstream.client.requests import shape_request
from partialstream.client.schemas import request_schema
from partialstream.client.templating import rendered
from partialstream.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from partialstream.client.options import Options
    from partialstream.client.response_model import ResponseShape
    from partialstream.client.schemas import RequestSchema
    from partialstream.results import Channel, Path


class ChatShaping:
    """Makes the requests of one call to Chat Completions; see `Shaping`.

    Args:
        shape: What the call asks for.
        options: How the answer is to be read.
        kwargs: What the caller passes on to the SDK.
        stream: Whether the answer is to be streamed.
        mode: The client's mode, if the call has none.
        timeout: The time-out of the SDK's client.

    Raises:
        TypeError: The arguments contradict each other.
        ValueError: There is no such mode.

    Example:
        >>> from partialstream.client.options import Options
        >>> from partialstream.client.response_model import ResponseShape
        >>> asked = {"model": "gpt-5", "messages": []}
        >>> shaping = ChatShaping(ResponseShape("items", int), Options(), asked, stream=False)
        >>> shaping.list_path, sorted(shaping.request)
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
    ) -> None:
        self._shape = shape
        self._mode: Mode = mode if options.mode is None and mode else resolve_mode(options.mode)
        self._schema = request_schema(shape)
        self._kwargs = rendered(kwargs, options.context)
        self._stream = stream
        self._limits = options.limits
        self._timeout = timeout
        self.path: Path = self._schema.path
        # Only a strict schema is kept to. An answer that was merely asked for may have another
        # name for the list, or be the list; it is looked for then, as in any text.
        binding = self._schema.strict and self._mode != "json_object"
        self.list_path: Path | None = self._schema.path if binding else None
        self.request = self._shaped(self._kwargs, self._schema)

    def reads(self, channel: Channel) -> bool:
        """See `Shaping`: the call of our tool, or the content."""
        kind: Literal["tool", "content"] = "tool" if self._mode == "tools" else "content"
        return channel.kind == kind

    def follow_up(
        self, said: str | None, instruction: str, carried: Sequence[str]
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
    from openai import Timeout

    idle = limits.idle_seconds
    known = timeout if hasattr(timeout, "as_dict") else Timeout(timeout)
    waits: dict[str, float | None] = known.as_dict()
    read = waits["read"]
    return Timeout(**{**waits, "read": idle if read is None else min(read, idle)})
