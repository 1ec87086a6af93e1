"""Documents, and the files that hold them.

documents.py  `Document`, and `documents` from files
files.py      files that match a pattern
tables.py     rows of JSON Lines, CSV and Parquet files
source.py     the documents of a run, one at a time
"""
