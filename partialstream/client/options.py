"""What a caller says of the reading of an answer, and not of the request."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, Final, Literal

from partialstream.client.prompts import Prompts
from partialstream.results import RejectedItem
from partialstream.stream.stopping import validate_stop_options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from partialstream.limits import Limits

Decision = Literal["repair", "raise", "skip"]
"""What becomes of an item that does not validate: it is asked for again; it ends the stream;
it is left in `rejected`."""

OnInvalid = Decision | Callable[[RejectedItem], Decision]
OnInterrupt = Literal["resume", "raise"]
"""What becomes of a list whose answer breaks off: the rest is asked for, or it is an error."""

Key = str | Callable[[Any], Hashable]
"""What tells one item from another: the name of a member, or a function of the item."""

_REFUSED: Final = {
    "validation_context": "is called context= here",
}
"""Arguments that no provider knows, and what to say to those who take them for ours."""

_ONLY_FOR: Final = {
    "path": "items",
    "on_invalid": "items",
    "ordered": "items",
    "key": "items",
    "take": "items",
    "fail_fast": "object",
}
"""Options that have no meaning for the other kind of answer."""

_WORDS: Final = {
    "on_invalid": ("repair", "raise", "skip"),
    "on_interrupt": ("resume", "raise"),
}

DEFAULT_PROMPTS: Final = Prompts()


@dataclass(frozen=True, slots=True)
class Options:
    """What a caller says of the reading, not of the request.

    Attributes:
        mode: How the provider is made to answer in JSON; see `resolve_mode`. None leaves it to
            the client.
        path: Where the list is, if it is not where the request asks for it.
        on_invalid: What becomes of an item that does not validate: `"repair"` asks for it
            again, `"raise"` ends the stream, `"skip"` leaves it in `rejected`; or a function
            that says so for each `RejectedItem`. None: `"repair"` if retries are allowed,
            else `"raise"`.
        context: Handed to pydantic's validators.
        templates: Whether the messages are Jinja templates, to be filled in from `context`. None
            leaves it to the client.
        strict: pydantic's strict mode; None leaves it to the type.
        limits: See `Limits`.
        deadline: Seconds that the call may take over all its attempts, the waits between them
            included, from its first request on; None for no bound. Behind it the stream is closed
            and raises `IncompleteStreamError`, with the outcome `stalled`.
        max_retries: See `Budget`.
        max_requests: See `Budget`.
        on_interrupt: `"resume"` asks for the rest of an answer that breaks off, if retries
            are allowed; `"raise"` does not.
        ordered: Whether items wait for those before them that are being repaired. Without a
            stream they always do.
        key: What tells one item from another when an answer is resumed: the name of a member,
            or a function of the item; None: its text. A member is also looked for in rejected
            items, by its name in the JSON text, so that a repair finds its place; a key of
            None tells nothing.
        fail_fast: Whether the answer is left as soon as a member of an object cannot be valid.
        take: How many items are wanted, over all requests; see `stream_items`.
        stop_when: Says of an item or a snapshot whether it is the last; see `stream_items` and
            `stream_partial`.
        hooks: Told of requests and failures; ours or instructor's.
        prompts: What is said to the model in follow-up requests.
    """

    mode: Any = None
    path: str | Sequence[str | int] | None = None
    on_invalid: OnInvalid | None = None
    context: Any = None
    templates: bool | None = None
    strict: bool | None = None
    limits: Limits | None = None
    deadline: float | None = None
    max_retries: Any = 0
    max_requests: int | None = None
    on_interrupt: OnInterrupt = "resume"
    ordered: bool = False
    key: Key | None = None
    fail_fast: bool = True
    take: int | None = None
    stop_when: Callable[[Any], bool] | None = None
    hooks: Any = None
    prompts: Prompts = DEFAULT_PROMPTS

    @classmethod
    def split(cls, kwargs: Mapping[str, Any]) -> tuple[Options, dict[str, Any]]:
        """Take the options out of a caller's arguments.

        Args:
            kwargs: All arguments; not changed.

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
        return cls(**given), rest

    def check(self, kind: Literal["items", "object"], *, stream: bool) -> None:
        """Refuse what would be found out in the middle of a stream, or never.

        Args:
            kind: What is asked for.
            stream: Whether the answer is streamed.

        Raises:
            TypeError: An option has no meaning for it, or is of the wrong type.
            ValueError: `on_invalid` or `on_interrupt` is a word that we do not know, `take` is
                less than 1, or `deadline` is not positive.
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
        validate_stop_options(self.take, self.stop_when)
        if self.stop_when is not None and kind == "object" and not stream:
            raise TypeError("stop_when= is for streams and lists; a whole object has no snapshots")
        _check_deadline(self.deadline)
        templates: Any = self.templates
        if templates is not None and not isinstance(templates, bool):
            raise TypeError(f"templates= must be True or False, not {templates!r}")
        prompts: Any = self.prompts
        if not isinstance(prompts, Prompts):
            raise TypeError(f"prompts= must be partialstream's Prompts, not {prompts!r}")


def _check_deadline(deadline: Any) -> None:
    if deadline is None:
        return
    if isinstance(deadline, bool) or not isinstance(deadline, (int, float)):
        raise TypeError(f"deadline= must be a number of seconds, not {deadline!r}")
    if not (isfinite(deadline) and deadline > 0):
        raise ValueError(f"deadline= must be a positive number of seconds, not {deadline!r}")


_DEFAULTS: Final = Options()
