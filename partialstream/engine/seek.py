"""Finds the one document of an answer, for values that grow.

    seeking ── blanks, fences, thinking, prose ──> seeking
            ── the beginning of a document ──> found
            ── a bracket in prose ──> guessing
    guessing ── a first member or element that fits ──> found
             ── anything else ──> seeking, behind the bracket

Behind the document nothing is data any more; a bracket too many is malformed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from partialstream.engine.blanks import BlankRun
from partialstream.engine.locate import RootFinder
from partialstream.engine.position import Position
from partialstream.engine.probe import Probe, Root
from partialstream.engine.shape import KINDS
from partialstream.errors import JSONSyntaxError, LimitExceededError
from partialstream.results import Outcome

if TYPE_CHECKING:
    from partialstream.engine.shape import Shape
    from partialstream.limits import Limits

_WINDOW: Final = 4096
"""Characters taken at once, so that a guess that fails costs no more than what it has read."""


class DocumentSeeker:
    """Reads what stands around the document.

    Args:
        shape: What the document looks like.
        elements: What the elements of an array look like, None if the document cannot be one.
        limits: `item_size` bounds what is held of a guess; `whitespace_run` is watched too.

    Attributes:
        position: The place up to which the text is done with: once the document is found, the
            place where it begins.

    Example:
        >>> from partialstream.engine.shape import ANYTHING
        >>> from partialstream.limits import Limits
        >>> seeker = DocumentSeeker(ANYTHING, None, Limits())
        >>> seeker.feed("Here you {are}: {"), seeker.feed('"a": 1, "b')
        (None, '{"a": 1, "b')
        >>> seeker.position.offset
        16
    """

    def __init__(self, shape: Shape, elements: Shape | None, limits: Limits) -> None:
        self._shapes = {"{": shape if "object" in shape.kinds else None, "[": elements}
        self._limits = limits
        self._finder = RootFinder([char for char in KINDS if shape.may_begin(char)])
        self._blanks = BlankRun(limits.whitespace_run)
        self._unread = ""  # what must be read again, with what follows it
        self._probe: Probe | None = None
        self._held: list[str] = []  # the text of the guess
        self._held_size = 0
        self.position = Position()

    def feed(self, text: str) -> str | None:
        """Read on; gives the text from the beginning of the document on, None if there is none.

        Raises:
            LimitExceededError: See `Limits`.
        """
        text = self._unread + text
        self._unread = ""
        pos = 0
        root = -self._held_size  # where in `text` the guess begins
        while pos < len(text):
            if self._probe is not None:
                verdict, pos = self._test(self._probe, text, pos)
                if verdict is None:
                    continue
                bracket = self._held[0][0]
                if self._fits(verdict, bracket):
                    return "".join(self._held) + text[pos:]
                if root < 0:
                    text, root = "".join(self._held) + text[pos:], 0
                pos = root + self._skip(bracket)
                self._let_go()
                continue
            piece = text[pos : pos + _WINDOW]
            is_last = pos + len(piece) == len(text)
            found, end = self._find(piece)
            pos += end
            if found and not self._finder.guessing:
                return text[pos:]
            if found:
                root = pos
                pos += self._guess(text[pos])
            elif is_last:
                self._unread = text[pos:]
                break
            # else what is left of the piece is a tag or fence that its end cuts
        return None

    def finish(self) -> Outcome:
        """How a text ends that holds no document."""
        held = "".join(self._held)
        if held[1:].strip():
            return Outcome("truncated", tail=held)
        if self._finder.blank:
            return Outcome("empty")
        return Outcome("no_json", detail="the answer holds no object that fits the model")

    def _find(self, text: str) -> tuple[bool, int]:
        found, end = self._finder.find(text, 0)
        self._blanks.both(text, 0, end)
        if found:
            self._blanks.reset()
        self.position = self.position.after(text[:end])
        return found, end

    # -- guesses ---------------------------------------------------------------------------

    def _guess(self, bracket: str) -> int:
        """A bracket in prose. Gives how many characters are done with."""
        shape = self._shapes[bracket]
        if shape is None:
            return self._skip(bracket)
        self._probe = Probe(
            shape, routed=False, guessing=True, limits=self._limits, position=self.position
        )
        return 0

    def _skip(self, bracket: str) -> int:
        self.position = self.position.after(bracket)
        return len(bracket)

    def _test(self, probe: Probe, text: str, pos: int) -> tuple[Root | None, int]:
        """Let the guess read on; gives the verdict, and how far it has read."""
        room = self._limits.item_size - self._held_size
        if not room:
            allowed = self._limits.item_size
            raise LimitExceededError(
                "item_size", allowed, f"the object has more than {allowed} characters"
            )
        piece = text[pos : pos + min(_WINDOW, room)]
        self._held.append(piece)
        self._held_size += len(piece)
        return probe.feed(piece, 0), pos + len(piece)

    def _fits(self, verdict: Root, bracket: str) -> bool:
        if verdict is Root.WRAPPER:
            # There are no wrappers here: where any name will do, any object is the document.
            shape = self._shapes[bracket]
            return shape is not None and shape.names is None
        return verdict is not Root.PROSE

    def _let_go(self) -> None:
        self._probe = None
        self._held = []
        self._held_size = 0

    # -- behind the document ---------------------------------------------------------------

    def leave(self, position: Position) -> None:
        """The document has been read; `position` is the place behind it."""
        self.position = position
        self._finder.root_closed()

    def behind(self, text: str) -> None:
        """Read on behind the document.

        Raises:
            JSONSyntaxError: A bracket too many.
            LimitExceededError: Nothing comes but blanks.
        """
        if not self._finder.after_root:
            self._blanks.both(text, 0, len(text))
            return
        text = self._unread + text
        found, end = self._find(text)
        self._unread = text[end:]
        if not found:
            return
        if text[end] in "]}":
            raise JSONSyntaxError(
                f"unexpected {text[end]!r} behind the document",
                offset=self.position.offset,
                line=self.position.line,
                column=self.position.column,
                path=(),
            )
        self._finder.after_root = False
