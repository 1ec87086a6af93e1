"""Text that is already free of its wire format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from partialstream.results import AnswerMetadata, Channel
from partialstream.sources.base import FIRST_SURROGATE, SurrogateHalves
from partialstream.sources.common import unknown_chunk

if TYPE_CHECKING:
    from typing import Any

    from partialstream.results import Delta

_CONTENT: Final = Channel("content")


class TextSource:
    """Reads a stream of texts: each chunk is a `str`, and the document's next piece.

    None and `""` are allowed and mean nothing, as in `delta.content`.

    Example:
        >>> TextSource().feed('{"a":')
        [(Channel(kind='content', key=0, name=None), '{"a":')]
    """

    def __init__(self, metadata: AnswerMetadata | None = None) -> None:
        self.metadata = AnswerMetadata() if metadata is None else metadata
        self._halves = SurrogateHalves()

    def feed(self, chunk: Any) -> list[Delta]:
        """Read one text.

        Raises:
            ProviderError: If it is none.
        """
        if not isinstance(chunk, str):
            if chunk is None:
                return []
            raise unknown_chunk(chunk, "a str, as before")
        if not chunk:
            return []
        if chunk[-1] < FIRST_SURROGATE and not self._halves.held:
            return [(_CONTENT, chunk)]
        return self._halves.join_all([(_CONTENT, chunk)])

    def finish(self, *, cut: bool = False) -> list[Delta]:
        """Give what was held back. Whether the text was cut makes no difference to it."""
        return self._halves.finish()
