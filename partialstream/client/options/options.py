"""Every option of a call, with its default, and what is refused before a request."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar, cast

from partialstream.client.options.near_misses import check_spelling
from partialstream.client.prompts import Prompts
from partialstream.limits import Limits
from partialstream.results import RejectedItem
from partialstream.validation.checks import check_flag, check_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from instructor.core.hooks import Hooks as InstructorHooks
    from tenacity import AsyncRetrying, Retrying

    from partialstream.client.hooks import Hooks
    from partialstream.client.options.mode import AnyMode

    AnyHooks = Hooks | InstructorHooks
    Retries = int | Retrying | AsyncRetrying

T = TypeVar("T")

Decision = Literal["repair", "raise", "skip"]
"""What becomes of an item that does not validate: it is asked for again; it ends the stream;
it is left in `rejected`."""

OnInvalid = Decision | Callable[[RejectedItem], Decision]
OnInterrupt = Literal["resume", "raise"]
"""What becomes of a list whose response breaks off: the rest is asked for, or it is an error."""

ListPath = str | Sequence[str | int]
"""Where a list is: `"report.sections.*.bullets"`, or a sequence of names and indexes."""

StopWhen = Callable[[T], bool]
"""Says of an item, or of a snapshot, whether it is the last."""

Key = str | Callable[[Any], Hashable]
"""What tells one item from another: the name of a field, or a function of the item."""

_ONLY_FOR: Final = {
    "path": "items",
    "on_invalid": "items",
    "ordered": "items",
    "key": "items",
    "take": "items",
    "fail_fast": "object",
}
"""Options that have no meaning for the other kind of response."""

_WORDS: Final = {
    "on_invalid": ("repair", "raise", "skip"),
    "on_interrupt": ("resume", "raise"),
}

DEFAULT_PROMPTS: Final = Prompts()


@dataclass(frozen=True, slots=True)
class Options:
    """What a caller says of the reading of a response, and not of the request.

    The methods of the clients have each as a parameter, and what is said of it here in their
    docstrings.

    Attributes:
        mode: How the provider is made to respond in JSON: `"json_schema"` (the default),
            `"tools"` or `"json_object"`, or a member of instructor's `Mode`. None for the
            client's own.
        path: Where the list is in the response, `"report.sections.*.bullets"` or a sequence of
            names and indexes. None (the default): where the request asks for it.
        on_invalid: What becomes of an item that does not validate: `"repair"` (asked for again
            once the list has ended; the default with retries), `"raise"` (an error; the default
            without), `"skip"` (left in `stream.rejected`), or a function of the `RejectedItem`
            that returns one of these.
        ordered: True holds items back until those before them are repaired. False by default.
        key: Identifies an item, so that one that a resumed response sends again is recognised:
            the name of a field, or its alias, or a function of the item whose result is
            compared. A field is also looked for in rejected items, so that a repair finds its
            place; a key of None identifies nothing. By default items are compared by their JSON
            text.
        take: Number of items wanted, over all requests; None (the default) for all. The response
            is closed before the last one is delivered.
        stop_when: A function of each item, or of each snapshot of an object; the first for which
            it returns True is the last, and the response is closed before it is delivered. None
            by default.
        context: Passed to pydantic's validators, and to templates. None by default.
        templates: Whether messages are Jinja templates that a mapping in `context` fills in.
            None (the default) for the client's own: False with `from_openai`, True with
            `from_instructor` and `from_provider`.
        strict: pydantic's strict mode. None (the default) leaves it to the type.
        lenient: Whether an item, or an object, that is not valid JSON is read nevertheless, if it
            is closed and can be understood for certain: with comments, single quotes, names
            without quotes, trailing commas, `None`, `True` or `False`. False by default. Such an
            item says so (`Item.text_repaired`); an object stops growing where it is not valid
            JSON, and is read when the response ends.
        limits: Bounds on sizes and on seconds without data; see `Limits`. None for its defaults.
        deadline: Seconds that the call may take in all, from its first request on, retries and
            waits included; None (the default) for no bound. Then the response is closed, and an
            `IncompleteStreamError` with the outcome `stalled` is raised, which is not retried.
            The SDK's own retries are off in such a call.
        max_cost: US dollars that the call may cost over all its requests; None (the default) for
            no bound. Before a further request (a retry, a repair, the rest, a fallback) that could
            exceed it, `LimitExceededError` with the limit `max_cost` is raised. What a request
            could cost: its input, as large as the largest so far, or four characters a token; and
            its output, `max_tokens` or else as large as the largest of input and output so far.
            The first request is refused only if its input alone exceeds the bound. Needs the
            extra `cost`; a model whose price is not known is a `ValueError`.
        source_text: The text that fields marked with `Quote` are copied from; None (the default)
            for none. An item, or an object, with a quote that is not found in it is invalid. The
            spans of the others are in `Item.spans`, and in `spans` of the stream of an object.
        max_retries: Failures in a row that are retried, 0 by default; or tenacity's `Retrying` or
            `AsyncRetrying`. Nothing that was delivered is delivered again. The first request
            counts too, and the SDK's own retries are off; a server's `Retry-After` is waited for,
            60 s at most, unless a tenacity object has a `wait` of its own.
        max_requests: Requests in total, however many items are delivered between them. None for
            10.
        fallbacks: Where requests go next if this endpoint fails, in this order: `"other-model"` of
            the same client, `(other_client, "its-model")`, or `other_client` with its default
            model. In place of a model may be a mapping of the arguments in which its requests
            differ (`{"model": "…", "max_tokens": 1024}`; None leaves one out); all others of the
            call go to each, but for `mode`, which is a client's own. The next one is asked once
            `max_retries` are used up or a request is rejected permanently: for the rest, or for
            what is invalid. Refusals are raised. None (the default) for the client's own.
        first_delta_within: Seconds that a streamed request may say nothing: no text and no
            reasoning, while the wait for its headers, pings and comments count as silence. Then
            the same is asked of the next of the `fallbacks`, or once more of this endpoint where
            there is none. The response that says something first is read, and the others are
            closed. Each further one is asked after as many seconds of silence again. A wait for
            `RateLimit` is no silence. All that are sent count towards `max_requests`, and the
            SDK's own retries are off. None (the default): the
            client's own, or no bound.
        on_interrupt: What becomes of a response that breaks off, with retries: `"resume"` (the
            rest is asked for; the default) or `"raise"`.
        fail_fast: With retries: whether the response is closed as soon as a field of the object
            cannot be valid (the default); the fields that were accepted are kept. False waits for
            the end.
        hooks: Handlers for the events of this call: `Hooks`, or instructor's. None by default.
        prompts: Prompts for repair and resume requests; see `Prompts` and its defaults.
    """

    mode: AnyMode | None = None
    path: ListPath | None = None
    on_invalid: OnInvalid | None = None
    context: Any = None
    templates: bool | None = None
    strict: bool | None = None
    lenient: bool = False
    limits: Limits | None = None
    deadline: float | None = None
    max_cost: float | None = None
    source_text: str | None = None
    max_retries: Retries = 0
    max_requests: int | None = None
    fallbacks: Sequence[Any] | None = None
    first_delta_within: float | None = None
    on_interrupt: OnInterrupt = "resume"
    ordered: bool = False
    key: Key | None = None
    fail_fast: bool = True
    take: int | None = None
    stop_when: StopWhen[Any] | None = None
    hooks: AnyHooks | None = None
    prompts: Prompts = DEFAULT_PROMPTS

    @classmethod
    def split(cls, kwargs: Mapping[str, Any]) -> tuple[Options, dict[str, Any]]:
        """Take the options out of a caller's arguments; gives them, and what is for the SDK.

        Raises:
            TypeError: One of the arguments is neither, and nearly one of them.
        """
        if "validation_context" in kwargs:  # no provider knows it
            raise TypeError("validation_context= is called context= here")
        rest = dict(kwargs)
        given = {name: rest.pop(name) for name in cls.__slots__ if name in rest}
        check_spelling(rest, WORDS)
        return cls(**given), rest

    def check(self, kind: Literal["items", "object"], *, stream: bool) -> None:
        """Refuse what would be found out in the middle of a stream, or never.

        Raises:
            TypeError: An option has no meaning for what is asked for, or is of the wrong type.
            ValueError: `on_invalid` or `on_interrupt` is a word that we do not know, or a number is
                not positive.
        """
        for name, only in _ONLY_FOR.items():
            if kind != only and getattr(self, name) != getattr(_DEFAULTS, name):
                there = "lists; response_model asks for no list"
                here = "objects; response_model asks for a list"
                raise TypeError(f"{name}= is for {there if kind == 'object' else here}")
        for name, words in _WORDS.items():
            given: Any = getattr(self, name)
            if isinstance(given, str) and given not in words:
                known = ", ".join(map(repr, words))
                raise ValueError(f"{name} must be one of {known}, not {given!r}")
        self._check_types()
        if self.stop_when is not None and kind == "object" and not stream:
            raise TypeError("stop_when= is for streams and lists; a whole object has no snapshots")
        if self.first_delta_within is not None and not stream:
            raise TypeError("first_delta_within= is for streams: a whole response has one delta")
        check_positive("deadline", self.deadline)
        check_positive("first_delta_within", self.first_delta_within)
        check_positive("max_cost", self.max_cost, "US dollars")

    def _check_types(self) -> None:
        for name in ("ordered", "fail_fast", "lenient"):
            check_flag(name, getattr(self, name))
        for name in ("templates", "strict"):
            if getattr(self, name) is not None:
                check_flag(name, getattr(self, name))
        check_text("source_text", self.source_text)
        on_invalid: Any = self.on_invalid
        if not (on_invalid is None or isinstance(on_invalid, str) or callable(on_invalid)):
            raise TypeError(f"on_invalid= must be a word or a function, not {on_invalid!r}")
        on_interrupt: Any = self.on_interrupt
        if not isinstance(on_interrupt, str):
            raise TypeError(f"on_interrupt= must be a word, not {on_interrupt!r}")
        key: Any = self.key
        if not (key is None or isinstance(key, str) or callable(key)):
            raise TypeError(f"key= must be the name of a field or a function, not {key!r}")
        if not _is_path(self.path):
            raise TypeError(
                f"path= must be a str, or a sequence of names and indexes, not {self.path!r}"
            )
        limits: Any = self.limits
        if not (limits is None or isinstance(limits, Limits)):
            raise TypeError(f"limits= must be partialstream's Limits, not {limits!r}")
        prompts: Any = self.prompts
        if not isinstance(prompts, Prompts):
            raise TypeError(f"prompts= must be partialstream's Prompts, not {prompts!r}")
        requests: Any = self.max_requests
        if requests is None:
            return
        if isinstance(requests, bool) or not isinstance(requests, int):
            raise TypeError(f"max_requests= must be a number of requests, not {requests!r}")
        if requests < 1:
            raise ValueError(f"max_requests must be at least 1, not {requests}")


def _is_path(path: Any) -> bool:
    if path is None or isinstance(path, str):
        return True
    if isinstance(path, (bytes, bytearray)) or not isinstance(path, Sequence):
        return False
    steps = cast("Sequence[Any]", path)  # type: ignore[redundant-cast]  # not for pyright
    return all(isinstance(step, (str, int)) and not isinstance(step, bool) for step in steps)


def check_positive(name: str, value: Any, unit: str = "seconds") -> None:
    """Refuse what is no positive number; None is for no bound.

    Raises:
        TypeError: It is not a number.
        ValueError: It is not positive, or not finite.
    """
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name}= must be a number of {unit}, not {value!r}")
    if not (isfinite(value) and value > 0):
        raise ValueError(f"{name}= must be a positive number of {unit}, not {value!r}")


_DEFAULTS: Final = Options()

WORDS: Final = ("response_model", *Options.__slots__)
"""The parameters of the clients' methods that are not for the SDK."""
