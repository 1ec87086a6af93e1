"""Marks that a user puts on a member: when it may be shown, and where it must come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

MARK: Final = "partialstream"
"""The key in a core schema's metadata."""


class _Marker:
    """Leaves its name in the metadata of the schema that it annotates."""

    mark: str

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        metadata = schema.get("metadata", {})
        marks = {*metadata.get(MARK, ()), cls.mark}
        # A copy: the schema may be shared with other uses of the same type.
        marked: Any = {**schema, "metadata": {**metadata, MARK: marks}}
        return marked  # type: ignore[no-any-return]  # a TypedDict cannot be spread


class Atomic(_Marker):
    """Show a value only when it is complete.

    Example:
        >>> from typing import Annotated
        >>> from pydantic import BaseModel
        >>> from partialstream import Atomic, PartialParser
        >>> class Place(BaseModel):
        ...     name: Annotated[str, Atomic]
        >>> parser = PartialParser(Place)
        >>> parser.feed('{"name": "Bre').name is None
        True
        >>> parser.feed('men"').name
        'Bremen'
    """

    mark = "atomic"


class Gate(_Marker):
    """Hide the object that holds a member until that member is complete.

    Example:
        >>> from typing import Annotated
        >>> from pydantic import BaseModel
        >>> from partialstream import Gate, PartialParser
        >>> class Card(BaseModel):
        ...     id: Annotated[int, Gate]
        ...     title: str
        >>> parser = PartialParser(Card)
        >>> parser.feed('{"title": "Lamp", "id": 1') is None
        True
        >>> parser.feed(', ').title
        'Lamp'
    """

    mark = "gate"


class Quote(_Marker):
    """Require a field's text to appear in the source text that it is extracted from.

    It is checked where a source text is given; see `source_text=` of the client's methods. A quote
    that is not found makes the item invalid, so that it is repaired. On a list, a dict or an
    optional text, it applies to every text inside. Empty texts are not checked.

    Example:
        >>> from typing import Annotated
        >>> from pydantic import BaseModel
        >>> from partialstream import Quote
        >>> class Article(BaseModel):
        ...     name: Annotated[str, Quote]
        ...     count: int
    """

    mark = "quote"


def is_marked(schema: Any, marker: type[_Marker]) -> bool:
    """Whether a core schema carries a marker."""
    metadata = schema.get("metadata")
    return bool(metadata) and marker.mark in metadata.get(MARK, ())
