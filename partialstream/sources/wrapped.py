"""Chunks in a wrapper, as SDKs hand them on: Mistral's, and OpenAI's `chat.completions.stream`."""

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
    """Reads what is wrapped in each chunk by the source of its wire format.

    That is the only member, `data`; or the `chunk` of an event of type `"chunk"`. The other
    events beside these tell once more what the chunks have told, and are left out.

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
        self._retold = False  # whether events tell once more what is in chunks

    def feed(self, chunk: Any) -> list[Delta]:
        """Read one chunk. What is in no wrapper is read as it is.

        Raises:
            ProviderError: As the inner source does, and if no source knows what is wrapped.
        """
        fields = chunk if is_object(chunk) else fields_of(chunk)
        if fields is not None:
            if "data" in fields:
                chunk = fields["data"]
            elif fields.get("type") == "chunk":
                chunk, self._retold = fields.get("chunk"), True
            elif self._retold and isinstance(fields.get("type"), str):
                return []
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
    if fields.get("type") == "chunk":
        return fields.get("chunk") is not None
    said = [name for name, value in fields.items() if value is not None]
    return said == ["data"] and not isinstance(fields["data"], (str, bytes, list))
