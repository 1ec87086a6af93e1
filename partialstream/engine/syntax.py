"""An incremental JSON parser: text in, events out.

It takes text in pieces of any size, keeps nothing of what it has read but the token under
way, and refuses a character the moment that no valid JSON can continue with it. Everything
it learns it tells its handler.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from partialstream.engine.position import Position
from partialstream.engine.token_reader import (
    AFTER_ELEMENT,
    AFTER_MEMBER,
    COLON,
    DONE,
    FIRST_ELEMENT,
    FIRST_NAME,
    IN_LITERAL,
    IN_NAME,
    IN_NUMBER,
    IN_STRING,
    NAME,
    VALUE,
    TokenReader,
)
from partialstream.engine.tokens import BLANKS, NUMBER_ENDS, PLAIN
from partialstream.errors import LimitExceededError
from partialstream.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    from partialstream.engine.handler import Handler
    from partialstream.results import Path


class SyntaxReader(TokenReader):
    """Reads one JSON document, piece by piece.

    Args:
        handler: Told of everything that is complete.
        limits: `depth` and `whitespace_run` are watched here.
        position: Where the document stands in a larger text.
        path: Where it stands in a larger document.
        allow_nan: Whether `NaN`, `Infinity` and `-Infinity` pass, as they do in pydantic.

    Example:
        >>> from partialstream.engine.handler import NullHandler
        >>> reader = SyntaxReader(NullHandler())
        >>> reader.feed('{"a": 1')
        7
        >>> reader.done
        False
        >>> reader.feed("x")
        Traceback (most recent call last):
        ...
        partialstream.errors.JSONSyntaxError: unexpected 'x' in a number at line 1 column 8 \
(offset 7), in a
    """

    __slots__ = ("_blank_run", "_limits")

    def __init__(
        self,
        handler: Handler,
        *,
        limits: Limits = DEFAULT_LIMITS,
        position: Position = Position(),  # noqa: B008 - a NamedTuple is immutable
        path: Path = (),
        allow_nan: bool = True,
    ) -> None:
        super().__init__(handler, position=position, path=path, allow_nan=allow_nan)
        self._limits = limits
        self._blank_run = 0

    def feed(self, text: str, start: int = 0) -> int:
        """Read on.

        Args:
            text: The next piece of the document.
            start: Where in it to begin.

        Returns:
            Where in `text` reading stopped: its length, or less if the document closed in
            it or the handler called `halt`. What follows a closed document is the caller's
            affair: none of it is read.

        Raises:
            JSONSyntaxError: The text cannot become valid JSON. The reader is useless then.
            LimitExceededError: Too deep, or too many blanks.
        """
        if self.state is IN_STRING and not start and not self._held:
            # Most deltas are just this: a few more characters of a string.
            size = len(text)
            if PLAIN(text).end() == size:
                if size:
                    self._offset += size
                    self._handler.string_piece(text)
                return size
        shift = 0
        if self._held:
            shift = len(self._held) - start
            text = self._held + text[start:]
            start = 0
            self._held = ""
        self._offset -= start  # so that offset + position in text is right
        pos = start
        size = len(text)
        self._halted = self.state is DONE
        if self._blank_run and text and text[start] not in _BLANKS:
            self._blank_run = 0
        while pos < size and not self._halted:
            steps = _STEPS.get(self.state)
            if steps is None:
                pos = _TOKENS[self.state](self, text, pos)
                continue
            step = steps.get(text[pos])
            if step is None:
                raise self._error(f"expected {self.state}, not {text[pos]!r}", pos)
            pos = step(self, text, pos)
        self._offset += pos - len(self._held)
        return pos - shift

    def finish(self) -> bool:
        """Say that the text ends here, which completes a root number or word.

        Returns:
            Whether the document is closed.
        """
        if not self._closers and (
            (self.state is IN_NUMBER and self._number_state in NUMBER_ENDS)
            or (self.state is IN_LITERAL and "".join(self._token) == self._word)
        ):
            self._end_scalar()
        return self.done

    def halt(self) -> None:
        """Let `feed` return behind the token that is being told of. For handlers."""
        self._halted = True

    def leave(self, position: Position) -> None:
        """Take the innermost array or object for closed: somebody else has read it.

        Args:
            position: The place behind its closing bracket, where reading goes on.
        """
        self.resume(position)
        self._closers.pop()
        self._keys.pop()
        self._close_value()

    # -- between tokens ------------------------------------------------------------------

    def _skip_blanks(self, text: str, pos: int) -> int:
        end = BLANKS(text, pos).end()
        self._blank_run += end - pos
        allowed = self._limits.whitespace_run
        if self._blank_run > allowed:
            raise LimitExceededError(
                "whitespace_run", allowed, f"more than {allowed} blanks in a row"
            )
        if end < len(text):
            self._blank_run = 0
        if "\n" in text[pos:end]:
            place = self._position(pos).after(text[pos:end])
            self._line, self._line_start = place.line, place.line_start
        return end

    def _begin_object(self, text: str, pos: int) -> int:
        self._open("}")
        self._keys.append("")
        self.state = FIRST_NAME
        self._handler.begin_object(self._offset + pos)
        return pos + 1

    def _begin_array(self, text: str, pos: int) -> int:
        self._open("]")
        self._keys.append(0)
        self.state = FIRST_ELEMENT
        self._handler.begin_array(self._offset + pos)
        return pos + 1

    def _open(self, closer: str) -> None:
        allowed = self._limits.depth
        if len(self._closers) >= allowed:
            raise LimitExceededError("depth", allowed, f"more than {allowed} levels of nesting")
        self._closers.append(closer)

    def _end(self, text: str, pos: int) -> int:
        self._closers.pop()
        self._keys.pop()
        self._close_value()
        self._handler.end(self._offset + pos + 1)
        return pos + 1

    def _next_name(self, text: str, pos: int) -> int:
        self.state = NAME
        return pos + 1

    def _next_element(self, text: str, pos: int) -> int:
        self._keys[-1] += 1  # type: ignore[operator]  # the key of an array's level is an int
        self.state = VALUE
        return pos + 1

    def _colon(self, text: str, pos: int) -> int:
        self.state = VALUE
        return pos + 1


Step = Callable[[SyntaxReader, str, int], int]

# The tables are the class's own, though they can only be made when it is there.
# pyright: reportPrivateUsage=false
_VALUES: dict[str, Step] = {
    "{": SyntaxReader._begin_object,
    "[": SyntaxReader._begin_array,
    '"': SyntaxReader._begin_string,
    **dict.fromkeys("-0123456789", SyntaxReader._begin_number),
    **dict.fromkeys("tfnNI", SyntaxReader._begin_literal),
}
_BLANKS = " \t\n\r"
_SKIPPING: dict[str, Step] = dict.fromkeys(_BLANKS, SyntaxReader._skip_blanks)
_STEPS: dict[str, dict[str, Step]] = {
    VALUE: {**_SKIPPING, **_VALUES},
    FIRST_ELEMENT: {**_SKIPPING, **_VALUES, "]": SyntaxReader._end},
    AFTER_ELEMENT: {**_SKIPPING, ",": SyntaxReader._next_element, "]": SyntaxReader._end},
    FIRST_NAME: {**_SKIPPING, '"': SyntaxReader._begin_name, "}": SyntaxReader._end},
    NAME: {**_SKIPPING, '"': SyntaxReader._begin_name},
    COLON: {**_SKIPPING, ":": SyntaxReader._colon},
    AFTER_MEMBER: {**_SKIPPING, ",": SyntaxReader._next_name, "}": SyntaxReader._end},
}
_TOKENS: dict[str, Step] = {
    IN_STRING: SyntaxReader._read_string,
    IN_NAME: SyntaxReader._read_string,
    IN_NUMBER: SyntaxReader._read_number,
    IN_LITERAL: SyntaxReader._read_literal,
}
