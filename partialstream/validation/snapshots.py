"""Snapshots: instances of the user's model, as far as they have arrived.

A snapshot is made for every delta, and few are looked at closely. So it is made of marks
(see `engine/marks.py`) and becomes a full instance at the first touch: until then its class
is a subclass of the model that knows one thing, to fill the instance and to change its class
to the model itself. Nothing can tell the difference, but for `type(snapshot)` before that.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from partialstream.engine.marks import Frame, Marks, contents, open_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from partialstream.results import Path

M = TypeVar("M", bound=BaseModel)

# BaseModel's own slots, reached around a model's __setattr__, which may forbid it.
_set_marks = BaseModel.__dict__["__pydantic_private__"].__set__
_get_marks = BaseModel.__dict__["__pydantic_private__"].__get__
_assign = object.__setattr__


class ArrivedMembers(set[str]):
    """The `model_fields_set` of a snapshot; remembers what of it is still open.

    Attributes:
        open_path: By field names and indexes, from the snapshot to the innermost open value.
            Empty: the snapshot itself is open and no member of it.
    """

    open_path: Path = ()

    def __repr__(self) -> str:
        return repr(set(self))


class _Marked(tuple[Marks, int]):
    """Tells marks from a model's own private attributes."""

    __slots__ = ()


def snapshot_maker(model: type[BaseModel]) -> Callable[[Marks, int], BaseModel]:
    """How to make snapshots of a model: a function of marks and a level in them."""
    if _watches_subclasses(model):
        # A subclass would show up in the user's own bookkeeping.
        def make_at_once(marks: Marks, level: int) -> BaseModel:
            instance = model.__new__(model)
            _fill(instance, model, marks, level)
            return instance

        return make_at_once

    unseen = _unseen_subclass(model)
    new = unseen.__new__

    def make(marks: Marks, level: int) -> BaseModel:
        instance = new(unseen)
        _set_marks(instance, _Marked((marks, level)))
        return instance

    return make


def _watches_subclasses(model: type[BaseModel]) -> bool:
    return any(
        "__init_subclass__" in cls.__dict__
        for cls in model.__mro__
        if cls not in (BaseModel, object) and cls.__module__ != "pydantic.main"
    )


def _unseen_subclass(model: type[BaseModel]) -> type[BaseModel]:
    def __getattribute__(self: BaseModel, name: str) -> Any:
        marked = _get_marks(self)
        _assign(self, "__class__", model)
        if isinstance(marked, _Marked):
            marks, level = marked
            _fill(self, model, marks, level)
        return getattr(self, name)

    # Made by `type`, past pydantic's metaclass: it adds no field, so there is nothing to build.
    namespace = {
        "__slots__": (),
        "__module__": model.__module__,
        "__qualname__": model.__qualname__,
        "__doc__": model.__doc__,
        "__getattribute__": __getattribute__,
    }
    return type.__new__(type(model), model.__name__, (model,), namespace)


def _fill(instance: BaseModel, model: type[BaseModel], marks: Marks, level: int) -> None:
    frame = cast("Frame[Any]", marks[level][0])
    defaults = frame.cache
    if defaults is None:
        defaults = frame.cache = _defaults(model)
    members = contents(marks, level)
    arrived = ArrivedMembers(members)
    arrived.open_path = open_path(marks, level)
    values = {
        name: members.pop(name) if name in members else default
        for name, default in defaults.items()
    }
    extra = members if model.model_config.get("extra") == "allow" else None
    _set_all(instance, model, values, arrived, extra)


def _set_all(
    instance: BaseModel,
    model: type[BaseModel],
    values: dict[str, Any],
    arrived: set[str],
    extra: dict[str, Any] | None,
) -> None:
    _assign(instance, "__dict__", values)
    _assign(instance, "__pydantic_fields_set__", arrived)
    _assign(instance, "__pydantic_extra__", extra)
    private = _private_attributes(model) if model.__private_attributes__ else None
    _assign(instance, "__pydantic_private__", private)


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


def _defaults(model: type[BaseModel]) -> dict[str, Any]:
    """What the fields read as before they arrive: their default, else None.

    A default factory runs once for an object, not once for each of its snapshots: a value
    must not change from one to the next. One that asks for the validated data cannot run.
    """
    return {
        name: None
        if field.is_required() or field.default_factory_takes_validated_data
        else field.get_default(call_default_factory=True)
        for name, field in model.model_fields.items()
    }


def root_snapshot(model: type[BaseModel], root: Any, path: Path) -> BaseModel:
    """A snapshot of a `RootModel` around a growing value, open along `path`."""
    instance = model.__new__(model)
    arrived = ArrivedMembers({"root"})
    arrived.open_path = path
    _set_all(instance, model, {"root": root}, arrived, None)
    return instance
