"""The errors of partialstream.

PartialStreamError                 what a stream, a parser or `client.create` raises
├── JSONSyntaxError(ValueError)    the text cannot become valid JSON            model's fault
├── OutputValidationError          well-formed, but not what the type asks for  model's fault
├── IncompleteStreamError          the response ended before the document did   anybody's fault
├── RefusalError                   the model or a content filter said no
├── ProviderError                  an error event, or a chunk of unknown shape  provider's fault
├── LimitExceededError             one of `Limits` was reached, or `max_cost`
└── RetriesExhaustedError          the policy gave up

They are about responses. Other errors stay what they are: those of the first request of a call
(a wrong key, an unknown model, no connection), which are the SDK's own, `openai.OpenAIError` for
OpenAI's; `TypeError` and `ValueError` for wrong arguments; what the caller's own functions raise
(`key=`, `stop_when=`, a source of chunks of their own). A later request that is rejected is a
`ProviderError` with the SDK's error as its `__cause__`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from partialstream.quoting import mask_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from partialstream.results import Attempt, Outcome, Path
    from partialstream.usage import Usage


def format_path(path: Path) -> str:
    """Write a path the way people do.

    Example:
        >>> format_path(("sections", 2, "title"))
        'sections[2].title'
        >>> format_path(())
        '(root)'
    """
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text or "(root)"


class PartialStreamError(Exception):
    """Base of all errors of this library.

    The message of an error that a stream or a call raises ends with when it happened and what had
    been delivered by then: `(after 3.2 s and 14 items, attempt 2)`.

    Attributes:
        outcome: How the stream ended; None while the error has not reached a stream or parser.
        usage: Tokens paid for until then, None if unknown.
        delivered: How many items had been delivered. The items themselves are with the
            caller already; keeping them here would make memory grow with the stream.
        snapshot: The last snapshot of a growing object, None for items.
        elapsed: Seconds from the first request; for a stream that was opened elsewhere, from
            where the stream object was created. None while the error has not reached a stream.
        attempts: Every request that was made, in order.
    """

    outcome: Outcome | None
    usage: Usage | None
    delivered: int
    snapshot: Any
    elapsed: float | None
    attempts: tuple[Attempt, ...]

    def __init__(self, message: str, *, outcome: Outcome | None = None) -> None:
        # Not by `super`: a subclass may have a second base that wants more.
        Exception.__init__(self, message)
        self.outcome = outcome
        self.usage = None
        self.delivered = 0
        self.snapshot = None
        self.elapsed = None
        self.attempts = ()

    @property
    def message(self) -> str:
        """What happened, without when, and what had been delivered."""
        # Not by `super`, as above.
        return Exception.__str__(self)

    @override
    def __str__(self) -> str:
        message = self.message
        if self.elapsed is None:
            return message
        if self.snapshot is None:
            delivered = _counted(self.delivered, "item")
        else:
            fields: Any = getattr(self.snapshot, "model_fields_set", None)
            delivered = "a snapshot" if fields is None else _counted(len(fields), "field")
        attempt = f", attempt {len(self.attempts)}" if len(self.attempts) > 1 else ""
        digits = 1 if self.elapsed < 100 else 0
        space = "\n" if "\n" in message else " "
        return f"{message}{space}(after {self.elapsed:.{digits}f} s and {delivered}{attempt})"

    @override
    def __reduce__(self) -> tuple[Any, ...]:
        # As exceptions are rebuilt, but for `__init__`: subclasses want keywords there.
        return _rebuilt, (type(self), *self.args), self.__dict__

    @property
    def tail(self) -> str:
        """The unfinished text of the open item or object, `""` if there is none."""
        return self.outcome.tail if self.outcome is not None else ""


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _rebuilt(kind: type[Exception], *args: Any) -> Exception:
    """An exception without its attributes, for pickle and copy."""
    return kind.__new__(kind, *args)


class JSONSyntaxError(PartialStreamError, ValueError):
    """The text cannot become valid JSON, whatever follows.

    Attributes:
        reason: What is wrong, without the position.
        offset: Characters before the offending one, from the start of the text.
        line: Its line, from 1.
        column: Its column, from 1, in characters.
        path: The innermost value it stands in.
    """

    def __init__(
        self,
        reason: str,
        *,
        offset: int,
        line: int,
        column: int,
        path: Path,
        outcome: Outcome | None = None,
    ) -> None:
        super().__init__(
            f"{reason} at line {line} column {column} (offset {offset}), in {format_path(path)}",
            outcome=outcome,
        )
        self.reason = reason
        self.offset = offset
        self.line = line
        self.column = column
        self.path = path


class OutputValidationError(PartialStreamError):
    """The JSON is well-formed, but is not what the type asks for.

    pydantic's `ValidationError` is the `__cause__`.

    Attributes:
        index: The item's place in its list, None for an object.
        raw: The JSON text that was rejected.
        path: The field that was rejected before the object was complete; `()` for the whole.
    """

    def __init__(
        self,
        message: str,
        *,
        raw: str,
        index: int | None = None,
        path: Path = (),
        outcome: Outcome | None = None,
    ) -> None:
        super().__init__(message, outcome=outcome)
        self.index = index
        self.raw = raw
        self.path = path


class IncompleteStreamError(PartialStreamError):
    """The response ended before the document did, or held none.

    The outcome says which: truncated, disconnected, stalled, empty or no_json. A transport's
    own exception is the `__cause__`.
    """

    @classmethod
    def of(cls, outcome: Outcome) -> IncompleteStreamError:
        """The error for an outcome."""
        message, detail = _INCOMPLETE.get(outcome.status, outcome.status), outcome.detail
        if outcome.status == "no_json" and detail:
            message, detail = detail, ""  # it says what is missing, and quotes what came
        if outcome.finish_reason is not None:
            message += f" (finish reason {outcome.finish_reason!r})"
        if detail:
            message += f": {detail}"
        if outcome.tail:
            shown = outcome.tail if len(outcome.tail) <= 80 else "…" + outcome.tail[-80:]
            message += f"; unfinished: {mask_keys(shown)!r}"
        return cls(message, outcome=outcome)


_INCOMPLETE = {
    "empty": "the response is empty",
    "no_json": "no JSON found in the response",
    "truncated": "the response ends before the document does",
    "disconnected": "the connection ended before the response did",
    "cancelled": "the stream was closed before its end",
    "stalled": "the response took longer than allowed",
}


class RefusalError(PartialStreamError):
    """The model refused, or a content filter stepped in; the outcome says which."""


class ProviderError(PartialStreamError):
    """The provider sent an error in the stream, or a chunk of unknown shape.

    Also: it rejected a request that was to mend a stream (a repair, the rest). The SDK's error
    is the `__cause__` then, and the outcome is that of what was to be mended.

    Attributes:
        chunk: What it sent, None if the SDK raised before showing it.
        code: The provider's code for it, None if it gave none.
        status: The HTTP status of a request that was rejected, None elsewhere.
    """

    def __init__(
        self,
        message: str,
        *,
        chunk: object = None,
        code: str | None = None,
        status: int | None = None,
        outcome: Outcome | None = None,
    ) -> None:
        super().__init__(message, outcome=outcome)
        self.chunk = chunk
        self.code = code
        self.status = status


class LimitExceededError(PartialStreamError):
    """One of `Limits` was reached, or the next request of a call could exceed its `max_cost`.

    Attributes:
        limit: The name of the field of `Limits`, or `"max_cost"`.
        allowed: Its value.
    """

    def __init__(
        self, limit: str, allowed: float, message: str, *, outcome: Outcome | None = None
    ) -> None:
        super().__init__(message, outcome=outcome)
        self.limit = limit
        self.allowed = allowed


class RetriesExhaustedError(PartialStreamError):
    """The retry policy gave up. The last failure is the `__cause__`."""

    def __init__(
        self, message: str, *, attempts: Sequence[Attempt], outcome: Outcome | None = None
    ) -> None:
        super().__init__(message, outcome=outcome)
        self.attempts = tuple(attempts)
