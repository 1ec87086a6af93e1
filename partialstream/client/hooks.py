"""Handlers for the events of a call, by instructor's names.

| event                     | a handler is called with                          |
| ------------------------- | ------------------------------------------------- |
| `completion:kwargs`       | the arguments of the request, each by its keyword |
| `completion:response`     | the SDK's response; streamed, it is not read yet  |
| `completion:usage`        | the usage of all attempts so far                  |
| `completion:error`        | the error of a request that failed                |
| `parse:error`             | what is wrong with a response                     |
| `completion:last_attempt` | the error after which no further attempt is made  |

With an error come the keywords `attempt_number`, `max_attempts` (of requests, see
`max_requests`) and `is_last_attempt`, with the usage `attempt_number`. A handler that does not
take them all gets none of them.
"""

from __future__ import annotations

import inspect
import traceback
import warnings
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Handler = Callable[..., Any]

EventName = Literal[
    "completion:kwargs",
    "completion:response",
    "completion:usage",
    "completion:error",
    "parse:error",
    "completion:last_attempt",
]

_EMITTERS: Final[dict[str, str]] = {
    "completion:kwargs": "emit_completion_arguments",
    "completion:response": "emit_completion_response",
    "completion:usage": "emit_completion_usage",
    "completion:error": "emit_completion_error",
    "parse:error": "emit_parse_error",
    "completion:last_attempt": "emit_completion_last_attempt",
}
"""The events, and the method that emits each."""


class Hooks:
    """Handlers by event; the interface is instructor's.

    Events go by their names or by the members of instructor's `HookName`. Handlers are called
    in the order in which they were added, while the stream waits. One that raises an exception
    is reported as a warning, and everything goes on.

    Example:
        >>> hooks = Hooks()
        >>> hooks.on("completion:kwargs", lambda **kwargs: print("asks", kwargs["model"]))
        >>> hooks.emit("completion:kwargs", model="gpt-5", messages=[])
        asks gpt-5
    """

    def __init__(self) -> None:
        self._handlers: dict[str, list[Handler]] = {event: [] for event in _EMITTERS}

    def on(self, hook_name: EventName | Enum, handler: Handler) -> None:
        """Add a handler.

        Args:
            hook_name: The event.
            handler: What to call. Added twice, it is called twice.

        Raises:
            ValueError: There is no such event.
        """
        self._handlers[_event(hook_name)].append(handler)

    def off(self, hook_name: EventName | Enum, handler: Handler) -> None:
        """Remove a handler, once; it need not be there.

        Args:
            hook_name: The event.
            handler: What was given to `on`.

        Raises:
            ValueError: There is no such event.
        """
        handlers = self._handlers[_event(hook_name)]
        if handler in handlers:
            handlers.remove(handler)

    def clear(self, hook_name: EventName | Enum | None = None) -> None:
        """Remove all handlers of an event.

        Args:
            hook_name: The event, None for all of them.

        Raises:
            ValueError: There is no such event.
        """
        for event in self._handlers if hook_name is None else (_event(hook_name),):
            self._handlers[event].clear()

    def emit(self, hook_name: EventName | Enum, /, *args: Any, **kwargs: Any) -> None:
        """Call the handlers of an event.

        Args:
            hook_name: The event.
            args: For the handlers.
            kwargs: For the handlers that take all of them.

        Raises:
            ValueError: There is no such event.
        """
        event = _event(hook_name)
        # A copy, because a handler may remove itself.
        for handler in tuple(self._handlers[event]):
            try:
                if _takes(handler, args, kwargs):
                    handler(*args, **kwargs)
                else:
                    handler(*args)
            except Exception:  # noqa: BLE001  # an observer's mistake must not end the stream
                warnings.warn(f"Error in {event} handler:\n{traceback.format_exc()}", stacklevel=2)

    def emit_completion_arguments(self, *args: Any, **kwargs: Any) -> None:
        """Emit `completion:kwargs`, with the arguments of a request."""
        self.emit("completion:kwargs", *args, **kwargs)

    def emit_completion_response(self, response: Any) -> None:
        """Emit `completion:response`."""
        self.emit("completion:response", response)

    def emit_completion_usage(self, usage: Any, **kwargs: Any) -> None:
        """Emit `completion:usage`, with that of all attempts so far."""
        self.emit("completion:usage", usage, **kwargs)

    def emit_completion_error(self, error: Exception, **kwargs: Any) -> None:
        """Emit `completion:error`, for a request that failed."""
        self.emit("completion:error", error, **kwargs)

    def emit_parse_error(self, error: Exception, **kwargs: Any) -> None:
        """Emit `parse:error`, for a response that is not what was asked for."""
        self.emit("parse:error", error, **kwargs)

    def emit_completion_last_attempt(self, error: Exception, **kwargs: Any) -> None:
        """Emit `completion:last_attempt`: no further attempt will be made."""
        self.emit("completion:last_attempt", error, **kwargs)

    @classmethod
    def combine(cls, *hooks: Any) -> Hooks:
        """Put the handlers of several hooks together.

        Args:
            hooks: In the order in which their handlers are called. Each is one of these, a
                `Hooks` of instructor, or None for no handlers.

        Returns:
            New hooks. What happens later to those given does not change them, except that
            handlers added to or removed from instructor's count here too.

        Raises:
            TypeError: One of them is none of these.

        Example:
            >>> from instructor.core import hooks as instructors
            >>> theirs = instructors.Hooks()
            >>> theirs.on("parse:error", print)
            >>> Hooks.combine(Hooks(), theirs, None).emit("parse:error", ValueError("no price"))
            no price
        """
        combined = cls()
        for each in hooks:
            for event, handlers in _handlers_of(each).items():
                combined._handlers[event].extend(handlers)
        return combined

    def __bool__(self) -> bool:
        """Whether there are any handlers."""
        return any(self._handlers.values())

    def __add__(self, other: Any) -> Hooks:
        return self.combine(self, other)

    def copy(self) -> Hooks:
        """New hooks with the same handlers."""
        return self.combine(self)


def _event(hook_name: str | Enum) -> str:
    event: str = hook_name.value if isinstance(hook_name, Enum) else hook_name
    if event not in _EMITTERS:
        names = ", ".join(map(repr, _EMITTERS))
        raise ValueError(f"no such event: {hook_name!r}; the events are {names}")
    return event


def _takes(handler: Handler, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
    """Whether a handler can be called with all of these; without keywords it must be."""
    if not kwargs:
        return True
    try:
        inspect.signature(handler).bind(*args, **kwargs)
    except TypeError:
        return False
    except ValueError:  # some built-in functions do not say what they take
        return True
    return True


def _handlers_of(hooks: Any) -> Mapping[str, Sequence[Handler]]:
    if hooks is None:
        return {}
    if isinstance(hooks, Hooks):
        return hooks._handlers  # pyright: ignore[reportPrivateUsage]  # the class is in this file
    # instructor's are known by their methods: importing it costs a second. Each method is a
    # handler here, and calls instructor's handlers.
    emitters = {event: getattr(hooks, name, None) for event, name in _EMITTERS.items()}
    known = {event: [emitter] for event, emitter in emitters.items() if emitter is not None}
    if not known:
        raise TypeError(f"hooks= must be partialstream's or instructor's Hooks, not {hooks!r}")
    return known
