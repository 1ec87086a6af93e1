"""What a caller says of the reading of a response, and not of the request.

options.py      every option of a call, with its default, and what is refused before a request
docs.py         puts what is said of each option into the docstrings of the methods that take it
mode.py         the words for `mode=` and `api=`
key.py          `key="id"`: the field that tells items apart, in values and in texts
near_misses.py  misspelled arguments, each refused by an error that names the right word
"""
