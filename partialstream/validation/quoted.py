"""Checking that the fields marked with `Quote` appear in a source text, and where."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError, from_json

from partialstream.validation.marked import MarkedValues, has_marks
from partialstream.validation.parts import UNKNOWN
from partialstream.validation.quotes import SourceText
from partialstream.validation.schema import unfold

if TYPE_CHECKING:
    from collections.abc import Callable

    from partialstream.results import Path, Span

Spans = dict["Path", "Span"]
"""Spans by the paths of their values: field names and indexes."""

_NOT_FOUND: Final = (
    "Input should be a quote from the document, copied word for word; "
    "the document does not contain '{quote}'"
)
_SHOWN: Final = 200
"""Characters of a quote that an error shows; the whole of it is the error's input."""


class QuotePlan:
    """The quotes of one type.

    Attributes:
        title: The name of the type, for errors.
        values: Iterates over the quotes of a value.
        has_quotes: Whether any field of the type is marked with `Quote`.
    """

    def __init__(self, type_: Any) -> None:
        schema: Any = TypeAdapter(type_).core_schema
        self.title: str = getattr(type_, "__name__", str(type_))
        self.has_quotes = has_marks(schema)
        self.values = MarkedValues(*unfold(schema))

    def written_paths(self, value: Any, *, by_alias: bool) -> dict[Path, Path]:
        """The path of each quote where the value is written as JSON, by its path in the value."""
        return {
            location.path: location.written
            for location, _ in self.values.of(value, by_alias=by_alias)
        }


def quote_plan(type_: Any) -> QuotePlan:
    """The plan of a type. Plans are cached by the same key as the validators of `validator_for`."""
    order = "" if isinstance(type_, type) else repr(type_)
    try:
        return _planned_once(type_, getattr(type_, "__pydantic_validator__", None), order)
    except TypeError:  # it cannot be hashed; or it is not a type, which is an error here, too
        return QuotePlan(type_)


@lru_cache(maxsize=256)
def _planned_once(type_: Any, validator: object, order: str) -> QuotePlan:
    return QuotePlan(type_)


def quotes_check(type_: Any, source_text: str) -> Callable[[Any, str], Spans] | None:
    """`QuoteFinder.find` for a type and a text; None if the type has no quotes."""
    finder = QuoteFinder(type_, source_text)
    return finder.find if finder.has_quotes else None


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
        >>> from partialstream import Quote
        >>> class Article(BaseModel):
        ...     name: Annotated[str, Quote]
        >>> QuoteFinder(Article, "3 x Lamp").find(Article(name="Lamp"))
        {('name',): Span(start=4, end=8, match='exact')}
    """

    def __init__(self, type_: Any, text: str) -> None:
        self._plan = quote_plan(type_)
        self._text = SourceText(text)
        self.has_quotes = self._plan.has_quotes

    def find(self, value: Any, raw: str | None = None) -> Spans:
        """The spans of a value's quotes.

        Args:
            value: The value.
            raw: The JSON text that it was validated from. Where a validator has changed a quote,
                the text that the model wrote is looked for first, and then the validated one.

        Raises:
            ValidationError: Some of them do not appear in the text.
        """
        spans: Spans = {}
        missing: list[InitErrorDetails] = []
        written = UNKNOWN if raw is None else from_json(raw)
        for location, texts in self._plan.values.of(value, written):
            if not texts:
                continue
            span = next(filter(None, map(self._text.find, texts)), None)
            if span is not None:
                spans[location.path] = span
            elif not any(not text or text.isspace() for text in texts):
                missing.append(_not_found(texts[0], location.read))
        if missing:
            raise ValidationError.from_exception_data(self._plan.title, missing)
        return spans


def _not_found(quote: str, path: Path) -> InitErrorDetails:
    shown = quote if len(quote) <= _SHOWN else f"{quote[:_SHOWN]}…"
    shown = shown.encode("utf-8", "backslashreplace").decode()
    error = PydanticCustomError("quote_not_found", _NOT_FOUND, {"quote": shown})
    return InitErrorDetails(type=error, loc=path, input=quote)
