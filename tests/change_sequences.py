"""Random changes, each of which belongs to the state before it."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from partialstream.engine.changes import UNSET, Change

_NAMES = st.sampled_from(["a", "b", "", "__proto__", "0"])
_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from(["", "x", 1, None]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_NAMES, inner, max_size=2),
    max_leaves=5,
)


@st.composite
def sequences(draw: st.DrawFn) -> list[Change]:
    """Changes of any kind, each of which belongs to the state before it."""
    changes = [Change((), "set", draw(_VALUES))]
    state = changes[0].apply()
    for _ in range(draw(st.integers(0, 12))):
        path: tuple[Any, ...] = ()
        value = state
        while isinstance(value, list | dict) and draw(st.integers(0, 3)):
            if isinstance(value, dict):
                step: Any = draw(_NAMES)
                value = value.get(step, UNSET)
            else:
                step = draw(st.integers(0, len(value) + 1))
                value = value[step] if step < len(value) else UNSET
            path = (*path, step)
        kind = draw(st.sampled_from(["set", "append", "complete"]))
        if kind == "append" and isinstance(value, str):
            change = Change(path, "append", draw(st.sampled_from(["y", "z😀"])))
        elif kind == "complete" and value is not UNSET:
            change = Change(path, "complete")
        else:
            change = Change(path, "set", draw(_VALUES))
        changes.append(change)
        state = change.apply(state)
    return changes
