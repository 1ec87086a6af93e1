"""Finds the streamed list in the text and cuts its elements out.

Outside the list every character is parsed; an element of the list is only balanced and cut,
because its slice is parsed by pydantic anyway. The machine, one state a method:

    seeking ── an item ──> element             `DocumentSeeker` says what a root is
            ── the list ──> list
            ── a wrapper ──> navigating        follow the members to the list
    navigating ── "[" of the list ──> list
               ── closed ──> seeking; or, without a list, navigating or element once more
    list ── first character of a value ──> element
         ── "{" ──> objects                    by far the most common elements
         ── "]" ──> navigating, or seeking at the root
    objects ── something else ──> list, or element         (`ObjectRun`; no method)
    element ── closed ──> list, objects, navigating or seeking: where it came from
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from partialstream.engine.kept_text import KeptText
from partialstream.engine.lists import ListScanner
from partialstream.engine.object_run import AT_ONCE
from partialstream.engine.position import Place, Position, after
from partialstream.engine.verdict import why_malformed
from partialstream.errors import PartialStreamError
from partialstream.limits import DEFAULT_LIMITS, Limits
from partialstream.results import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from partialstream.engine.raw_item import RawItem
    from partialstream.engine.shape import Shape
    from partialstream.results import Path


_WINDOW: Final = 64 * 1024
"""Characters taken at once: bounds the memory of one match."""


BATCH: Final = 64
"""Deltas after which there is a look even if no item can be complete: it watches the limits,
and learns whether a long string is open."""

END: Final = object()
"""Says that there are no more chunks."""


class ItemScanner(ListScanner):
    """Cuts items out of text that arrives in pieces.

    The states are methods: what is around the list is in `RootScanner`, the list in
    `ListScanner`. This class feeds them.

    Args:
        shape: What an item looks like.
        path: Where the list is (see `parse_path`), None if that is to be found out.
        expected: Where the request has asked for the list; see `RootScanner`.
        limits: All but `idle_seconds` are watched here.
        numbers: Where the items' indexes come from; shared by scanners whose items are one
            list.

    Attributes:
        pieces: The text that was not read yet.
        run: Reads on while `in_run`.
        in_run: Whether the list is a run of objects.
        open_ended: Whether the items are documents themselves, so that nothing in the text
            says which is the last.

    Example:
        >>> from partialstream.engine.shape import ANYTHING
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
    ) -> None:
        self._kept = KeptText(limits)
        super().__init__(shape, path, expected, limits, numbers, self._kept)
        self._window = min(_WINDOW, limits.whitespace_run)
        self._completed: list[RawItem] = []  # of one that has raised, or of `finish`
        self._again = ""  # what is to be read next, though it has been read before

    @property
    def wake(self) -> str:
        """A character without which no item can be completed; `""` if any may do it."""
        if self.in_run:
            return self.run.wake
        return self._cutter.wake if self._in_element else ""

    @property
    def members(self) -> Mapping[str, str]:
        """The scalar members of the wrapper that the list is in, as far as they have come."""
        return self._router.members

    @property
    def size(self) -> int:
        """Characters received."""
        return self._kept.size + sum(map(len, self.pieces))

    @property
    def text(self) -> str:
        """All that was received.

        Raises:
            LimitExceededError: It was more than is kept.
        """
        return self._kept.text + "".join(self.pieces)

    def feed(self, text: str) -> Sequence[RawItem]:
        """Take the next piece of text.

        Returns:
            The items whose last character is in it.

        Raises:
            JSONSyntaxError: The text cannot become valid JSON. Elements are not looked into.
            LimitExceededError: See `Limits`.
        """
        self.pieces.append(text)
        if self.wake not in text and len(self.pieces) <= BATCH:
            return ()
        return self._advance()

    def pull(self, chunks: Iterator[Any]) -> tuple[Sequence[RawItem], object]:
        """Take chunks while they are text, until they complete items.

        Returns:
            The items and None; or none and the chunk that is no text, `END` for no chunk, or
            `""` where a batch had no text in it, so that the caller can look at the clock.

        Raises:
            JSONSyntaxError: As `feed`.
            LimitExceededError: As `feed`.
        """
        run = self.run
        pieces: list[Any] = self.pieces
        chunk: Any = ""
        while True:
            wake = self.wake
            known = len(pieces)
            try:
                for chunk in islice(chunks, BATCH):
                    pieces.append(chunk)
                    if wake in chunk:
                        break
                else:
                    if len(pieces) < known + BATCH:
                        "".join(pieces)  # a container may have gone with `in`, and is no text
                        return (), END
                if chunk == "" and pieces[known:].count("") == len(pieces) - known:
                    del pieces[known:]
                    return (), ""  # so that the clock is looked at
                text = "".join(pieces)
            except TypeError:
                odd = _take_no_text(pieces, chunk)
                if odd is END:
                    raise
                return (), odd
            if not self.in_run or len(text) > AT_ONCE:
                completed = self._advance()
            else:
                completed = run.look(text)  # as `_advance` does, of nearly all looks
                if run.lost:
                    completed = self._advance_from(completed)
            if completed:
                return completed, None

    def _advance(self) -> list[RawItem]:
        """Read `pieces`; what is to be given again, with what follows it, is left there."""
        text = "".join(self.pieces)
        if len(text) > AT_ONCE:
            self.pieces.clear()
            return self._advance_by_parts(text, [])
        completed = self._advance_text(text)
        return self._advance_by_parts("", completed) if self._again else completed

    def _advance_by_parts(self, text: str, completed: list[RawItem]) -> list[RawItem]:
        """As `_advance`, for `text` and what is to be read again, in parts.

        Args:
            text: The text that follows `pieces`.
            completed: The items that were completed before.
        """
        pieces = self.pieces
        parts = deque(_parts(text))
        try:
            while parts or self._again:
                if self._again:
                    again = self._again + "".join(pieces)
                    self._again = ""
                    pieces.clear()
                    parts.extendleft(reversed(_parts(again)))
                pieces.append(parts.popleft())
                completed += self._advance_text("".join(pieces))
        except PartialStreamError:
            self._completed = completed + self.take_completed()
            raise
        return completed

    def _advance_text(self, text: str) -> list[RawItem]:
        """As `_advance`, for `text`, which is that of `pieces`."""
        if self.in_run:
            completed = self.run.look(text)
            return self._advance_from(completed) if self.run.lost else completed
        found: list[RawItem] = []
        self._found = found
        try:
            self._read_on(text)
        except PartialStreamError:
            self._completed = found + self.take_completed()
            if self._may_look_elsewhere:
                self._finish_with(self._look_elsewhere())  # which comes to the same error
            raise
        return found

    def _read_on(self, text: str) -> None:
        pieces = self.pieces
        while True:
            if self.in_run:
                self._found += self.run.look(text)
                if not self.run.lost:
                    return
                self._leave_run()
                text = "".join(pieces)
            pieces.clear()
            start = 0
            while start < len(text) and not self.in_run:
                # No piece is longer than a run of blanks may be: see `BlankRun`.
                end = start + self._window
                self._read(text[start:end])
                start = end
                if self._again:
                    self._again += text[end:]
                    return
            if not self.in_run:
                return
            text = self._text + text[start:]
            pieces.append(text)

    def _advance_from(self, completed: list[RawItem]) -> list[RawItem]:
        """As `_advance`, behind a run that is lost and has completed items at its end."""
        self._leave_run()
        try:
            return completed + self._advance()
        except PartialStreamError:
            self._completed = completed + self.take_completed()
            raise

    def take_completed(self) -> list[RawItem]:
        """The items completed by what has failed then, or by the end. They are given once."""
        completed = self._completed + self.run.completed
        self._completed, self.run.completed = [], []
        return completed

    def _read(self, text: str) -> None:
        self._kept.add(text)
        self._hold(text)
        pos = 0
        if self._in_element:
            # Where the text stands is of no interest until the element ends.
            cutter = self._cutter
            pos = cutter.cut(text, 0)
            if pos < 0:
                return
            self._place = after(cutter.start, cutter.raw, len(cutter.raw) - pos)
            self._text = text
            pos = self._end_element(pos)
        else:
            self._text = text
        if self._root_text is not None and self._root_size > self._limits.item_size:
            # No more of it can be held. What has begun elsewhere is taken for the list.
            pos = self._look_elsewhere() if self._may_look_elsewhere else pos
            self._root_text = None
        self._process(pos)

    def _process(self, pos: int) -> None:
        """Run the machine over the text from `pos`; what is before has been read already."""
        while pos < len(self._text) and not self.in_run:
            pos = self._state(pos)
        if self.in_run:
            self._text = self._text[pos:]
            self._kept.take_back(len(self._text))
        elif not self._in_element:
            self._place = self._place_of(pos)

    def _read_again(self, text: str, place: Place) -> int:
        self._in_element = False
        self._place = place
        if len(text) <= AT_ONCE:
            self._text = text
            self._hold(text)
        else:
            self._text = ""
            self._again = text
            self._kept.take_back(len(text))
        return 0

    @property
    def _beginning(self) -> str:
        return self._kept.beginning

    def finish(self) -> Outcome:
        """Say that the text ends here. What only the end completes is for `take_completed`.

        Raises:
            JSONSyntaxError: What is unfinished cannot become valid JSON.
            LimitExceededError: See `Limits`.
        """
        self._completed = [*self._advance(), *self.take_completed()]
        if self.in_run:
            self.run.wake = "}"  # so that it looks whether the next object has begun
            self._advance()
        if self._state == self._seeking and not self.in_run:
            document = self._seeker.finish()
            if document is not None:
                self._finish_with(self._begin_root(document))
        if self._may_look_elsewhere:
            self._finish_with(self._look_elsewhere())
        if self._in_element:
            cutter = self._cutter
            return self._truncated(cutter.tail, cutter.start)
        if self.in_run:
            unread = "".join(self.pieces)
            self._kept.check(len(unread))
            run = self.run
            if not run.open:  # nothing is open but the list
                return Outcome("truncated")
            return self._truncated("".join(run.parts) + unread, run.start)
        return self._sought() if self._state == self._seeking else Outcome("truncated")

    def _finish_with(self, pos: int) -> None:
        """Read on at `pos`, where a root begins, to the end of what has been read before."""
        earlier = self.take_completed()
        found: list[RawItem] = []
        self._found = found
        try:
            self._process(pos)
            if self.in_run:
                self.pieces.append(self._text)
            if self.in_run or self._again:
                found += self._advance()
        finally:
            self._completed = earlier + found + self.take_completed()

    def _truncated(self, tail: str, start: Place) -> Outcome:
        """The outcome of a text that ends inside an element."""
        error = why_malformed(
            tail, Position(*start), self._item_path(), limits=self._limits, complete=False
        )
        if error is not None:
            raise error
        return Outcome("truncated", tail=tail)


def _parts(text: str) -> list[str]:
    return [text[start : start + AT_ONCE] for start in range(0, len(text), AT_ONCE)]


def _take_no_text(pieces: list[Any], last: object) -> object:
    """Find what is no text, and leave in `pieces` what stood before it.

    For who has caught a `TypeError`.

    Args:
        pieces: What was taken for text.
        last: The last chunk, which may not be among them.

    Returns:
        The first that is no text; `END` if all are.
    """
    for index, piece in enumerate(pieces):
        if not isinstance(piece, str):  # `join` does not go with it
            del pieces[index:]
            return piece
    return END if isinstance(last, str) else last  # `in` does not go with this one
