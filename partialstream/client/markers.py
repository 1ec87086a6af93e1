"""The marker by which a caller asks for a growing object."""

from __future__ import annotations

from typing import Annotated, Any, Final, TypeVar, get_args, get_origin

T = TypeVar("T")


class GrowingMarker:
    """What `Partial` adds to a type. There is one of it: `GROWING`."""

    def __repr__(self) -> str:
        return "GROWING"


GROWING: Final = GrowingMarker()

Partial = Annotated[T, GROWING]
"""`Partial[Report]`: a `Report` that is shown while it grows.

To type checkers and to pydantic it is `Report` itself, and so it is spelled where a type is
asked for: `client.create(response_model=Partial[Report], stream=True)`. It says nothing that
`client.create_partial(response_model=Report)` does not say; it is here for those who know it
from instructor, whose own `instructor.Partial[Report]` is understood as well.

Example:
    >>> from pydantic import BaseModel, TypeAdapter
    >>> class Report(BaseModel):
    ...     title: str
    >>> TypeAdapter(Partial[Report]).validate_json('{"title":"a"}')
    Report(title='a')
"""


def unwrap_partial(type_: Any) -> Any:
    """Take `Partial` off a type, ours or instructor's.

    Args:
        type_: Any type.

    Returns:
        The type that the marker was put on, with what else it was annotated with; the type
        as it came if there is no marker.

    Example:
        >>> unwrap_partial(Partial[int])
        <class 'int'>
        >>> unwrap_partial(int)
        <class 'int'>
    """
    if get_origin(type_) is Annotated:
        inner, *metadata = get_args(type_)
        kept = tuple(mark for mark in metadata if mark is not GROWING)
        if len(kept) == len(metadata):
            return type_
        return Annotated[(inner, *kept)] if kept else inner
    return _original_of_instructor(type_)


def _original_of_instructor(type_: Any) -> Any:
    """The model behind `instructor.Partial[Model]`, which is a subclass of the model.

    It is told by its base class, so that instructor need not be imported to look for it.
    """
    if isinstance(type_, type) and any(
        base.__name__ == "PartialBase" and base.__module__.startswith("instructor.")
        for base in type_.__mro__
    ):
        return getattr(type_, "_original_model", type_)
    return type_
