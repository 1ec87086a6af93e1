"""pydantic's side: items validated, objects that grow.

items.py          `ItemParser`: text in, validated items out
partials.py       `PartialParser`: text in, snapshots out
snapshots.py      snapshots are instances of the model
paths.py          parts of snapshots by their paths, and how much of them has arrived
markers.py        `Atomic` and `Gate`
plan.py           from a type to how its values grow; checks.py validates single values
schema.py         what a pydantic core schema says about the JSON it takes
locations.py      where a model's fields are in the text, and which make the whole invalid
"""
