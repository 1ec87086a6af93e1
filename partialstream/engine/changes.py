"""What a growing value gained: changes, how they are applied, and how several become fewer.

The values here are JSON as Python has it: dicts, lists, strings, numbers, booleans and None.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from partialstream.results import Path

Operation = Literal["set", "append", "complete"]


def is_array(value: object) -> TypeGuard[list[Any]]:
    """Whether a JSON value is an array."""
    return isinstance(value, list)


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether a JSON value is an object."""
    return isinstance(value, dict)


class Recording(NamedTuple):
    """That changes are asked for, and how.

    Attributes:
        by_alias: Whether fields have their aliases; None leaves that to the model.
    """

    by_alias: bool | None = None


UNSET: Final[Any] = object()
"""The value of a document of which nothing has arrived."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a growing object or list gained.

    Attributes:
        path: Where, by the names that the value has in JSON; `()` is the value as a whole.
        op: `"set"`: the value there is `value` now, whatever it was. `"append"`: the string there
            goes on with `value`. `"complete"`: the value there, and all that is inside of it, is
            complete. Strings, lists and objects that grow end with it, once what is around them
            does not; whatever shows only when it is complete (a number, a date) needs none. What
            is complete may still be changed by a validator of the object around it, and by
            another response, which may have a field again; only the last `complete`, that of the
            whole, is final.
        value: See `op`; None for `"complete"`. Changes share it: copy it before you modify it,
            or use `apply`, which does not.

    Example:
        >>> state = Change((), "set", {"title": "On"}).apply()
        >>> Change(("title",), "append", " paper").apply(state)
        {'title': 'On paper'}
    """

    path: Path
    op: Operation
    value: Any = None

    def apply(self, state: Any = UNSET) -> Any:
        """The state after this change; the one before is not modified.

        Args:
            state: The state before; left out for the first change.

        Raises:
            ValueError: The change does not belong to this state.
        """
        if self.op == "complete":
            return state
        return _applied(state, self, 0, None)

    def as_dict(self) -> dict[str, Any]:
        """The change as JSON has it.

        Example:
            >>> Change(("title",), "complete").as_dict()
            {'path': ['title'], 'op': 'complete'}
        """
        members: dict[str, Any] = {"path": list(self.path), "op": self.op}
        if self.op != "complete":
            members["value"] = self.value
        return members


def _applied(state: Any, change: Change, depth: int, owned: dict[int, Any] | None) -> Any:
    """The state with a change, whose path counts from `depth` on.

    Args:
        state: The state; not modified, but for what is in `owned`.
        change: The change.
        depth: How many steps of its path lead to the state.
        owned: Arrays and objects that nobody else holds, by id; copies are added to it.
    """
    if len(change.path) == depth:
        if change.op == "set":
            return change.value
        if not isinstance(state, str):
            raise _misplaced(change)
        return state + change.value
    step = change.path[depth]
    if is_object(state) and isinstance(step, str):
        members = state
        part = _applied(members.get(step, UNSET), change, depth + 1, owned)
        if owned is None or id(members) not in owned:
            members = _own(dict(members), owned)
        members[step] = part
        return members
    if is_array(state) and isinstance(step, int):
        elements = state
        before = elements[step] if step < len(elements) else UNSET
        part = _applied(before, change, depth + 1, owned)
        if owned is None or id(elements) not in owned:
            elements = _own(list(elements), owned)
        if step >= len(elements):  # with a gap, where items of a list were rejected
            elements.extend([None] * (step - len(elements) + 1))
        elements[step] = part
        return elements
    raise _misplaced(change)


def _own(container: Any, owned: dict[int, Any] | None) -> Any:
    if owned is not None:
        owned[id(container)] = container
    return container


def _misplaced(change: Change) -> ValueError:
    return ValueError(f"no value to change at {list(change.path)}")


class GrowingState:
    """The state that changes lead to, kept by one owner: it grows in place.

    Changes are left as they are: what they hold is copied before it is modified.

    Attributes:
        value: The state; `UNSET` before the first change.
    """

    def __init__(self) -> None:
        self.value: Any = UNSET
        self._owned: dict[int, Any] = {}

    def apply(self, change: Change) -> None:
        """Take the next change.

        Raises:
            ValueError: The change does not belong to this state.
        """
        if change.op != "complete":
            if not change.path:
                self._owned.clear()
            self.value = _applied(self.value, change, 0, self._owned)


class _Place:
    """What a `Merger` knows of one place.

    Attributes:
        value: What was set there; `UNSET` if nothing was. It holds all that came inside of it.
        pieces: What a string there goes on with.
        complete: Whether the value there is complete.
        inside: The places inside of it, in the order of their first changes.
    """

    __slots__ = ("complete", "inside", "pieces", "value")

    def __init__(self) -> None:
        self.value: Any = UNSET
        self.pieces: list[str] = []
        self.complete = False
        self.inside: dict[str | int, _Place] = {}

    def changes(self, path: Path) -> Iterator[Change]:
        if self.value is not UNSET:
            yield Change(path, "set", self.value)
        elif self.pieces:
            yield Change(path, "append", "".join(self.pieces))
        for step, place in self.inside.items():
            for change in place.changes((*path, step)):
                if not (self.complete and change.op == "complete"):
                    yield change
        if self.complete:
            yield Change(path, "complete")


class Merger:
    """Makes fewer changes of many: they lead to the same state.

    What is inside of a value that was set is set with it, pieces of a string are joined, and what
    is complete with what is around it is not mentioned.
    """

    def __init__(self) -> None:
        self._whole = _Place()
        self._owned: dict[int, Any] = {}  # copies of what was set
        self._is_empty = True

    def __bool__(self) -> bool:
        return not self._is_empty

    def add(self, change: Change) -> None:
        """Take the next change."""
        self._is_empty = False
        place, size = self._whole, 0
        around, depth = None, 0  # the outermost place around it that was set
        for step in change.path:
            if around is None and place.value is not UNSET:
                around, depth = place, size
            inner = place.inside.get(step)
            if inner is None:
                inner = place.inside[step] = _Place()
            place = inner
            size += 1
        if around is None and place.value is not UNSET and change.op == "append":
            around, depth = place, size
        if change.op == "complete":
            place.complete = True
            return
        if change.op == "set":
            place.complete = False
            place.inside.clear()
        if around is not None:
            around.value = _applied(around.value, change, depth, self._owned)
        elif change.op == "set":
            place.value = change.value
            place.pieces.clear()
        else:
            place.pieces.append(change.value)

    def take(self) -> list[Change]:
        """The changes since this was called."""
        changes = list(self._whole.changes(()))
        self._whole, self._is_empty = _Place(), True
        self._owned.clear()
        return changes


def merged(changes: Iterable[Change]) -> list[Change]:
    """Fewer changes that lead to the same state."""
    merger = Merger()
    for change in changes:
        merger.add(change)
    return merger.take()


def differences(path: Path, old: Any, new: Any) -> Iterator[Change]:
    """The changes that make one value another.

    Args:
        path: Where the values stand.
        old: What was there, `UNSET` for nothing.
        new: What is there.
    """
    if isinstance(old, str) and isinstance(new, str):
        if len(old) < len(new) and new.startswith(old):
            yield Change(path, "append", new[len(old) :])
            return
        if old == new:
            return
    elif is_object(old) and is_object(new):
        if old.keys() <= new.keys():
            # What is there comes first: after a new member, it would be closed in a document that
            # is only appended to.
            for name, value in old.items():
                yield from differences((*path, name), value, new[name])
            for name, value in new.items():
                if name not in old:
                    yield Change((*path, name), "set", value)
            return
    elif is_array(old) and is_array(new):
        if len(old) <= len(new):
            for index, value in enumerate(new):
                known = old[index] if index < len(old) else UNSET
                yield from differences((*path, index), known, value)
            return
    elif type(old) is type(new) and (old == new or (old != old and new != new)):
        return
    yield Change(path, "set", new)
