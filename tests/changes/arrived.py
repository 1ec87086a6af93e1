"""What of a snapshot is in its changes, said another way: pydantic's JSON, without what has not
arrived yet."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from partialstream import completeness
from partialstream.engine.changes import UNSET, Change
from partialstream.validation.snapshots import ArrivedMembers


def arrived(snapshot: BaseModel, *, by_alias: bool = False) -> Any:
    """The JSON of a snapshot: complete values as they are, open objects with what has arrived."""
    json = snapshot.model_dump(mode="json", by_alias=by_alias, warnings=False)
    return _pruned(snapshot, json, by_alias)


def _pruned(value: Any, json: Any, by_alias: bool) -> Any:
    while isinstance(value, BaseModel):
        names = value.model_fields_set
        if not isinstance(names, ArrivedMembers):
            return json  # complete
        if not value.__pydantic_root_model__:
            fields = type(value).model_fields
            there = {}
            for name in names:
                field = fields.get(name)
                key = (field.serialization_alias if field and by_alias else None) or name
                if isinstance(value.__dict__.get(name), set) and _is_open(names, name):
                    continue
                part = getattr(value, name)
                there[key] = _pruned(part, json[key], by_alias)
            return there
        value = value.root
    if isinstance(value, dict):
        return {key: _pruned(part, json[key], by_alias) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_pruned(part, json[index], by_alias) for index, part in enumerate(value)]
    return json


def _is_open(names: ArrivedMembers, name: str) -> bool:
    return bool(names.open_path) and names.open_path[0] == name


class State:
    """The state that changes lead to."""

    def __init__(self) -> None:
        self.value: Any = UNSET
        self.complete: set[Any] = set()

    def add(self, changes: list[Change]) -> None:
        for change in changes:
            if change.op == "complete":
                self.complete.add(change.path)
            else:
                self.value = change.apply(self.value)

    def completeness(self, path: tuple[Any, ...]) -> bool:
        return any(path[:size] in self.complete for size in range(len(path) + 1))


def open_values(snapshot: BaseModel, value: Any, path: tuple[Any, ...] = ()) -> list[Any]:
    """The paths of the values that grow in a JSON value, each with whether it is complete."""
    found = []
    if isinstance(value, str | list | dict):
        found.append((path, completeness(snapshot, path) == "complete"))
    children: Any = {}
    if isinstance(value, dict):
        children = value.items()
    elif isinstance(value, list):
        children = enumerate(value)
    for key, child in children:
        found += open_values(snapshot, child, (*path, key))
    return found
