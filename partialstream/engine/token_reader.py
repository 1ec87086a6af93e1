"""Reads what stands inside one token, which the end of a piece of text may cut anywhere.

What has been read of a token stays here, and with it the place where that is in the text and
in the document. What may stand between tokens is for `syntax.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from partialstream.engine.position import Position
from partialstream.engine.tokens import (
    CUT_ESCAPE,
    DIGITS,
    LITERALS,
    NUMBER,
    NUMBER_ENDS,
    STRING_CONTENT,
    decode,
)
from partialstream.errors import JSONSyntaxError

if TYPE_CHECKING:
    from partialstream.engine.handler import Handler
    from partialstream.results import Path

# The states. Between tokens, each is named by what may come next.
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

_BETWEEN_MEMBERS = frozenset(
    {FIRST_ELEMENT, AFTER_ELEMENT, FIRST_NAME, NAME, COLON, AFTER_MEMBER, IN_NAME}
)


class TokenReader:
    """Reads tokens and knows where it is.

    Args:
        handler: Told of everything that is complete.
        position: Where the document stands in a larger text.
        path: Where it stands in a larger document.
        allow_nan: Whether `NaN`, `Infinity` and `-Infinity` pass, as they do in pydantic.
    """

    __slots__ = (
        "_allow_nan",
        "_base",
        "_closers",
        "_halted",
        "_handler",
        "_held",
        "_keys",
        "_line",
        "_line_start",
        "_number_state",
        "_offset",
        "_token",
        "_word",
        "state",
    )

    def __init__(
        self, handler: Handler, *, position: Position, path: Path, allow_nan: bool
    ) -> None:
        self._base = path
        self._handler = handler
        self._allow_nan = allow_nan
        self.state = VALUE
        self._closers: list[str] = []
        self._keys: list[str | int] = []
        self._offset: int = position.offset
        self._line = position.line
        self._line_start = position.line_start
        self._held = ""  # a cut escape, read again with the text that follows
        self._token: list[str] = []  # the pieces of the name, number or word under way
        self._number_state = ""
        self._word = ""
        self._halted = False

    @property
    def done(self) -> bool:
        """Whether the document is closed. A root number or word is not before its delimiter."""
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

    def _close_value(self) -> None:
        closers = self._closers
        if not closers:
            self.state = DONE
            self._halted = True
        elif closers[-1] == "}":
            self.state = AFTER_MEMBER
        else:
            self.state = AFTER_ELEMENT

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
            if char in "]}":
                self._check_closer(char, pos)
            self._end_scalar()
            return pos
        raise self._error(f"unexpected {char!r} in a number", pos)

    def _check_closer(self, char: str, pos: int) -> None:
        """Refuse a bracket that cannot end the number or word before it.

        `{"a": 1]` is not an object whose `a` is complete: the digits that were to follow may
        be missing as well as the brace.
        """
        closers = self._closers
        if closers and closers[-1] == char:
            return
        self._close_value()
        if closers:
            raise self._error(f"expected {self.state}, not {char!r}", pos)
        raise self._error(f"unexpected {char!r} after the document", pos)

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
        pos += taken
        if rest:
            self._token.append(rest)
        if seen + taken < len(self._word) or pos == len(text):
            return pos  # at its end, too: `true` may yet be the beginning of `trueble`
        char = text[pos]
        if char in "]}":
            self._check_closer(char, pos)
        elif char.isalnum() or char in "_-+" or (self._closers and char not in ", \t\n\r"):
            raise self._error(f"unexpected {char!r} after {self._word!r}", pos)
        self._end_scalar()
        return pos
