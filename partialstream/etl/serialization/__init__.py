"""Rows as JSON, for the journal and the sinks.

row_format.py  values to JSON, and back
schema.py      the JSON schema of rows
spans.py       the column with the spans of quotes
"""
