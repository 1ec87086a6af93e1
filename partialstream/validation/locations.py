"""Where the fields of a model are in its JSON text, and which of them make the whole invalid.

A value may be refused at its place and the whole be valid all the same: something rewrites it
first, another choice of a union takes what is around it, a default stands in for what is
invalid, another name of the same field counts. What has none of these around it is certain.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from pydantic import ValidationError
from typing_extensions import override

from partialstream.engine.parser import Handler, SyntaxReader
from partialstream.errors import JSONSyntaxError, LimitExceededError, OutputValidationError
from partialstream.limits import DEFAULT_LIMITS, Limits
from partialstream.validation.checks import located
from partialstream.validation.schema import names_of_field, part_schema, peeled

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from partialstream.engine.builder import Rejection
    from partialstream.engine.position import Transcript
    from partialstream.results import Path
    from partialstream.validation.schema import Definitions, Schema


class FieldLocations:
    """Knows where the values of a model's fields are, and what an invalid one means.

    Args:
        schema: The schema of the model.
        definitions: What it refers to.
        takes_any: Whether members of any name count; None: what is not an object, and has none.

    Attributes:
        names: The fields, by the names of the members that they are read from.
    """

    def __init__(self, schema: Schema, definitions: Definitions, *, takes_any: bool | None) -> None:
        self._schema = schema
        self._definitions = definitions
        self.names = {} if takes_any is None else _names_of_fields(schema, definitions)
        self._primary_aliases = _primary_aliases(schema, definitions)
        rewritten = peeled(schema, definitions)[0]["type"] != "model-fields"
        self._takes_any = takes_any is not None and (takes_any or rewritten)

    def certain_place(self, path: Path) -> Path | None:
        """The place of a value that makes the whole invalid if it is refused at its place.

        Args:
            path: Where the value is, by field names.

        Returns:
            Where it is by the names in the text, as pydantic's errors have it; None if the whole
            may be valid though the value is not.
        """
        place: list[str | int] = []
        schema = self._schema
        for step in path:
            inside = part_schema(*peeled(schema, self._definitions), step)
            if inside is None:
                return None
            schema, name = inside
            if schema.get("on_error", "raise") != "raise":
                return None
            place.append(name)
        return tuple(place)

    def refusal(
        self, rejection: Rejection, transcript: Transcript, limits: Limits
    ) -> OutputValidationError | None:
        """The error for a value that makes the whole invalid; None for another."""
        path = rejection.path
        place = self.certain_place(path)
        name = self._primary_aliases.get(str(path[0]))
        if place is None and name is not None and len(path) == 1:
            # The field has other names, but where this one is there, they do not count.
            if complete_members(transcript.text, limits).get(name) == rejection.raw:
                place = (name,)
        if place is None:
            return None
        cause = located(cast("ValidationError", rejection.error), place)
        error = OutputValidationError(
            f"a member does not validate: {cause}", raw=rejection.raw, path=place
        )
        error.__cause__ = cause
        return error

    def refused_names(
        self, rejections: Iterable[Rejection], failure: BaseException | None
    ) -> set[str | int] | None:
        """The names of members and fields that are known to be invalid.

        Args:
            rejections: The values that were refused.
            failure: What was raised.

        Returns:
            None if it is the object as a whole that is invalid.
        """
        refused: set[str | int] = {
            rejection.path[0]
            for rejection in rejections
            if len(rejection.path) == 1 or self.certain_place(rejection.path) is not None
        }
        cause = failure and failure.__cause__
        if isinstance(cause, ValidationError):
            for detail in cause.errors(include_url=False, include_context=False):
                if not detail["loc"]:
                    return None
                name = detail["loc"][0]
                refused |= {name, self.names.get(str(name), name)}
        return refused

    def accepted(
        self, members: Mapping[str, str], refused: Collection[str | int]
    ) -> dict[str, str]:
        """The members that count in the model and are not refused, with their texts."""
        return {
            name: raw
            for name, raw in members.items()
            if (name in self.names or self._takes_any)
            and name not in refused
            and self.names.get(name, name) not in refused
        }


def _names_of_fields(schema: Schema, definitions: Definitions) -> dict[str, str]:
    """The fields of a model, by the names of the members that they are read from.

    What may change the members before that is left out of account.
    """
    schema, config = peeled(schema, definitions)
    while schema["type"] in ("function-before", "function-wrap", "model"):
        config = schema.get("config", config)
        schema, inner = peeled(schema["schema"], definitions)
        config = inner or config
    names: dict[str, str] = {}
    for field, description in schema.get("fields", {}).items():
        for name in names_of_field(field, description, config):
            names.setdefault(name, field)
    return names


def _primary_aliases(schema: Schema, definitions: Definitions) -> dict[str, str]:
    """Of the fields that must be valid, the name that counts if a value comes by several."""
    schema, config = peeled(schema, definitions)
    if schema["type"] != "model-fields":
        return {}
    primary: dict[str, str] = {}
    for name, field in schema["fields"].items():
        first = list(names_of_field(name, field, config))[:1]
        strict = field["schema"].get("on_error", "raise") == "raise"
        if strict and first == list(names_of_field(name, field, config, inside=False))[:1]:
            primary[name] = first[0]
    return primary


# -- the members of an object as texts -------------------------------------------------------


class _Members(Handler):
    """Notes where the members of the root object begin and end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._depth = 0
        self._name = ""
        self._start = 0
        self.found: dict[str, str] = {}

    @override
    def name(self, name: str) -> None:
        if self._depth == 1:
            self._name = name

    @override
    def begin_object(self, start: int) -> None:
        self.begin_string(start)
        self._depth += 1

    begin_array = begin_object

    @override
    def begin_string(self, start: int) -> None:
        if self._depth == 1:
            self._start = start

    @override
    def end(self, end: int) -> None:
        self._depth -= 1
        self.end_string(end)

    @override
    def end_string(self, end: int) -> None:
        self.scalar(self._text[self._start : end], end)

    @override
    def scalar(self, raw: str, end: int) -> None:
        if self._depth == 1:
            self.found.pop(self._name, None)  # of a name that occurs twice, the last one counts
            self.found[self._name] = raw


def complete_members(text: str, limits: Limits = DEFAULT_LIMITS) -> dict[str, str]:
    """The members of an object that are complete, each with its JSON text.

    Args:
        text: A JSON object, or the beginning of one; after something malformed, nothing is
            found any more.
        limits: See `Limits`.

    Example:
        >>> complete_members('{"a": [1, 2], "b": "x", "c": 12')
        {'a': '[1, 2]', 'b': '"x"'}
    """
    if text[:1] != "{":
        return {}
    handler = _Members(text)
    try:
        SyntaxReader(handler, limits=limits).feed(text)
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
