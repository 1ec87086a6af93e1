"""Rows extracted from documents, each exactly once, across crashes and restarts.

extraction.py   `Extraction`: a job, and its runs
arguments.py    its arguments: what is checked, and what identifies the job
interrupts.py   Ctrl-C
documents.py    documents, and the files that hold them
files.py        files that match a pattern
tables.py       rows of JSON Lines, CSV and Parquet files
prompting.py    the messages for a document
job.py          what makes two runs the same job
journal.py      the state of each document, and the rows not delivered yet
journal_batches.py  which rows are delivered together
journal_file.py the journal's SQLite file, locked for one run
source.py       the documents of a run, one at a time
run.py          several workers read documents, one task delivers them
reading.py      one document: its call, and its rows as they go into the journal
failures.py     what an error means for a run
values.py       rows as JSON; spans.py, the column with their spans
row_schema.py   the JSON schema of rows
delivery.py     finished documents to the sink; dead letters to their file
rows.py         rows for a loop
summary.py      the summary of a run
progress.py     the progress of a run, on a terminal and in a pipe
status.py       the state of a job, read from its journal
figures.py      numbers as text, and tables of them
extras.py       packages that come with an extra
errors.py       the errors of a run

view            documents shown with the quotes that were found in them
sinks           JSON Lines, Parquet, databases
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
from partialstream.etl.status import JournalStatus, journal_status
from partialstream.etl.summary import FailedDocument, JobTotals, Summary
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
