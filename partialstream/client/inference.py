"""How a type checker tells the type of an answer from `response_model`.

    response_model=              without stream      stream=True
    ---------------------------  ------------------  -----------------
    a model, a scalar, …: M      M                   PartialStream[M]
    Partial[M]                   M                   PartialStream[M]
    Iterable[T], list[T], …      list[T]             ItemStream[T]
    tuple[T, ...]                tuple[T, ...]       ItemStream[T]
    a union                      Any                 Any

The overloads of `create` are tried from the top, and two things decide their order:

- A pydantic model can be iterated over, and so can a str, a dict and a set, but each is one
  value. Hence those come first.
- `type[Iterable[T]]` takes no abstract class, hence `Callable[..., Iterable[T]]`: each class is
  something that makes instances of itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from enum import Enum
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel

T = TypeVar("T")


class NamedTupleLike(Protocol):
    """A named tuple, which has no class of its own."""

    def _asdict(self) -> dict[str, Any]: ...


V = TypeVar(
    "V", bound=BaseModel | str | bytes | Mapping[str, Any] | Set[Any] | Enum | NamedTupleLike
)
"""What can be iterated over and yet is one value."""
