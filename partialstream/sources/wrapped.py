"""Chunks in a wrapper of one member, as Mistral's SDK hands them on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from partialstream.results import AnswerMetadata
from partialstream.sources.objects import fields_of
from partialstream.sources.shapes import is_object

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from partialstream.results import Delta
    from partialstream.sources.base import Source


class WrappedSource:
    """Reads the `data` of each chunk by the source of its wire format.

    Args:
        metadata: Where to write what the answer says beside its text.
        inner: Makes the source for chunks like the first one that was wrapped.

    Example:
        >>> from partialstream.sources.wires import wire_for
        >>> source = WrappedSource(inner=wire_for)
        >>> source.feed({"data": {"choices": [{"index": 0, "delta": {"content": "[1"}}]}})
        [(Channel(kind='content', key=0, name=None), '[1')]
    """

    def __init__(
        self,
        metadata: AnswerMetadata | None = None,
        *,
        inner: Callable[[Any, AnswerMetadata | None], Source],
    ) -> None:
        self.metadata = AnswerMetadata() if metadata is None else metadata
        self._make_inner = inner
        self._inner: Source | None = None

    def feed(self, chunk: Any) -> list[Delta]:
        """Read one chunk. What is in no wrapper is read as it is.

        Raises:
            ProviderError: As the inner source does, and if no source knows what is wrapped.
        """
        fields = chunk if is_object(chunk) else fields_of(chunk)
        if fields is not None and "data" in fields:
            chunk = fields["data"]
        if self._inner is None:
            if chunk is None:
                return []
            self._inner = self._make_inner(chunk, self.metadata)
        return self._inner.feed(chunk)

    def finish(self, *, cut: bool = False) -> list[Delta]:
        """End the answer, as the inner source does."""
        return [] if self._inner is None else self._inner.finish(cut=cut)


def is_wrapped(fields: dict[str, Any]) -> bool:
    """Whether a chunk with these members is a wrapper.

    Example:
        >>> is_wrapped({"data": {"choices": []}}), is_wrapped({"data": "[1", "id": 1})
        (True, False)
    """
    said = [name for name, value in fields.items() if value is not None]
    return said == ["data"] and not isinstance(fields["data"], (str, bytes, list))
