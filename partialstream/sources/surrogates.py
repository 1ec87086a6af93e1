"""Characters cut in two by a provider that counts in UTF-16."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from partialstream.results import Channel, Delta

FIRST_SURROGATE = "\ud800"
"""A text whose last character sorts before this one ends in a whole character."""


class SurrogateHalves:
    r"""Joins the halves of a surrogate pair that arrive in two deltas.

    A relay written in JavaScript may cut its text between the halves, and writes them as the
    escapes `\ud83d` and `\ude00` into two chunks. Python decodes each to a character of its
    own, which no UTF-8 can hold; together they are the one that the model wrote.

    Example:
        >>> from partialstream.results import Channel
        >>> halves, content = SurrogateHalves(), Channel("content")
        >>> halves.join(content, "a\ud83d"), halves.join(content, "\ude00b")
        ('a', '😀b')
    """

    def __init__(self) -> None:
        self._held: dict[Channel, str] = {}

    def __bool__(self) -> bool:
        return bool(self._held)

    def join(self, channel: Channel, text: str) -> str:
        """Give the text with the half before it, and without a first half at its end."""
        held = self._held.pop(channel, "") if self._held else ""
        if held and "\udc00" <= text[:1] <= "\udfff":
            pair = (held + text[0]).encode("utf-16", "surrogatepass").decode("utf-16")
            text = pair + text[1:]
        else:
            text = held + text
        if FIRST_SURROGATE <= text[-1:] <= "\udbff":
            self._held[channel] = text[-1]
            text = text[:-1]
        return text

    def join_all(self, deltas: list[Delta]) -> list[Delta]:
        """Do the same for the deltas of one chunk; those that become empty are left out."""
        if not self._held and all(text[-1] < FIRST_SURROGATE for _, text in deltas):
            return deltas
        joined = [(channel, self.join(channel, text)) for channel, text in deltas]
        return [delta for delta in joined if delta[1]]

    def finish(self) -> list[Delta]:
        """Give the halves that stayed alone."""
        held, self._held = self._held, {}
        return list(held.items())
