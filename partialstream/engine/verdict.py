"""The parser's last word on a slice of text that was cut out unread."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from partialstream.engine.parser import Handler, SyntaxReader
from partialstream.errors import JSONSyntaxError
from partialstream.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    from partialstream.engine.position import Position
    from partialstream.results import Path


class _MemberNames(Handler):
    def __init__(self) -> None:
        self.names: list[str] = []
        self.reader: SyntaxReader | None = None

    def name(self, name: str) -> None:
        if self.reader is not None and self.reader.depth == 1:
            self.names.append(name)


def find_syntax_error(
    raw: str,
    position: Position,
    path: Path,
    *,
    limits: Limits = DEFAULT_LIMITS,
    complete: bool = True,
) -> JSONSyntaxError | None:
    """Find out why a slice is not valid JSON, None if it is.

    Args:
        raw: The slice.
        position: Where it begins in the text.
        path: Where it stands in the document.
        limits: Passed on to the parser.
        complete: Whether it is a whole value; False for one that the end of the text cuts.

    Raises:
        LimitExceededError: The parser did not get to an answer.
    """
    reader = SyntaxReader(Handler(), limits=limits, position=position, path=path)
    try:
        consumed = reader.feed(raw)
        closed = reader.finish() if complete else reader.done
    except JSONSyntaxError as error:
        return error
    reason = ""
    if consumed < len(raw):
        reason = f"unexpected {raw[consumed]!r} behind a value"
    elif complete and not closed:
        reason = "unexpected end of a value"
    if not reason:
        return None
    place = position.after(raw[:consumed])
    return JSONSyntaxError(
        reason, offset=place.offset, line=place.line, column=place.column, path=path
    )


def member_names(raw: str, position: Position, path: Path, limits: Limits) -> list[str]:
    """The names of an object's own members; `[]` for other values.

    Raises:
        JSONSyntaxError: It is no JSON.
        LimitExceededError: It is nested too deeply.
    """
    try:
        value: Any = json.loads(raw)
    except (ValueError, RecursionError):
        pass  # it is for our own parser to say why
    else:
        return list(cast("dict[str, Any]", value)) if isinstance(value, dict) else []
    handler = _MemberNames()
    handler.reader = SyntaxReader(handler, limits=limits, position=position, path=path)
    handler.reader.feed(raw)
    return handler.names
