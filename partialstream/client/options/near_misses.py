"""Misspelled arguments: each is refused by an error that names the right word.

Without it `max_retires=2` would go on to the SDK, whose error does not know our options. What
resembles none of our words goes on to the SDK, which has arguments that are not known here.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from partialstream.spelling import LEAST, misspelling, similarity

if TYPE_CHECKING:
    from collections.abc import Iterable

_LIKE_AN_ARGUMENT: Final = 0.85
"""`LEAST` for arguments of the SDKs, which resemble each other: `top_k` and `top_p` are 0.80."""

_ARGUMENTS: Final = frozenset(
    {
        *("model", "messages", "stream", "timeout", "temperature", "seed", "top_p", "tools"),
        *("max_tokens", "max_completion_tokens", "max_output_tokens", "reasoning_effort"),
        *("instructions", "extra_body", "extra_headers", "extra_query", "stream_options"),
    }
)
"""Arguments that most SDKs take."""

_OTHERS: Final = frozenset({"contents", "message", "prompt", "response_id", "speed"})
"""Arguments of some SDK that resemble one of our words."""

_OF_A_CLIENT: Final = frozenset({"api", "rate_limit", "raw_chunks"})
"""Arguments of `from_openai`, which hold for all calls of a client."""


def check_spelling(given: Iterable[str], options: tuple[str, ...]) -> None:
    """Refuse misspelled names.

    Args:
        given: The names of the arguments that are no options.
        options: The names of the options.

    Raises:
        TypeError: One of them is nearly an option, or nearly a common argument of the SDKs; or it
            is an argument of `from_openai`.

    Example:
        >>> check_spelling(["temperature", "top_k"], ("max_retries", "take"))
        >>> check_spelling(["max_retires"], ("max_retries", "take"))
        Traceback (most recent call last):
        TypeError: there is no argument max_retires=; did you mean max_retries=?
    """
    for name in given:
        if name in _OF_A_CLIENT:
            raise TypeError(f"{name}= holds for all calls of a client: from_openai({name}=...)")
        meant = _meant_by(name, options)
        if meant:
            raise misspelling(name, meant)


@lru_cache(maxsize=256)
def _meant_by(name: str, options: tuple[str, ...]) -> str:
    """The word that a name is a misspelling of, `""` if of none."""
    if name in _ARGUMENTS or name in _OTHERS:
        return ""
    similar = [
        (alike, word)
        for words, least in ((options, LEAST), (_ARGUMENTS, _LIKE_AN_ARGUMENT))
        for word in words
        if (alike := similarity(name, word)) >= least
    ]
    return max(similar, default=(0.0, ""))[1]
