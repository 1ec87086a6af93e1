"""Text in, events out: no I/O, no clock, no pydantic.

locate.py    where the JSON begins in an answer: prose, fences, thinking
probe.py     what a root is: an item, the list, a wrapper, or prose after all
route.py     through a wrapper to the list
syntax.py    the incremental JSON parser that reads everything outside items
tokens.py    ... and its tokens, which token_reader.py reads; handler.py hears of them
object_run.py   cuts items out of a list of objects, by counting
element.py   where any other item ends, without reading it; cutter.py collects its text
items.py     the machine that puts these together: text in, raw items out (roots.py: until the list)
gather.py    spares the machine the deltas that complete nothing
growth.py    growing objects: text in, snapshots out (marks.py: how these are kept)
verdict.py   why a slice is not JSON
alignment.py where in the text its tokens stand (leaves.py: where its values do)
"""
