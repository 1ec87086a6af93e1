"""Walking over a validated value: which texts in it are marked with `Quote`, and where they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from partialstream.validation.markers import MARK, Quote, is_marked
from partialstream.validation.parts import PARTS, UNKNOWN, Location, Part, is_a, same_value
from partialstream.validation.schema import INNER, VALIDATORS, choices_of, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from partialstream.validation.schema import Definitions, Schema


class MarkedText(NamedTuple):
    """A text that is marked with `Quote`.

    Attributes:
        location: Where it is.
        texts: What to look for, in this order: the text as the model wrote it, and the validated
            one where a validator has changed it. Empty if the value is not a str and its text is
            not known.
    """

    location: Location
    texts: tuple[str, ...]


def has_marks(schema: Any, *, references: bool = False) -> bool:
    """Whether any part of a core schema is marked with `Quote`.

    Args:
        schema: The schema.
        references: Whether a reference to another schema counts as well.
    """
    pending: list[Any] = [schema]
    while pending:
        each = pending.pop()
        if isinstance(each, Mapping):
            members = cast("Mapping[str, Any]", each)
            metadata = members.get("metadata")
            if isinstance(metadata, Mapping) and Quote.mark in cast(
                "Mapping[str, Any]", metadata
            ).get(MARK, ()):
                return True
            if references and members.get("type") == "definition-ref":
                return True
            pending += (value for name, value in members.items() if name != "metadata")
        elif isinstance(each, (list, tuple)):
            pending += cast("Sequence[Any]", each)
    return False


class MarkedValues:
    """Iterates over the marked texts in the values of one core schema.

    Args:
        schema: The schema, without definitions around it.
        definitions: The definitions that it refers to.
    """

    def __init__(self, schema: Schema, definitions: Definitions) -> None:
        self._schema = schema
        self._definitions = definitions
        self._marked: dict[int, bool] = {}  # schemas, by their ids; they live as long as this

    def _may_have_marks(self, schema: Schema) -> bool:
        known = self._marked.get(id(schema))
        if known is None:
            known = self._marked[id(schema)] = has_marks(schema, references=True)
        return known

    def of(
        self, value: Any, written: Any = UNKNOWN, *, by_alias: bool = False
    ) -> Iterator[MarkedText]:
        """The marked texts in a validated value, in field order.

        Args:
            value: The value.
            written: The JSON that it was validated from, parsed.
            by_alias: Whether the value is written by the aliases of its fields.
        """
        return self._walk(Part(value, self._schema, written=written, by_alias=by_alias))

    def _walk(self, part: Part) -> Iterator[MarkedText]:
        if not part.quoted and not self._may_have_marks(part.schema):
            return
        schema = resolve(part.schema, self._definitions)
        marked = _is_quote(part.schema) or _is_quote(schema)
        kind = schema["type"]
        value, quoted = part.value, part.quoted or marked
        if kind in ("literal", "enum"):
            # One of several fixed values is not a quote, unless it is marked itself.
            value, quoted = getattr(value, "value", value), marked
        if isinstance(value, str) and kind not in _WRAPPERS:
            if quoted:
                yield MarkedText(part.location, _texts(value, part))
            return
        if value is None:
            return
        parts = self._parts_of(kind)
        if parts is None:
            if quoted:  # a date, a URL: the model has written a text
                texts = (part.written,) if isinstance(part.written, str) else ()
                yield MarkedText(part.location, texts)
            return
        config = schema.get("config", part.config)
        part = part._replace(schema=schema, quoted=quoted, config=config)
        if kind in VALIDATORS:
            part = self._after_validator(part)
        for inner in parts(part):
            yield from self._walk(inner)

    def _parts_of(self, kind: str) -> Callable[[Part], Iterator[Part]] | None:
        """What iterates over the parts of a value of a kind of schema; None: it has none."""
        if kind in INNER or kind == "nullable":
            return same_value
        if kind in ("union", "tagged-union"):
            return self._chosen
        return PARTS.get(kind)

    def _after_validator(self, part: Part) -> Part:
        """A value that a validator function may have changed."""
        inner = part.schema
        while inner["type"] in INNER or inner["type"] == "nullable":
            inner = resolve(inner[INNER.get(inner["type"], "schema")], self._definitions)
        if inner["type"] in ("model-fields", "dataclass-args", "typed-dict"):
            return part._replace(changed=True)
        if inner["type"] in ("list", "tuple", "set", "frozenset", "dict"):
            return part._replace(written=UNKNOWN)  # it may have been sorted, or filtered
        return part

    def _chosen(self, part: Part) -> Iterator[Part]:
        choice = self._choice_for(part.value, part.schema)
        if choice is not None:
            yield part._replace(schema=choice)

    # -- unions ----------------------------------------------------------------------------

    def _choice_for(self, value: Any, schema: Schema) -> Schema | None:
        """The member of a union that a validated value fits: one of its own class, else any."""
        choices = choices_of(schema)
        for exact in (True, False):
            for choice in choices:
                if self._fits(value, choice, exact=exact):
                    return choice
        return None

    def _fits(self, value: Any, schema: Schema, *, exact: bool) -> bool:
        schema = resolve(schema, self._definitions)
        kind = schema["type"]
        if kind in ("model", "dataclass"):
            cls: type = schema["cls"]
            return type(value) is cls if exact else isinstance(value, cls)
        if kind in ("literal", "enum"):
            return value in schema.get("expected", schema.get("members", ()))
        if kind in ("union", "tagged-union"):
            return any(self._fits(value, each, exact=exact) for each in choices_of(schema))
        if kind == "nullable":
            return value is None or self._fits(value, schema["schema"], exact=exact)
        if kind in INNER:
            return self._fits(value, schema[INNER[kind]], exact=exact)
        if kind == "typed-dict":
            return is_a(dict, value) and self._fits_fields(value, schema)
        types = _TYPES.get(kind)
        return types is not None and isinstance(value, types)

    def _fits_fields(self, value: Mapping[Any, Any], schema: Schema) -> bool:
        """Whether a dict has the keys of a TypedDict, and its fixed values."""
        fields: Mapping[str, Any] = schema["fields"]
        if schema.get("extra_behavior") != "allow" and value.keys() - fields.keys():
            return False
        for name, field in fields.items():
            inner = resolve(field["schema"], self._definitions)
            if name not in value:
                if field.get("required", True):
                    return False
            elif inner["type"] in ("literal", "enum") and not self._fits(
                value[name], inner, exact=True
            ):
                return False
        return True


_WRAPPERS: Final = frozenset({"nullable", "union", "tagged-union", *INNER})
"""Schemas that contain one or more schemas for the same value."""

_TYPES: Final[Mapping[str, type]] = {
    "str": str,
    "list": list,
    "set": set,
    "frozenset": frozenset,
    "tuple": tuple,
    "dict": dict,
}


def _is_quote(schema: Schema) -> bool:
    return is_marked(schema, Quote) or any(map(_is_quote, schema.get("steps", ())))


def _texts(value: str, part: Part) -> tuple[str, ...]:
    written = part.written
    if not isinstance(written, str) or written == value:
        return (value,)
    return (value, written) if part.changed else (written, value)
