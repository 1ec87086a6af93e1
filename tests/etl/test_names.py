"""What users may import from `partialstream.etl`."""

from __future__ import annotations

import partialstream.etl

NAMES = [
    "AsyncRows",
    "Batch",
    "Column",
    "Document",
    "DocumentRows",
    "ExtractedRow",
    "Extraction",
    "ExtractionError",
    "FailedDocument",
    "JobTotals",
    "JournalError",
    "JournalInUseError",
    "JournalMismatchError",
    "JournalStatus",
    "RowsRefusedError",
    "Sink",
    "SinkError",
    "SinkRow",
    "Summary",
    "documents",
    "journal_status",
    "quotes_html",
    "quotes_text",
]


def test_the_names_are_pinned() -> None:
    assert partialstream.etl.__all__ == NAMES
    assert all(getattr(partialstream.etl, name).__doc__ for name in NAMES)
