"""Objects that come over several answers, what goes wrong meanwhile, and what has to stand."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import tenacity
from http_library import httpx
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from partialstream.client.call import Call
from partialstream.client.endpoints.chat import ChatRequestBuilder
from partialstream.client.options.options import Options
from partialstream.client.response_model import object_shape
from partialstream.client.routes import Route

if TYPE_CHECKING:
    from collections.abc import Iterator

ASKED = [{"role": "user", "content": "Describe it."}]

Fault = Literal[
    "none",
    "reset",
    "stall",
    "silence",
    "length",
    "error event",
    "malformed",  # a value begins with what begins no value
    "bracket",  # the wrong bracket follows a value
    "inner bracket",  # the wrong bracket ends a value
]
LOST: tuple[Fault, ...] = ("reset", "stall", "silence", "length", "error event")


class Part(BaseModel):
    name: str
    size: int


class Thing(BaseModel):
    title: str
    count: int = Field(ge=0)
    ok: bool
    ratio: float = Field(alias="the ratio")
    kind: Literal["plain", "odd"]
    tags: list[str]
    part: Part
    note: str | None


NAMES = [each.alias or name for name, each in Thing.model_fields.items()]
WRONG: dict[str, Any] = {"count": -1, "the ratio": "many", "kind": "none", "part": "big"}


@dataclass(frozen=True)
class Turn:
    """How the model answers one request.

    Attributes:
        order: In which order it names the members.
        fault: What goes wrong, after invalid members at the latest.
        place: Where, as a share of the text, or of the members.
        invalid: Members whose values are not valid this time.
        again: Members that it sends though they stand.
        changed: Whether these have other values now.
    """

    order: tuple[str, ...] = tuple(NAMES)
    fault: Fault = "none"
    place: float = 0.5
    invalid: frozenset[str] = frozenset()
    again: frozenset[str] = frozenset()
    changed: bool = False


@dataclass(frozen=True)
class Grown:
    """An object, and how it comes; more turns have no faults."""

    values: dict[str, Any]
    others: dict[str, Any]
    turns: tuple[Turn, ...]
    fail_fast: bool = True
    size: int = 7
    mode: Literal["json_schema", "json_object"] = "json_schema"

    def turn(self, number: int) -> Turn:
        """How a request is answered, by its number, from 0."""
        return self.turns[number] if number < len(self.turns) else Turn()


@dataclass
class Said:
    """One answer.

    Attributes:
        carried: What stands before it, by the request: names and texts.
        text: What was sent.
        ends: By name, in order: the text of each member, and how much of the text has to have
            come for it to be complete.
        wrong: Those that are not valid, and how much of the text has to have come to see it.
        fault: Where the text stops to be JSON, None if it does not.
        is_whole: Whether it is a whole object, without a fault.
        is_last: Whether no other is asked for.
    """

    carried: dict[str, str]
    text: str = ""
    ends: dict[str, tuple[str, int]] = field(default_factory=dict)
    wrong: dict[str, int] = field(default_factory=dict)
    fault: int | None = None
    is_whole: bool = True
    is_last: bool = True

    def stands(self, script: Grown) -> dict[str, str]:
        """The members that stand behind it."""
        read = len(self.text)
        seen: list[int] = []
        if script.fail_fast:
            # What is behind the delta that an invalid member ends in is not read any more.
            seen = [end for name, end in self.wrong.items() if self._is_told(name, end)]
            for end in seen:
                read = min(read, -(-end // script.size) * script.size)
        if self.fault is not None:
            read = min(read, self.fault)
        found = dict(self.carried)
        # What comes again counts once the object is complete, and validated.
        counts = {name for name in self.ends if name not in self.carried or self.is_whole}
        if read < len(self.text) or seen:
            counts -= self.carried.keys()
        for name, (raw, end) in self.ends.items():
            if name in counts and end <= read:
                found[name] = raw
        for name, end in self.wrong.items():
            if name in counts and end <= read:
                found.pop(name, None)
        return found

    def _is_told(self, name: str, end: int) -> bool:
        # A member that stands counts again once the object is complete.
        before = self.fault is None or end <= self.fault
        return name not in self.carried and end <= len(self.text) and before


class Model:
    """Answers requests for an object."""

    def __init__(self, script: Grown) -> None:
        self._script = script
        self.log: list[Said] = []

    def answer(self, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The chunks of an answer.

        Raises:
            httpx.TransportError: The script wants that.
        """
        turn = self._script.turn(len(self.log))
        said = Said(self._carried(request))
        wanted = [name for name in turn.order if name not in said.carried or name in turn.again]
        self._write(said, turn, wanted)
        self.log.append(said)
        return self._chunks(said, turn)

    def _carried(self, request: dict[str, Any]) -> dict[str, str]:
        """What the request says of the members that stand."""
        instruction = request["messages"][-1]["content"]
        listed = re.search(r"do not send them again: (.*)\. Answer with the other", instruction)
        names = json.loads(f"[{listed[1]}]") if listed else []
        schema = self._schema(request)
        missing = [name for name in NAMES if name not in names]
        assert list(schema["properties"]) == (missing or NAMES)
        if not names:
            return {}
        said = json.loads(request["messages"][-2]["content"])
        return {name: json.dumps(said[name]) for name in names}

    def _schema(self, request: dict[str, Any]) -> dict[str, Any]:
        if self._script.mode == "json_schema":
            schema: dict[str, Any] = request["response_format"]["json_schema"]["schema"]
        else:
            schema = json.loads(request["messages"][0]["content"].partition("schema:\n")[2])
        return schema

    def _write(self, said: Said, turn: Turn, wanted: list[str]) -> None:
        faulty = max(0, min(int(turn.place * len(wanted)), len(wanted) - 1))
        text = "{"
        for number, name in enumerate(wanted):
            text += f"{', ' if number else ''}{json.dumps(name)}: "
            value = self._script.values[name]
            if turn.changed and name in said.carried:
                value = self._script.others[name]
            if name in turn.invalid and name in WRONG:
                value = self._wrong(name, value)
            raw = json.dumps(value)
            if number == faulty and turn.fault == "malformed":
                said.fault = len(text)
                raw = f"x{raw}"
            elif number == faulty and turn.fault == "inner bracket" and raw[-1] in "]}":
                said.fault = len(text) + len(raw) - 1
                raw = raw[:-1] + {"]": "}", "}": "]"}[raw[-1]]
            start = len(text)
            text += raw
            # What has no end of its own is complete at what follows it.
            end = len(text) + (raw[-1] not in '"]}')
            if number == faulty and turn.fault == "bracket":
                said.fault = said.fault or len(text)
                text += "]"
            said.ends[name] = raw, end
            if name in turn.invalid and name in WRONG:
                inner = re.search(r'"size": -?"[^"]*"', raw)
                said.wrong[name] = start + inner.end() if inner else end
        text += "}"
        cut = len(text)
        if turn.fault in LOST:
            cut = min(int(turn.place * (len(text) + 1)), len(text))
        said.text = text[:cut]
        said.is_whole = said.fault is None and cut == len(text)
        said.is_last = said.is_whole and not said.wrong and turn.fault != "error event"

    def _wrong(self, name: str, value: Any) -> Any:
        """A value that is not valid, another one in each answer."""
        number = len(self.log)
        if name == "count":
            return -1 - number
        if name == "part":
            return {**value, "size": f"big {number}"}
        return f"{WRONG[name]} {number}"

    def _chunks(self, said: Said, turn: Turn) -> Iterator[dict[str, Any]]:
        size, text = self._script.size, said.text
        for start in range(0, len(text), size):
            yield _chunk({"content": text[start : start + size]})
        if turn.fault == "reset":
            raise httpx.ReadError("reset")
        if turn.fault == "stall":
            raise httpx.ReadTimeout("timeout")
        if turn.fault == "error event":
            yield {"error": {"message": "overloaded", "code": "busy"}}
        elif turn.fault != "silence":
            yield _chunk({}, "length" if turn.fault == "length" else "stop")


def _chunk(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}


def make_call(script: Grown, *, asynchronous: bool) -> Call:
    """The call that a script is the answer to."""
    options = Options(
        mode=script.mode,
        max_retries=tenacity.Retrying(
            stop=tenacity.stop_after_attempt(40), sleep=lambda seconds: None
        ),
        max_requests=40,
        fail_fast=script.fail_fast,
    )
    shape = object_shape(Thing)
    builder = ChatRequestBuilder(
        shape, options, {"model": "m", "messages": ASKED, "temperature": 0}, stream=True
    )
    return Call(shape, options, Route(builder), stream=True, asynchronous=asynchronous)


# -- the scripts ---------------------------------------------------------------------------

texts = st.sampled_from(["", "a", "a longer text", 'b "]}{[', "é\n", "\\"])
members: dict[str, st.SearchStrategy[Any]] = {
    "title": texts,
    "count": st.sampled_from([0, 7, 12345]),
    "ok": st.booleans(),
    "the ratio": st.sampled_from([0.5, -1.25, 1e30, 3.0]),
    "kind": st.sampled_from(["plain", "odd"]),
    "tags": st.lists(texts, max_size=3),
    "part": st.fixed_dictionaries({"name": texts, "size": st.integers(-9, 99)}),
    "note": st.none() | texts,
}
things = st.fixed_dictionaries(members)
turns = st.builds(
    Turn,
    order=st.permutations(NAMES).map(tuple),
    fault=st.sampled_from(["none", *LOST, "malformed", "bracket", "bracket", "inner bracket"]),
    place=st.floats(0, 1),
    invalid=st.frozensets(st.sampled_from(sorted(WRONG)), max_size=2),
    again=st.one_of(st.frozensets(st.sampled_from(NAMES), max_size=3), st.just(frozenset(NAMES))),
    changed=st.booleans(),
)
scripts = st.builds(
    Grown,
    values=things,
    others=things,
    turns=st.lists(turns, min_size=1, max_size=5).map(tuple),
    fail_fast=st.booleans(),
    size=st.sampled_from([1, 7, 50]),
    mode=st.sampled_from(["json_schema", "json_object"]),
)
