"""One call, made ready: the request to send, and the flow that will read the answer.

What both clients do alike is here; they add the request itself, with `await` or without.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, create_model

from partialstream.client.budget import Budget
from partialstream.client.follow_up import FIRST_INDEX, INDEXES, list_text
from partialstream.client.hooks import Hooks
from partialstream.client.item_policy import ItemRetries
from partialstream.client.partial_policy import PartialRetries
from partialstream.client.prompts import (
    errors_of,
    first_index_prompt,
    indexes_prompt,
    repair_prompt,
    resume_prompt,
)
from partialstream.client.retries import Retries, transient
from partialstream.client.schemas import VALUE
from partialstream.engine.members import object_text
from partialstream.errors import IncompleteStreamError
from partialstream.limits import DEFAULT_LIMITS
from partialstream.results import Outcome
from partialstream.stream.deadline import Deadline, DeadlineError
from partialstream.stream.items import ItemFlow
from partialstream.stream.partials import PartialFlow
from partialstream.stream.response import ResponseStream
from partialstream.stream.stopping import items_until, snapshots_until

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from partialstream.client.elements import Elements
    from partialstream.client.endpoint import Shaping
    from partialstream.client.options import Options
    from partialstream.client.response_model import ResponseShape
    from partialstream.errors import OutputValidationError
    from partialstream.results import AttemptCause, RejectedItem
    from partialstream.stream.items import ItemReading
    from partialstream.stream.partials import PartialReading
    from partialstream.stream.reading import Turn


class Call:
    """A call that has not been made yet.

    Args:
        shape: What it asks for.
        options: How the answer is read.
        shaping: Makes its requests.
        stream: Whether the answer is streamed.
        hooks: Those of the client.
        asynchronous: Whether a loop must not be kept waiting.

    Raises:
        TypeError: The options contradict each other, or what is asked for.
        ValueError: There is no such word for `on_invalid` or `on_interrupt`, or `take` is too
            small.

    Attributes:
        stream: Whether the answer is streamed.
        limits: Those of the reading.
        hooks: The client's and the caller's.
        deadline: When it has to be over, None for no bound.
        budget: What may be spent on retries, None if there are to be none.
        completion: Gives the last answer in the form the SDK gives it, if it was not streamed.
    """

    completion: Callable[[], Any]

    def __init__(
        self,
        shape: ResponseShape,
        options: Options,
        shaping: Shaping,
        *,
        stream: bool,
        hooks: Hooks | None = None,
        asynchronous: bool = False,
    ) -> None:
        options.check(shape.kind, stream=stream)
        self._shape = shape
        self._options = options
        self._shaping = shaping
        self.stream = stream
        self.limits = options.limits or DEFAULT_LIMITS
        self.hooks = Hooks.combine(hooks, options.hooks)
        self.deadline = None if options.deadline is None else Deadline(options.deadline)
        self._policy: Retries[Any, Any] | None = None
        self.budget = (
            None
            if options.max_retries == 0
            else Budget(
                options.max_retries,
                max_requests=options.max_requests,
                asynchronous=asynchronous,
                deadline=self.deadline,
            )
        )

    @property
    def request(self) -> Any:
        """The first request, for the endpoint that it was shaped for."""
        return self._shaping.request

    def item_flow(
        self, answer: ResponseStream, on_invalid: Literal["raise", "skip"]
    ) -> ItemFlow[Any]:
        """The flow for one answer with a list."""
        options = self._options
        return ItemFlow(
            self._shape.type_,
            path=options.path,
            on_invalid=on_invalid,
            context=options.context,
            strict=options.strict,
            limits=options.limits,
            answer=answer,
            expected=self._shaping.expected,
        )

    @property
    def wraps(self) -> bool:
        """Whether the value asked for is no object, and so a member of its answer."""
        return self._shaping.path == (VALUE,)

    def partial_flow(
        self,
        answer: ResponseStream,
        carried: Mapping[str, str] | None = None,
        *,
        fail_fast: bool = False,
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
            expected=self._shaping.expected,
            member=VALUE if wrapped else None,
            carried=carried,
            fail_fast=fail_fast,
        )

    def retry_first_request(self, error: Exception) -> Turn[bool]:
        """The first request has failed: whether to make it again; waits until it may be."""
        failure = None if self.budget is None else transient(error)
        if failure is None or self._policy is None:
            return False
        return (yield from self._policy.retry_first_request(failure))

    @contextmanager
    def told_of_errors(self) -> Generator[None, None, None]:
        """For the first request, whose errors are the SDK's own: the hooks learn of them.

        Raises:
            IncompleteStreamError: The deadline has passed.
        """
        try:
            try:
                yield
            except DeadlineError as passed:
                raise IncompleteStreamError.of(Outcome("stalled", detail=str(passed))) from passed
        except Exception as error:
            most = 1 if self.budget is None else self.budget.max_requests
            number = 1 if self._policy is None else self._policy.number
            told = {"attempt_number": number, "max_attempts": most, "is_last_attempt": True}
            self.hooks.emit("completion:error", error, **told)
            self.hooks.emit("completion:last_attempt", error, **told)
            raise

    # -- the policy ------------------------------------------------------------------------

    @property
    def _is_plain(self) -> bool:
        """Whether one answer is all there will be, and nobody is to be told of it."""
        return self.budget is None and not self.hooks

    def item_reading(self) -> ItemReading[Any]:
        """What reads the list: over one answer, or over several, and how much of it."""
        return items_until(self._all_items(), self._options.take, self._options.stop_when)

    def partial_reading(self) -> PartialReading[Any]:
        """What reads the object: over one answer, or over several, and how long."""
        return snapshots_until(self._whole_object(), self._options.stop_when)

    def _all_items(self) -> ItemReading[Any]:
        options = self._options
        on_invalid = options.on_invalid or ("raise" if self.budget is None else "repair")
        if self._is_plain and on_invalid in ("raise", "skip"):
            return self.item_flow(ResponseStream(), "skip" if on_invalid == "skip" else "raise")
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
        self._policy = retries
        return retries

    def _whole_object(self) -> PartialReading[Any]:
        options = self._options
        if self._is_plain:
            return self.partial_flow(ResponseStream())
        retries: PartialRetries[Any] = PartialRetries(
            self,
            self.budget or Budget(),
            self.hooks,
            on_interrupt=options.on_interrupt,
            fail_fast=options.fail_fast,
        )
        self._policy = retries
        return retries

    # -- requests that follow up -----------------------------------------------------------

    def index_name(self, cause: AttemptCause) -> str | None:
        """The member that says which items a follow-up brings, None if it is not asked for."""
        return self._shaping.member_beside(INDEXES if cause == "repair" else FIRST_INDEX)

    def repair_request(self, rejected: Sequence[RejectedItem]) -> Any:
        """Ask for rejected items again, and for nothing else."""
        said = list_text([each.raw for each in rejected], self._shaping.path)
        prompt = self._options.prompts.repair
        instruction = prompt(rejected)
        name = self.index_name("repair")
        if name is not None and prompt is repair_prompt:
            instruction += f"\n\n{indexes_prompt(name, [each.index for each in rejected])}"
        return self._shaping.follow_up(said, instruction, (), name)

    def resume_request(self, elements: Elements) -> Any:
        """Ask for what follows these elements of the list."""
        said = list_text(elements.texts, self._shaping.path) if elements.texts else None
        prompt = self._options.prompts.resume
        instruction = prompt(elements.count, len(elements.texts))
        name = self.index_name("resume") if elements.count else None
        if name is not None and prompt is resume_prompt:
            instruction += f"\n\n{first_index_prompt(name, elements.count)}"
        return self._shaping.follow_up(said, instruction, (), name)

    def reask_request(
        self, carried: Mapping[str, str], refused: OutputValidationError | None
    ) -> Any:
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
        return self._shaping.follow_up(said, instruction, list(carried))


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
