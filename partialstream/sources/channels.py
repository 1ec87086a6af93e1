"""How many texts an answer may have side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from partialstream.errors import LimitExceededError

if TYPE_CHECKING:
    from partialstream.results import AnswerMetadata


def count_channel(metadata: AnswerMetadata) -> None:
    """Another choice, block, item or call has begun: something is kept for it until the end.

    Args:
        metadata: The answer's; it holds how many there may be.

    Raises:
        LimitExceededError: It is one too many.

    Example:
        >>> from partialstream.results import AnswerMetadata
        >>> metadata = AnswerMetadata(channels_allowed=1)
        >>> count_channel(metadata)
        >>> count_channel(metadata)
        Traceback (most recent call last):
        ...
        partialstream.errors.LimitExceededError: more than 1 texts side by side in one answer
    """
    metadata.channels += 1
    allowed = metadata.channels_allowed
    if metadata.channels > allowed:
        raise LimitExceededError(
            "channels", allowed, f"more than {allowed} texts side by side in one answer"
        )
