"""Lists that repeat themselves, models that resume them in several ways, and what has to come."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from operator import eq
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tenacity
from http_library import httpx
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from partialstream import Limits
from partialstream.client.call import Call
from partialstream.client.endpoints.chat import ChatRequestBuilder
from partialstream.client.options.options import Options
from partialstream.client.response_model import items_shape
from partialstream.client.routes import Route

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ASKED = [{"role": "user", "content": "List all of them."}]


class Row(BaseModel):
    n: int = Field(ge=0)


class Entry(BaseModel):
    id: int
    label: str


Kind = Literal["words", "numbers", "texts", "rows", "entries"]
TYPES: dict[Kind, Any] = {
    "words": Literal["yes", "no", "maybe"],
    "numbers": Annotated[int, Field(ge=0)],
    "texts": str,
    "rows": Row,
    "entries": Entry,
}
ALPHABETS: dict[Kind, list[Any]] = {
    "words": ["yes", "no", "maybe"],
    "numbers": [0, 1, 2],
    "texts": ["a", "é]", "a text of some length", 'another, "longer" text'],
    "rows": [{"n": 1}, {"n": 2}, {"n": 30000}],
}
MAY_BE_BAD = ("numbers", "rows")


@dataclass(frozen=True)
class Turn:
    """How the model answers one request.

    Attributes:
        begins: Where: `rest`, `everything`, so many items before the rest (an int), or `late`,
            which leaves out the first item of the rest for good.
        cut: Where the connection is lost, as a share of the text; None for nowhere.
        indexed: Whether it says the index that it is asked for.
        spaced: Whether it writes the same with other blanks.
    """

    begins: Literal["rest", "everything", "late"] | int = "rest"
    cut: float | None = None
    indexed: bool = True
    spaced: bool = False


@dataclass(frozen=True)
class Repeats:
    """A list, and how it comes.

    Attributes:
        values: The list.
        bad: The indexes of those that are not valid when they first come.
    """

    kind: Kind
    values: tuple[Any, ...]
    turns: tuple[Turn, ...]
    bad: frozenset[int] = frozenset()
    on_invalid: Literal["repair", "skip"] = "repair"
    ordered: bool = False
    text_kept: int = 1024 * 1024
    size: int = 7
    mode: Literal["json_schema", "json_object"] = "json_schema"

    def turn(self, number: int) -> Turn:
        """How a request is answered, by its number, from 0."""
        return self.turns[number] if number < len(self.turns) else Turn()

    @property
    def key(self) -> str | None:
        """What tells items from each other."""
        return "id" if self.kind == "entries" else None


@dataclass
class Said:
    """One answer: what was asked for, the elements that came whole, and whether all did."""

    cause: str
    turn: Turn
    known: int
    start: int
    came: list[str] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)
    is_whole: bool = True


class Model:
    """Answers requests for a list."""

    def __init__(self, script: Repeats) -> None:
        self._script = script
        self.values = list(script.values)
        self.bad = set(script.bad)
        self.log: list[Said] = []

    def raw(self, index: int, *, corrected: bool = False, spaced: bool = False) -> str:
        """The text of an item."""
        value = self.values[index]
        if index in self.bad and not corrected:
            value = {"n": -1} if self._script.kind == "rows" else -1
        return json.dumps(value, ensure_ascii=spaced, separators=(" ,", " : ") if spaced else None)

    def answer(self, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The chunks of an answer.

        Raises:
            httpx.ReadError: The script wants that.
        """
        turn = self._script.turn(len(self.log))
        instruction = request["messages"][-1]["content"]
        asked = [
            int(index) for index in re.findall(r"^The item at index (\d+):", instruction, re.M)
        ]
        cut_off = re.search(r"cut off after (\d+)", instruction)
        known = int(cut_off[1]) if cut_off else 0
        if asked:
            said = Said("repair", turn, 0, 0, asked=asked)
            raws = [self.raw(index, corrected=True) for index in asked]
            beside = f'"indexes": "{", ".join(map(str, asked))}", '
        else:
            start = self._start(turn, known)
            said = Said("resume" if self.log else "request", turn, known, start)
            if turn.begins == "late" and known < len(self.values) and self.log:
                self._forget(known)
                raws = [self.raw(index) for index in range(known, len(self.values))]
            else:
                indexes = range(start, len(self.values))
                raws = [self.raw(index, spaced=turn.spaced) for index in indexes]
            beside = f'"first_index": {start}, '
        self.log.append(said)
        if not turn.indexed or not (asked or known):
            beside = ""
        text = f'{{{beside}"items": ['
        cut = None if turn.cut is None else int(turn.cut * (len(text) + len(", ".join(raws)) + 2))
        for number, raw in enumerate(raws):
            text += (", " if number else "") + raw
            # A number is complete at what follows it.
            end = len(text) + (raw[-1] not in '"}]')
            if cut is None or end <= cut:
                said.came.append(raw)
        text += "]}"
        said.is_whole = cut is None or cut >= len(text)
        text = text[:cut]
        return self._chunks(text, is_cut=cut is not None)

    def _start(self, turn: Turn, known: int) -> int:
        if turn.begins == "rest" or not known:
            return known
        if turn.begins == "late":
            return min(known + 1, len(self.values))
        return 0 if turn.begins == "everything" else max(0, known - turn.begins)

    def _forget(self, index: int) -> None:
        del self.values[index]
        self.bad = {each - (each > index) for each in self.bad if each != index}

    def _chunks(self, text: str, *, is_cut: bool) -> Iterator[dict[str, Any]]:
        size = self._script.size
        for start in range(0, len(text), size):
            yield {"choices": [{"index": 0, "delta": {"content": text[start : start + size]}}]}
        if is_cut:
            raise httpx.ReadError("reset")
        yield {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}


# -- the oracle ----------------------------------------------------------------------------


def sent_again(
    known: Sequence[str],
    came: Sequence[str],
    long: Sequence[bool],
    *,
    keyed: bool,
    interrupted: bool,
) -> tuple[int, int]:
    """Where a response without an index aligns with the list, and how far, by brute force.

    What is the same is equal in `known` and `came`; `long` says which are long in `came`.
    """
    count, size = len(known), len(came)

    def shown(length: int) -> bool:
        return length > 1 or (length == 1 and (keyed or long[0]))

    whole = [s for s in range(count) if count - s <= size and came[: count - s] == known[s:]]
    open_ = [s for s in range(count - size) if came == known[s : s + size]] if size else []
    if open_:
        if interrupted and shown(size):
            return open_[0], size
        if whole and shown(count - whole[0]):
            return whole[0], count - whole[0]
        if open_[0] == 0 and (keyed or any(long)):
            return 0, size
    elif whole and shown(count - whole[0]):
        return whole[0], count - whole[0]
    same = 0
    while same < min(count, size) and known[same] == came[same]:
        same += 1
    if same and (keyed or (same > 1 and any(long[:same]))):
        return 0, same
    return count, 0


def contradicts(known: list[str], came: list[str]) -> bool:
    """Whether nothing that came is what the index says that it is.

    Only where an earlier seam could be read both ways, so that the list has more items than the
    model knows of: from then on its indexes are those of another list.
    """
    return bool(known and came) and not any(map(eq, known, came))


def expected(script: Repeats, model: Model) -> tuple[dict[int, Any], dict[int, str]]:
    """By index, the items that have to have come, and the rejected ones."""
    items: dict[int, Any] = {}
    rejected: dict[int, str] = {}
    known: list[str] = []
    for said in model.log:
        came = [json.dumps(json.loads(raw)) for raw in said.came]
        if said.cause == "repair":
            for index, raw in zip(said.asked, came, strict=False):
                items[index] = json.loads(raw)
                del rejected[index]
            continue
        assert said.known in (0, len(known)), "it was asked for something else"
        if not known:
            new = came
        elif said.turn.indexed and not contradicts(known[said.start :], came):
            new = came[max(0, len(known) - said.start) :]
        else:
            keyed = script.key is not None
            interrupted = not said.is_whole
            long = [len(raw) > 8 for raw in said.came]
            _, length = sent_again(known, came, long, keyed=keyed, interrupted=interrupted)
            new = came[length:]
        for raw in new:
            value = json.loads(raw)
            if value in (-1, {"n": -1}):
                rejected[len(known)] = raw
            else:
                items[len(known)] = value
            known.append(raw)
    return items, rejected


def make_call(script: Repeats, *, asynchronous: bool) -> Call:
    """The call that a script is the answer to."""
    options = Options(
        mode=script.mode,
        on_invalid=script.on_invalid,
        limits=Limits(text_kept=script.text_kept),
        max_retries=tenacity.Retrying(
            stop=tenacity.stop_after_attempt(40), sleep=lambda seconds: None
        ),
        max_requests=40,
        ordered=script.ordered,
        key=script.key,
    )
    shape = items_shape(TYPES[script.kind])
    builder = ChatRequestBuilder(shape, options, {"model": "m", "messages": ASKED}, stream=True)
    return Call(shape, options, Route(builder), stream=True, asynchronous=asynchronous)


# -- the scripts ---------------------------------------------------------------------------

begins = st.sampled_from(["rest", "rest", "everything", "everything", 1, 1, 2, 3, "late"])
cuts = st.one_of(st.none(), *[st.floats(0, 1)] * 2)


@st.composite
def scripts(draw: st.DrawFn) -> Repeats:
    """Scripts of which some say all indexes, some none, some both."""
    kind: Kind = draw(st.sampled_from([*ALPHABETS, "entries"]))
    count = draw(st.integers(0, 12))
    if kind == "entries":
        labels = draw(st.lists(st.sampled_from("ab"), min_size=count, max_size=count))
        values = [{"id": index, "label": label} for index, label in enumerate(labels)]
    else:
        letter = st.sampled_from(ALPHABETS[kind])
        values = draw(st.lists(letter, min_size=count, max_size=count))
    bad: frozenset[int] = frozenset()
    if kind in MAY_BE_BAD and count and draw(st.booleans()):
        bad = draw(st.frozensets(st.integers(0, count - 1), max_size=3))
    says = draw(st.sampled_from(["always", "always", "never", "maybe"]))
    indexed = st.just(True) if bad or says == "always" else st.just(False)
    if says == "maybe" and not bad:
        indexed = st.booleans()
    turn = st.builds(Turn, begins, cuts, indexed, st.booleans())
    turns = draw(st.lists(turn, min_size=1, max_size=6))
    first = Turn("rest", draw(st.floats(0, 1)))
    return Repeats(
        kind,
        tuple(values),
        (first, *turns),
        bad,
        on_invalid=draw(st.sampled_from(["repair", "repair", "skip"])),
        ordered=draw(st.booleans()),
        text_kept=draw(st.sampled_from([1024 * 1024, 1024 * 1024, 60, 5])),
        size=draw(st.sampled_from([1, 7, 50])),
        mode=draw(st.sampled_from(["json_schema", "json_object"])),
    )
