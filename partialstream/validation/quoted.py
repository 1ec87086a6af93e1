"""The values of a type that are marked with `Quote`, and their spans in a source text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from partialstream.validation.markers import MARK, Quote, is_marked
from partialstream.validation.quotes import SourceText
from partialstream.validation.schema import INNER, choices_of, resolve, unfold

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from partialstream.results import Path, Span
    from partialstream.validation.schema import Definitions, Schema

Spans = dict["Path", "Span"]
"""Spans by the paths of their values: field names and indexes."""

_NOT_FOUND: Final = "Input should be a quote from the document, copied word for word"


class QuoteFinder:
    """Finds the quotes in the values of one type.

    Args:
        type_: The type.
        text: The source text.

    Attributes:
        has_quotes: Whether any field of the type is marked with `Quote`.

    Example:
        >>> from typing import Annotated
        >>> from pydantic import BaseModel
        >>> class Article(BaseModel):
        ...     name: Annotated[str, Quote]
        >>> QuoteFinder(Article, "3 x Lamp").find(Article(name="Lamp"))
        {('name',): Span(start=4, end=8, match='exact')}
    """

    def __init__(self, type_: Any, text: str) -> None:
        schema: Any = TypeAdapter(type_).core_schema
        self._title = getattr(type_, "__name__", str(type_))
        self._schema, self._definitions = unfold(schema)
        self._text = SourceText(text)
        self.has_quotes = _has_mark(schema)

    def find(self, value: Any) -> Spans:
        """The spans of a value's quotes.

        Raises:
            ValidationError: Some of them do not appear in the text.
        """
        spans: Spans = {}
        missing: list[InitErrorDetails] = []
        for path, quote in quotes_in(value, self._schema, self._definitions):
            span = self._text.find(quote)
            if span is not None:
                spans[path] = span
            elif quote and not quote.isspace():
                error = PydanticCustomError("quote_not_found", _NOT_FOUND)
                missing.append(InitErrorDetails(type=error, loc=path, input=quote))
        if missing:
            raise ValidationError.from_exception_data(self._title, missing)
        return spans


def _has_mark(schema: Any) -> bool:
    """Whether any part of a core schema is marked with `Quote`."""
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
            pending += (value for name, value in members.items() if name != "metadata")
        elif isinstance(each, (list, tuple)):
            pending += cast("Sequence[Any]", each)
    return False


def quotes_in(
    value: Any,
    schema: Schema,
    definitions: Definitions,
    path: Path = (),
    *,
    quoted: bool = False,
) -> Iterator[tuple[Path, str]]:
    """The quotes in a validated value with their paths, in field order.

    Args:
        value: The value.
        schema: Its core schema.
        definitions: The definitions that the schema refers to.
        path: The path of the value.
        quoted: Whether a schema around it is marked.
    """
    schema = resolve(schema, definitions)
    quoted = quoted or is_marked(schema, Quote)
    kind = schema["type"]
    if isinstance(value, str) and kind not in _AROUND:
        if quoted and kind not in ("literal", "enum"):
            yield path, value
        return
    for part, inner, step in _parts(value, schema, definitions):
        yield from quotes_in(
            part, inner, definitions, path if step is None else (*path, step), quoted=quoted
        )


_AROUND: Final = frozenset({"nullable", "union", "tagged-union", *INNER})
"""Schemas that contain one or more schemas for the same value."""


def _parts(
    value: Any, schema: Schema, definitions: Definitions
) -> Iterable[tuple[Any, Schema, str | int | None]]:
    """The parts of a value, each with its schema and path step; no step for the value itself."""
    kind = schema["type"]
    if value is None:
        return
    if kind == "model" and schema.get("root_model"):
        yield value.root, schema["schema"], None
    elif kind == "nullable":
        yield value, schema["schema"], None
    elif kind in INNER:
        yield value, schema[INNER[kind]], None
    elif kind == "model-fields":
        for name, field in schema["fields"].items():
            if name in value.model_fields_set:  # a default is not quoted
                yield getattr(value, name), field["schema"], name
    elif kind == "dataclass-args":
        for field in schema["fields"]:
            yield getattr(value, field["name"], None), field["schema"], field["name"]
    elif kind == "typed-dict":
        for name, field in schema["fields"].items():
            if name in value:
                yield value[name], field["schema"], name
    elif kind == "dict":
        if "values_schema" in schema:
            yield from ((part, schema["values_schema"], key) for key, part in value.items())
    elif kind == "tuple":
        yield from _parts_of_tuple(value, schema)
    elif kind in ("list", "set", "frozenset"):
        if "items_schema" in schema:
            yield from ((part, schema["items_schema"], at) for at, part in enumerate(value))
    elif kind in ("union", "tagged-union"):
        choice = _choice_for(value, schema, definitions)
        if choice is not None:
            yield value, choice, None


def _parts_of_tuple(value: Any, schema: Schema) -> Iterator[tuple[Any, Schema, int]]:
    items: Sequence[Schema] = schema["items_schema"]
    variadic = schema.get("variadic_item_index")
    for at, part in enumerate(value):
        if variadic is None or at < variadic:
            yield part, items[at], at
        else:  # those after it, if there are any, are counted from the end
            yield part, items[max(variadic, len(items) - (len(value) - at))], at


def _choice_for(value: Any, schema: Schema, definitions: Definitions) -> Schema | None:
    """The first member of a union that a validated value fits."""
    choices = choices_of(schema)
    return next((each for each in choices if _fits(value, each, definitions)), None)


def _fits(value: Any, schema: Schema, definitions: Definitions) -> bool:
    schema = resolve(schema, definitions)
    kind = schema["type"]
    if kind in ("model", "dataclass"):
        return isinstance(value, schema["cls"])
    if kind == "literal":
        return value in schema["expected"]
    if kind in ("union", "tagged-union"):
        return _choice_for(value, schema, definitions) is not None
    if kind == "nullable":
        return value is None or _fits(value, schema["schema"], definitions)
    if kind in INNER:
        return _fits(value, schema[INNER[kind]], definitions)
    types = _TYPES.get(kind)
    return types is not None and isinstance(value, types)


_TYPES: Final[Mapping[str, type]] = {
    "str": str,
    "list": list,
    "set": set,
    "frozenset": frozenset,
    "tuple": tuple,
    "dict": dict,
    "typed-dict": dict,
}
