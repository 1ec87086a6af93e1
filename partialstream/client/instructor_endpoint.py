"""Whom an instructor client asks: every provider and mode that instructor knows."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from partialstream.client.carrier import Taken
from partialstream.client.endpoint import Whole
from partialstream.client.hooks import Hooks
from partialstream.client.instructor_shaping import InstructorShaping
from partialstream.client.taken_chunks import async_chunks_of, chunks_of, is_known

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Iterable, Mapping

    from partialstream.client.instructor_shaping import InstructorRequest
    from partialstream.client.options import Options
    from partialstream.client.response_model import ResponseShape
    from partialstream.stream.deadline import Deadline


class _InstructorEndpoint:
    """What both have.

    Args:
        client: An `Instructor` or `AsyncInstructor`; it stays the caller's to close.
        templates: Whether messages are templates, in calls that do not say.
    """

    def __init__(self, client: Any, *, templates: bool = True) -> None:
        self._client = client
        self._templates = templates
        self.hooks: Any = client.hooks

    def shaping(
        self, shape: ResponseShape, options: Options, kwargs: Mapping[str, Any], *, stream: bool
    ) -> InstructorShaping:
        """See `Endpoint`."""
        return InstructorShaping(
            self._client, shape, options, kwargs, stream=stream, templates=self._templates
        )

    def _arguments(
        self, request: InstructorRequest, taken: Taken, hooks: Hooks, deadline: Deadline | None
    ) -> dict[str, Any]:
        """The arguments for instructor; told of what it makes of them, and of the answer."""
        taking = Hooks()
        taking.on("completion:kwargs", partial(hooks.emit, "completion:kwargs"))
        taking.on("completion:response", partial(_take, taken, hooks))
        model = request.carrier(taken)
        arguments = {**request.arguments, "response_model": model, "hooks": taking}
        if deadline is not None and _takes_timeout(self._client.client):
            timeout = arguments.get("timeout")
            left = deadline.left()
            arguments["timeout"] = min(timeout, left) if isinstance(timeout, (int, float)) else left
        return arguments


class InstructorEndpoint(_InstructorEndpoint):
    """For `Instructor`; see `Endpoint`."""

    def send(
        self, request: InstructorRequest, hooks: Hooks, deadline: Deadline | None
    ) -> Iterable[Any]:
        """See `Endpoint`."""
        return chunks_of(self._ask(request, hooks, deadline), request)

    def send_whole(
        self, request: InstructorRequest, hooks: Hooks, deadline: Deadline | None
    ) -> Whole:
        """See `Endpoint`."""
        return _whole(self._ask(request, hooks, deadline))

    def _ask(self, request: InstructorRequest, hooks: Hooks, deadline: Deadline | None) -> Taken:
        taken = Taken()
        arguments = self._arguments(request, taken, hooks, deadline)
        try:
            self._client.create_fn(**arguments)
        except Exception as error:  # noqa: BLE001  # raised again, unless there is an answer
            _judge(error, taken)
        return _checked(taken)


class AsyncInstructorEndpoint(_InstructorEndpoint):
    """For `AsyncInstructor`; see `AsyncEndpoint`."""

    async def send(
        self, request: InstructorRequest, hooks: Hooks, deadline: Deadline | None
    ) -> AsyncIterable[Any]:
        """See `Endpoint`."""
        return async_chunks_of(await self._ask(request, hooks, deadline), request)

    async def send_whole(
        self, request: InstructorRequest, hooks: Hooks, deadline: Deadline | None
    ) -> Whole:
        """See `Endpoint`."""
        return _whole(await self._ask(request, hooks, deadline))

    async def _ask(
        self, request: InstructorRequest, hooks: Hooks, deadline: Deadline | None
    ) -> Taken:
        taken = Taken()
        arguments = self._arguments(request, taken, hooks, deadline)
        try:
            await self._client.create_fn(**arguments)
        except Exception as error:  # noqa: BLE001  # raised again, unless there is an answer
            _judge(error, taken)
        return _checked(taken)


def _take(taken: Taken, hooks: Hooks, response: Any) -> None:
    taken.answer = response
    hooks.emit("completion:response", response)


def _takes_timeout(client: Any) -> bool:
    """Whether the methods of an SDK's client take `timeout` in seconds."""
    return type(client).__module__.partition(".")[0] in ("anthropic", "groq", "openai")


def _has_answer(taken: Taken) -> bool:
    return taken.answer is not None or taken.texts is not None or taken.text is not None


def _judge(error: Exception, taken: Taken) -> None:
    """Raise what kept the provider from answering.

    What instructor thinks of an answer is no matter: we read it ourselves. An error of the SDK
    is raised as it is, and not as instructor wraps it.
    """
    if _has_answer(taken):
        return
    cause = error.__cause__
    if type(error).__name__ == "InstructorRetryException" and cause is not None:
        raise cause
    raise error


def _checked(taken: Taken) -> Taken:
    if not _has_answer(taken):
        raise TypeError("instructor asks this provider in a way that leaves no answer to read")
    return taken


def _whole(taken: Taken) -> Whole:
    """An answer that is not streamed: as the SDK's object if we know it, else as a text."""
    answer = taken.answer
    if answer is None or not (taken.text is None or is_known(answer)):
        return Whole([taken.text or ""], lambda: answer)
    return Whole([answer], lambda: answer)
