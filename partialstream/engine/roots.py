"""Finds the document in the text, and the way to its list."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import Enum
from typing import TYPE_CHECKING

from partialstream.engine.blanks import BlankRun
from partialstream.engine.locate import Certainty
from partialstream.engine.parser import SyntaxReader
from partialstream.engine.position import Place, Position, after
from partialstream.engine.probe import ListProbe, Probe, Root
from partialstream.engine.raw_item import Numbering
from partialstream.engine.route import Found, Router
from partialstream.engine.seek import DocumentSeeker
from partialstream.results import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from partialstream.engine.shape import Shape
    from partialstream.limits import Limits
    from partialstream.results import Path


class Origin(Enum):
    """What the element under way belongs to."""

    LIST = "the list"
    ROOT = "nothing: it is a document"
    MEMBER = "an object at the path"


class RootScanner(ABC):
    """The part of `ItemScanner` that reads what is around the list.

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
        limits: See `Limits`.
        numbers: Where the items' indexes come from, None for 0, 1, 2 …

    Attributes:
        open_ended: Whether the items are documents themselves, so that nothing in the text
            says which is the last.
    """

    def __init__(
        self,
        shape: Shape,
        path: Path | None,
        expected: Path | None,
        limits: Limits,
        numbers: Iterator[int] | None,
    ) -> None:
        self._shape = shape
        self._path = path
        self._expected = expected if path is None else None
        self._limits = limits
        self._state: Callable[[int], int] = self._seeking
        self._text = ""  # what is being read
        self._place: Place = (0, 1, 0)  # where it begins
        self._blanks = BlankRun(limits.whitespace_run)
        self._seeker = DocumentSeeker(self._judge, (), limits)
        self._numbering = Numbering(limits, numbers)
        self._list_found = False
        self._empty_list_found = False
        self._root_found = False
        self.open_ended = False
        # of the root under way
        self._root_place = self._place
        self._root_text: list[str] | None = None  # as long as it may be read once more
        self._root_size = 0
        self._root_has_list = False
        self._root_has_empty_list = False
        self._router = Router(path, shape)
        self._reader: SyntaxReader  # of the wrapper or list under way

    @abstractmethod
    def _begin_list(self, *, candidate: bool) -> None:
        """A list begins, whose "[" has been read; maybe it only looks like the one."""

    @abstractmethod
    def _begin_element(self, start: Place, opener: str, origin: Origin, depth: int) -> None:
        """An element begins with `opener` at `start`, `depth` levels deep in its document."""

    def _place_of(self, pos: int) -> Place:
        """The place of a position in `_text`."""
        return after(self._place, self._text, pos)

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
            return self._read_again(text[1:], after(self._root_place, text, 1))
        if self._path is None:
            self._root_text = []
        return self._read_again(text, self._root_place)

    def _begin_root_item(self, text: str) -> int:
        """The root, with which `text` begins, is an item."""
        self._numbering.begin_list(())
        self._root_has_list = self.open_ended = True
        self._root_text = None
        pos = self._read_again(text, self._root_place)
        self._begin_element(self._root_place, "{", Origin.ROOT, 0)
        return pos

    @abstractmethod
    def _read_again(self, text: str, place: Place) -> int:
        """Go back to `place`, where `text` stands; gives its position in `_text`."""

    def _end_root(self, pos: int) -> int:
        """The root ends at `pos`."""
        if self._root_text is not None and not self._root_has_list:
            if self._router.expected:
                return self._look_elsewhere()
            if self._router.shares_a_name and not self._root_has_empty_list:
                return self._begin_root_item("".join(self._root_text))
        self._root_text = None
        found = self._root_has_list or self._root_has_empty_list
        self._seeker.leave(Position(*self._place_of(pos)), found=found)
        self._state = self._seeking
        return pos

    # -- a root that may have to be read once more -----------------------------------------

    def _hold(self, text: str) -> None:
        """More of the root."""
        if self._root_text is not None:
            self._root_text.append(text)
            self._root_size += len(text)

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
        self._reader = self._router.reader = SyntaxReader(
            self._router, limits=self._limits, position=Position(*self._root_place)
        )
        self._state = self._navigating

    def _navigating(self, pos: int) -> int:
        found, pos = self._router.feed(self._text, pos)
        if found is Found.ITEM:
            self._has_list()
            self._numbering.begin_list(self._reader.path)
            start, depth = self._place_of(pos - 1), self._reader.depth - 1
            self._begin_element(start, "{", Origin.MEMBER, depth)
            return pos - 1
        if found is not None:
            self._begin_list(candidate=found is Found.CANDIDATE)
        elif self._reader.done:
            return self._end_root(pos)
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

    # -- the end ---------------------------------------------------------------------------

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
        return Outcome("no_json", detail=f"{reason} in the response: {self._beginning!r}")

    @property
    @abstractmethod
    def _beginning(self) -> str:
        """The beginning of the text, to be quoted."""
