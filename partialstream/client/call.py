"""One call, made ready: the request to send, and the flow that will read the answer.

What both clients do alike is here; they add the request itself, with `await` or without.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, create_model

from partialstream.client.budget import Budget
from partialstream.client.follow_up import conversation, list_text, object_text, rest_schema
from partialstream.client.hooks import Hooks
from partialstream.client.item_policy import ItemRetries, Key, OnInterrupt, OnInvalid
from partialstream.client.modes import Mode, resolve_mode
from partialstream.client.partial_policy import PartialRetries
from partialstream.client.prompts import Prompts, errors_of
from partialstream.client.requests import shape_request
from partialstream.client.schemas import VALUE, RequestSchema, request_schema
from partialstream.limits import DEFAULT_LIMITS, Limits
from partialstream.stream.answer import Answer
from partialstream.stream.items import ItemFlow
from partialstream.stream.partials import PartialFlow

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from partialstream.client.elements import Elements
    from partialstream.client.response_model import ResponseShape
    from partialstream.errors import OutputValidationError
    from partialstream.results import Channel, RejectedItem
    from partialstream.stream.items import ItemReading
    from partialstream.stream.partials import PartialReading

_REFUSED: Final = {
    "validation_context": "is called context= here",
}
"""Arguments that no provider knows, and what to say to those who take them for ours."""


DEFAULT_PROMPTS: Final = Prompts()


@dataclass(frozen=True, slots=True)
class Options:
    """What a caller says of the reading, not of the request.

    Attributes:
        mode: How the provider is made to answer in JSON; see `resolve_mode`.
        path: Where the list is, if it is not where the request asks for it.
        on_invalid: What becomes of an item that does not validate: `"repair"` asks for it
            again, `"raise"` ends the stream, `"skip"` leaves it in `rejected`; or a function
            that says so for each `RejectedItem`. None: `"repair"` if retries are allowed,
            else `"raise"`.
        context: Handed to pydantic's validators.
        strict: pydantic's strict mode; None leaves it to the type.
        limits: See `Limits`.
        max_retries: See `Budget`.
        max_requests: See `Budget`.
        on_interrupt: `"resume"` asks for the rest of an answer that breaks off, if retries
            are allowed; `"raise"` does not.
        ordered: Whether items wait for those before them that are being repaired.
        key: What tells one item from another when an answer is resumed: the name of a member,
            or a function of the item; None: its text.
        fail_fast: Whether the answer is left as soon as a member of an object cannot be valid.
        hooks: Told of requests and failures; ours or instructor's.
        prompts: What is said to the model in follow-up requests.
    """

    mode: Any = None
    path: str | Sequence[str | int] | None = None
    on_invalid: OnInvalid | None = None
    context: Any = None
    strict: bool | None = None
    limits: Limits | None = None
    max_retries: Any = 0
    max_requests: int | None = None
    on_interrupt: OnInterrupt = "resume"
    ordered: bool = False
    key: Key | None = None
    fail_fast: bool = True
    hooks: Any = None
    prompts: Prompts = DEFAULT_PROMPTS

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
        hooks: Those of the client.
        asynchronous: Whether a loop must not be kept waiting.

    Raises:
        TypeError: The arguments contradict each other, or what is asked for.
        ValueError: There is no such mode.

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
        if shape.kind == "object":
            _check_object_options(options)
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
            self.hooks.emit("completion:error", error)
            self.hooks.emit("completion:last_attempt", error)
            raise

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
            ordered=options.ordered,
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


def _check_object_options(options: Options) -> None:
    for name, default in (
        ("path", None),
        ("on_invalid", None),
        ("ordered", False),
        ("key", None),
    ):
        if getattr(options, name) != default:
            raise TypeError(f"{name}= is for lists; response_model asks for no list")


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
