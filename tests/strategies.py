"""Hypothesis strategies: JSON texts, cuts, what stands around an answer's JSON, and faults."""

from __future__ import annotations

import itertools
import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from partialstream.testing import recut

chances = st.integers(0, 2**32).map(random.Random)
"""Sources of chance for what would be too many draws otherwise."""

# -- JSON texts ----------------------------------------------------------------------------

_SHORT_ESCAPES = {
    '"': '\\"',
    "\\": "\\\\",
    "/": "\\/",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
}

characters_of_interest = st.sampled_from('a"\\{}[]:,/é€😀\n\t\x7f\x85\u2028\ufeff 0-')
texts = st.text(characters_of_interest | st.characters(codec="utf-8"), max_size=8)
"""Strings without lone surrogates, rich in what matters in JSON."""

numbers = st.from_regex(
    r"\A-?(0|[1-9][0-9]{0,8})(\.[0-9]{1,4})?([eE][+-]?[0-9]{1,2})?\Z", fullmatch=True
)
"""Numbers in all spellings, as text."""

words = st.sampled_from(["true", "false", "null"])

values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(texts, children, max_size=4),
    max_leaves=10,
)
"""Values that JSON can say."""


def spell(value: Any, chance: random.Random) -> str:
    """Write a value as JSON in a spelling of its own: blanks, escapes, exponents."""
    blank = _blank(chance)
    if isinstance(value, str):
        return spell_string(value, chance)
    if isinstance(value, dict):
        members = (
            f"{spell_string(name, chance)}{_blank(chance)}:{_blank(chance)}{spell(member, chance)}"
            for name, member in value.items()
        )
        return f"{{{blank}{(_blank(chance) + ',' + _blank(chance)).join(members)}{blank}}}"
    if isinstance(value, list):
        elements = (spell(element, chance) for element in value)
        return f"[{blank}{(_blank(chance) + ',' + _blank(chance)).join(elements)}{blank}]"
    if isinstance(value, float) and chance.random() < 0.3:
        return f"{value!r}{'' if 'e' in repr(value) else chance.choice(['e0', 'E+0', 'e-0'])}"
    return json.dumps(value)


def spell_string(text: str, chance: random.Random) -> str:
    return '"' + "".join(_spell_character(char, chance) for char in text) + '"'


def _spell_character(char: str, chance: random.Random) -> str:
    must = char in '"\\' or char < " "
    if not must and chance.random() < 0.7:
        return char
    if char in _SHORT_ESCAPES and chance.random() < 0.6:
        return _SHORT_ESCAPES[char]
    units = char.encode("utf-16-be").hex()
    pairs = (units[start : start + 4] for start in range(0, len(units), 4))
    return "".join("\\u" + chance.choice([unit, unit.upper()]) for unit in pairs)


def _blank(chance: random.Random) -> str:
    return chance.choice(["", "", "", " ", "\n", "\t\r\n", "  "])


json_texts = st.builds(spell, values, chances)
"""JSON documents as text, of any kind, in any spelling."""

json_containers = st.builds(
    spell, st.lists(values, max_size=4) | st.dictionaries(texts, values, max_size=4), chances
)
"""JSON arrays and objects as text."""

# -- cuts ----------------------------------------------------------------------------------

Cut = Callable[[str], list[str]]

_TOKENS = re.compile(r'[ \t\n\r]+|[{}\[\],:]|"(?:[^"\\]|\\.)*"?|[^ \t\n\r{}\[\],:"]+', re.DOTALL)


def cut_whole(text: str) -> list[str]:
    return [text]


def cut_everywhere(text: str) -> list[str]:
    return list(text)


def cut_between_tokens(text: str) -> list[str]:
    """Blanks stand alone, and there are empty deltas between."""
    return [piece for token in _TOKENS.findall(text) for piece in (token, "")]


def cut_by(size: int) -> Cut:
    return lambda text: [text[start : start + size] for start in range(0, len(text), size)]


def cut_at_random(seed: int) -> Cut:
    return lambda text: recut(text, seed=seed, max_piece=1 + seed % 13)


cuts: st.SearchStrategy[Cut] = st.one_of(
    st.sampled_from([cut_everywhere, cut_between_tokens]),
    st.integers(2, 7).map(cut_by),
    st.integers(0, 1000).map(cut_at_random),
)
"""Ways to cut a text that differ from leaving it whole."""


def ends_of(deltas: list[str]) -> list[int]:
    """How many characters have arrived after each delta."""
    return list(itertools.accumulate(map(len, deltas)))


# -- what stands around ----------------------------------------------------------------------

BEFORE = (
    "",
    "",
    " \n",
    "\ufeff",
    "```json\n",
    "````\n",
    "Here you are: ",
    "Note {x} and see [1], [2]: ",
    "a < b, `code`, 5 > 4\n",
    "Sure!\n```json\n",
    "<think>is it [a] or {x}?</think>",
    '<Thinking>\n{"name": [</thinking>\n```\n',
    "no opening tag, [a] {x}</think>\n",
    "<<think>[</think> ",
)
AFTER = ("", "", "\n", " \n\n", "\n```", "\n```\nI hope this helps.", " done")

surroundings = st.tuples(st.sampled_from(BEFORE), st.sampled_from(AFTER))
"""Prose, fences, thinking and a byte order mark, none of which is data."""

# -- faults --------------------------------------------------------------------------------

_WRONG = '"\\{}[]:,0-.eEtnNI/ \n\tx\x00é'


@dataclass(frozen=True)
class Fault:
    """What is done to a text; `place` counts from its start, modulo its length."""

    kind: str
    place: int
    char: str = ""

    def __call__(self, text: str, *, first: int = 0) -> str:
        """Apply it, but leave the first characters alone."""
        size = len(text) - first
        if size <= 0:
            return text
        place = first + self.place % size
        if self.kind == "truncate":
            return text[:place]
        rest = text[place:] if self.kind == "insert" else text[place + 1 :]
        return text[:place] + ("" if self.kind == "delete" else self.char) + rest


truncations = st.builds(Fault, st.just("truncate"), st.integers(0, 10_000))
mutations = st.builds(
    Fault,
    st.sampled_from(["replace", "insert", "delete"]),
    st.integers(0, 10_000),
    st.sampled_from(_WRONG),
)
faults = truncations | mutations
