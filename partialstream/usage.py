"""Tokens paid for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

CHARACTERS_PER_TOKEN: Final = 4
"""For estimates. English text has about four; JSON and other languages have fewer."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens paid for, as the provider counts them.

    `cached_tokens` are part of `input_tokens`, and `reasoning_tokens` part of
    `output_tokens`, as in the OpenAI API.

    Providers report the usage at the end of a response. If a response was interrupted, or closed
    early, more tokens were used than reported, and `complete` is False.

    Attributes:
        complete: Whether the provider reported all tokens.
        estimated_output_tokens: Output tokens that arrived and are not in `output_tokens`, at
            four characters each; 0 if `complete`. Input tokens are not estimated here; see
            `Attempt.estimated_input_tokens`.
        cache_write_tokens: Tokens that were written to the provider's cache, which some charge
            more for; a part of `input_tokens`.

    Example:
        >>> Usage(input_tokens=10, output_tokens=2) + Usage(input_tokens=10, output_tokens=5)
        Usage(input_tokens=20, output_tokens=7, cached_tokens=0, reasoning_tokens=0)
        >>> Usage(output_tokens=7) + Usage(complete=False, estimated_output_tokens=40)
        Usage(input_tokens=0, output_tokens=7, cached_tokens=0, reasoning_tokens=0, \
complete=False, estimated_output_tokens=40)
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    complete: bool = field(default=True, kw_only=True)
    estimated_output_tokens: int = field(default=0, kw_only=True)
    cache_write_tokens: int = field(default=0, kw_only=True)

    def __repr__(self) -> str:
        counts = (
            f"input_tokens={self.input_tokens}, output_tokens={self.output_tokens}, "
            f"cached_tokens={self.cached_tokens}, reasoning_tokens={self.reasoning_tokens}"
        )
        if self.cache_write_tokens:
            counts += f", cache_write_tokens={self.cache_write_tokens}"
        if not self.complete:
            counts += f", complete=False, estimated_output_tokens={self.estimated_output_tokens}"
        return f"Usage({counts})"

    @property
    def total_tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens

    @property
    def prompt_tokens(self) -> int:
        """`input_tokens` by its name in the Chat Completions API."""
        return self.input_tokens

    @property
    def completion_tokens(self) -> int:
        """`output_tokens` by its name in the Chat Completions API."""
        return self.output_tokens

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cached_tokens + other.cached_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
            complete=self.complete and other.complete,
            estimated_output_tokens=self.estimated_output_tokens + other.estimated_output_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
        )

    def interrupted(self, characters: int) -> Usage:
        """The usage of a response that ended before its usage came.

        Args:
            characters: Characters of the response that arrived.
        """
        estimated = max(0, -(-characters // CHARACTERS_PER_TOKEN) - self.output_tokens)
        return replace(self, complete=False, estimated_output_tokens=estimated)
