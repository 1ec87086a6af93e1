"""What libraries do with the streams on which their users have stumbled: a table.

`python -m benchmarks.correctness` prints it, and `python -m benchmarks` has it among its results.
Every cell is what has happened in this run.

    case.py         what a case is, and its notation
    items.py, growing.py, wire.py    the cases
    libraries/      how each library is asked, in one small file each
    source.py       the stream that an adapter reads
    worker.py       the process in which one library works
    run.py          asks the workers, with a time limit
    verdict.py      from what happened to a word
    compare.py      all cases with all libraries
    table.py        the table as text and as Markdown
    __main__.py     the command
"""
