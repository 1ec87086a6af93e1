"""One call, made ready: the request to send, and the flow that will read the answer.

What both clients do alike is here; they add the request itself, with `await` or without.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, create_model

from partialstream.client.budget import Budget
from partialstream.client.follow_up import conversation, list_text, rest_schema
from partialstream.client.hooks import Hooks
from partialstream.client.item_policy import ItemRetries
from partialstream.client.modes import Mode, resolve_mode
from partialstream.client.partial_policy import PartialRetries
from partialstream.client.prompts import errors_of
from partialstream.client.requests import shape_request
from partialstream.client.schemas import VALUE, RequestSchema, request_schema
from partialstream.engine.members import object_text
from partialstream.limits import DEFAULT_LIMITS, Limits
from partialstream.stream.answer import Answer
from partialstream.stream.items import ItemFlow
from partialstream.stream.partials import PartialFlow

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from partialstream.client.elements import Elements
    from partialstream.client.options import Options
    from partialstream.client.response_model import ResponseShape
    from partialstream.errors import OutputValidationError
    from partialstream.results import Channel, RejectedItem
    from partialstream.stream.items import ItemReading
    from partialstream.stream.partials import PartialReading


class Call:
    """A call that has not been made yet.

    Args:
        shape: What it asks for.
        options: How the answer is read.
        kwargs: What the caller passes on to the SDK.
        stream: Whether the answer is streamed.
        timeout: The time-out of the SDK's client.
        hooks: Those of the client.
        asynchronous: Whether a loop must not be kept waiting.

    Raises:
        TypeError: The arguments contradict each other, or what is asked for.
        ValueError: There is no such mode, or no such word for `on_invalid` or `on_interrupt`.

    Attributes:
        request: The arguments for the SDK.
        stream: Whether the answer is streamed.
        limits: Those of the reading.
        hooks: The client's and the caller's.
        budget: What may be spent on retries, None if there are to be none.
    """

    def __init__(
        self,
        shape: ResponseShape,
        options: Options,
        kwargs: Mapping[str, Any],
        *,
        stream: bool,
        timeout: Any = None,
        hooks: Hooks | None = None,
        asynchronous: bool = False,
    ) -> None:
        options.check(shape.kind)
        self._shape = shape
        self._options = options
        self._mode: Mode = resolve_mode(options.mode)
        self._schema = request_schema(shape)
        self._kwargs = kwargs
        self.stream = stream
        self._timeout = timeout
        self.limits = options.limits or DEFAULT_LIMITS
        self.hooks = Hooks.combine(hooks, options.hooks)
        self.budget = (
            None
            if options.max_retries == 0
            else Budget(
                options.max_retries,
                max_requests=options.max_requests,
                asynchronous=asynchronous,
            )
        )
        self.request = self._shaped(kwargs, self._schema)

    def _shaped(self, kwargs: Mapping[str, Any], schema: RequestSchema) -> dict[str, Any]:
        request = shape_request(self._shape, self._mode, kwargs, stream=self.stream, schema=schema)
        if self.stream:
            request["timeout"] = self._idle_timeout(request, self._timeout)
        return request

    def item_flow(self, answer: Answer, on_invalid: Literal["raise", "skip"]) -> ItemFlow[Any]:
        """The flow for one answer with a list."""
        options = self._options
        return ItemFlow(
            self._shape.type_,
            path=self._list_path(),
            on_invalid=on_invalid,
            context=options.context,
            strict=options.strict,
            limits=options.limits,
            answer=answer,
            reads=self._reads(),
        )

    @property
    def wraps(self) -> bool:
        """Whether the value asked for is no object, and so a member of its answer."""
        return self._schema.path == (VALUE,)

    def partial_flow(
        self, answer: Answer, carried: Mapping[str, str] | None = None, *, fail_fast: bool = False
    ) -> PartialFlow[Any]:
        """The flow for one answer with an object.

        Args:
            answer: The answer.
            carried: Members that stand from other answers.
            fail_fast: See `PartialParser`.
        """
        options = self._options
        wrapped = self.wraps
        model = _wrapper_of(self._shape.type_) if wrapped else self._shape.type_
        return PartialFlow(
            model,
            context=options.context,
            strict=options.strict,
            limits=options.limits,
            answer=answer,
            reads=self._reads(),
            member=VALUE if wrapped else None,
            carried=carried,
            fail_fast=fail_fast,
        )

    @contextmanager
    def told_of_errors(self) -> Generator[None, None, None]:
        """For the first request, whose errors are the SDK's own: the hooks learn of them."""
        try:
            yield
        except Exception as error:
            most = 1 if self.budget is None else self.budget.max_requests
            told = {"attempt_number": 1, "max_attempts": most, "is_last_attempt": True}
            self.hooks.emit("completion:error", error, **told)
            self.hooks.emit("completion:last_attempt", error, **told)
            raise

    def tell_of_whole(self, response: Any) -> None:
        """Tell the hooks of an answer that is not streamed, in the form the SDK gives it."""
        if not self.hooks:
            return
        from openai import OpenAIError

        try:
            answer = response.parse()
        except (ValueError, OpenAIError):  # it is no JSON, which the reading will say
            answer = response
        self.hooks.emit("completion:response", answer)

    # -- the policy ------------------------------------------------------------------------

    @property
    def _is_plain(self) -> bool:
        """Whether one answer is all there will be, and nobody is to be told of it."""
        return self.budget is None and not self.hooks

    def item_reading(self) -> ItemReading[Any]:
        """What reads the list: over one answer, or over several."""
        options = self._options
        on_invalid = options.on_invalid or ("raise" if self.budget is None else "repair")
        if self._is_plain and on_invalid in ("raise", "skip"):
            return self.item_flow(Answer(), "skip" if on_invalid == "skip" else "raise")
        retries: ItemRetries[Any] = ItemRetries(
            self,
            self.budget or Budget(),
            self.hooks,
            on_invalid=on_invalid,
            on_interrupt=options.on_interrupt,
            # A list that is handed over whole has no reason to be out of order.
            ordered=options.ordered or not self.stream,
            key=options.key,
        )
        return retries

    def partial_reading(self) -> PartialReading[Any]:
        """What reads the object: over one answer, or over several."""
        options = self._options
        if self._is_plain:
            return self.partial_flow(Answer())
        retries: PartialRetries[Any] = PartialRetries(
            self,
            self.budget or Budget(),
            self.hooks,
            on_interrupt=options.on_interrupt,
            fail_fast=options.fail_fast,
        )
        return retries

    # -- requests that follow up -----------------------------------------------------------

    def repair_request(self, rejected: Sequence[RejectedItem]) -> dict[str, Any]:
        """Ask for rejected items again, and for nothing else."""
        said = list_text([each.raw for each in rejected], self._schema.path)
        return self._follow_up(said, self._options.prompts.repair(rejected))

    def resume_request(self, elements: Elements) -> dict[str, Any]:
        """Ask for what follows these elements of the list."""
        said = list_text(elements.texts, self._schema.path) if elements.texts else None
        instruction = self._options.prompts.resume(elements.count, len(elements.texts))
        return self._follow_up(said, instruction)

    def reask_request(
        self, carried: Mapping[str, str], refused: OutputValidationError | None
    ) -> dict[str, Any]:
        """Ask for the members of an object that are missing, or were not valid.

        Args:
            carried: The members that stand.
            refused: What was not valid; None if the answer broke off.
        """
        errors = [] if refused is None else errors_of(refused)
        said = object_text(carried) if carried else None
        raw = None
        if refused is not None and refused.path:
            raw = refused.raw
        elif refused is not None:
            said = refused.raw
        instruction = self._options.prompts.reask(errors, list(carried), raw)
        return self._follow_up(said, instruction, rest_schema(self._schema, list(carried)))

    def _follow_up(
        self, said: str | None, instruction: str, schema: RequestSchema | None = None
    ) -> dict[str, Any]:
        messages = conversation(
            self._kwargs.get("messages") or (),
            mode=self._mode,
            tool_name=self._schema.name,
            said=said,
            instruction=instruction,
        )
        return self._shaped({**self._kwargs, "messages": messages}, schema or self._schema)

    def _idle_timeout(self, request: Mapping[str, Any], client_timeout: Any) -> Any:
        """The time-out of a streamed request, which is never idle for longer than allowed.

        A time-out that the caller gives to the call says more than the default limits.
        """
        from openai import NotGiven

        limits = self._options.limits
        given = request.get("timeout", NotGiven())
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
