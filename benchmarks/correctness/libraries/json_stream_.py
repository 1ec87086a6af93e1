"""json-stream, in its transient mode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import json_stream
from pydantic import TypeAdapter, ValidationError

from benchmarks.correctness.source import Reported

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.correctness.source import Source


def items(type_: Any, source: Source) -> Iterator[Any]:
    """The elements of the list, as standard types; pydantic validates each."""
    adapter = TypeAdapter(type_)
    refused: list[ValidationError] = []
    found = False
    # Several documents in a row; each is read to its end, which has to be JSON, too.
    # An empty delta is no end.
    for document in json_stream.load_many(text.encode() for text in source.texts() if text):
        found = True
        if source.path is None:
            members: Any = [document]
        else:
            members = document[source.path] if source.path else document
        for item in members:
            try:
                yield adapter.validate_python(json_stream.to_standard_types(item))
            except ValidationError as error:
                refused.append(error)
    if not found:
        raise Reported("load_many gives no document")
    if refused:
        raise Reported(str(refused[0]))
