"""One call, made ready: the request to send, and the flow that will read the answer.

What both clients do alike is here; they add the request itself, with `await` or without.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, create_model

from partialstream.client.modes import Mode, resolve_mode
from partialstream.client.requests import shape_request
from partialstream.client.schemas import VALUE, RequestSchema, request_schema
from partialstream.limits import DEFAULT_LIMITS, Limits
from partialstream.stream.answer import Answer
from partialstream.stream.items import ItemFlow
from partialstream.stream.partials import PartialFlow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from partialstream.client.response_model import ResponseShape
    from partialstream.results import Channel
    from partialstream.validation.items import OnInvalid

_REFUSED: Final = {
    "max_retries": "is not supported; the SDK client's own max_retries= covers the time before "
    "the answer begins",
    "hooks": "is not supported",
    "on_interrupt": "is not supported",
    "ordered": "is not supported; items come in the order of the answer",
    "validation_context": "is called context= here",
}
"""Arguments that no provider knows, and what to say to those who take them for ours."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a caller says of the reading, not of the request.

    Attributes:
        mode: How the provider is made to answer in JSON; see `resolve_mode`.
        path: Where the list is, if it is not where the request asks for it.
        on_invalid: See `ItemParser`.
        context: Handed to pydantic's validators.
        strict: pydantic's strict mode; None leaves it to the type.
        limits: See `Limits`.
    """

    mode: Any = None
    path: str | Sequence[str | int] | None = None
    on_invalid: OnInvalid = "raise"
    context: Any = None
    strict: bool | None = None
    limits: Limits | None = None

    @classmethod
    def split(cls, kwargs: Mapping[str, Any], mode: Any) -> tuple[Options, dict[str, Any]]:
        """Take the options out of a caller's arguments.

        Args:
            kwargs: All arguments; not changed.
            mode: The client's mode, if the caller does not give one.

        Returns:
            The options, and the arguments that are for the SDK.

        Raises:
            TypeError: One of the arguments is neither.
        """
        for name, reason in _REFUSED.items():
            if name in kwargs:
                raise TypeError(f"{name}= {reason}")
        rest = dict(kwargs)
        given = {name: rest.pop(name) for name in cls.__slots__ if name in rest}
        return cls(**{"mode": mode, **given}), rest


class Call:
    """A call that has not been made yet.

    Args:
        shape: What it asks for.
        options: How the answer is read.
        kwargs: What the caller passes on to the SDK.
        stream: Whether the answer is streamed.
        timeout: The time-out of the SDK's client.

    Raises:
        TypeError: The arguments contradict each other, or what is asked for.
        ValueError: There is no such mode.

    Attributes:
        request: The arguments for the SDK.
        answer: What the answer is read with; its clock starts when the call is made ready.
    """

    def __init__(
        self,
        shape: ResponseShape,
        options: Options,
        kwargs: Mapping[str, Any],
        *,
        stream: bool,
        timeout: Any = None,
    ) -> None:
        if shape.kind == "object" and not (options.path is None and options.on_invalid == "raise"):
            raise TypeError("path= and on_invalid= are for lists; response_model asks for no list")
        self._shape = shape
        self._options = options
        self._mode: Mode = resolve_mode(options.mode)
        self._schema = request_schema(shape)
        self.request = shape_request(shape, self._mode, kwargs, stream=stream)
        self.answer = Answer()
        if stream:
            self.request["timeout"] = self._idle_timeout(timeout)

    def item_flow(self) -> ItemFlow[Any]:
        """The flow for a list."""
        options = self._options
        return ItemFlow(
            self._shape.type_,
            path=self._list_path(),
            on_invalid=options.on_invalid,
            context=options.context,
            strict=options.strict,
            limits=options.limits,
            answer=self.answer,
            reads=self._reads(),
        )

    def partial_flow(self) -> PartialFlow[Any]:
        """The flow for an object; a value that is no object is a member of its answer."""
        options = self._options
        wrapped = self._schema.path == (VALUE,)
        model = _wrapper_of(self._shape.type_) if wrapped else self._shape.type_
        return PartialFlow(
            model,
            context=options.context,
            strict=options.strict,
            limits=options.limits,
            answer=self.answer,
            reads=self._reads(),
            member=VALUE if wrapped else None,
        )

    def _idle_timeout(self, client_timeout: Any) -> Any:
        """The time-out of a streamed request, which is never idle for longer than allowed.

        A time-out that the caller gives to the call says more than the default limits.
        """
        from openai import NotGiven

        limits = self._options.limits
        given = self.request.get("timeout", NotGiven())
        if isinstance(given, NotGiven):
            return idle_timeout(client_timeout, limits or DEFAULT_LIMITS)
        return given if limits is None else idle_timeout(given, limits)

    def _reads(self) -> Callable[[Channel], bool]:
        """In which channel the answer comes: the call of our tool, or the content."""
        kind: Literal["tool", "content"] = "tool" if self._mode == "tools" else "content"
        return lambda channel: channel.kind == kind

    def _list_path(self) -> str | Sequence[str | int] | None:
        """Where the list will be.

        Only a strict schema is kept to. An answer that was merely asked for may have another
        name for the list, or be the list; it is looked for then, as in any text.
        """
        if self._options.path is not None:
            return self._options.path
        return self._schema.path if _is_binding(self._schema, self._mode) else None


def _is_binding(schema: RequestSchema, mode: Mode) -> bool:
    return schema.strict and mode != "json_object"


def _wrapper_of(type_: Any) -> type[BaseModel]:
    try:
        return _cached_wrapper_of(type_)
    except TypeError:  # an unhashable annotation
        return _new_wrapper_of(type_)


def _new_wrapper_of(type_: Any) -> type[BaseModel]:
    fields: Any = {VALUE: (type_, ...)}
    model: type[BaseModel] = create_model(
        "Answer", __config__=ConfigDict(arbitrary_types_allowed=True), **fields
    )
    return model


_cached_wrapper_of = lru_cache(maxsize=256)(_new_wrapper_of)


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
