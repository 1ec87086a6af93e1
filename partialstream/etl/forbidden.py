"""Documents refused with HTTP 402 or 403, which may be due to the document or to the key.

Moderation and firewalls refuse a single document with 403, and gateways one that is too long for
the balance with 402. An endpoint refuses every request of a key without permission or balance. So a
refused document is held until it is clear which one it was:

    a request that was sent after the refusal succeeds    it is the document, which fails
    many are refused in a row, or all of the run          it is the key: the run ends, and the
                                                          documents stay open for the next one
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from partialstream.etl.inputs.documents import Document
    from partialstream.etl.reading import DocumentReader

_IN_A_ROW: Final = 10
"""Refused documents in a row that end a run. With more than five workers it is two for each, as
those that were sent at the same time say little more than one."""


class ForbiddenDocument(NamedTuple):
    """A document that was refused."""

    document: Document
    reader: DocumentReader
    error: Exception


class ForbiddenDocuments:
    """The refused documents of a run of which it is not clear yet what they are due to.

    Args:
        concurrency: The number of documents that are read at the same time.

    Attributes:
        refused: How many documents were refused so far. Read before a request is sent, it says
            which ones were refused earlier.
        any_success: Whether a request of the run has succeeded.
    """

    def __init__(self, concurrency: int) -> None:
        self._limit = max(_IN_A_ROW, 2 * concurrency)
        self._held: list[tuple[int, ForbiddenDocument]] = []
        self.refused = 0
        self.any_success = False

    def add(self, document: ForbiddenDocument) -> None:
        """Hold a document that was refused."""
        self.refused += 1
        self._held.append((self.refused, document))

    @property
    def too_many(self) -> bool:
        """Whether so many were refused in a row that it is the key."""
        return len(self._held) >= self._limit

    def succeeded(self, refused: int) -> list[ForbiddenDocument]:
        """Register a success; returns the documents that were refused before its request was sent.

        Args:
            refused: The value of `refused` before the request was sent.
        """
        self.any_success = True
        if not self._held:
            return []
        found = [document for number, document in self._held if number <= refused]
        self._held = [each for each in self._held if each[0] > refused]
        return found

    def take_all(self) -> list[ForbiddenDocument]:
        """The documents that are held, which are no longer held then."""
        found = [document for _, document in self._held]
        self._held = []
        return found
