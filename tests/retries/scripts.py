"""Random scripts: what a model has to say, how it says it, and what goes wrong meanwhile."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from hypothesis import strategies as st
from pydantic import BaseModel, Field

from partialstream.usage import Usage

FOREVER = 99

Ending = Literal[
    "stop",  # all of it, and the provider says so
    "cut",  # the provider says "stop", though the text goes no further than the cut
    "length",
    "silence",  # the bytes end, and nobody has said that this is all
    "reset",
    "stall",
    "error event",
    "refusal",
    "filter",
    "malformed",  # a number in one of the items is none
    "comma",  # a comma between two items is missing
    "prose",  # words instead of JSON
    "no answer",  # sending fails
    "unauthorized",  # sending fails for good
    "foreign",  # an exception that is nobody's fault here
]

Mode = Literal["json_schema", "tools", "json_object"]
Wire = Literal["dicts", "bytes"]
Way = Literal["values", "detailed", "events"]


class Entry(BaseModel):
    id: int
    name: str
    price: int = Field(ge=0)


@dataclass(frozen=True)
class Truth:
    """One item of the list.

    Attributes:
        name: Its name.
        bad: How many versions of it are not valid before one is.
        stuck: Whether these are the same text again and again.
    """

    name: str = "lamp"
    bad: int = 0
    stuck: bool = False


@dataclass(frozen=True)
class Style:
    """How a text is written; none of it changes what it says."""

    separators: tuple[str, str] = (", ", ": ")
    ascii: bool = True
    backwards: bool = False

    def raw(self, index: int, truth: Truth, version: int, name: str | None = None) -> str:
        """One version of an item."""
        bad = version < truth.bad
        price = (-1 if truth.stuck else -1 - version) if bad else 5
        members: dict[str, Any] = {"id": index, "name": name or truth.name, "price": price}
        if self.backwards:
            members = dict(reversed(members.items()))
        return json.dumps(members, ensure_ascii=self.ascii, separators=self.separators)


@dataclass(frozen=True)
class Turn:
    """How the model answers one request.

    Attributes:
        ending: How the answer ends.
        place: Where, as a share of the text, 0 to 1.
        again: How many of the items that have come it sends again: all (None), or the last.
        altered: Whether those have another name now, those that were not valid have become
            better, and what is missing is missing at the front. Only where items have a key.
        style: How those are written.
        missing: How many of the items it is to repair it leaves out.
        extra: How many it adds that nobody has asked for.
        indexed: Whether it says the indexes of what it sends, as it is asked to.
        usage: What the provider says of the tokens, if the answer comes to its end.
    """

    ending: Ending = "stop"
    place: float = 1.0
    again: int | None = 0
    altered: bool = False
    style: Style = field(default_factory=Style)
    missing: int = 0
    extra: int = 0
    indexed: bool = True
    usage: Usage | None = None


@dataclass(frozen=True)
class Script:
    """A list, the turns in which it comes, and how it is read. More turns have no faults.

    Attributes:
        decisions: What `on_invalid` says, by index and attempt, if it is a function.
        others: The modes of the endpoints to fall back to.
    """

    truths: tuple[Truth, ...] = (Truth(),)
    turns: tuple[Turn, ...] = ()
    on_invalid: Literal["repair", "raise", "skip", "function"] = "repair"
    decisions: tuple[Literal["repair", "raise", "skip"], ...] = ("repair",)
    on_interrupt: Literal["resume", "raise"] = "resume"
    ordered: bool = False
    key: Literal[None, "name", "function"] = None
    mode: Mode = "json_schema"
    max_retries: int = 2
    max_requests: int | None = None
    wire: Wire = "dicts"
    size: int = 20
    text_kept: int = 1024 * 1024
    way: Way = "events"
    others: tuple[Mode, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether it is read as any stream is, with no thought of another request."""
        return not self.retries and self.on_invalid in ("raise", "skip")

    @property
    def retries(self) -> bool:
        """Whether another request may be made."""
        return bool(self.max_retries or self.others)

    def turn(self, number: int) -> Turn:
        """The answer to a request; the first is 1."""
        turn = self.turns[number - 1] if number <= len(self.turns) else Turn()
        if number == 1 and turn.ending in ("no answer", "unauthorized"):
            return replace(turn, ending="reset")  # there is no stream yet that could say so
        return turn

    def decide(self, index: int, attempt: int) -> Literal["repair", "raise", "skip"]:
        """What becomes of an item that is not valid."""
        if self.on_invalid != "function":
            return self.on_invalid
        return self.decisions[(index + attempt) % len(self.decisions)]


_NAMES = ["lamp", 'rüg"}]', "]},{", "\\", "日本 🪔", "a, b"]

_ENDINGS: list[Ending] = [
    *("stop",) * 12,
    *("length", "silence", "reset", "stall", "error event", "cut", "malformed", "comma") * 3,
    *("prose", "no answer", "refusal", "filter", "unauthorized", "foreign"),
]

truths = st.builds(
    Truth,
    name=st.sampled_from(_NAMES),
    bad=st.sampled_from([0, 0, 0, 0, 1, 1, 2, 3, FOREVER]),
    stuck=st.sampled_from([False, False, True]),
)
styles = st.builds(
    Style,
    separators=st.sampled_from([(", ", ": "), (",", ":"), (" ,\n", " : ")]),
    ascii=st.booleans(),
    backwards=st.booleans(),
)
turns = st.builds(
    Turn,
    ending=st.sampled_from(_ENDINGS),
    place=st.one_of(st.sampled_from([0.0, 1.0]), *[st.floats(0, 1)] * 4),
    again=st.sampled_from([0, 0, 0, 1, 2, 3, None]),
    altered=st.booleans(),
    style=styles,
    missing=st.sampled_from([0, 0, 0, 1, 2]),
    extra=st.sampled_from([0, 0, 0, 1, 2]),
    indexed=st.booleans(),
    usage=st.one_of(st.none(), st.builds(Usage, st.integers(0, 99), st.integers(0, 99))),
)
scripts = st.builds(
    Script,
    truths=st.one_of(*(st.lists(truths, min_size=size, max_size=8) for size in (0, 2, 4))).map(
        tuple
    ),
    turns=st.one_of(*(st.lists(turns, min_size=size, max_size=8) for size in (0, 3))).map(tuple),
    on_invalid=st.sampled_from([*["repair"] * 5, "raise", "skip", "function", "function"]),
    decisions=st.lists(st.sampled_from([*["repair"] * 4, "skip", "skip", "raise"]), min_size=1).map(
        tuple
    ),
    on_interrupt=st.sampled_from([*["resume"] * 9, "raise"]),
    ordered=st.booleans(),
    key=st.sampled_from([None, None, "name", "function"]),
    mode=st.sampled_from(["json_schema", "tools", "json_object"]),
    max_retries=st.sampled_from([0, *[1, 2, 3, 4] * 3]),
    max_requests=st.sampled_from([*[None] * 6, 1, 2, 3, 5]),
    wire=st.sampled_from(["dicts", "bytes"]),
    size=st.integers(1, 50),
    text_kept=st.sampled_from([1024 * 1024, 1024 * 1024, 150, 10]),
    way=st.sampled_from(["values", "detailed", "events"]),
)
with_fallbacks = st.builds(
    replace,
    scripts,
    others=st.lists(
        st.sampled_from(["json_schema", "tools", "json_object"]), min_size=1, max_size=3
    ).map(tuple),
    max_retries=st.sampled_from([0, 0, 1, 2]),
)
