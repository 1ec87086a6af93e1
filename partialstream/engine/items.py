"""Finds the streamed list in the text, and has its elements cut out.

Outside the list every character is parsed. The machine, one state a method:

    seeking ── an item, or the list ──> elements     `DocumentSeeker` says what a root is
            ── a wrapper ──> navigating              follow the members to the list
    navigating ── "[" of the list, or an item where it may be ──> elements
               ── closed ──> seeking; or, without a list, navigating or elements once more
    elements ── "]", or the item ends ──> navigating, or seeking at the root
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from partialstream.engine.lenient import reread
from partialstream.engine.locate import Certainty, beginning_of
from partialstream.engine.parser import SyntaxReader
from partialstream.engine.position import Place, Position
from partialstream.engine.probe import ListProbe, Probe, Root
from partialstream.engine.route import KINDS, Found, Router, find_syntax_error, member_names
from partialstream.engine.scan import Scan
from partialstream.engine.seek import DocumentSeeker
from partialstream.errors import JSONSyntaxError, PartialStreamError
from partialstream.limits import DEFAULT_LIMITS, Limits
from partialstream.results import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from partialstream.engine.route import Shape
    from partialstream.results import Path

_WINDOW: Final = 4096
"""Characters read at once: what a step copies of them, for each document maybe, is bounded."""

_NEXT: Final = "a value"
_SEPARATOR: Final = "',' or ']'"


class Origin(Enum):
    """What the element under way belongs to."""

    LIST = "the list"
    ROOT = "nothing: it is a document"
    MEMBER = "an object at the path"


class ItemScanner(Scan):
    """Cuts items out of text that arrives in pieces.

    A state is a method that takes a position in `_text` and gives the position up to which it
    has read.

    A root whose list is not where it was expected, or that has none, is read once more when it
    ends: as what holds the list in another place, or as an item itself. For that its text is
    held as long as no list is found in it, up to the size of an item.

    Args:
        shape: What an item looks like.
        path: Where the list is (see `parse_path`), None if that is to be found out.
        expected: Where the request has asked for the list, which is read from any other place
            as well; None if that is not known.
        limits: All but `idle_seconds` are watched here.
        numbers: Where the items' indexes come from; shared by scanners whose items are one
            list.
        lenient: Whether a list may have comments between its elements, and a trailing comma.

    Attributes:
        open_ended: Whether the items are documents themselves, so that nothing in the text
            says which is the last.

    Example:
        >>> from partialstream.engine.route import ANYTHING
        >>> scanner = ItemScanner(ANYTHING)
        >>> deltas = ('[{"a"', ": 1", "}, {")
        >>> [item.text for delta in deltas for item in scanner.feed(delta)]
        ['{"a": 1}']
    """

    def __init__(
        self,
        shape: Shape,
        *,
        path: Path | None = None,
        expected: Path | None = None,
        limits: Limits = DEFAULT_LIMITS,
        numbers: Iterator[int] | None = None,
        lenient: bool = False,
    ) -> None:
        super().__init__(limits, numbers)
        self._lenient = lenient
        self._shape = shape
        self._path = path
        self._expected = expected if path is None else None
        self._text = ""  # what is being read
        self._rest: list[str] = []  # what follows it, the last piece first
        self._state: Callable[[int], int] = self._seeking
        self._seeker = DocumentSeeker(self._judge, (), limits)
        self._list_found = False
        self._empty_list_found = False
        self._root_found = False
        self.open_ended = False
        # of the root under way
        self._root_place = Position()
        self._root_text: list[str] | None = None  # as long as it may be read once more
        self._root_size = 0
        self._root_has_list = False
        self._root_has_empty_list = False
        self._router: Router  # of the wrapper or list under way
        self._reader: SyntaxReader
        self._members: Mapping[str, str] = {}
        self._comment: tuple[str, Place, str] = "", (0, 0, 0), ""  # see `_in_comment`
        # of the list under way
        self._candidate = False  # whether it may only look like the list
        self._origin = Origin.LIST

    @property
    def members(self) -> Mapping[str, str]:
        """The scalar members of the wrapper that the list is in, as far as they have come."""
        return self._members

    @override
    def advance(self, text: str, pos: int) -> None:
        try:
            if pos or self.closed:
                self._text = text
            else:
                self._rest = _pieces(text)
            self._run_from(pos)
        except PartialStreamError:
            if self._may_look_elsewhere:
                self._rest.clear()
                self._run_from(self._look_elsewhere())  # which comes to the same error
            raise

    def finish(self) -> Outcome:
        """Say that the text ends here. What only the end completes is for `take_completed`.

        Raises:
            JSONSyntaxError: What is unfinished cannot become valid JSON.
            LimitExceededError: See `Limits`.
        """
        self.flush()
        if self._state == self._seeking:
            document = self._seeker.finish()
            if document is not None:
                self._run_from(self._begin_root(document))
        if self._may_look_elsewhere:
            self._run_from(self._look_elsewhere())
        if self._state == self._seeking:
            return self._sought()
        if self._state == self._navigating or self.expected:
            return Outcome("truncated")
        tail = self.tail
        error = find_syntax_error(
            tail, Position(*self.start), self._item_path(), limits=self._limits, complete=False
        )
        if error is not None:
            raise error
        return Outcome("truncated", tail=tail)

    def _sought(self) -> Outcome:
        """The outcome of a text that ends outside documents."""
        tail = self._seeker.unfinished
        if tail:
            return Outcome("truncated", tail=tail)
        if self._seeker.blank:
            return Outcome("empty")
        if self._list_found or self._empty_list_found or self._seeker.empty_list_found:
            return Outcome("complete")
        if not self._root_found and not self._seeker.json_found:
            reason = "no JSON found"
        elif self._path is not None:
            reason = f"no list found at {'.'.join(map(str, self._path)) or 'the root'}"
        else:
            reason = "no list found that fits the type"
        return Outcome("no_json", detail=f"{reason} in the response: {beginning_of(self._kept)!r}")

    # -- the machine -----------------------------------------------------------------------

    def _run_from(self, pos: int) -> None:
        """Read on from `pos`, to the end of all that is there."""
        while True:
            while pos < len(self._text) or self.closed:
                pos = self._state(pos)
            self.offset += len(self._text)
            self._text = ""
            if not self._rest:
                return
            self._text = self._rest.pop()
            pos = 0
            if self._root_text is not None:
                pos = self._hold_root()

    def _read_again(self, text: str, place: Position) -> int:
        """Go back to `place`, where `text` stands, which goes to the end of `_text`."""
        pieces = _pieces(text)
        self._text = pieces.pop() if pieces else ""
        self._rest += pieces
        self.offset = place.offset
        if self._root_text is not None:
            self._root_text.append(self._text)
            self._root_size += len(self._text)
        return 0

    # -- seeking ---------------------------------------------------------------------------

    def _seeking(self, pos: int) -> int:
        document = self._seeker.feed(self._text[pos:])
        return len(self._text) if document is None else self._begin_root(document)

    def _judge(self, bracket: str, certainty: Certainty, position: Position) -> Probe | Root:
        """See `DocumentSeeker`."""
        if certainty is Certainty.CERTAIN:
            if bracket == "[":
                return Root.WRAPPER if self._path else Root.LIST
            if self._path == () and "object" in self._shape.kinds:
                return Root.ITEM
            if self._path is not None or self._expected is not None:
                return Root.WRAPPER
        return ListProbe(
            self._shape,
            path=self._path,
            expected=self._expected,
            after_item=self.open_ended,
            certainty=certainty,
            limits=self._limits,
            position=position,
        )

    def _begin_root(self, text: str) -> int:
        """A document begins with `text`, which stands where the seeker does."""
        self._root_place = self._seeker.position
        self._root_found = True
        self._root_has_list = self._root_has_empty_list = False
        self._root_text = None
        root = self._seeker.root
        if root is Root.ITEM:
            return self._begin_root_item(text)
        expected = None if root is Root.ELSEWHERE else self._expected
        self._navigate(expected or self._path, expected=expected is not None)
        if root is Root.LIST:
            self._reader.feed("[")
            self._begin_list(candidate=False)
            return self._read_again(text[1:], self._reader.position)
        if self._path is None:
            self._root_text = []
        return self._read_again(text, self._root_place)

    def _begin_root_item(self, text: str) -> int:
        """The root, with which `text` begins, is an item."""
        self._root_has_list = self.open_ended = True
        self._root_text = None
        self._read_again(text, self._root_place)
        self._begin_item(self._root_place, 0, (), 0, Origin.ROOT)
        return 0

    def _end_root(self, pos: int, position: Position) -> int:
        """The root ends at `pos`."""
        if self._root_text is not None and not self._root_has_list:
            if self._router.expected:
                return self._look_elsewhere()
            if self._router.shares_a_name and not self._root_has_empty_list:
                return self._begin_root_item("".join(self._root_text))
        self._root_text = None
        found = self._root_has_list or self._root_has_empty_list
        self._seeker.leave(position, found=found)
        self._state = self._seeking
        return pos

    # -- a root that may have to be read once more -----------------------------------------

    def _hold_root(self) -> int:
        """More of the root is to be read; gives where."""
        assert self._root_text is not None
        self._root_text.append(self._text)
        self._root_size += len(self._text)
        if self._root_size <= self._limits.item_size:
            return 0
        # No more of it can be held. What has begun elsewhere is taken for the list.
        pos = self._look_elsewhere() if self._may_look_elsewhere else 0
        self._root_text = None
        return pos

    @property
    def _may_look_elsewhere(self) -> bool:
        """Whether the list of the root under way has not come where it was expected."""
        return self._root_text is not None and not self._root_has_list and self._router.expected

    def _look_elsewhere(self) -> int:
        """Read the root once more, as if no place were expected; gives its position."""
        root = "".join(self._root_text or ())
        if self._router.first_fits:
            return self._begin_root_item(root)
        self._navigate(self._path, expected=False)
        self._root_text = None if len(root) > self._limits.item_size else []
        return self._read_again(root, self._root_place)

    # -- navigating ------------------------------------------------------------------------

    def _navigate(self, path: Path | None, *, expected: bool) -> None:
        """Follow the members of the root to the list."""
        self.open_ended = False
        self._root_size = 0
        self._router = Router(path, self._shape, expected=expected)
        self._members = self._router.members
        self._reader = self._router.reader = SyntaxReader(
            self._router, limits=self._limits, position=self._root_place
        )
        self._state = self._navigating
        self.leave()

    def _navigating(self, pos: int) -> int:
        found, pos = self._router.feed(self._text, pos)
        reader = self._reader
        if found is Found.ITEM:
            self._has_list()
            position = reader.position
            position = position._replace(offset=position.offset - 1)
            self._begin_item(position, pos - 1, reader.path, reader.depth - 1, Origin.MEMBER)
            return pos - 1
        if found is not None:
            self._begin_list(candidate=found is Found.CANDIDATE)
        elif reader.done:
            return self._end_root(pos, reader.position)
        return pos

    def _has_list(self) -> None:
        """The list of this root is found."""
        self._list_found = self._root_has_list = True
        self._root_text = None

    def _has_empty_list(self) -> None:
        """An array that may be the list has closed without an element."""
        if self._router.expected:
            self._has_list()
        elif not self._router.in_own_member:
            self._empty_list_found = self._root_has_empty_list = True

    # -- elements --------------------------------------------------------------------------

    def _begin_list(self, *, candidate: bool) -> None:
        """A list begins, whose "[" has been read; maybe it only looks like the one."""
        self._candidate = candidate
        self._origin = Origin.LIST
        self._state = self._elements
        reader = self._reader
        self.begin_list(reader.position, reader.path, reader.depth, in_doubt=candidate)
        if not candidate:
            self._has_list()

    def _begin_item(
        self, position: Position, pos: int, path: Path, depth: int, origin: Origin
    ) -> None:
        """An object that is an item begins at `pos`, `depth` levels deep in its document."""
        self.list_path = path
        self._candidate = False
        self._origin = origin
        self._state = self._elements
        self.begin_element(position, pos, "{", depth, in_doubt=False)

    def _item_path(self) -> Path:
        if self._origin is Origin.LIST:
            return (*self.list_path, self.elements)
        return self.list_path

    def _elements(self, pos: int) -> int:
        if not self.closed:
            pos = self.read(self._text, pos)
        if self.closed:
            self.closed = False
            return self._end_element(pos)
        return self._between_elements(pos) if pos < len(self._text) else pos

    def _between_elements(self, pos: int) -> int:
        """What stands at `pos` is no element, or the first one of what may be the list."""
        char = self._text[pos]
        place = self.place_of(pos)
        expected = self.expected
        if self._lenient:
            if char in "/#":
                self._begin_comment(place)
                return pos
            if char == "]" and expected == _NEXT:
                expected = _SEPARATOR  # after a trailing comma
        if char in KINDS and expected != _SEPARATOR:
            if self._shape.may_begin(char):
                self.begin_element(place, pos, char, self._reader.depth, in_doubt=True)
            else:
                self._skip_decoy(place)
            return pos
        if char != "]" or expected == _NEXT:
            path = self._item_path() if expected == _NEXT else self.list_path
            raise _unexpected(expected, char, place, path)
        if self._candidate:
            self._has_empty_list()
        else:
            self._router.list_read()
        return self._leave_list(pos + 1)

    def _begin_comment(self, place: Place) -> None:
        """What stands between two elements may be a comment."""
        self._comment = "", place, self.expected
        self.leave()
        self._state = self._in_comment

    def _in_comment(self, pos: int) -> int:
        """A comment, of which only the characters are kept that tell where it ends."""
        seen, place, expected = self._comment
        for here in range(pos, len(self._text)):
            char = self._text[here]
            if char in "\r\n" and not seen.startswith("/*") and seen != "/":
                return self._end_comment(here, place, expected)
            seen = seen[:2] + seen[-1:] + char if len(seen) > 3 else seen + char
            if seen[0] == "/" and len(seen) == 2 and seen[1] not in "/*":
                raise _unexpected(expected, "/", place, self.list_path)
            if char == "\n":
                place = place[0], place[1] + 1, self.offset + here + 1
            if seen.startswith("/*") and len(seen) > 3 and seen.endswith("*/"):
                return self._end_comment(here + 1, place, expected)
        self._comment = seen, place, expected
        return len(self._text)

    def _end_comment(self, pos: int, place: Place, expected: str) -> int:
        """A comment ends at `pos`, and the list goes on as it would have without it."""
        elements = self.elements
        place = self.offset + pos, *place[1:]
        self.begin_list(place, self.list_path, self._reader.depth, in_doubt=self._candidate)
        self.elements = elements
        if expected == _SEPARATOR:
            self.go_on()
        self._state = self._elements
        return pos

    def _leave_list(self, pos: int) -> int:
        position = Position(*self.place_of(pos))
        self.leave()
        self._reader.leave(position)
        if self._reader.done:
            return self._end_root(pos, position)
        self._state = self._navigating
        return pos

    def _skip_decoy(self, place: Place) -> None:
        """The array whose first element is at `place` has nothing in common with the type."""
        self.leave()
        self._reader.resume(Position(*place))
        self._router.skip_array()
        self._state = self._navigating

    def _end_element(self, pos: int) -> int:
        """An element by itself, or one that the wrong bracket follows, ends at `pos`."""
        raw = self.raw
        if self._origin is not Origin.LIST:
            self._list_found = True
            self.completed.append(self.number(raw, self.list_path))
            position = Position(*self.place_of(pos))
            self.leave()
            if self._origin is Origin.ROOT:
                return self._end_root(pos, position)
            self._reader.leave(position)
            self._state = self._navigating
            return pos
        start = Position(*self.start)
        if self._candidate and self._is_decoy(raw):
            self._skip_decoy(self.start)
            self._reader.feed(raw)
            return pos
        if self._text[pos : pos + 1] == "}" and raw[0] not in '{["':
            # What the wrong bracket follows is refused for what is wrong in itself, or for that.
            error = find_syntax_error(raw, start, self._item_path(), limits=self._limits)
            raise error or _unexpected(_SEPARATOR, "}", self.place_of(pos), self.list_path)
        if self._candidate:
            self._candidate = False
            self._has_list()
        self.completed.append(self.number(raw, self._item_path()))
        self.elements += 1
        self.go_on()
        return pos

    def _is_decoy(self, raw: str) -> bool:
        if raw[0] != "{":
            return False
        found = reread(raw) if self._lenient else None
        if found is not None and found.end == len(raw):
            raw = found.json
        names = member_names(raw, Position(*self.start), self._item_path(), self._limits)
        return not self._shape.shares(names)


def _unexpected(expected: str, char: str, place: Place, path: Path) -> JSONSyntaxError:
    return Position(*place).error(f"expected {expected}, not {char!r}", path)


def _pieces(text: str) -> list[str]:
    """The text in pieces that are read at once, the last one first."""
    return [text[start : start + _WINDOW] for start in range(0, len(text), _WINDOW)][::-1]
