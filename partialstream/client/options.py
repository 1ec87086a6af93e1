"""What a caller says of the reading of a response, and not of the request; the words for it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import Enum
from math import isfinite
from typing import TYPE_CHECKING, Any, Final, Literal

from partialstream.client.prompts import Prompts
from partialstream.results import RejectedItem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from partialstream.limits import Limits

Mode = Literal["json_schema", "tools", "json_object"]
"""How the provider is made to respond in JSON.

- `json_schema`: the response is held to a schema (Structured Outputs). The default.
- `tools`: the response is the arguments of a function that the model has to call.
- `json_object`: the response is some JSON object; the schema is in the prompt. For servers that
  know neither of the others.
"""

DEFAULT_MODE: Final[Mode] = "json_schema"

_MODES: Final[tuple[Mode, ...]] = ("json_schema", "tools", "json_object")

# instructor's members: name, value, and what is nearest to it. Left out are those that call
# another endpoint (RESPONSES_*) or another provider's own API (ANTHROPIC_*, GEMINI_*, ...):
# they belong to a client made with `from_instructor`, which needs no mode from here.
_INSTRUCTOR: Final[tuple[tuple[str, str, Mode], ...]] = (
    ("JSON_SCHEMA", "json_schema_mode", "json_schema"),
    ("JSON_O1", "json_o1", "json_schema"),  # as instructor itself reads it
    ("OPENROUTER_STRUCTURED_OUTPUTS", "openrouter_structured_outputs", "json_schema"),
    ("TOOLS", "tool_call", "tools"),
    ("TOOLS_STRICT", "tools_strict", "tools"),
    ("PARALLEL_TOOLS", "parallel_tool_call", "tools"),
    ("FUNCTIONS", "function_call", "tools"),
    ("JSON", "json_mode", "json_object"),
    ("MD_JSON", "markdown_json_mode", "json_object"),
)
_BY_NAME: Final[dict[str, Mode]] = {name: mode for name, _, mode in _INSTRUCTOR}
_BY_TEXT: Final[dict[str, Mode]] = {
    **{mode: mode for mode in _MODES},
    **{text: mode for name, value, mode in _INSTRUCTOR for text in (name, value)},
}

Decision = Literal["repair", "raise", "skip"]
"""What becomes of an item that does not validate: it is asked for again; it ends the stream;
it is left in `rejected`."""

OnInvalid = Decision | Callable[[RejectedItem], Decision]
OnInterrupt = Literal["resume", "raise"]
"""What becomes of a list whose response breaks off: the rest is asked for, or it is an error."""

Key = str | Callable[[Any], Hashable]
"""What tells one item from another: the name of a member, or a function of the item."""

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
    """What a caller says of the reading, not of the request; `Client` says what each means."""

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
        """Take the options out of a caller's arguments; gives them, and what is for the SDK.

        Raises:
            TypeError: One of the arguments is neither.
        """
        if "validation_context" in kwargs:  # no provider knows it
            raise TypeError("validation_context= is called context= here")
        rest = dict(kwargs)
        given = {name: rest.pop(name) for name in cls.__slots__ if name in rest}
        return cls(**given), rest

    def check(self, kind: Literal["items", "object"], *, stream: bool) -> None:
        """Refuse what would be found out in the middle of a stream, or never.

        Raises:
            TypeError: An option has no meaning for what is asked for, or is of the wrong type.
            ValueError: `on_invalid` or `on_interrupt` is a word that we do not know, or `deadline`
                is not positive.
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


def resolve_mode(mode: Any = None) -> Mode:
    """Read what the caller passes as `mode=`: None is for the default.

    Raises:
        ValueError: It is none of `Mode`, or a member of instructor's that OpenAI's Chat Completions
            API has nothing like.

    Example:
        >>> import instructor
        >>> resolve_mode(instructor.Mode.TOOLS)
        'tools'
    """
    if mode is None:
        return DEFAULT_MODE
    found = _found(mode)
    if found is None:
        own = ", ".join(repr(word) for word in _MODES)
        raise ValueError(
            f"no such mode: {mode!r}; the modes are {own}, "
            f"and of instructor's Mode {', '.join(_BY_NAME)}"
        )
    return found


def is_known_mode(mode: Any) -> bool:
    """Whether `resolve_mode` can read it."""
    return mode is None or _found(mode) is not None


def _found(mode: Any) -> Mode | None:
    # A member goes by its name alone: the value of COHERE_JSON_SCHEMA is "json_object".
    if isinstance(mode, Enum):
        return _BY_NAME.get(mode.name)
    return _BY_TEXT.get(mode) if isinstance(mode, str) else None
