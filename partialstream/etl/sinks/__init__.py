"""Where rows go.

base.py         the protocol, and what a sink is given
specs.py        sinks by their names: `"rows.jsonl"`, `"rows.parquet"`, `"sqlite:///rows.db#table"`
columns.py      the columns of a type: for tables
cells.py        the values of a row, by its columns
appended.py     a file that is only appended to, and cut back to what is known of it
jsonl.py        JSON Lines
parquet.py      a folder of Parquet files
sql.py          a table of a database, through SQLAlchemy
"""

from __future__ import annotations

from partialstream.etl.sinks.base import Batch, DocumentRows, Sink, SinkRow
from partialstream.etl.sinks.columns import Column

__all__ = ["Batch", "Column", "DocumentRows", "Sink", "SinkRow"]
