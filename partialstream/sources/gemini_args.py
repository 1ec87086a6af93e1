"""The members of Gemini's chunks, and the arguments of its tool calls.

Its REST API and its three SDKs write the members so, and all that reads them goes through here:

    REST, dicts                           finishReason    "STOP"
    google-genai, pydantic models         finish_reason   FinishReason.STOP, a str
    google-generativeai and vertexai,     finish_reason   FinishReason.STOP, an int;
      protocol buffers                                    what was not sent is empty, not None

The arguments of a call come as an object, or, while the model writes them, as leaves, each with
its path, in document order:

    $.items[0].name   "Te", to be continued   ──►   {"items":[{"name":"Te
    $.items[0].name   "a"                     ──►   a"
    $.items[1].name   "Cocoa"                 ──►   },{"name":"Cocoa"
    the end of the call                       ──►   }]}
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeGuard, cast

from partialstream.deltas import Channel
from partialstream.sources.common import is_object, unknown_chunk
from partialstream.sources.metadata import count_channel
from partialstream.sources.tool_calls import arguments_text

if TYPE_CHECKING:
    from partialstream.deltas import AnswerMetadata, Delta


def member(value: Any, name: str) -> Any:
    """Give a member by its name in the REST API, None if there is none.

    Example:
        >>> member({"finishReason": "STOP"}, "finishReason")
        'STOP'
        >>> member({"finish_reason": "STOP"}, "finishReason")
        'STOP'
    """
    if is_object(value):
        found = value.get(name)
        return value.get(_snake(name)) if found is None else found
    return getattr(value, _snake(name), None)


def members(value: Any, name: str) -> list[Any]:
    """Give the elements of a repeated member.

    Raises:
        ProviderError: If it is not a list.
    """
    found = member(value, name)
    if not found:
        return []
    if not _is_sequence(found):
        raise unknown_chunk(found, f"a list of {name}")
    return list(found)


def word(value: Any) -> str | None:
    """Give an id, a name or a member of an enumeration; None for what says nothing.

    Example:
        >>> word("STOP"), word("FINISH_REASON_UNSPECIFIED"), word(0)
        ('STOP', None, None)
    """
    if isinstance(value, Enum):
        value = value.value if isinstance(value.value, str) else value.value and value.name
    if not isinstance(value, str) or value.endswith("_UNSPECIFIED"):
        return None
    return value or None


def counts(value: Any, names: Sequence[str]) -> list[int]:
    """Give numbers of tokens, 0 for those that were not sent."""
    if value.__class__ is dict and names[0] in value:
        found = [value.get(name) for name in names]  # as the REST API names them
    else:
        found = [member(value, name) for name in names]
    return [each if isinstance(each, int) else 0 for each in found]


def as_json(value: Any) -> Any:
    """Give the arguments of a call in the plain shape of JSON.

    Example:
        >>> from types import MappingProxyType
        >>> as_json(MappingProxyType({"n": 3.0, "tags": ("a",)}))
        {'n': 3, 'tags': ['a']}
    """
    if is_object(value) or isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, Any]", value)
        return {name: as_json(fields[name]) for name in fields}
    if _is_sequence(value):
        return [as_json(each) for each in value]
    # A protocol buffer knows no other numbers than floats.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _is_sequence(value: Any) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


@lru_cache(maxsize=64)
def _snake(name: str) -> str:
    return re.sub("[A-Z]", lambda letter: "_" + letter[0].lower(), name)


class GeminiCalls:
    """The calls of one candidate, keyed by its index and their place among its calls.

    A call comes whole in one part, with its arguments as an object. Vertex AI can stream them
    instead (`streamFunctionCallArguments`): a part with the name, parts with leaves of the
    arguments, and perhaps an empty one; all but the last say `willContinue`.
    """

    def __init__(self, candidate: int, metadata: AnswerMetadata) -> None:
        self._candidate = candidate
        self._metadata = metadata
        self._count = 0
        # of a call that goes on in the next part
        self._channel: Channel | None = None
        self._id: str | None = None
        self._arguments = LeafArguments()

    def read(self, fields: Any) -> list[Delta]:
        """Read the `functionCall` of one part, with its arguments as an object or as leaves."""
        name = word(member(fields, "name"))
        call_id = word(member(fields, "id"))
        arguments = member(fields, "args")
        leaves = members(fields, "partialArgs")
        deltas: list[Delta] = []
        channel = self._channel
        if channel is None or not self._goes_on(channel, name, call_id, whole=bool(arguments)):
            if not (name or arguments or leaves):
                # Ends a call, or is what a protocol buffer has in the place of none.
                return []
            deltas += self.finish(cut=False)
            count_channel(self._metadata)
            channel = Channel("tool", (self._candidate, self._count), name)
            self._count += 1
            self._channel, self._id, self._arguments = channel, call_id, LeafArguments()
        if arguments:
            try:
                text = arguments_text(as_json(arguments))
            except RecursionError as error:  # nested deeper than Python's stack
                raise unknown_chunk(arguments, "a call's arguments") from error
            self._channel = None
        else:
            text = "".join(self._arguments.write(*_leaf(each)) for each in leaves)
            if not member(fields, "willContinue"):
                text += self._arguments.finish()
                self._channel = None
        if text:
            deltas.append((channel, text))
        return deltas

    def finish(self, *, cut: bool) -> list[Delta]:
        """End the arguments of the last call, unless they were cut off."""
        channel, self._channel = self._channel, None
        return [] if channel is None or cut else [(channel, self._arguments.finish())]

    def _goes_on(
        self, channel: Channel, name: str | None, call_id: str | None, *, whole: bool
    ) -> bool:
        return not (
            (name is not None and name != channel.name)
            or (call_id is not None and self._id is not None and call_id != self._id)
            or (whole and self._arguments.begun)
        )


def _leaf(fields: Any) -> tuple[str, object, bool]:
    """Give the path and the value of a leaf, and whether it will be continued."""
    # null is what is left: it comes as itself, which an SDK leaves out, or as a word.
    found = [member(fields, name) for name in ("stringValue", "numberValue", "boolValue")]
    path = member(fields, "jsonPath")
    if not isinstance(path, str):
        raise unknown_chunk(path, "a leaf of the arguments with its JSON path")
    value = next((each for each in found if each is not None), None)
    return path, value, bool(member(fields, "willContinue"))


Step = str | int

_EXPECTED = "arguments by their JSON paths, each once and in the order of the document"

# The segments of a normalized path (RFC 9535, section 2.7), and the short form of a name.
_SEGMENT = re.compile(
    r"""\.(?P<name>[^.\[\]]+)|\[(?P<index>\d{1,9})\]|\['(?P<single>(?:[^'\\]|\\.)*)'\]"""
    r"""|\["(?P<double>(?:[^"\\]|\\.)*)"\]""",
    re.DOTALL,
)


class LeafArguments:
    """Writes the JSON text of an object, leaf by leaf.

    Example:
        >>> arguments = LeafArguments()
        >>> arguments.write("$.tags[0]", "te", will_continue=True)
        '{"tags":["te'
        >>> arguments.write("$.tags[0]", "a") + arguments.write("$.price", 4) + arguments.finish()
        'a"],"price":4}'
    """

    def __init__(self) -> None:
        self._path: tuple[Step, ...] = ()  # of the last leaf
        self._names: list[set[Step]] = []  # in each open container, those that it has had
        self._in_string = False

    @property
    def begun(self) -> bool:
        """Whether there is a leaf, and the object has not been closed."""
        return bool(self._path)

    def write(self, json_path: str, value: object = None, will_continue: bool = False) -> str:
        """Add a leaf, or the next piece of a string; gives the text that it adds.

        Args:
            json_path: Where it stands, as an RFC 9535 path.
            value: A str, a number, a bool or None.
            will_continue: Whether it is a string of which more will come.

        Raises:
            ProviderError: If the path is none, or leads to what has been written already; or if
                the value is none of these.
        """
        path = _steps(json_path)
        text = ""
        if not (self._in_string and path == self._path):
            text = self._go_to(path, json_path)
            if not isinstance(value, str):
                return text + _scalar(value)
            text += '"'
            self._in_string = True
        if isinstance(value, str):
            text += json.dumps(value, ensure_ascii=False)[1:-1]
        if not will_continue:
            self._in_string = False
            text += '"'
        return text

    def finish(self) -> str:
        """Close all that is open. Without a leaf it is the empty object."""
        return self._close(0) if self._path else "{}"

    def _go_to(self, path: tuple[Step, ...], json_path: str) -> str:
        """Close what the path leads out of, and open what it leads into."""
        before = self._path
        shared = 0
        while path[: shared + 1] == before[: shared + 1] and shared < min(len(path), len(before)):
            shared += 1
        if shared == len(path) or (before and shared == len(before)):
            raise unknown_chunk(json_path, _EXPECTED)
        text = ""
        if before:
            text = self._close(shared + 1) + ","
            step, last = path[shared], before[shared]
            if isinstance(step, int) or isinstance(last, int):
                follows = isinstance(step, int) and isinstance(last, int) and step == last + 1
            else:
                follows = step not in self._names[shared]
                self._names[shared].add(step)
                text += _name(step)
            if not follows:
                raise unknown_chunk(json_path, _EXPECTED)
            shared += 1
        for step in path[shared:]:
            if isinstance(step, int) and step != 0:
                raise unknown_chunk(json_path, _EXPECTED)
            text += "[" if isinstance(step, int) else "{" + _name(step)
            self._names.append({step})
        self._path = path
        return text

    def _close(self, depth: int) -> str:
        """Close the string and all containers from this depth on."""
        text = '"' if self._in_string else ""
        self._in_string = False
        for step in reversed(self._path[depth:]):
            text += "]" if isinstance(step, int) else "}"
        del self._names[depth:]
        self._path = self._path[:depth]
        return text


@lru_cache(maxsize=64)
def _steps(json_path: str) -> tuple[Step, ...]:
    """Read a path; its pieces come one after the other, hence the cache."""
    steps: list[Step] = []
    at = 1
    while match := _SEGMENT.match(json_path, at):
        at = match.end()
        if match["index"] is not None:
            steps.append(int(match["index"]))
        else:
            steps.append(match["name"] or _unquoted(match["single"], match["double"]))
    if json_path[:1] != "$" or at != len(json_path) or not steps or isinstance(steps[0], int):
        raise unknown_chunk(json_path, _EXPECTED)
    return tuple(steps)


def _unquoted(single: str | None, double: str | None) -> str:
    if double is None:
        double = (single or "").replace("\\'", "'").replace('"', '\\"')
    try:
        return str(json.loads(f'"{double}"', strict=False))
    except ValueError as error:
        raise unknown_chunk(double, _EXPECTED) from error


def _name(step: Step) -> str:
    return json.dumps(step, ensure_ascii=False) + ":"


def _scalar(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        # All numbers of a protocol buffer are floats, an SDK's at least.
        value = int(value)
    if value is not None and not isinstance(value, (bool, int, float)):
        raise unknown_chunk(value, "a leaf of the arguments: a str, a number, a bool or None")
    try:
        return json.dumps(value)
    except ValueError as error:  # an integer of more digits than Python writes
        raise unknown_chunk(value, "a number of fewer digits") from error
