"""The journal of a job: the state of each document, and the rows not delivered yet.

journal.py    documents and their rows, one by one
batches.py    which rows are delivered together
file.py       the SQLite file, locked for one run
job.py        what makes two runs the same job
functions.py  what a function does, the same in every process
status.py     the state of a job, read without a run
"""
