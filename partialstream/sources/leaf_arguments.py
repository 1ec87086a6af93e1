"""The arguments of a tool call, from their leaves: each with its path, in document order.

Gemini can send them so while the model writes them:

    $.items[0].name   "Te", to be continued   ──►   {"items":[{"name":"Te
    $.items[0].name   "a"                     ──►   a"
    $.items[1].name   "Cocoa"                 ──►   },{"name":"Cocoa"
    the end of the call                       ──►   }]}
"""

from __future__ import annotations

import json
import re
from functools import lru_cache

from partialstream.sources.provider_errors import unknown_chunk

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

    def write(self, json_path: str, value: object = None, *, will_continue: bool = False) -> str:
        """Add a leaf, or the next piece of a string.

        Args:
            json_path: Where it stands, as an RFC 9535 path.
            value: A str, a number, a bool or None.
            will_continue: Whether it is a string of which more will come.

        Returns:
            The text that it adds.

        Raises:
            ProviderError: If the path is none, or leads to what has been written already; or if
                the value is none of these.
        """
        path = _steps(json_path)
        if self._in_string and path == self._path:
            text = _escaped(value) if isinstance(value, str) else ""
        else:
            text = self._go_to(path, json_path)
            if isinstance(value, str):
                text += '"' + _escaped(value)
                self._in_string = True
            else:
                text += _scalar(value)
        if self._in_string and not will_continue:
            self._in_string = False
            text += '"'
        return text

    def finish(self) -> str:
        """Close all that is open. Without a leaf it is the empty object."""
        if not self._path:
            return "{}"
        return self._close(0)

    def _go_to(self, path: tuple[Step, ...], json_path: str) -> str:
        shared = 0
        while shared < len(path) and self._path[shared : shared + 1] == path[shared : shared + 1]:
            shared += 1
        if shared == len(path) or (self._path and shared == len(self._path)):
            raise unknown_chunk(json_path, _EXPECTED)
        text = ""
        if self._path:
            text = self._close(shared + 1)
            self._check(path[shared], shared, json_path)
            text += ","
            if isinstance(path[shared], str):
                self._names[shared].add(path[shared])
                text += _name(path[shared])
            shared += 1
        for step in path[shared:]:
            if isinstance(step, int) and step != 0:
                raise unknown_chunk(json_path, _EXPECTED)
            text += "[" if isinstance(step, int) else "{" + _name(step)
            self._names.append({step})
        self._path = path
        return text

    def _check(self, step: Step, depth: int, json_path: str) -> None:
        before = self._path[depth]
        if isinstance(step, int):
            follows = isinstance(before, int) and step == before + 1
        else:
            follows = isinstance(before, str) and step not in self._names[depth]
        if not follows:
            raise unknown_chunk(json_path, _EXPECTED)

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
    while at < len(json_path):
        match = _SEGMENT.match(json_path, at)
        if match is None:
            break
        at = match.end()
        if match["index"] is not None:
            steps.append(int(match["index"]))
        elif match["name"] is not None:
            steps.append(match["name"])
        else:
            steps.append(_unquoted(match["single"], match["double"]))
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


def _escaped(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


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
