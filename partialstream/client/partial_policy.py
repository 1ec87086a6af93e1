"""A growing object over several answers: which members stand, what to ask for again. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from partialstream.client.retries import Failure, Retries, is_final
from partialstream.errors import IncompleteStreamError, OutputValidationError, PartialStreamError
from partialstream.results import Outcome
from partialstream.stream.events import PartialEvent, Resumed
from partialstream.stream.partials import PartialReading

if TYPE_CHECKING:
    from collections.abc import Mapping

    from partialstream.client.budget import Budget
    from partialstream.client.conversation import Conversation
    from partialstream.client.hooks import Hooks
    from partialstream.client.options import OnInterrupt
    from partialstream.stream.partials import PartialFlow

M = TypeVar("M")


class PartialRetries(Retries[M, PartialEvent[M]], PartialReading[M]):
    """Reads an object, over as many answers as it takes.

    Members that stand are carried over: the next answer needs only the others, and the object
    is validated as a whole.

    Args:
        conversation: Makes the flows and the requests.
        budget: How often, and when, a request may be made again.
        hooks: Told of requests and failures.
        on_interrupt: What becomes of an answer that breaks off.
        fail_fast: Whether an answer is left as soon as a member of it cannot be valid.
    """

    def __init__(
        self,
        conversation: Conversation,
        budget: Budget,
        hooks: Hooks,
        *,
        on_interrupt: OnInterrupt = "resume",
        fail_fast: bool = True,
    ) -> None:
        super().__init__(budget, hooks)
        self._conversation = conversation
        self._on_interrupt = on_interrupt
        self._fail_fast = fail_fast and not conversation.wraps
        self._carried: Mapping[str, str] = {}
        self._object: PartialFlow[M]
        self._next_attempt(None)

    @property
    def _flow(self) -> PartialFlow[M]:
        return self._object

    def final(self) -> M:
        """See `PartialReading`."""
        if isinstance(self.failure, PartialStreamError):
            raise self.failure
        if self.outcome is None or not self.outcome.ok:
            raise IncompleteStreamError.of(self.outcome or Outcome("cancelled"))
        return self._object.final()

    # -- reading an answer -----------------------------------------------------------------

    def take(self, chunk: Any) -> list[M]:
        """See `Reading`."""
        return self._object.take(chunk)

    def finish(self) -> list[M]:
        """See `Reading`."""
        return self._object.finish()

    def take_events(self, chunk: Any) -> list[PartialEvent[M]]:
        """See `Reading`."""
        return [*self.between_events(), *self._object.take_events(chunk)]

    def finish_events(self) -> list[PartialEvent[M]]:
        """See `Reading`."""
        return [*self.between_events(), *self._object.finish_events()]

    def between_events(self) -> list[PartialEvent[M]]:
        """See `Reading`."""
        told: list[PartialEvent[M]] = self._told
        self._told = []
        return told

    # -- between answers -------------------------------------------------------------------

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

    def _prepare(self, failure: Failure | None) -> Any:
        carried = self._carried
        self._object = self._conversation.partial_flow(
            self._answer, carried or None, fail_fast=self._fail_fast
        )
        if failure is None:
            return self._conversation.request
        error = failure.error
        if isinstance(error, OutputValidationError):
            return self._conversation.reask_request(carried, error)
        self._told.append(Resumed(self._number, len(carried)))
        if not carried:
            return self._conversation.request
        return self._conversation.reask_request(carried, None)

    def _annotate(self, error: PartialStreamError) -> None:
        error.snapshot = self._object.snapshot
