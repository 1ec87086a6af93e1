"""A growing object over several answers: which members stand, what to ask for again. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from typing_extensions import override

from partialstream.client.retries import Failure, RetryingSession, is_final
from partialstream.errors import OutputValidationError, PartialStreamError
from partialstream.stream.events import Resumed
from partialstream.stream.response import ResponseStream

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from partialstream.client.budget import Budget
    from partialstream.client.conversation import Conversation
    from partialstream.client.hooks import Hooks
    from partialstream.client.options import OnInterrupt
    from partialstream.stream.partials import PartialReader

M = TypeVar("M")


class PartialRetries(RetryingSession[M]):
    """Reads an object, over as many responses as it takes.

    Fields that stand are carried over: the next response needs only the others, and the object
    is validated as a whole.

    Args:
        conversation: Makes the readers and the requests.
        budget: How often, and when, a request may be made again.
        hooks: Told of requests and failures.
        on_interrupt: What becomes of a response that breaks off.
        fail_fast: Whether a response is left as soon as a field of it cannot be valid.
        stop_when: See `Session`.
    """

    def __init__(
        self,
        conversation: Conversation,
        budget: Budget,
        hooks: Hooks,
        *,
        on_interrupt: OnInterrupt = "resume",
        fail_fast: bool = True,
        stop_when: Callable[[M], bool] | None = None,
    ) -> None:
        self._conversation = conversation
        self._on_interrupt = on_interrupt
        self._fail_fast = fail_fast and not conversation.wraps
        self._carried: Mapping[str, str] = {}
        self._object: PartialReader[M]
        reader = self._new_reader(ResponseStream())
        super().__init__(reader, budget, hooks, stop_when=stop_when)

    @override
    def _new_reader(self, response: ResponseStream) -> PartialReader[M]:
        self._object = self._conversation.partial_reader(
            response, self._carried or None, fail_fast=self._fail_fast
        )
        return self._object

    @override
    def _judge(self, error: BaseException | None) -> Failure | None:
        if error is None:
            self.outcome = self._object.outcome
            return None
        wrong = isinstance(error, OutputValidationError)
        mendable = not is_final(error) and (wrong or self._on_interrupt == "resume")
        if not mendable or not isinstance(error, PartialStreamError):
            self.failure = error
            return None
        standing = {} if self._conversation.wraps else self._object.standing
        progress = len(standing) > len(self._carried)
        self._carried = standing
        mark = (error.raw, str(error)) if isinstance(error, OutputValidationError) else None
        return Failure(error, "reask" if wrong else "resume", progress, mark)

    @override
    def _request_for(self, failure: Failure) -> Any:
        carried, error = self._carried, failure.error
        if isinstance(error, OutputValidationError):
            return self._conversation.reask_request(carried, error)
        self.pending.append(Resumed(self._number, len(carried)))
        if not carried:
            return self._conversation.request
        return self._conversation.reask_request(carried, None)
