"""Writes a JSON document that only grows: values open up at its end, and close when others follow.

A string, array or object at the end is left open, as whatever follows may belong into it. Readers
of unfinished JSON close it for themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from partialstream.engine.changes import (
    UNSET,
    Change,
    GrowingState,
    differences,
    is_array,
    is_object,
)
from partialstream.web.wires.base import json_text

if TYPE_CHECKING:
    from partialstream.results import Path

_CLOSERS: Final = {"{": "}", "[": "]", '"': '"'}


class TakenBackError(ValueError):
    """A change would alter what was written already."""


class GrowingDocument:
    """A JSON document as far as it is known."""

    def __init__(self) -> None:
        self._state = GrowingState()  # what was written
        self._open: list[str] = []  # the openers of what is open, outermost first, and
        self._path: list[str | int] = []  # the path from the document to the innermost of them

    @property
    def in_string(self) -> bool:
        """Whether the text stops inside a string."""
        return bool(self._open) and self._open[-1] == '"'

    def feed(self, change: Change) -> str:
        """Take a change; gives the text that is new.

        Raises:
            TakenBackError: What was written cannot be undone.
        """
        if change.op == "complete":
            return ""
        if change.op == "set" and self._is_known(change.path):
            # Said again, as at a new attempt: it may say no less than before.
            before = self._at(change.path)
            text = ""
            for difference in differences(change.path, before, change.value):
                if difference.path == change.path and difference.op == "set":
                    raise TakenBackError(f"{list(change.path)} is not what it was")
                text += self.feed(difference)
            return text
        text = self._append(change) if change.op == "append" else self._set(change)
        self._state.apply(change)
        return text

    def close(self) -> str:
        """The document is complete; gives the rest of its text."""
        return self._close_to(0)

    def _append(self, change: Change) -> str:
        if not self.in_string or tuple(self._path) != change.path:
            raise TakenBackError(f"the text at {list(change.path)} was closed")
        return json_text(change.value)[1:-1]

    def _set(self, change: Change) -> str:
        path = change.path
        if not path:
            return self._opened(change.value)
        parent: Any = self._at(path[:-1])
        depth = len(path)
        if tuple(self._path[: depth - 1]) != path[:-1] or len(self._open) < depth:
            raise TakenBackError(f"what is around {list(path)} was closed")
        text = self._close_to(depth)
        if len(parent):
            text += ","
        step = path[-1]
        if is_array(parent):
            if step != len(parent):
                raise TakenBackError(f"{list(path)} is not the next element")
        else:
            text += json_text(step) + ":"
        self._path.append(step)
        text += self._opened(change.value)
        if len(self._open) == depth:
            self._path.pop()  # a value that is closed
        return text

    def _opened(self, value: Any) -> str:
        """The text of a value, open at its end."""
        if isinstance(value, str):
            self._open.append('"')
            return json_text(value)[:-1]
        if not isinstance(value, dict | list):
            return json_text(value)
        self._open.append("{" if isinstance(value, dict) else "[")
        whole = json_text(value)
        if not value:
            return whole[:-1]
        # All children but the last are closed.
        children = cast("dict[str, Any] | list[Any]", value)
        if isinstance(children, dict):
            name, last = next(reversed(children.items()))
            before = {key: child for key, child in children.items() if key != name}
            text = json_text(before)[:-1] + ("," if before else "") + json_text(name) + ":"
            step: str | int = name
        else:
            last = children[-1]
            step = len(children) - 1
            text = json_text(children[:-1])[:-1] + ("," if step else "")
        depth = len(self._open)
        self._path.append(step)
        text += self._opened(last)
        if len(self._open) == depth:
            self._path.pop()
        return text

    def _close_to(self, depth: int) -> str:
        """Close what is open, but for so many of the outermost."""
        text = ""
        while len(self._open) > depth:
            text += _CLOSERS[self._open.pop()]
        del self._path[max(depth - 1, 0) :]
        return text

    def _is_known(self, path: Path) -> bool:
        return self._at(path) is not UNSET

    def _at(self, path: Path) -> Any:
        value = self._state.value
        for step in path:
            if is_object(value):
                value = value.get(str(step), UNSET)
            elif is_array(value) and isinstance(step, int):
                value = value[step] if step < len(value) else UNSET
            else:
                return UNSET
        return value
