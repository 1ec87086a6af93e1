"""What of a snapshot has arrived."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, RootModel

from partialstream.engine.route import parse_path
from partialstream.validation.snapshots import ArrivedMembers

if TYPE_CHECKING:
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
    steps = (path,) if isinstance(path, int) else parse_path(path) or ()
    return _completeness(snapshot, steps)


def _completeness(value: Any, path: Path) -> Completeness:
    open_path: Path | None = None  # from `value` to the innermost open one; None: all is closed
    while True:
        whole: Any = value  # the same, but not narrowed to containers of unknown things
        if isinstance(value, BaseModel):
            arrived = value.model_fields_set
            if isinstance(arrived, ArrivedMembers):
                open_path = arrived.open_path
            if isinstance(value, RootModel):
                value = whole.root
                continue
        if not path:
            return "complete" if open_path is None else "partial"
        step, path = path[0], path[1:]
        if isinstance(value, BaseModel):
            name = str(step)
            if name not in value.model_fields_set:
                return "missing"
            value = getattr(value, name)
        elif isinstance(value, Mapping):
            if step not in whole:
                return "missing"
            value = whole[step]
        elif isinstance(value, Sequence) and not isinstance(value, str):
            if not str(step).isdigit() or int(step) >= len(whole):
                return "missing"
            step = int(step)
            value = whole[step]
        else:
            return "missing"
        if open_path is not None:
            open_path = open_path[1:] if open_path and open_path[0] == step else None
