"""Documents in, rows out: exactly once, whatever dies.

extraction.py   `Extraction`: what is asked for; runs
documents.py    documents, and the files that hold them
files.py        files that match a pattern
tables.py       rows of JSON Lines, CSV and Parquet files
prompting.py    a document as messages
job.py          what makes two runs the same job
journal.py      what is known of each document, and the rows that no sink has yet
journal_file.py its file: SQLite, locked for one run
run.py          documents read by several workers, and delivered by one
reading.py      one document: its call, and its rows on their way into the journal
values.py       rows as JSON
delivery.py     finished documents on their way to the sink; dead letters
rows.py         rows handed to a loop
summary.py      what a run has done
errors.py       the errors of a run

sinks           where rows go: JSON Lines, Parquet, a database
"""

from __future__ import annotations

from partialstream.etl.documents import Document, documents
from partialstream.etl.errors import (
    ExtractionError,
    JournalError,
    JournalInUseError,
    JournalMismatchError,
    RowsRefusedError,
    SinkError,
)
from partialstream.etl.extraction import Extraction
from partialstream.etl.rows import AsyncRows, ExtractedRow
from partialstream.etl.sinks import Batch, Column, DocumentRows, Sink, SinkRow
from partialstream.etl.summary import Summary

__all__ = [
    "AsyncRows",
    "Batch",
    "Column",
    "Document",
    "DocumentRows",
    "ExtractedRow",
    "Extraction",
    "ExtractionError",
    "JournalError",
    "JournalInUseError",
    "JournalMismatchError",
    "RowsRefusedError",
    "Sink",
    "SinkError",
    "SinkRow",
    "Summary",
    "documents",
]
