"""Finding the row because of which a batch cannot be stored."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace
from typing import TYPE_CHECKING

from partialstream.etl.errors import RowsRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from partialstream.etl.sinks.base import DocumentRows


def check_documents(
    documents: Iterable[DocumentRows], refusal: Callable[[DocumentRows], str | None]
) -> None:
    """Check that each document can be stored by itself.

    Args:
        documents: The documents of a batch that could not be stored.
        refusal: Tries to store a document, without storing it; returns why it cannot be stored.

    Raises:
        RowsRefusedError: One cannot be stored.
    """
    for document in documents:
        reason = refusal(document)
        if reason is not None:
            raise _error(document, reason, refusal)


def _error(
    document: DocumentRows, reason: str, refusal: Callable[[DocumentRows], str | None]
) -> RowsRefusedError:
    """The error, with the first row that cannot be stored."""

    def refused(count: int) -> bool:
        return refusal(replace(document, rows=document.rows[:count])) is not None

    count = bisect_left(range(len(document.rows)), True, key=refused)
    if not count:  # it is not because of a row
        return RowsRefusedError(document.id, reason)
    return RowsRefusedError(document.id, reason, document.rows[count - 1].index)
