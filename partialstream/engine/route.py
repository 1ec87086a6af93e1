"""The list that is asked for: what its elements look like, and the way to it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from typing_extensions import override

from partialstream.engine.parser import Handler, SyntaxReader
from partialstream.errors import JSONSyntaxError
from partialstream.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from partialstream.engine.position import Position
    from partialstream.results import Path

Kind = Literal["object", "array", "string", "number", "boolean", "null"]

KINDS: Final[dict[str, Kind]] = {
    "{": "object",
    "[": "array",
    '"': "string",
    **dict.fromkeys("-0123456789NI", "number"),
    **dict.fromkeys("tf", "boolean"),
    "n": "null",
}
"""The kind of a value by its first character."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What of a type can be told without validating anything.

    Attributes:
        kinds: The JSON kinds that the type takes.
        names: The names its members may have, None if any.

    Example:
        >>> shape = Shape(frozenset({"object"}), frozenset({"name", "age"}))
        >>> shape.may_begin("{"), shape.may_begin("7"), shape.shares({"age", "x"})
        (True, False, True)
    """

    kinds: frozenset[Kind]
    names: frozenset[str] | None

    def may_begin(self, char: str) -> bool:
        """Whether a value of the type can begin with `char`."""
        return KINDS.get(char) in self.kinds

    def shares(self, names: Collection[str]) -> bool:
        """Whether an object with these member names has something in common with the type."""
        if "object" not in self.kinds:
            return False
        return self.names is None or not names or not self.names.isdisjoint(names)


ANYTHING: Final = Shape(frozenset(KINDS.values()), None)

_NOTED: Final = 16
_NOTED_LENGTH: Final = 4096
"""Members of the root that are noted at most, and characters of each."""


class Found(Enum):
    """What a `Router` has come to."""

    LIST = "an array at the path"
    ITEM = "an object at the path"
    CANDIDATE = "an array that may be the list"


def parse_path(path: str | Sequence[str | int] | None) -> Path | None:
    """Read the user's way to say where the list is.

    Args:
        path: `"report.sections.*.bullets"`, or a sequence of steps, for names that hold a
            dot. `*` stands for any element or member. `""` is the root. None: find it.

    Example:
        >>> parse_path("report.sections.*.bullets")
        ('report', 'sections', '*', 'bullets')
        >>> parse_path(["v1.2", "items"])
        ('v1.2', 'items')
    """
    if path is None:
        return None
    if isinstance(path, str):
        return tuple(path.split(".")) if path else ()
    return tuple(path)


def path_matches(pattern: Path, path: Path) -> bool:
    """Whether `path` is a place that `pattern` names.

    Example:
        >>> path_matches(("sections", "*", "bullets"), ("sections", 3, "bullets"))
        True
        >>> path_matches(("rows", "0"), ("rows", 0))
        True
    """
    return len(pattern) == len(path) and all(
        wanted == "*" or str(wanted) == str(step)
        for wanted, step in zip(pattern, path, strict=True)
    )


class Router(Handler):
    """Halts its parser where the list may begin.

    Args:
        path: Where the list is, None if that is to be found out.
        shape: What an item looks like, which an object at the path may be as well.
        expected: Whether the path is only where the request has asked for the list: of an
            object that has begun like an item, the array there may be a member of its own.

    Attributes:
        reader: The parser, to be set before it is fed.
        expected: The same as the argument.
        first_fits: Whether the root is an item by its first member, None before that.
        shares_a_name: Whether any member of the root is one of the type's.
        members: The numbers, words and short strings that are members of the root so far, by
            name: numbers and words as they are written, strings decoded.
    """

    reader: SyntaxReader

    def __init__(self, path: Path | None, shape: Shape, *, expected: bool = False) -> None:
        self._path = path
        self._shape = shape
        self.expected = expected
        self.first_fits: bool | None = None
        self.shares_a_name = False
        self._satisfied = False
        self._skipping = 0  # the depth of the array being skipped, 0 for none
        self._found: Found | None = None
        self._name = ""
        self._pieces: list[str] = []  # of a string that is a member of the root
        self.members: dict[str, str] = {}

    def feed(self, text: str, pos: int) -> tuple[Found | None, int]:
        """Let the parser read on; gives what it was halted for, and where."""
        self._found = None
        pos = self.reader.feed(text, pos)
        return self._found, pos

    def list_read(self) -> None:
        """The list was where the parser halted; without a path there is only one."""
        self._satisfied = self._path is None

    def skip_array(self) -> None:
        """The array that the parser stands in is not the list."""
        self._skipping = self.reader.depth

    @property
    def in_own_member(self) -> bool:
        """Whether what the parser stands in is, by its name, a member of an item."""
        names = self._shape.names
        return names is not None and str(self.reader.path[0]) in names

    @override
    def begin_array(self, start: int) -> None:
        if self.reader.depth > 1:
            self._value_begins(in_array=True)
        if self._path is not None:
            if path_matches(self._path, self.reader.path):
                doubtful = self.expected and self.shares_a_name and not self.in_own_member
                self._halt(Found.CANDIDATE if doubtful else Found.LIST)
        elif not self._satisfied and not self._skipping:
            self._halt(Found.CANDIDATE)

    @override
    def begin_object(self, start: int) -> None:
        if self.reader.depth > 1:
            self._value_begins(in_array=False)
        if (
            self._path is not None
            and "object" in self._shape.kinds
            and path_matches(self._path, self.reader.path)
        ):
            self._halt(Found.ITEM)

    @override
    def end(self, end: int) -> None:
        if self.reader.depth < self._skipping:
            self._skipping = 0

    # -- the members of the root -----------------------------------------------------------

    @override
    def name(self, name: str) -> None:
        if self.reader.depth != 1:
            return
        self._name = name
        shape = self._shape
        if shape.names is None and "object" in shape.kinds:
            return
        fits = shape.names is not None and name in shape.names
        self.shares_a_name = self.shares_a_name or fits
        if self.first_fits is None:
            self.first_fits = fits

    @override
    def scalar(self, raw: str, end: int) -> None:
        if self.reader.depth == 1:
            self._value_begins(in_array=False)
            self._note(raw)

    @override
    def begin_string(self, start: int) -> Callable[[str], None] | None:
        if self.reader.depth != 1:
            return None
        self._value_begins(in_array=False)
        self._pieces = []
        return self._take_piece

    def _take_piece(self, piece: str) -> None:
        if len(self._pieces) <= _NOTED_LENGTH:
            self._pieces.append(piece[: _NOTED_LENGTH + 1])  # one more: it is not noted then

    @override
    def end_string(self, end: int) -> None:
        if self.reader.depth == 1:
            self._note("".join(self._pieces))

    def _value_begins(self, *, in_array: bool) -> None:
        if self.first_fits is None:
            # The type takes any names: only an array can tell a wrapper from an item.
            self.first_fits = not in_array

    def _note(self, text: str) -> None:
        if len(self.members) < _NOTED and len(text) <= _NOTED_LENGTH:
            self.members[self._name] = text

    def _halt(self, found: Found) -> None:
        self._found = found
        self.reader.halt()


# -- elements that were cut out unread ------------------------------------------------------


def find_syntax_error(
    raw: str,
    position: Position,
    path: Path,
    *,
    limits: Limits = DEFAULT_LIMITS,
    complete: bool = True,
) -> JSONSyntaxError | None:
    """Find out why a slice is not valid JSON, None if it is.

    Args:
        raw: The slice.
        position: Where it begins in the text.
        path: Where it stands in the document.
        limits: Passed on to the parser.
        complete: Whether it is a whole value; False for one that the end of the text cuts.

    Raises:
        LimitExceededError: The parser did not get to an answer.
    """
    reader = SyntaxReader(Handler(), limits=limits, position=position, path=path)
    try:
        consumed = reader.feed(raw)
        closed = reader.finish() if complete else reader.done
    except JSONSyntaxError as error:
        return error
    reason = ""
    if consumed < len(raw):
        reason = f"unexpected {raw[consumed]!r} behind a value"
    elif complete and not closed:
        reason = "unexpected end of a value"
    if not reason:
        return None
    return position.after(raw[:consumed]).error(reason, path)


class _MemberNames(Handler):
    def __init__(self) -> None:
        self.names: list[str] = []
        self.reader: SyntaxReader | None = None

    @override
    def name(self, name: str) -> None:
        if self.reader is not None and self.reader.depth == 1:
            self.names.append(name)


def member_names(raw: str, position: Position, path: Path, limits: Limits) -> list[str]:
    """The names of an object's own members; `[]` for other values.

    Raises:
        JSONSyntaxError: It is not valid JSON.
        LimitExceededError: It is nested too deeply.
    """
    try:
        value: Any = json.loads(raw)
    except (ValueError, RecursionError):
        pass  # it is for our own parser to say why
    else:
        return list(cast("dict[str, Any]", value)) if isinstance(value, dict) else []
    handler = _MemberNames()
    handler.reader = SyntaxReader(handler, limits=limits, position=position, path=path)
    handler.reader.feed(raw)
    return handler.names
