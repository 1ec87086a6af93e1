"""An object over several responses: which fields are kept, which are asked for again. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from typing_extensions import override

from partialstream.client.prompts import errors_of
from partialstream.client.retries.failures import Failure
from partialstream.client.retries.session import RetryingSession
from partialstream.client.schema import VALUE
from partialstream.errors import OutputValidationError, PartialStreamError
from partialstream.stream.events import Resumed
from partialstream.stream.response import ResponseStream
from partialstream.stream.session import Session
from partialstream.validation.locations import object_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from partialstream.client.call import Call
    from partialstream.client.endpoints.base import RequestBuilder
    from partialstream.results import Path
    from partialstream.stream.partials import PartialReader

T = TypeVar("T")


class PartialRetries(RetryingSession[T]):
    """Reads an object, over as many responses as it takes.

    Fields that stand are carried over: the next response needs only the others, and the object
    is validated as a whole.
    """

    def __init__(self, call: Call) -> None:
        self._carried: Mapping[str, str] = {}
        self._object: PartialReader[T]
        super().__init__(call)

    @override
    def _new_reader(self, response: ResponseStream) -> PartialReader[T]:
        fail_fast = self._options.fail_fast and not self._call.wraps
        carried = self._carried_for(self._call.builder)
        self._object = self._call.partial_reader(response, carried or None, fail_fast=fail_fast)
        return self._object

    @override
    def _judge(self, error: BaseException | None) -> Failure | None:
        if error is None:
            self.outcome = self._object.outcome
            return None
        wrong = isinstance(error, OutputValidationError)
        mendable = not self._is_final(error) and (wrong or self._options.on_interrupt == "resume")
        if not mendable or not isinstance(error, PartialStreamError):
            self.failure = error
            return None
        standing = {} if self._call.wraps else self._object.standing
        progress = len(standing) > len(self._carried)
        self._carried = standing
        mark = (error.raw, str(error)) if isinstance(error, OutputValidationError) else None
        return Failure(error, "reask" if wrong else "resume", progress, mark)

    @override
    def _prepare(self, failure: Failure) -> None:
        if not isinstance(failure.error, OutputValidationError):
            kept = len(self._carried_for(self._call.builder))
            self.pending.append(Resumed(self._number, kept))

    def _carried_for(self, builder: RequestBuilder) -> Mapping[str, str]:
        """What an endpoint need not send again: nothing, if it is asked for one value."""
        # Not all endpoints that are asked for the same object are: one may put it into a member.
        return {} if builder.path == (VALUE,) else self._carried

    @override
    def _request_for(self, failure: Failure, builder: RequestBuilder) -> Any:
        carried, error = self._carried_for(builder), failure.error
        said = object_text(carried) if carried else None
        errors: list[tuple[Path, str]] = []
        raw = None
        if isinstance(error, OutputValidationError):
            errors = errors_of(error)
            if error.path:
                raw = error.raw
            else:
                said = error.raw
        elif not carried:
            return builder.request
        instruction = self._options.prompts.reask(errors, list(carried), raw)
        return builder.follow_up(said, instruction, list(carried))


def partial_session(call: Call) -> Session[Any]:
    """What reads the object: over one response, or over as many as it takes."""
    if call.is_plain:
        reader = call.partial_reader(ResponseStream())
        return call.describe(Session(reader, stop_when=call.options.stop_when))
    return call.describe(PartialRetries(call))
