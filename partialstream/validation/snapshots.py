"""Snapshots: instances of the user's model, as far as they have arrived.

One is made for every delta, so it is made past the model's constructor: its values are valid
already, or not there yet. What it consists of is written into `BaseModel`'s own slots, around
a model's `__setattr__`, which may forbid it.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pydantic import BaseModel
from pydantic_core import PydanticUndefined
from typing_extensions import override

from partialstream.engine.nodes import NOTHING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from partialstream.engine.nodes import Frame, OpenPath, Show

M = TypeVar("M", bound=BaseModel)

_set_dict = BaseModel.__dict__["__dict__"].__set__
_set_fields_set = BaseModel.__dict__["__pydantic_fields_set__"].__set__
_set_extra = BaseModel.__dict__["__pydantic_extra__"].__set__
_set_private = BaseModel.__dict__["__pydantic_private__"].__set__


class ArrivedMembers(set[str]):
    """The `model_fields_set` of a snapshot; remembers what of it is still open.

    Attributes:
        open_path: By field names and indexes, from the snapshot to the innermost open value;
            see `OpenPath`. Empty: the snapshot itself is open and no member of it.
    """

    __slots__ = ("open_path",)
    open_path: OpenPath

    @override
    def __repr__(self) -> str:
        return repr(set(self))

    @override
    def __reduce__(self) -> tuple[object, ...]:
        return _arrived, (list(self), self.open_path)


def _arrived(names: Collection[str], open_path: OpenPath) -> ArrivedMembers:
    arrived = ArrivedMembers(names)
    arrived.open_path = open_path
    return arrived


def snapshot_maker(model: type[BaseModel]) -> Show:
    """How to make snapshots of a model."""
    new = model.__new__
    with_defaults = _defaults_maker(model)
    fields = model.model_fields
    is_open = model.model_config.get("extra") == "allow"
    has_private = bool(model.__private_attributes__)

    def show(frame: Frame[Any], child: Any, path: OpenPath) -> BaseModel:
        if not frame.shown:
            frame.values = with_defaults(frame.values)
            frame.shown = True
        values: dict[str, Any] = frame.values.copy()
        arrived = ArrivedMembers(frame.arrived)
        if child is not NOTHING:
            key: Any = frame.child_key
            values[key] = child
            arrived.add(key)
        arrived.open_path = path
        extra = None
        if is_open:
            others = [name for name in values if name not in fields]  # in the order of the text
            extra = {name: values.pop(name) for name in others}
        instance = new(model)
        _set_dict(instance, values)
        _set_fields_set(instance, arrived)
        _set_extra(instance, extra)
        _set_private(instance, _private_attributes(model) if has_private else None)
        return instance

    return show


def root_snapshot(model: type[BaseModel], root: Any, path: OpenPath) -> BaseModel:
    """A snapshot of a `RootModel` around a growing value, open along `path`."""
    instance = model.__new__(model)
    _set_dict(instance, {"root": root})
    _set_fields_set(instance, _arrived(("root",), path))
    _set_extra(instance, None)
    has_private = bool(model.__private_attributes__)
    _set_private(instance, _private_attributes(model) if has_private else None)
    return instance


def single_field(model: type[BaseModel], name: str, value: Any) -> BaseModel:
    """An instance that has one field, or one extra member, and nothing else."""
    instance = model.__new__(model)
    is_field = name in model.model_fields
    _set_dict(instance, {name: value} if is_field else {})
    _set_fields_set(instance, {name})
    _set_extra(instance, None if is_field else {name: value})
    _set_private(instance, None)
    return instance


def _private_attributes(model: type[BaseModel]) -> dict[str, Any]:
    """Private attributes as a new instance has them, but for those made of validated data."""
    values: dict[str, Any] = {}
    for name, attribute in model.__private_attributes__.items():
        factory = attribute.default_factory
        if factory is None:
            if attribute.default is not PydanticUndefined:
                values[name] = deepcopy(attribute.default)
        # The property came with pydantic 2.13.
        elif not getattr(attribute, "default_factory_takes_validated_data", False):
            values[name] = cast("Callable[[], Any]", factory)()
    return values


def _defaults_maker(model: type[BaseModel]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A function that adds to an object's values what its other fields read as before they arrive.

    That is their default, else None. A default factory runs once for an object, not once for
    each of its snapshots: a value must not change from one to the next. One that asks for the
    validated data cannot run.
    """
    defaults: dict[str, Any] = {}
    made_anew: list[str] = []
    for name, field in model.model_fields.items():
        defaults[name] = None
        if field.is_required() or field.default_factory_takes_validated_data:
            continue
        if field.default_factory is None and field.get_default() is field.default:
            defaults[name] = field.default
        else:
            made_anew.append(name)

    def with_defaults(values: dict[str, Any]) -> dict[str, Any]:
        complete = defaults.copy()
        for name in made_anew:
            complete[name] = model.model_fields[name].get_default(call_default_factory=True)
        complete.update(values)
        return complete

    return with_defaults
