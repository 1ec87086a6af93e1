"""Finds the document in the text, and the way to its list."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import Enum
from typing import TYPE_CHECKING

from partialstream.engine.blanks import BlankRun
from partialstream.engine.locate import RootFinder
from partialstream.engine.position import Place, Position, after
from partialstream.engine.probe import Probe, Root
from partialstream.engine.raw_item import Numbering
from partialstream.engine.route import Found, Router
from partialstream.engine.syntax import SyntaxReader
from partialstream.errors import JSONSyntaxError, LimitExceededError
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

    Args:
        shape: What an item looks like.
        path: Where the list is (see `parse_path`), None if that is to be found out.
        limits: See `Limits`.
        numbers: Where the items' indexes come from, None for 0, 1, 2 …

    Attributes:
        open_ended: Whether the items are documents themselves, so that nothing in the text
            says which is the last.
    """

    def __init__(
        self, shape: Shape, path: Path | None, limits: Limits, numbers: Iterator[int] | None
    ) -> None:
        self._shape = shape
        self._path = path
        self._limits = limits
        self._state: Callable[[int], int] = self._seeking
        self._text = ""  # what is being read
        self._place: Place = (0, 1, 0)  # where it begins
        self._carry = ""  # what must be read again, with what follows it
        self._blanks = BlankRun(limits.whitespace_run)
        self._finder = RootFinder()
        self._numbering = Numbering(limits, numbers)
        self._list_found = False
        self._empty_list_found = False
        self._root_found = False
        self.open_ended = False
        # of the root under way
        self._root_place = self._place
        self._held: list[str] = []
        self._probe: Probe | None = None
        self._router = Router(path, takes_objects=False)
        self._reader = SyntaxReader(self._router)

    @abstractmethod
    def _begin_list(self, *, candidate: bool) -> None:
        """A list begins, whose "[" has been read; maybe it only looks like the one."""

    @abstractmethod
    def _begin_element(self, pos: int, origin: Origin, depth: int) -> None:
        """An element begins at `pos`, `depth` levels deep in its document."""

    def _place_of(self, pos: int) -> Place:
        """The place of a position in `_text`."""
        return after(self._place, self._text, pos)

    def _read_again(self) -> None:
        """Go back to where the root begins."""
        self._text = "".join(self._held)
        self._place = self._root_place
        self._held = []

    # -- seeking and probing -------------------------------------------------------------

    def _seeking(self, pos: int) -> int:
        text = self._text
        found, end = self._finder.find(text, pos)
        self._blanks.both(text, pos, end)
        if not found:
            self._carry = text[end:]
            return len(text)
        place = Position(*self._place_of(end))
        if text[end] in "]}":
            raise JSONSyntaxError(
                f"unexpected {text[end]!r} behind the document",
                offset=place.offset,
                line=place.line,
                column=place.column,
                path=(),
            )
        self._blanks.reset()
        self._root_place = place
        self._probe = Probe(
            self._shape,
            routed=bool(self._path),
            guessing=self._finder.guessing,
            limits=self._limits,
            position=place,
        )
        self._state = self._probing
        return end

    def _probing(self, pos: int) -> int:
        text = self._text
        verdict = None if self._probe is None else self._probe.feed(text, pos)
        self._held.append(text[pos:])
        if verdict is None:
            held = self._place[0] + len(text) - self._root_place[0]
            allowed = self._limits.item_size
            if held > allowed:
                raise LimitExceededError(
                    "item_size", allowed, f"more than {allowed} characters of one item"
                )
            return len(text)
        self._read_again()
        if verdict is Root.PROSE:
            self._state = self._seeking
            return 1
        self._root_found = True
        if verdict is Root.ITEM:
            self._numbering.begin_list(())
            self.open_ended = True
            self._begin_element(0, Origin.ROOT, 0)
            return 0
        self.open_ended = False
        self._router = Router(self._path, takes_objects="object" in self._shape.kinds)
        self._reader = self._router.reader = SyntaxReader(
            self._router, limits=self._limits, position=Position(*self._root_place)
        )
        self._state = self._navigating
        if verdict is Root.LIST:
            self._reader.feed("[")
            self._begin_list(candidate=False)
            return 1
        return 0

    def _end_root(self) -> None:
        self._finder.root_closed()
        self._state = self._seeking

    # -- navigating ----------------------------------------------------------------------

    def _navigating(self, pos: int) -> int:
        found, pos = self._router.feed(self._text, pos)
        if found is Found.ITEM:
            self._numbering.begin_list(self._reader.path)
            self._begin_element(pos - 1, Origin.MEMBER, self._reader.depth - 1)
            return pos - 1
        if found is not None:
            self._begin_list(candidate=found is Found.CANDIDATE)
        elif self._reader.done:
            self._end_root()
        return pos

    def _sought(self) -> Outcome:
        """The outcome of a text that ends outside documents."""
        if self._finder.blank and not self._carry:
            return Outcome("empty")
        if self._list_found or self._empty_list_found:
            return Outcome("complete")
        if not self._root_found:
            return Outcome("no_json", detail="the answer holds no JSON")
        if self._path is not None:
            where = ".".join(map(str, self._path)) or "the root"
            return Outcome("no_json", detail=f"the answer holds no list at {where}")
        return Outcome("no_json", detail="the answer holds no list that fits the type")
