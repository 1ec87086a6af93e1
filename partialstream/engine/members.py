"""Objects as members with their texts: taken apart, also incomplete ones, and put together."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from partialstream.engine.parser import Handler, SyntaxReader
from partialstream.errors import JSONSyntaxError, LimitExceededError
from partialstream.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    from collections.abc import Mapping


class _Members(Handler):
    """Notes where the members of the root object begin and end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._name = ""
        self._start = 0
        self.reader: SyntaxReader | None = None
        self.found: dict[str, str] = {}

    @property
    def _depth(self) -> int:
        return 0 if self.reader is None else self.reader.depth

    def begin_object(self, start: int) -> None:
        if self._depth == 2:
            self._start = start

    begin_array = begin_object

    def begin_string(self, start: int) -> None:
        if self._depth == 1:
            self._start = start

    def name(self, name: str) -> None:
        if self._depth == 1:
            self._name = name

    def scalar(self, raw: str, end: int) -> None:
        if self._depth == 1:
            self._add(raw)

    def end_string(self, end: int) -> None:
        if self._depth == 1:
            self._add(self._text[self._start : end])

    def end(self, end: int) -> None:
        if self._depth == 1:
            self._add(self._text[self._start : end])

    def _add(self, raw: str) -> None:
        self.found.pop(self._name, None)  # of a name that occurs twice, the last one counts
        self.found[self._name] = raw


def complete_members(text: str, limits: Limits = DEFAULT_LIMITS) -> dict[str, str]:
    """The members of an object that are complete, each with its JSON text.

    Args:
        text: A JSON object, or the beginning of one; behind something malformed, nothing is
            found any more.
        limits: See `Limits`.

    Example:
        >>> complete_members('{"a": [1, 2], "b": "x", "c": 12')
        {'a': '[1, 2]', 'b': '"x"'}
    """
    if text[:1] != "{":
        return {}
    handler = _Members(text)
    handler.reader = SyntaxReader(handler, limits=limits)
    try:
        handler.reader.feed(text)
    except (JSONSyntaxError, LimitExceededError):
        pass  # what came before stands
    return handler.found


def object_text(members: Mapping[str, str]) -> str:
    """Write an object whose members are texts.

    Args:
        members: By name, each member's value, a JSON text; it stays as it is.

    Returns:
        A JSON document.

    Example:
        >>> object_text({"name": '"saw"', "price": "1.50"})
        '{"name": "saw", "price": 1.50}'
    """
    pairs = (f"{json.dumps(name, ensure_ascii=False)}: {raw}" for name, raw in members.items())
    return f"{{{', '.join(pairs)}}}"
