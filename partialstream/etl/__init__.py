"""Rows extracted from documents, each exactly once, across crashes and restarts.

extraction.py   `Extraction`: a job, and its runs
arguments.py    its arguments: what is checked, and what identifies the job
prompting.py    the messages for a document
run.py          several workers read documents, one task delivers them
drivers.py      reads a document, in a thread or in a task
threads.py      the threads of a sync client, and how they end
reading.py      one document: its call, and its rows as they go into the journal
failures.py     what an error means for a run
forbidden.py    documents refused with HTTP 402 or 403: due to the document or to the key
budget.py       what the documents of a job may cost together
delivery.py     finished documents to the sink; dead letters to their file
rows.py         rows for a loop
interrupts.py   Ctrl-C
errors.py       the errors of a run

inputs          documents, and the files that hold them
journal         the state of each document, and the rows not delivered yet
serialization   rows as JSON
sinks           JSON Lines, Parquet, databases
report          summary and progress of a run
view            documents shown with the quotes that were found in them
"""

from __future__ import annotations

from partialstream.etl.errors import (
    ExtractionError,
    JournalError,
    JournalInUseError,
    JournalMismatchError,
    RowsRefusedError,
    SinkError,
)
from partialstream.etl.extraction import Extraction
from partialstream.etl.inputs.documents import Document, documents
from partialstream.etl.journal.status import JournalStatus, journal_status
from partialstream.etl.report.summary import FailedDocument, JobTotals, Summary
from partialstream.etl.rows import AsyncRows, ExtractedRow
from partialstream.etl.sinks import Batch, Column, DocumentRows, Sink, SinkRow
from partialstream.etl.view import quotes_html, quotes_text

__all__ = [
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
