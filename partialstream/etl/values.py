"""Rows as JSON: how they are written for the journal and the sinks, and read again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from pydantic import TypeAdapter

from partialstream.engine.position import RawItem
from partialstream.results import Item, RejectedItem
from partialstream.validation.items import ItemValidator
from partialstream.validation.quoted import QuoteFinder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from partialstream.engine.position import Place

T = TypeVar("T")

_START: Final[Place] = (0, 1, 0)

PLACE_COLUMNS: Final = ("document", "row")
"""The columns that come before those of the model."""


class RowFormat(Generic[T]):
    """Writes the values of one type as JSON, and reads them again.

    Args:
        type_: The type of a row.
        options: The options of the call: `context`, `strict` and `lenient` count here.

    Attributes:
        type_: The type.
        has_quotes: Whether some of its fields are quotes from the document.
    """

    def __init__(self, type_: Any, options: Mapping[str, Any]) -> None:
        self.type_ = type_
        self._adapter: TypeAdapter[T] = TypeAdapter(type_)
        self.has_quotes = QuoteFinder(type_, "").has_quotes
        self._options = {
            name: options[name] for name in ("context", "strict", "lenient") if name in options
        }

    def dump(self, value: T) -> str:
        """A value as pydantic's JSON mode writes it, by the names of its fields.

        Raises:
            ValueError: It cannot be written: a lone surrogate, or a type without a JSON form.
        """
        return self._adapter.dump_json(value, warnings=False).decode()

    def elements(
        self, texts: Iterable[tuple[int, str]], source_text: str | None = None
    ) -> list[Item[T] | RejectedItem]:
        """Validate texts of a model again, each with its index in the list.

        Args:
            texts: The indexes and the texts.
            source_text: What quotes must stand in; None if they were found before.
        """
        validator: ItemValidator[T] = ItemValidator(
            self.type_, on_invalid="skip", source_text=source_text, **self._options
        )
        found: list[Item[T] | RejectedItem] = []
        for index, text in texts:
            path = ("items", index)
            raw = RawItem(text, index, path, _START)
            accepted = validator.accept([raw])
            if accepted:
                found.append(Item(accepted[0][0], index, path, text))
            elif validator.rejected and validator.rejected[-1].index == index:
                found.append(validator.rejected[-1])
            else:  # not valid JSON, and not lenient any more
                error = validator.failure or ValueError("is not valid")
                found.append(RejectedItem(index, text, error, path))
                validator.failure = None
        return found

    def schema(self) -> dict[str, Any]:
        """The JSON schema of what `dump` writes."""
        return self._adapter.json_schema(mode="serialization")


def row_text(document: str, index: int, value: str) -> str:
    """A row as one JSON object, its place first.

    Args:
        document: The id of its document.
        index: Its place in the document's list.
        value: What `RowFormat.dump` gave; what is not an object becomes a member `value`.

    Example:
        >>> row_text("note-1", 0, '{"article":"Lamp"}')
        '{"document":"note-1","row":0,"article":"Lamp"}'
        >>> row_text("note-1", 1, "12")
        '{"document":"note-1","row":1,"value":12}'
    """
    place = f'{{"document":{json.dumps(document, ensure_ascii=False)},"row":{index}'
    if value[0] != "{":
        return f'{place},"value":{value}}}'
    return f"{place},{value[1:]}" if value[1] != "}" else f"{place}}}"
