"""How fast, how early and how correct partialstream is, beside the libraries that do the same.

`python -m benchmarks` measures everything and writes JSON, Markdown and SVG charts; `--quick`
takes two minutes, `--check` exits with 1 if a target is missed, `--only SUBJECT` measures a part.
The libraries come with `pip install 'partialstream[bench]'`; one that is not there is left out.

Every figure that is judged is a ratio of two CPU times of the same run, a growth, or what does
not depend on the machine's speed, because milliseconds belong to a machine. Each library works
in a process of its own, and they take turns.

    core.py         the command
    targets.py      what must hold

What is measured, one subject each:

    items.py        CPU from deltas to validated items
    parts.py        what the cost of an item is made of
    growing.py      CPU per delta of a growing object
    sizes.py        both of them against the size of the text and of the deltas
    calls.py        Python calls for one chunk of an HTTP response
    loopback.py     CPU from the bytes of an HTTP response to items
    latency.py      when the first item, each item and all of them are there
    memory.py       peak memory against the length of a list
    imports.py      what `import partialstream` costs
    web.py          a stream as an HTTP response: CPU, bytes, changes beside snapshots
    etl.py          documents to rows: CPU, memory, a million of them
    correctness/    what each library does with hard streams: a table
    tiny.py         next to nothing, to try the command

How it is measured:

    documents.py    the texts and their types
    libraries/      the same tasks for each library, in one small file each
    worker.py       the process in which one library works; peak.py is the memory it had
    measure.py      asks the workers in turns, and compares
    server.py       the server, in a process of its own; pages.py is the one of web.py
    jobs.py         the processes of etl.py

What comes of it:

    report.py       the figures as a table, Markdown and JSON
"""
