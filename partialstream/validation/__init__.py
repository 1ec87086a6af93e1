"""pydantic's side: items validated, objects that grow.

items.py      `ItemParser`: text in, validated items out
partials.py   `PartialParser`: text in, snapshots out; recording.py, with what they gained
carried.py    members that an object begins with, which have come with another text
markers.py    `Atomic`, `Gate` and `Quote`
quotes.py     finding a quote in a source text
quoted.py     the quotes of a value; marked.py, which of its texts are quotes
parts.py      the parts of a validated value, by its core schema
snapshots.py  snapshots are instances of the model
members.py    what parts the values of a type can have; paths that lead nowhere
paths.py      parts of snapshots by their paths, and how much of them has arrived
plan.py       from a type to how its values grow; checks.py validates single values
locations.py  where a model's fields are in the text, and which make the whole invalid
types.py      the validator of a type, and what its values look like
writing.py    how pydantic writes values as JSON, field by field
schema.py     how a pydantic core schema is read
"""
