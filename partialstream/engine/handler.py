"""What a parser tells of the text it reads."""

from __future__ import annotations

from typing import Protocol


class Handler(Protocol):
    """What a `SyntaxReader` tells. Offsets count from the start of the text."""

    def begin_object(self, start: int) -> None:
        """An object opened; `start` is the offset of its brace."""

    def begin_array(self, start: int) -> None:
        """An array opened; `start` is the offset of its bracket."""

    def end(self, end: int) -> None:
        """The innermost object or array closed; `end` is the offset behind it."""

    def name(self, name: str) -> None:
        """A member's name is complete; its value follows."""

    def begin_string(self, start: int) -> None:
        """A string value opened; `start` is the offset of its quote."""

    def string_piece(self, piece: str) -> None:
        """More characters of the open string value, decoded, never empty."""

    def end_string(self, end: int) -> None:
        """The open string value closed; `end` is the offset behind its quote."""

    def scalar(self, raw: str) -> None:
        """A number or word is complete."""


class NullHandler:
    """A handler that only wants to know whether the text is valid."""

    def begin_object(self, start: int) -> None:
        """Nothing."""

    def begin_array(self, start: int) -> None:
        """Nothing."""

    def end(self, end: int) -> None:
        """Nothing."""

    def name(self, name: str) -> None:
        """Nothing."""

    def begin_string(self, start: int) -> None:
        """Nothing."""

    def string_piece(self, piece: str) -> None:
        """Nothing."""

    def end_string(self, end: int) -> None:
        """Nothing."""

    def scalar(self, raw: str) -> None:
        """Nothing."""
