"""Sinks: where rows are delivered.

base.py         the `Sink` protocol and its batches
specs.py        sinks from strings: `"rows.jsonl"`, `"rows.parquet"`, `"sqlite:///rows.db#table"`
columns.py      the columns of a table, from a JSON schema
cells.py        the values of a row by column
refusals.py     the row because of which a batch cannot be stored
folders.py      folders whose entries survive a power failure
appended.py     an append-only file that is truncated to its last known size
jsonl.py        JSON Lines
parquet.py      a folder of Parquet files
sql.py          a database table, through SQLAlchemy

What is delivered survives a power failure: files are synced, and so are the names of new ones, and
SQLite syncs each transaction; only then is the batch marked in the journal. Of other databases
their own settings decide. A batch that was stored and not marked is delivered again: its rows
replace those in a table, and are cut off a file before.
"""

from __future__ import annotations

from partialstream.etl.sinks.base import Batch, DocumentRows, Sink, SinkRow
from partialstream.etl.sinks.columns import Column

__all__ = ["Batch", "Column", "DocumentRows", "Sink", "SinkRow"]
