"""Text in, events out: no I/O, no clock, no pydantic.

locate.py    where the JSON may begin in a response: prose, fences, thinking
probe.py     what a root is: an item, the list, a wrapper, or prose after all
seek.py      puts these two together: finds the documents in the text around them
route.py     the list that is asked for: what its elements look like, and the way to it
parser.py    the incremental JSON parser that reads everything outside items
tokens.py    ... and its tokens, and the blanks between them
scan.py      cuts the elements of the list out, without parsing them; compiled where it can be
lenient.py   elements and objects that are not valid JSON, but can be understood for certain
items.py     the machine around it: text in, raw items out
builder.py   growing objects: text in, snapshots out
nodes.py     ... how values of each type grow, long lists and dicts not copied for each delta
recorder.py  ... and what they gained from one snapshot to the next
changes.py   what a value gained: applied, merged, compared
alignment.py where in a text the tokens stand that it was made of
position.py  the text that was read, and places in it: items, offsets, lines and columns
"""
