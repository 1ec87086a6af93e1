"""An incremental JSON parser: text in, events out.

It takes text in pieces of any size, keeps nothing of what it has read but the token under
way, and refuses a character the moment that no valid JSON can continue with it. Everything
it learns it reports to its handler.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from partialstream.engine.position import Position
from partialstream.engine.tokens import (
    BLANK,
    BLANKS,
    CUT_ESCAPE,
    PLAIN,
    STRING_CONTENT,
    Scalar,
    decode,
)
from partialstream.limits import DEFAULT_LIMITS, Limits, exceeded

if TYPE_CHECKING:
    from partialstream.errors import JSONSyntaxError
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
IN_SCALAR: Final = "scalar"

_BETWEEN_MEMBERS: Final = frozenset(
    {FIRST_ELEMENT, AFTER_ELEMENT, FIRST_NAME, NAME, COLON, AFTER_MEMBER, IN_NAME}
)


class Handler:
    """Hears of what a `SyntaxReader` reads; this one ignores all of it.

    Offsets count from the start of the text.
    """

    def begin_object(self, start: int) -> None:
        """An object opened; `start` is the offset of its brace."""

    def begin_array(self, start: int) -> None:
        """An array opened; `start` is the offset of its bracket."""

    def end(self, end: int) -> None:
        """The innermost object or array closed; `end` is the offset after it."""

    def name(self, name: str) -> None:
        """A member's name is complete; its value follows."""

    def begin_string(self, start: int) -> Callable[[str], object] | None:
        """A string value opened; `start` is the offset of its quote.

        Returns:
            What takes its characters, decoded, in pieces that are never empty; None if nobody
            wants them.
        """

    def end_string(self, end: int) -> None:
        """The open string value closed; `end` is the offset after its quote."""

    def scalar(self, raw: str, end: int) -> None:
        """A number or word is complete; `end` is the offset after it."""


class SyntaxReader:
    """Reads one JSON document, piece by piece.

    Args:
        handler: Hears of everything that is complete.
        limits: `depth` and `whitespace_run` are watched here.
        position: Where the document stands in a larger text.
        path: Where it stands in a larger document.
        allow_nan: Whether `NaN`, `Infinity` and `-Infinity` pass, as they do in pydantic.

    Example:
        >>> reader = SyntaxReader(Handler())
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

    def __init__(
        self,
        handler: Handler,
        *,
        limits: Limits = DEFAULT_LIMITS,
        position: Position = Position(),  # noqa: B008 - a NamedTuple is immutable
        path: Path = (),
        allow_nan: bool = True,
    ) -> None:
        self._handler = handler
        self._limits = limits
        self._base = path
        self._allow_nan = allow_nan
        self.state = VALUE
        self._closers: list[str] = []
        self._keys: list[str | int] = []
        self._offset, self._line, self._line_start = position
        self._held = ""  # a cut escape, read again with the text that follows
        self._name: list[str] = []  # the pieces of the name under way
        self._scalar: Scalar  # the number or word under way
        self._take_piece: Callable[[str], object] | None = None  # of the string under way
        self._blank_run = 0
        self._halted = False

    def feed(self, text: str, start: int = 0) -> int:
        """Read on.

        Args:
            text: The next piece of the document.
            start: Where in it to begin.

        Returns:
            Where in `text` reading stopped: its length, or less if the document closed in
            it or the handler called `halt`. What follows a closed document is not read.

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
                    if self._take_piece is not None:
                        self._take_piece(text)
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
        if self._blank_run and text and text[start] not in BLANK:
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
        if not self._closers and self.state is IN_SCALAR and self._scalar.is_complete:
            self._end_scalar(0)
        return self.done

    def halt(self) -> None:
        """Let `feed` return after the token that is being reported. For handlers."""
        self._halted = True

    def resume(self, position: Position) -> None:
        """Go on at another place: somebody else has read blanks, or looked ahead."""
        self._offset, self._line, self._line_start = position

    def leave(self, position: Position) -> None:
        """Take the innermost array or object for closed: somebody else has read it.

        Args:
            position: The place after its closing bracket, where reading goes on.
        """
        self.resume(position)
        self._pop()

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

    def _position(self, pos: int) -> Position:
        return Position(self._offset + pos, self._line, self._line_start)

    def _error(self, reason: str, pos: int) -> JSONSyntaxError:
        return self._position(pos).error(reason, self.path)

    # -- between tokens ------------------------------------------------------------------

    def _skip_blanks(self, text: str, pos: int) -> int:
        end = BLANKS(text, pos).end()
        self._blank_run += end - pos
        if self._blank_run > self._limits.whitespace_run:
            raise exceeded(self._limits, "whitespace_run")
        if end < len(text):
            self._blank_run = 0
        if "\n" in text[pos:end]:
            place = self._position(pos).after(text[pos:end])
            self._line, self._line_start = place.line, place.line_start
        return end

    def _begin_object(self, text: str, pos: int) -> int:
        self._push("}", "")
        self.state = FIRST_NAME
        self._handler.begin_object(self._offset + pos)
        return pos + 1

    def _begin_array(self, text: str, pos: int) -> int:
        self._push("]", 0)
        self.state = FIRST_ELEMENT
        self._handler.begin_array(self._offset + pos)
        return pos + 1

    def _push(self, closer: str, key: str | int) -> None:
        if len(self._closers) >= self._limits.depth:
            raise exceeded(self._limits, "depth")
        self._closers.append(closer)
        self._keys.append(key)

    def _pop(self) -> None:
        self._closers.pop()
        self._keys.pop()
        self._close_value()

    def _close_value(self) -> None:
        closers = self._closers
        if closers:
            self.state = AFTER_MEMBER if closers[-1] == "}" else AFTER_ELEMENT
        else:
            self.state = DONE
            self._halted = True

    def _end(self, text: str, pos: int) -> int:
        self._pop()
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

    # -- strings and names ---------------------------------------------------------------

    def _begin_name(self, text: str, pos: int) -> int:
        self.state = IN_NAME
        return pos + 1

    def _begin_string(self, text: str, pos: int) -> int:
        self.state = IN_STRING
        self._take_piece = self._handler.begin_string(self._offset + pos)
        return pos + 1

    def _read_string(self, text: str, pos: int) -> int:
        end = STRING_CONTENT(text, pos).end()
        if end > pos:
            if self.state is IN_NAME:
                self._name.append(decode(text[pos:end]))
            elif self._take_piece is not None:
                self._take_piece(decode(text[pos:end]))
        if end == len(text):
            return end
        char = text[end]
        if char == '"':
            if self.state is IN_STRING:
                self._close_value()
                self._handler.end_string(self._offset + end + 1)
            else:
                name = "".join(self._name)
                self._name.clear()
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

    def _begin_scalar(self, text: str, pos: int) -> int:
        char = text[pos]
        if char in "NI" and not self._allow_nan:
            raise self._error(f"expected {self.state}, not {char!r}", pos)
        self._scalar = Scalar(char)
        self.state = IN_SCALAR
        return pos + 1

    def _read_scalar(self, text: str, pos: int) -> int:
        scalar = self._scalar
        pos = scalar.read(text, pos, allow_nan=self._allow_nan)
        if pos == len(text):
            return pos  # at its end, too: `true` may yet be the beginning of `trueble`
        fault = scalar.fault(text[pos], at_root=not self._closers)
        if fault:
            raise self._error(fault, pos)
        self._check_closer(text[pos], pos)
        self._end_scalar(pos)
        return pos

    def _check_closer(self, char: str, pos: int) -> None:
        """Refuse a bracket that cannot end the number or word before it.

        `{"a": 1]` is not an object whose `a` is complete: the digits that were to follow may
        be missing as well as the brace.
        """
        closers = self._closers
        if char not in "]}" or (closers and closers[-1] == char):
            return
        self._close_value()
        if closers:
            raise self._error(f"expected {self.state}, not {char!r}", pos)
        raise self._error(f"unexpected {char!r} after the document", pos)

    def _end_scalar(self, pos: int) -> None:
        self._close_value()
        self._handler.scalar(self._scalar.raw, self._offset + pos)


Step = Callable[[SyntaxReader, str, int], int]

# The tables are the class's own, though they can only be made when it is there.
# pyright: reportPrivateUsage=false
_VALUES: Final[dict[str, Step]] = {
    "{": SyntaxReader._begin_object,
    "[": SyntaxReader._begin_array,
    '"': SyntaxReader._begin_string,
    **dict.fromkeys("-0123456789tfnNI", SyntaxReader._begin_scalar),
}
_SKIPPING: Final[dict[str, Step]] = dict.fromkeys(BLANK, SyntaxReader._skip_blanks)
_STEPS: Final[dict[str, dict[str, Step]]] = {
    VALUE: {**_SKIPPING, **_VALUES},
    FIRST_ELEMENT: {**_SKIPPING, **_VALUES, "]": SyntaxReader._end},
    AFTER_ELEMENT: {**_SKIPPING, ",": SyntaxReader._next_element, "]": SyntaxReader._end},
    FIRST_NAME: {**_SKIPPING, '"': SyntaxReader._begin_name, "}": SyntaxReader._end},
    NAME: {**_SKIPPING, '"': SyntaxReader._begin_name},
    COLON: {**_SKIPPING, ":": SyntaxReader._colon},
    AFTER_MEMBER: {**_SKIPPING, ",": SyntaxReader._next_name, "}": SyntaxReader._end},
}
_TOKENS: Final[dict[str, Step]] = {
    IN_STRING: SyntaxReader._read_string,
    IN_NAME: SyntaxReader._read_string,
    IN_SCALAR: SyntaxReader._read_scalar,
}
