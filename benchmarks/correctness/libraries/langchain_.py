"""langchain-core: its output parsers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.output_parsers import JsonOutputParser, PydanticOutputParser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.correctness.source import Source


def growing(type_: Any, source: Source) -> Iterator[Any]:
    """`JsonOutputParser`; pydantic validates the last dict."""
    last = None
    for snapshot in JsonOutputParser(pydantic_object=type_).transform(source.texts()):
        if isinstance(snapshot, dict):
            last = snapshot
            yield snapshot
    return None if last is None else type_.model_validate(last)


def typed(type_: Any, source: Source) -> Iterator[Any]:
    """`PydanticOutputParser`."""
    last = None
    for snapshot in PydanticOutputParser(pydantic_object=type_).transform(source.texts()):
        last = snapshot
        yield snapshot
    return last


sync_growing = growing
