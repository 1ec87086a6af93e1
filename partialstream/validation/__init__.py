"""pydantic's side: items validated, objects that grow.

items.py          `ItemParser`: text in, validated items out
partials.py       `PartialParser`: text in, snapshots out
snapshots.py      snapshots are instances of the model, made when they are looked at
completeness.py   what of a snapshot has arrived
markers.py        `Atomic` and `Gate`
plan.py           from a type to how its values grow; checks.py validates single values
schema.py         what a pydantic core schema says about the JSON it takes
certainty.py      which values make the whole invalid, whatever else it holds
"""
