"""Parts of snapshots by their paths, and how much of them has arrived."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, cast

from pydantic import BaseModel

from partialstream.engine.route import parse_path
from partialstream.validation.members import check_path
from partialstream.validation.snapshots import ArrivedMembers

if TYPE_CHECKING:
    from partialstream.engine.nodes import OpenPath
    from partialstream.results import Path

Completeness = Literal["missing", "partial", "complete"]


def completeness(snapshot: BaseModel, path: str | int | Sequence[str | int] = ()) -> Completeness:
    """How much of a member has arrived.

    Args:
        snapshot: A snapshot of a growing object, or a finished one.
        path: The member, `"sections.0.title"` or `("sections", 0, "title")`, by field names
            and indexes. Empty: the object itself.

    Returns:
        `"missing"`: nothing to be seen of it; it reads as its default or None.
        `"partial"`: it is there and still grows. `"complete"`: it is there for good.

    Raises:
        ValueError: No value of the model can have such a member.

    Example:
        >>> from partialstream import PartialParser
        >>> class Report(BaseModel):
        ...     title: str
        ...     tags: list[str]
        >>> snapshot = PartialParser(Report).feed('{"title": "Paper", "tags": ["a", "b')
        >>> [completeness(snapshot, path) for path in ("title", "tags", "tags.0", "tags.1")]
        ['complete', 'partial', 'complete', 'partial']
        >>> completeness(snapshot, "tags.2"), completeness(snapshot)
        ('missing', 'partial')
    """
    value, open_path = _entered(snapshot, None)
    steps = steps_of(path)
    for step in steps:
        found = part_of(value, step)
        if found is None:
            if isinstance(snapshot, BaseModel):  # pyright: ignore[reportUnnecessaryIsInstance]  # of a list that grows, a list
                check_path(type(snapshot), steps)
            return "missing"
        step, value = found
        if open_path is not None:
            open_path = open_path[1] if open_path and open_path[0] == step else None
        value, open_path = _entered(value, open_path)
    return "complete" if open_path is None else "partial"


def _entered(value: Any, open_path: OpenPath | None) -> tuple[Any, OpenPath | None]:
    """A value without the root models around it.

    Args:
        value: A part of a snapshot.
        open_path: The path from it to the innermost open value; None: all of it is closed.
    """
    while isinstance(value, BaseModel):
        arrived = value.model_fields_set
        if isinstance(arrived, ArrivedMembers):
            open_path = arrived.open_path
        # Not `isinstance(value, RootModel)`: importing that costs as much as all that is ours.
        if not value.__pydantic_root_model__:
            break
        value = cast("Any", value).root
    return value, open_path


def steps_of(path: str | int | Sequence[str | int]) -> Path:
    """The steps of a path as a user writes it."""
    return (path,) if isinstance(path, int) else parse_path(path) or ()


def rootless(value: Any) -> Any:
    """What the root models are around; everything else as it is."""
    return _entered(value, None)[0]


def part_of(value: Any, step: str | int) -> tuple[str | int, Any] | None:
    """A part of a value that is not a root model.

    Args:
        value: A snapshot, or a part of one.
        step: A field, a key or an index.

    Returns:
        The step as the value has it, and the part; None if the part is missing.
    """
    if isinstance(value, BaseModel):
        name = str(step)
        return (name, getattr(value, name)) if name in value.model_fields_set else None
    if str(step) in getattr(value, "__dataclass_fields__", ()):
        return str(step), getattr(value, str(step))
    whole: Any = value  # the same, but not narrowed to containers of unknown things
    if isinstance(value, Mapping):
        return (step, whole[step]) if step in whole else None
    if isinstance(value, Sequence) and not isinstance(value, str) and str(step).isdigit():
        index = int(step)
        return (index, whole[index]) if index < len(whole) else None
    return None
