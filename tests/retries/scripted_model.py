"""Plays the model of a script: reads requests as a model would, and writes answers.

It keeps a log of what it has said, from which the oracle tells what has to come of it.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import openai
from http_library import httpx
from scripted_wire import Element, Said, Wire
from scripts import FOREVER, Script, Style, Truth, Turn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from partialstream.results import AttemptCause

ASKED = [{"role": "user", "content": "List all entries."}]
PLAIN = Style()
_REQUEST = httpx.Request("POST", "http://127.0.0.1/")


class ScriptedModel:
    """Answers requests.

    Attributes:
        log: What was said.
    """

    def __init__(self, script: Script) -> None:
        self._script = script
        self._versions: dict[int, int] = {}  # the best that was said, and whole
        self._surprise: AssertionError | None = None
        self.log: list[Said] = []

    def check(self) -> None:
        """Raise what was wrong with a request; a stream would take it for a failure to send."""
        if self._surprise is not None:
            raise self._surprise

    def answer(self, request: dict[str, Any]) -> Iterator[Any]:
        """Answer a request.

        Raises:
            openai.OpenAIError: The script wants that.
        """
        try:
            said = self._read(request)
        except AssertionError as error:
            self._surprise = error
            raise
        self.log.append(said)
        said.place, said.mode = self._asked(request)
        turn = said.turn
        if turn.ending in ("no answer", "unauthorized"):
            said.elements = []
        if turn.ending == "no answer":
            raise openai.APIConnectionError(request=_REQUEST)
        if turn.ending == "unauthorized":
            response = httpx.Response(401, request=_REQUEST)
            raise openai.AuthenticationError("no", response=response, body=None)
        self._write(said)
        return Wire(self._script, said).chunks()

    # -- reading a request -----------------------------------------------------------------

    def _asked(self, request: dict[str, Any]) -> tuple[int, str]:
        """Which endpoint a request is for, and the mode in which it is asked."""
        place = int(request["model"][1:])
        return place, (self._script.mode, *self._script.others)[place]

    def _read(self, request: dict[str, Any]) -> Said:
        turn = self._script.turn(len(self.log) + 1)
        messages = [each for each in request["messages"] if each["role"] != "system"]
        assert messages[0] == ASKED[0]
        if len(messages) == 1:
            cause: AttemptCause = "resume" if self.log else "request"
            return Said(cause, turn, elements=self._list(0, turn))
        instruction = messages[-1]["content"]
        quoted = _quoted(messages)
        cut_off = re.match(r"Your answer was cut off (?:after (\d+)|before its first)", instruction)
        if cut_off:
            count = int(cut_off[1] or 0)
            self._check_quotes(quoted, list(range(count)))
            elements = self._list(count, turn)
            said = Said("resume", turn, elements=elements)
            self._check_index(request, "first_index" if count else None)
            if count and turn.indexed:
                said.beside = f'"first_index": {elements[0].index if elements else count}, '
            return said
        asked: list[int] = []
        for number, raw in re.findall(r"^The item at index (\d+):\n(.*)$", instruction, re.M):
            asked.append(int(number))
            assert raw == self._version(asked[-1], self._versions[asked[-1]]).raw
        assert asked
        assert asked == sorted(asked)
        assert quoted == _list_text([self._version(i, self._versions[i]).raw for i in asked])
        self._check_index(request, "indexes")
        if not turn.indexed and turn.missing and self._script.key != "name":
            turn = replace(turn, again=0)  # as many as were asked for, so that the order counts
        said = Said("repair", turn, asked, self._repaired(asked, turn))
        if turn.indexed:
            indexes = [each.index if each.index >= 0 else 1000 for each in said.elements]
            said.beside = f'"indexes": "{", ".join(map(str, indexes))}", '
        return said

    def _check_index(self, request: dict[str, Any], name: str | None) -> None:
        """The member that says the indexes is asked for in the schema and in words."""
        instruction = request["messages"][-1]["content"]
        asked = re.findall(r"the member \"(\w+)\"", instruction)
        assert asked == ([name] if name else [])
        mode = self._asked(request)[1]
        if mode == "json_schema":
            schema = request["response_format"]["json_schema"]["schema"]
        elif mode == "tools":
            schema = request["tools"][0]["function"]["parameters"]
        else:
            told = request["messages"][0]["content"].partition("schema:\n")[2]
            schema = json.loads(told)
        assert list(schema["properties"]) == [*asked, "items"]
        assert schema["required"] == [*asked, "items"]

    def _check_quotes(self, quoted: str | None, indexes: list[int]) -> None:
        """What is shown are the last of these elements, as many as are kept."""
        raws = [self._version(index, 0).raw for index in indexes]
        while raws and sum(map(len, raws)) > self._script.text_kept:
            del raws[0]
        assert quoted == (_list_text(raws) if raws else None)

    def _list(self, count: int, turn: Turn) -> list[Element]:
        """The rest of the list, and maybe some of what has come."""
        first = 0 if turn.again is None else max(0, count - turn.again)
        rest = range(count, len(self._script.truths))
        again = [self._improved(index, turn) for index in range(first, count)]
        return again + [self._version(index, 0) for index in rest]

    def _repaired(self, asked: list[int], turn: Turn) -> list[Element]:
        """Better versions, in the order in which they were asked for."""
        others = [index for index in sorted(self._versions) if index not in asked]
        if turn.again is not None:
            others = others[len(others) - min(turn.again, len(others)) :]
        left = max(0, len(asked) - turn.missing)
        # By their keys, items are told from each other in whichever order they come.
        by_key = self._script.key == "name"
        kept = asked[len(asked) - left :] if by_key and turn.altered else asked[:left]
        better = [self._version(index, self._versions[index] + 1) for index in kept]
        again = [self._again(index, self._versions[index], turn) for index in others]
        extra = [
            Element(-1, 0, PLAIN.raw(1000 + number, Truth(), 0), True)
            for number in range(turn.extra if kept == asked else 0)
        ]
        repaired = sorted([*again, *better], key=lambda element: element.index)
        return (repaired[::-1] if by_key and turn.style.backwards else repaired) + extra

    def _improved(self, index: int, turn: Turn) -> Element:
        """An item of the list again; if it was not valid, the model may have seen it by itself."""
        version = self._versions[index]
        if version < self._script.truths[index].bad and turn.altered and self._script.key == "name":
            return self._version(index, version + 1)
        return self._again(index, 0, turn)

    def _again(self, index: int, version: int, turn: Turn) -> Element:
        """An item that has come already."""
        truth = self._script.truths[index]
        valid = version >= truth.bad
        other = "renamed" if turn.altered and valid and self._script.key else None
        raw = turn.style.raw(index, truth, version, other)
        return Element(index, version, raw, valid)

    def _version(self, index: int, version: int) -> Element:
        truth = self._script.truths[index]
        if truth.bad == FOREVER:
            version = min(version, FOREVER - 1)
        return Element(index, version, PLAIN.raw(index, truth, version), version >= truth.bad)

    # -- writing an answer -----------------------------------------------------------------

    def _write(self, said: Said) -> None:
        """Place the fault; keep of the elements what was sent whole."""
        turn = said.turn
        elements, said.elements = said.elements, []
        if turn.ending == "prose":
            said.text = "There is nothing {to} say."
            return
        chosen = min(int(turn.place * len(elements)), len(elements) - 1)
        text = f'{{{said.beside}"items": ['
        placed: list[Element] = []
        fault: int | None = None  # where it stops to be JSON
        for number, element in enumerate(elements):
            raw = element.raw
            if number:
                text += ", "
            if number and turn.ending == "comma" and number == max(chosen, 1):
                text = text[:-2] + " "
                fault = len(text)
            placed.append(replace(element, start=len(text)))
            if turn.ending == "malformed" and number == chosen:
                name = re.search(r'"price"\s*:\s*', raw)
                assert name is not None
                fault = len(text) + name.end()
                raw = f"{raw[: name.end()]}x{raw[name.end() :]}"
            text += raw
        text += "]}"
        everything = turn.ending in ("stop", "malformed", "comma")
        cut = len(text) if everything else int(turn.place * len(text))
        said.text = text[:cut]
        said.whole = cut == len(text) and fault is None
        if fault is not None:
            cut = fault
            said.valid_text = text[:fault]
        for element in placed:
            if element.start + len(element.raw) <= cut:
                said.elements.append(element)
                if element.index >= 0:
                    # An older version that comes again is known, and takes nothing back.
                    last = self._versions.get(element.index, 0)
                    self._versions[element.index] = max(last, element.version)
            elif element.start < cut:
                said.tail = text[element.start : cut]
        if said.mode == "json_object" and cut <= text.index('"', 2):
            said.tail = text[:cut]  # until its first name is known, it may be an item itself


def _quoted(messages: list[dict[str, Any]]) -> str | None:
    """What is shown to the model as its own words."""
    if len(messages) == 2:
        return None
    message = messages[1]
    assert message["role"] == "assistant"
    text: str | None = message["content"]
    if not text:
        text = message["tool_calls"][0]["function"]["arguments"]
    return text


def _list_text(raws: list[str]) -> str:
    return f'{{"items": [{", ".join(raws)}]}}'
