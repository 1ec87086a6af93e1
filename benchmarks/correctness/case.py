"""What a case is, and its notation.

In the text of a case stand marks, which are not part of it:

    ·      a delta ends here
    ⟨ ⟩    an item, which is there with its last character (a number or word: with the next one)
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from partialstream.testing import Answer

_MARKS = re.compile("([·⟨⟩])")


@dataclass(frozen=True)
class Expected:
    """An item.

    Attributes:
        value: As JSON.
        at: The number of the delta with which it is there; None if that is not judged.
    """

    value: Any
    at: int | None


@dataclass(frozen=True)
class Case:
    """A row of the table.

    Attributes:
        name: What it shows.
        task: The name of the function that an adapter has for it; see `libraries`.
        type: The type of an item, or of the growing object.
        deltas: Deltas of text, or whole chunks.
        items: What is to be delivered; for a growing object nothing.
        final: What the growing object is in the end; under `fails` the most that may be shown.
        shows: What must be shown at least, by the number of the delta (None: at any time).
        fails: Whether the library has to report that the response is bad or incomplete.
        refusable: Whether a clear error is right as well.
        whole: Names of fields that a growing object must not show before they are complete, since
            half a value is none of their type.
        finish: The finish reason, where the wire has one; None: no chunk says that it is over.
        path: Where the list is, for libraries that need it: `"items"`; `""`: the root;
            None: there is no list, each document is an item.
        answer: The response of a server, instead of deltas.
    """

    name: str
    task: str
    type: Any
    deltas: tuple[Any, ...] = ()
    items: tuple[Expected, ...] = ()
    final: Any = None
    shows: tuple[tuple[int | None, Any], ...] = ()
    fails: bool = False
    refusable: bool = False
    whole: tuple[str, ...] = ()
    finish: str | None = "stop"
    path: str | None = "items"
    answer: Answer | None = None

    @property
    def key(self) -> str:
        """What distinguishes it from all others."""
        return f"{'object' if self.grows else 'items'}: {self.name}"

    @property
    def grows(self) -> bool:
        """Whether it is about a growing object."""
        return self.final is not None


def items(name: str, type_: Any, marked: str, *, task: str = "items", **more: Any) -> Case:
    """A case of items in a text with marks."""
    text = ""
    ends: list[int] = []
    spans: list[tuple[int, int]] = []
    start = 0
    for piece in _MARKS.split(marked):
        if piece == "·":
            ends.append(len(text))
        elif piece == "⟨":
            start = len(text)
        elif piece == "⟩":
            spans.append((start, len(text)))
        else:
            text += piece
    ends.append(len(text))
    expected: list[Expected] = []
    for begin, end in spans:
        known = end if text[end - 1] in '"]}' else end + 1
        at = next(number for number, stop in enumerate(ends) if stop >= known)
        expected.append(Expected(json.loads(text[begin:end]), at))
    deltas = tuple(text[a:b] for a, b in zip([0, *ends], ends, strict=False))
    return Case(name, task, type_, deltas, tuple(expected), **more)


def growing(name: str, type_: Any, marked: str, *, task: str = "growing", **more: Any) -> Case:
    """A case of a growing object. Without `final`, the whole text is the object."""
    deltas = tuple(marked.split("·"))
    more.setdefault("final", None)
    if more["final"] is None:
        more["final"] = json.loads("".join(deltas))
    return Case(name, task, type_, deltas, **more)
