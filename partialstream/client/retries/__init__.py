"""Several responses read as one, without I/O: what was delivered, what is asked for next.

session.py     what lists and objects have in common: the first request, what follows a failure
failures.py    which failures may pass, and which do not
routed.py      where requests go: fallbacks, and several at once
items.py       lists: which items are delivered, which are asked for again
placing.py     which element of the list each element of a response is
seam.py        where a resumed response meets the list that is known; what repairs replace
objects.py     objects: which fields are accepted, which are asked for again
"""
