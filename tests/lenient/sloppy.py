"""Writes values as models do that have seen more JavaScript and Python than JSON."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

_PIECES = st.one_of(
    st.sampled_from("ab'\"{}[]:,/#\\ \n\t*-.0e"),
    st.sampled_from(["//", "/*", "*/", "', '", '", "', "None", "é", "\U0001f600"]),
    st.characters(exclude_categories=["Cs"]),
)
TEXTS = st.lists(_PIECES, max_size=8).map("".join)
NAMES = st.one_of(st.from_regex(r"[A-Za-z_$][A-Za-z0-9_$]{0,5}", fullmatch=True), TEXTS)
SCALARS = st.one_of(
    TEXTS,
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(NAMES, inner, max_size=4)),
    max_leaves=12,
)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=5)

COMMENTS = st.sampled_from(
    ["// a } comment\n", "# don't\n", '/* it\'s ] "here" */', "//\r\n", "/**/", "/* * / // */"]
)
BLANKS = st.sampled_from(["", "", "", " ", "\n", "\t "])

_IDENTIFIER = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")


class Writer:
    """Writes a value, sloppily.

    Args:
        draw: Hypothesis's.
    """

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        self._draw = draw

    def value(self, value: Any) -> str:
        if isinstance(value, dict):
            members = [
                f"{self._name(name)}{self._gap()}:{self._gap()}{self.value(each)}"
                for name, each in value.items()
            ]
            return self._joined("{", members, "}")
        if isinstance(value, list):
            return self._joined("[", [self.value(each) for each in value], "]")
        if isinstance(value, str):
            return self._string(value)
        if value is None or isinstance(value, bool):
            return repr(value) if self._draw(st.booleans()) else json.dumps(value)
        return json.dumps(value)

    def _joined(self, opener: str, parts: list[str], closer: str) -> str:
        text = f"{self._gap()},{self._gap()}".join(parts)
        if parts and self._draw(st.booleans()):
            text += f"{self._gap()},"
        return f"{opener}{self._gap()}{text}{self._gap()}{closer}"

    def _gap(self) -> str:
        comment = self._draw(COMMENTS) if self._draw(st.integers(0, 4)) == 0 else ""
        return f"{self._draw(BLANKS)}{comment}"

    def _name(self, name: str) -> str:
        if _IDENTIFIER.fullmatch(name) and self._draw(st.booleans()):
            return name
        return self._string(name)

    def _string(self, text: str) -> str:
        quoted = json.dumps(text, ensure_ascii=self._draw(st.booleans()))
        if self._draw(st.booleans()):
            quoted = quoted.replace("\\n", "\n") if "\\\\" not in quoted else quoted
        if self._draw(st.booleans()):
            return quoted
        inside = quoted[1:-1].replace("'", "\\'")
        if self._draw(st.booleans()) and "\\\\" not in inside:
            inside = inside.replace('\\"', '"')
        return f"'{inside}'"


@st.composite
def written(draw: Any, values: st.SearchStrategy[Any] = OBJECTS) -> tuple[Any, str]:
    """A value, and a text that says it."""
    value = draw(values)
    return value, Writer(draw).value(value)
