"""An incremental JSON parser: text in, events out.

It takes text in pieces of any size, keeps nothing of what it has read but the token under
way, and refuses a character the moment that no valid JSON can continue with it. Everything
it learns it tells its handler.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

from partialstream.engine.position import Position
from partialstream.engine.tokens import (
    BLANKS,
    CUT_ESCAPE,
    DIGITS,
    LITERALS,
    NUMBER,
    NUMBER_ENDS,
    PLAIN,
    STRING_CONTENT,
    decode,
)
from partialstream.errors import JSONSyntaxError, LimitExceededError
from partialstream.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    from partialstream.results import Path


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


# The states. Between tokens, the next character decides by the table at the end of this
# file; inside a token, the token's own method goes on.
VALUE: Final = "a value"
FIRST_ELEMENT: Final = "a value or ']'"
FIRST_NAME: Final = "a name or '}'"
NAME: Final = "a name"
COLON: Final = "':'"
AFTER_MEMBER: Final = "',' or '}'"
AFTER_ELEMENT: Final = "',' or ']'"
DONE: Final = "the end of the text"

IN_STRING: Final = "string"
IN_NAME: Final = "name"
IN_NUMBER: Final = "number"
IN_LITERAL: Final = "literal"


class SyntaxReader:
    """Reads one JSON document, piece by piece.

    Args:
        handler: Told of everything that is complete.
        limits: `depth` and `whitespace_run` are watched here.
        position: Where the document stands in a larger text.
        path: Where it stands in a larger document.
        allow_nan: Whether `NaN`, `Infinity` and `-Infinity` pass, as they do in pydantic.

    Example:
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

    __slots__ = (
        "_allow_nan",
        "_base",
        "_blank_run",
        "_closers",
        "_halted",
        "_handler",
        "_held",
        "_keys",
        "_limits",
        "_line",
        "_line_start",
        "_number_state",
        "_offset",
        "_token",
        "_word",
        "state",
    )

    def __init__(
        self,
        handler: Handler,
        *,
        limits: Limits = DEFAULT_LIMITS,
        position: Position = Position(),  # noqa: B008 - a NamedTuple is immutable
        path: Path = (),
        allow_nan: bool = True,
    ) -> None:
        self._base = path
        self._handler = handler
        self._limits = limits
        self._allow_nan = allow_nan
        self.state = VALUE
        self._closers: list[str] = []
        self._keys: list[str | int] = []
        self._offset, self._line, self._line_start = position
        self._held = ""  # a cut escape, read again with the text that follows
        self._token: list[str] = []  # the pieces of the name, number or word under way
        self._number_state = ""
        self._word = ""
        self._blank_run = 0
        self._halted = False

    @property
    def done(self) -> bool:
        """Whether the document is closed. A root number is never: it could go on."""
        return self.state is DONE

    @property
    def depth(self) -> int:
        """How many arrays and objects are open."""
        return len(self._closers)

    @property
    def position(self) -> Position:
        """The place up to which the document has been read."""
        return self._position(0)

    @property
    def path(self) -> Path:
        """The innermost value that is open, expected or under way."""
        keys = self._keys
        if self.state in _BETWEEN_MEMBERS:
            keys = keys[:-1]
        return (*self._base, *keys)

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
        """Say that the text ends here, which completes a root number.

        Returns:
            Whether the document is closed.
        """
        root_number = self.state is IN_NUMBER and not self._closers
        if root_number and self._number_state in NUMBER_ENDS:
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

    def resume(self, position: Position) -> None:
        """Go on at another place: somebody else has read blanks, or looked ahead."""
        self._offset, self._line, self._line_start = position

    def _position(self, pos: int) -> Position:
        return Position(self._offset + pos, self._line, self._line_start)

    def _error(self, reason: str, pos: int) -> JSONSyntaxError:
        place = self._position(pos)
        return JSONSyntaxError(
            reason, offset=place.offset, line=place.line, column=place.column, path=self.path
        )

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

    def _close_value(self) -> None:
        closers = self._closers
        if not closers:
            self.state = DONE
            self._halted = True
        elif closers[-1] == "}":
            self.state = AFTER_MEMBER
        else:
            self.state = AFTER_ELEMENT

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

    # -- strings -------------------------------------------------------------------------

    def _begin_name(self, text: str, pos: int) -> int:
        self.state = IN_NAME
        return pos + 1

    def _begin_string(self, text: str, pos: int) -> int:
        self.state = IN_STRING
        self._handler.begin_string(self._offset + pos)
        return pos + 1

    def _read_string(self, text: str, pos: int) -> int:
        end = STRING_CONTENT(text, pos).end()
        if end > pos:
            piece = decode(text[pos:end])
            if self.state is IN_STRING:
                self._handler.string_piece(piece)
            else:
                self._token.append(piece)
        if end == len(text):
            return end
        char = text[end]
        if char == '"':
            if self.state is IN_STRING:
                self._close_value()
                self._handler.end_string(self._offset + end + 1)
            else:
                name = "".join(self._token)
                self._token.clear()
                self._keys[-1] = name
                self.state = COLON
                self._handler.name(name)
            return end + 1
        if char == "\\":
            if CUT_ESCAPE.fullmatch(text, end):
                self._held = text[end:]
                return len(text)
            raise self._error("invalid escape in a string", end)
        what = "control character" if char < " " else "surrogate"
        raise self._error(f"unescaped {what} {char!r} in a string", end)

    # -- numbers and words ---------------------------------------------------------------

    def _begin_number(self, text: str, pos: int) -> int:
        char = text[pos]
        if char == "-":
            self._number_state = "minus"
        else:
            self._number_state = "zero" if char == "0" else "integer"
        self._token.append(char)
        self.state = IN_NUMBER
        return pos + 1

    def _read_number(self, text: str, pos: int) -> int:
        size = len(text)
        start = pos
        state = self._number_state
        while pos < size:
            char = text[pos]
            steps = NUMBER[state]
            following = steps.get(char)
            if following is None and "0" <= char <= "9":
                following = steps.get("0-9")
            if following is None:
                break
            state = following
            pos += 1
            if steps.get("0-9") == state:
                pos = DIGITS(text, pos).end()
        self._token.append(text[start:pos])
        self._number_state = state
        if pos == size:
            return pos
        char = text[pos]
        if state == "minus" and char == "I" and self._allow_nan:
            self._token.clear()
            return self._begin_word("-I", pos)
        if state in NUMBER_ENDS and char in ",]} \t\n\r":
            self._end_scalar()
            return pos
        raise self._error(f"unexpected {char!r} in a number", pos)

    def _end_scalar(self) -> None:
        raw = "".join(self._token)
        self._token.clear()
        self._close_value()
        self._handler.scalar(raw)

    def _begin_literal(self, text: str, pos: int) -> int:
        char = text[pos]
        if not self._allow_nan and char not in "tfn":
            raise self._error(f"expected {self.state}, not {char!r}", pos)
        return self._begin_word(char, pos)

    def _begin_word(self, beginning: str, pos: int) -> int:
        self._word = LITERALS[beginning]
        self._token.append(beginning)
        self.state = IN_LITERAL
        return pos + 1

    def _read_literal(self, text: str, pos: int) -> int:
        seen = sum(map(len, self._token))
        rest = self._word[seen : seen + len(text) - pos]
        taken = 0
        while taken < len(rest) and text[pos + taken] == rest[taken]:
            taken += 1
        if taken < len(rest):
            raise self._error(f"expected {self._word!r}", pos + taken)
        self._token.append(rest)
        if seen + taken == len(self._word):
            self._end_scalar()
        return pos + taken


Step = Callable[[SyntaxReader, str, int], int]

# pyright: basic
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
_BETWEEN_MEMBERS = frozenset(
    {FIRST_ELEMENT, AFTER_ELEMENT, FIRST_NAME, NAME, COLON, AFTER_MEMBER, IN_NAME}
)
