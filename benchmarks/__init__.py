"""How much CPU partialstream takes, beside the libraries that do the same.

`python -m benchmarks.core` runs it all. Every figure that is judged is a ratio of two CPU
times, or a growth, because milliseconds belong to a machine.

    documents.py    the texts and their types
    libraries/      the same tasks for each library, in one small file each
    worker.py       the fresh process in which one library works
    measure.py      asks the workers in turns, and compares
    items.py, growing.py, loopback.py, imports.py, memory.py    the five subjects
    report.py       the table
    core.py         the command
"""
