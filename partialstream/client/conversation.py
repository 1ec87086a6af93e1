"""The requests of one call, and what reads the response to each. No I/O.

The retry policies decide what is asked for next; here it becomes a request, and what
reads the response to it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from partialstream.client.follow_up import FIRST_INDEX, INDEXES, list_text
from partialstream.client.prompts import (
    errors_of,
    first_index_prompt,
    indexes_prompt,
    repair_prompt,
    resume_prompt,
)
from partialstream.client.schema import VALUE, wrapper_model
from partialstream.engine.fields import object_text
from partialstream.limits import DEFAULT_LIMITS
from partialstream.stream.items import ItemReader
from partialstream.stream.partials import PartialReader

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import BaseModel

    from partialstream.client.elements import Elements
    from partialstream.client.endpoint import RequestBuilder
    from partialstream.client.options import Options
    from partialstream.client.response_model import ResponseShape
    from partialstream.errors import OutputValidationError
    from partialstream.results import AttemptCause, RejectedItem
    from partialstream.stream.response import ResponseStream


class Conversation:
    """The requests of one call, as the retry policies need them.

    Args:
        shape: What the call asks for.
        options: How its responses are read.
        builder: Builds its requests.

    Attributes:
        limits: Those of the reading.
    """

    def __init__(self, shape: ResponseShape, options: Options, builder: RequestBuilder) -> None:
        self._shape = shape
        self._options = options
        self._builder = builder
        self.limits = options.limits or DEFAULT_LIMITS

    @property
    def request(self) -> Any:
        """The first request, for the endpoint that it was shaped for."""
        return self._builder.request

    def item_reader(
        self, response: ResponseStream, on_invalid: Literal["raise", "skip"]
    ) -> ItemReader[Any]:
        """What reads one response with a list."""
        options = self._options
        return ItemReader(
            self._shape.type_,
            path=options.path,
            on_invalid=on_invalid,
            context=options.context,
            strict=options.strict,
            limits=options.limits,
            response=response,
            expected=self._builder.expected,
        )

    @property
    def wraps(self) -> bool:
        """Whether the value asked for is no object, and so a member of its answer."""
        return self._builder.path == (VALUE,)

    def partial_reader(
        self,
        response: ResponseStream,
        carried: Mapping[str, str] | None = None,
        *,
        fail_fast: bool = False,
    ) -> PartialReader[Any]:
        """What reads one response with an object.

        Args:
            response: The response.
            carried: Members that stand from other answers.
            fail_fast: See `PartialParser`.
        """
        options = self._options
        wrapped = self.wraps
        model = _wrapper_model(self._shape.type_) if wrapped else self._shape.type_
        return PartialReader(
            model,
            context=options.context,
            strict=options.strict,
            limits=options.limits,
            response=response,
            expected=self._builder.expected,
            member=VALUE if wrapped else None,
            carried=carried,
            fail_fast=fail_fast,
        )

    # -- requests that follow up -----------------------------------------------------------

    def index_name(self, cause: AttemptCause) -> str | None:
        """The member that says which items a follow-up brings, None if it is not asked for."""
        return self._builder.member_beside(INDEXES if cause == "repair" else FIRST_INDEX)

    def repair_request(self, rejected: Sequence[RejectedItem]) -> Any:
        """Ask for rejected items again, and for nothing else."""
        said = list_text([each.raw for each in rejected], self._builder.path)
        prompt = self._options.prompts.repair
        instruction = prompt(rejected)
        name = self.index_name("repair")
        if name is not None and prompt is repair_prompt:
            instruction += f"\n\n{indexes_prompt(name, [each.index for each in rejected])}"
        return self._builder.follow_up(said, instruction, (), name)

    def resume_request(self, elements: Elements) -> Any:
        """Ask for what follows these elements of the list."""
        said = list_text(elements.texts, self._builder.path) if elements.texts else None
        prompt = self._options.prompts.resume
        instruction = prompt(elements.count, len(elements.texts))
        name = self.index_name("resume") if elements.count else None
        if name is not None and prompt is resume_prompt:
            instruction += f"\n\n{first_index_prompt(name, elements.count)}"
        return self._builder.follow_up(said, instruction, (), name)

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
        return self._builder.follow_up(said, instruction, list(carried))


_cached_wrapper_model = lru_cache(maxsize=256)(wrapper_model)


def _wrapper_model(type_: Any) -> type[BaseModel]:
    try:
        return _cached_wrapper_model(type_)
    except TypeError:  # an unhashable annotation
        return wrapper_model(type_)
