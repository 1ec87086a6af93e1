"""Finds the documents of a response in the text around them.

    seeking ── blanks, fences, thinking, prose ──> seeking
            ── a bracket ──> judging
    judging ── it opens a document ──> found
            ── complete, but nothing that is asked for ──> seeking, behind it
            ── no JSON ──> seeking, behind the bracket

What a failed guess has read is looked through once more, as a quote in prose may have swallowed
the document: in `write {" and so on: [{"name": "Lamp"}]` the guess fails behind `[{`, which it
took for a part of a name. The brackets outside its strings are not tried again: each of them
would be read up to the same place, and fail there, so that `x {"a":{"a":{"a":` would be read
once for each level.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from partialstream.engine.locate import Certainty, RootFinder
from partialstream.engine.position import Position
from partialstream.engine.probe import Probe, Root
from partialstream.engine.tokens import BLANK, BlankRun
from partialstream.limits import Limits, exceeded

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    Judge = Callable[[str, Certainty, Position], Probe | Root | None]

_MAY_FOLLOW: Final = {"{": f'{BLANK}"}}', "[": f'{BLANK}"[{{]-0123456789tfnNI'}
"""What may stand behind a bracket that opens JSON."""

_NO_DOCUMENT: Final = frozenset({Root.EMPTY, Root.PROSE, Root.BROKEN})
_STRING_OR_OPENER: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[{]', re.DOTALL)


class DocumentSeeker:
    r"""Reads what stands around documents.

    Args:
        judge: Says of a bracket, by how certain it is to open a document and by its place, what
            it opens; or gives a `Probe` that will find out; None: nothing that is asked for.
        openers: Other characters that a document may begin with.
        limits: `item_size` bounds what is held of a guess; `whitespace_run` is watched too.

    Attributes:
        position: The place up to which the text is done with: once a document is found, the
            place where it begins.
        certainty: How certain it was that the document found last is one.
        root: What the document found last is.
        json_found: Whether there was any complete JSON in prose, but no document.
        empty_list_found: Whether there was an empty list among it.

    Example:
        >>> from partialstream.limits import Limits
        >>> seeker = DocumentSeeker(lambda *_: Root.ITEM, (), Limits())
        >>> seeker.feed("Here you {are}: `"), seeker.feed('``json\n{"a": 1, "b')
        (None, '{"a": 1, "b')
        >>> seeker.position.offset, seeker.certainty.name
        (24, 'CERTAIN')
    """

    def __init__(self, judge: Judge, openers: Collection[str], limits: Limits) -> None:
        self._judge = judge
        self._finder = RootFinder(openers)
        self._limits = limits
        self._blanks = BlankRun(limits)
        self._unread = ""  # what must be read again, with what follows it
        self._probe: Probe | None = None
        self._held: list[str] = []  # the text of the guess
        self._held_size = 0
        # which characters are brackets that a failed guess has read, from an offset on
        self._tried = bytearray()
        self._tried_start = 0
        self._adjacent = False  # whether the guess stands directly behind a document
        self.position = Position()
        self.certainty = Certainty.CERTAIN
        self.root = Root.PROSE
        self.json_found = False
        self.empty_list_found = False

    @property
    def blank(self) -> bool:
        """Whether there was nothing but blanks until now."""
        return self._finder.blank and not self._unread

    @property
    def think_closed(self) -> bool:
        """Whether a `</think>` has come whose opening tag is missing."""
        return self._finder.think_closed

    @property
    def unfinished(self) -> str:
        """The text of a document that has begun, as far as can be told, `""` if there is none."""
        tail = "".join(self._held)
        if self.certainty is Certainty.GUESS and not tail[1:].strip():
            return ""  # a bracket that ends the prose
        if self.certainty is Certainty.LATE_GUESS and not self._adjacent:
            return tail if self._probe is not None and self._probe.promising else ""
        return tail

    def feed(self, text: str) -> str | None:
        """Read on; gives the text from the beginning of a document on, None if there is none.

        Raises:
            JSONSyntaxError: A bracket too many behind a document, or a certain root that is
                malformed.
            LimitExceededError: See `Limits`.
        """
        if self._probe is None:
            text, self._unread = self._unread + text, ""
            return self._seek(text)
        self._hold(text)
        verdict = self._probe.feed(text)
        if verdict is None:
            return None
        text = self._let_go()
        document = self._settled(text, 0, verdict)
        return document or self._seek(text, self._give_up(text, 0, verdict))

    def finish(self) -> str | None:
        """Say that the text ends here; gives what `feed` does.

        A guess that is not even past its first string is given up: a quote in prose may have
        swallowed the document.
        """
        if self._probe is None or self._probe.begun or self.certainty is Certainty.CERTAIN:
            return None
        text = self._let_go()
        certainty, adjacent = self.certainty, self._adjacent
        found = self._seek(text, self._give_up(text, 0, Root.BROKEN), final=True)
        if found is None and not self._held:
            # It is what it was: brackets in it were looked at as if it were prose.
            self._hold(text)
            self.certainty, self._adjacent = certainty, adjacent
        return found

    def leave(self, position: Position, *, found: bool = True) -> None:
        """The document found last has been read.

        Args:
            position: The place behind it.
            found: Whether it was what is asked for.
        """
        self.position = position
        self._finder.root_closed(self.certainty, found=found)

    # -- brackets --------------------------------------------------------------------------

    def _seek(self, text: str, pos: int = 0, *, final: bool = False) -> str | None:
        """Read on, from `text[pos]`, which stands at `position`.

        Args:
            text: The text.
            pos: Where to begin.
            final: Whether nothing follows it.
        """
        while True:
            found, end = self._finder.find(text, pos)
            if end > pos:
                self._blanks.read(text, pos, end)
                pos = self._skip(text, pos, end - pos)
            if not found:
                self._unread = text[end:]
                return None
            self._blanks.reset()
            if text[pos] in "]}":
                raise self.position.error(f"unexpected {text[pos]!r} behind the document", ())
            self.certainty, self._adjacent = self._finder.certainty, self._finder.adjacent
            verdict = self._verdict_on(text, pos)
            if verdict is None and final and self._probe is not None and not self._probe.begun:
                verdict = Root.BROKEN
            if verdict is None:
                self._hold(text[pos:])
                return None
            document = self._settled(text, pos, verdict)
            if document is not None:
                return document
            pos = self._give_up(text, pos, verdict)

    def _verdict_on(self, text: str, pos: int) -> Root | None:
        """What the bracket at `text[pos]` opens; None as long as that is not clear."""
        if self.certainty < Certainty.CERTAIN:
            following = text[pos + 1 : pos + 2]
            if following and following not in _MAY_FOLLOW.get(text[pos], following):
                return Root.BROKEN
            tried = self.position.offset - self._tried_start
            if tried < len(self._tried) and self._tried[tried]:
                return Root.BROKEN
        judged = self._judge(text[pos], self.certainty, self.position)
        if not isinstance(judged, Probe):
            return judged or Root.BROKEN
        self._probe = judged
        return judged.feed(text, pos)

    def _settled(self, text: str, pos: int, verdict: Root) -> str | None:
        """The text from the document on, if that is what the verdict says."""
        if verdict in _NO_DOCUMENT:
            return None
        self._probe = None
        self.root = verdict
        return text[pos:]

    def _give_up(self, text: str, pos: int, verdict: Root) -> int:
        """The root at `text[pos]` is prose; gives the position up to which it is done with."""
        probe, self._probe = self._probe, None
        self._finder.prose()
        count = 1
        if probe is not None and verdict is not Root.BROKEN:
            count = probe.size_read
            self.json_found = True
            self.empty_list_found = self.empty_list_found or verdict is Root.EMPTY
        elif probe is not None:
            self._mark_tried(text, pos, pos + (probe.size_read or len(text) - pos))
        return self._skip(text, pos, count)

    def _mark_tried(self, text: str, pos: int, end: int) -> None:
        """The brackets in `text[pos:end]`, which stands at `position`, lead to nothing."""
        start = self.position.offset
        del self._tried[: start - self._tried_start]
        self._tried_start = start
        missing = end - pos - len(self._tried)
        if missing > 0:
            self._tried += bytes(missing)
        for match in _STRING_OR_OPENER.finditer(text, pos, end):
            at = match.start()
            if text[at] != '"':
                self._tried[at - pos] = 1

    # -- text ------------------------------------------------------------------------------

    def _skip(self, text: str, pos: int, count: int) -> int:
        """So many characters of `text` from `pos` on are done with; gives the position behind."""
        self.position = self.position.after(text[pos : pos + count])
        return pos + count

    def _hold(self, text: str) -> None:
        self._held.append(text)
        self._held_size += len(text)
        if self._held_size > self._limits.item_size:
            raise exceeded(self._limits, "item_size", "an item")

    def _let_go(self) -> str:
        text = "".join(self._held)
        self._held = []
        self._held_size = 0
        return text
