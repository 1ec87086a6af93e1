"""The text that was read, as far as it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from partialstream.limits import Limits, exceeded

if TYPE_CHECKING:
    from collections.abc import Iterable

QUOTED: Final = 80
"""Characters of the beginning that messages quote."""


class KeptText:
    """Keeps text up to a limit, and counts all of it.

    Args:
        limits: `text_kept` and `total_size` count here.

    Attributes:
        size: How many characters were read.
    """

    __slots__ = ("_limits", "_pieces", "_watched", "size")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._pieces: list[str] | None = []
        self._watched = min(limits.text_kept, limits.total_size)
        self.size = 0

    def add(self, text: str) -> None:
        """More text has come."""
        if self._pieces is not None:
            self._pieces.append(text)
        self.size += len(text)

    def check(self) -> None:
        """Watch the limits.

        Raises:
            LimitExceededError: It is too much.
        """
        if self.size > self._watched:
            limits = self._limits
            if self.size > limits.text_kept:
                self._pieces = None
                self._watched = limits.total_size
            if self.size > limits.total_size:
                raise exceeded(limits, "total_size")

    @property
    def text(self) -> str:
        """All of it.

        Raises:
            LimitExceededError: It was more than is kept.
        """
        if self._pieces is None:
            raise exceeded(self._limits, "text_kept")
        return "".join(self._pieces)

    @property
    def beginning(self) -> str:
        """Its first characters; see `beginning_of`."""
        return beginning_of(self._pieces or ())


def beginning_of(pieces: Iterable[str]) -> str:
    """The first characters of a text, to be quoted; an ellipsis stands for more.

    Example:
        >>> beginning_of(["I am ", "sorry."]), len(beginning_of(["x" * 50] * 3))
        ('I am sorry.', 81)
    """
    text = ""
    for piece in pieces:
        text += piece[: QUOTED + 1]
        if len(text) > QUOTED:
            return f"{text[:QUOTED]}…"
    return text
