"""What the caller asks for: items one by one, or one object.

The same spelling means the same with `stream=True` and without. `list[Product]` asks for
products: as a stream each is handed over when it is complete, otherwise all come in a list.
"""

from __future__ import annotations

import re
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    MutableSequence,
    Sequence,
    Set,
)
from dataclasses import dataclass, is_dataclass
from enum import Enum
from types import GenericAlias, UnionType
from typing import Annotated, Any, Final, Literal, Protocol, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel
from typing_extensions import is_typeddict

T = TypeVar("T")

_LISTS: Final = (
    *(list, Iterable, Iterator, AsyncIterable, AsyncIterator),
    *(Collection, Sequence, MutableSequence),
)
_CONTAINERS: Final[dict[Any, type[list[Any]] | type[tuple[Any, ...]]]] = {
    **dict.fromkeys(_LISTS, list),
    tuple: tuple,
}
"""Types that are asked for by naming their items, and what holds all of them at the end.

Not among them: `set[T]` and the like, which are more than their items.
"""


@dataclass(frozen=True, slots=True)
class ResponseShape:
    """What a call asks for."""

    kind: Literal["items", "object"]  # values of `type_` one after the other, or one value
    type_: Any  # of each item, or of the object: anything pydantic validates
    # What holds the items where they are not streamed. Of no meaning for objects.
    container: type[list[Any]] | type[tuple[Any, ...]] = list


def response_shape(response_model: Any) -> ResponseShape:
    """Read what `client.create(response_model=...)` asks for.

    `Iterable[T]`, `list[T]`, `Sequence[T]`, `tuple[T, ...]` and their like ask for items.
    Everything else asks for one object: a model, a union, a dataclass, a TypedDict, a scalar; also
    a list under conditions of its own, such as `Annotated[list[T], Len(2)]`, which cannot be judged
    item by item. `Partial[...]` around any of these asks for one object.

    Raises:
        TypeError: It is not a type, or a list that does not say of what.
    """
    model = _checked(response_model)
    if unwrap_partial(model) is not model:
        return object_shape(model)
    item = _item_of(model)
    if item is None:
        return ResponseShape("object", model)
    return ResponseShape("items", _checked(unwrap_partial(item)), _CONTAINERS[get_origin(model)])


def items_shape(response_model: Any) -> ResponseShape:
    """Read what `client.create_iterable(response_model=...)` asks for: items of that type.

    `list[float]` asks for lists of numbers, but `Iterable[T]` for the items of type T: nothing in
    JSON is an iterable. `list[Product]` is refused, because it is nearly always meant to ask for
    products; `Iterable[list[Product]]` asks for lists of them.

    Raises:
        TypeError: As for `response_shape`; or it is a list of objects.
    """
    given = unwrap_partial(response_model)
    item = _checked(unwrap_partial(_checked(response_model)))
    if get_origin(item) in (Iterable, AsyncIterable):
        return response_shape(item)
    # Under a name of its own (`type Row = list[Cell]`) it is meant.
    inner = _item_of(item) if given is item else None
    if inner is not None and _is_object(inner):
        name, whole = _spelled(inner), _spelled(item)
        raise TypeError(
            f"create_iterable(response_model={whole}) asks for items that are lists; "
            f"for items that are objects write response_model={name}, for one list that grows "
            f"create_partial(response_model={whole}), and for items that are lists "
            f"response_model=Iterable[{whole}]"
        )
    return ResponseShape("items", item)


def object_shape(response_model: Any) -> ResponseShape:
    """Read what `client.create_partial(response_model=...)` asks for: one object.

    A list of any spelling is one object here, which grows as one.
    """
    model = _checked(unwrap_partial(_checked(response_model)))
    item = _item_of(model)
    if item is None or get_origin(model) in (list, tuple):
        return ResponseShape("object", model)
    # pydantic validates an abstract `Iterable[T]` lazily, as a generator.
    return ResponseShape("object", GenericAlias(list, (item,)))


def _item_of(model: Any) -> Any:
    """The type of the items if a type is spelled by its items, None otherwise."""
    origin = get_origin(model)
    if origin not in _CONTAINERS:
        return None
    arguments = get_args(model)
    if origin is tuple:
        # `tuple[int, str]` is one value with two parts, `tuple[int, ...]` any number of ints.
        variadic = len(arguments) == 2 and arguments[1] is Ellipsis
        return arguments[0] if variadic else None
    return arguments[0]


def _is_object(type_: Any) -> bool:
    """Whether a type, or a member of a union, is a model, a dataclass or a TypedDict."""
    if get_origin(type_) in (Annotated, Union, UnionType):
        return any(map(_is_object, get_args(type_)))
    if is_dataclass(type_) or is_typeddict(type_):
        return True
    return isinstance(type_, type) and issubclass(type_, BaseModel)


def _spelled(type_: Any) -> str:
    """A type as its user spells it, without the names of modules."""
    if isinstance(type_, type) and not get_args(type_):
        return type_.__name__
    return re.sub(r"\b(?:\w+\.)+(?:<locals>\.)?", "", repr(type_))


def _checked(model: Any) -> Any:
    """Refuse what is not a type, and resolve the names that `type X = ...` gives."""
    if model is None:
        raise TypeError(
            "response_model is None; give the type of the response, "
            "or ask the provider's own client for a text"
        )
    if isinstance(model, str):
        raise TypeError(f"response_model must be the type itself, not its name {model!r}")
    if isinstance(model, TypeVar):
        raise TypeError(f"response_model leaves {model} open; write Partial[Report], list[Product]")
    # The class differs between typing and typing_extensions, and Python 3.10 has none.
    while type(model).__name__ == "TypeAliasType":
        model = model.__value__
    # By identity: a type may be unhashable for what it is annotated with.
    if any(model is bare for bare in _CONTAINERS) or (
        get_origin(model) in _CONTAINERS and not get_args(model)
    ):
        raise TypeError(f"{model!r} does not say what its items are; write list[Product]")
    return model


# -- the marker for growing objects --------------------------------------------------------


class GrowingMarker:
    """What `Partial` adds to a type. There is one instance of it: `GROWING`."""

    def __repr__(self) -> str:
        return "GROWING"


GROWING: Final = GrowingMarker()

Partial = Annotated[T, GROWING]
"""`Partial[Report]`: a `Report` that is shown while it grows.

To type checkers and to pydantic it is `Report` itself, and so it is spelled where a type is
asked for: `client.create(response_model=Partial[Report], stream=True)`. It means
what `client.create_partial(response_model=Report)` means, for those who know it from instructor,
whose own `instructor.Partial[Report]` is understood as well.

Example:
    >>> from pydantic import BaseModel, TypeAdapter
    >>> class Report(BaseModel):
    ...     title: str
    >>> TypeAdapter(Partial[Report]).validate_json('{"title":"a"}')
    Report(title='a')
"""


def unwrap_partial(type_: Any) -> Any:
    """Take `Partial` off a type, ours or instructor's; all else is given as it came."""
    if get_origin(type_) is Annotated:
        inner, *metadata = get_args(type_)
        kept = tuple(mark for mark in metadata if mark is not GROWING)
        if len(kept) == len(metadata):
            return type_
        return Annotated[(inner, *kept)] if kept else inner
    return _original_of_instructor(type_)


def _original_of_instructor(type_: Any) -> Any:
    """The model behind `instructor.Partial[Model]`, which is a subclass of the model."""
    # It is known by its base class, so that instructor need not be imported to look for it.
    if isinstance(type_, type) and any(
        base.__name__ == "PartialBase" and base.__module__.startswith("instructor.")
        for base in type_.__mro__
    ):
        return getattr(type_, "_original_model", type_)
    return type_


# -- what type checkers infer --------------------------------------------------------------
#
#   response_model=              without stream      stream=True
#   ---------------------------  ------------------  -----------------
#   a model, a union, …: M       M                   PartialStream[M]
#   Partial[M]                   M                   PartialStream[M]
#   Iterable[T], list[T], …      list[T]             ItemStream[T]
#   tuple[T, ...]                tuple[T, ...]       ItemStream[T]
#
# The overloads are tried from the top, and this decides their order: a pydantic model can be
# iterated over, and so can a str, a dict and a set, but each is one value. Hence those come
# first (V), then `Iterable[T]`, then all else (T). Without a stream a tuple is itself, too (W);
# to `create_iterable` any sequence is one item (Q), and `Iterable[T]` alone asks for items.


class NamedTupleLike(Protocol):
    """A named tuple, which has no class of its own."""

    def _asdict(self) -> dict[str, Any]: ...


V = TypeVar(
    "V", bound=BaseModel | str | bytes | Mapping[str, Any] | Set[Any] | Enum | NamedTupleLike
)
"""What can be iterated over and yet is one value."""

W = TypeVar(
    "W",
    bound=BaseModel
    | str
    | bytes
    | Mapping[str, Any]
    | Set[Any]
    | Enum
    | NamedTupleLike
    | tuple[Any, ...],
)
"""As `V`, and tuples."""

Q = TypeVar("Q", bound=BaseModel | Mapping[str, Any] | Set[Any] | Enum | Sequence[Any])
"""As `V`, and sequences."""
