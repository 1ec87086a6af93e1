"""The texts of an answer that its metadata holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from partialstream.results import AnswerMetadata, Delta


def keep_side_texts(metadata: AnswerMetadata, deltas: list[Delta]) -> None:
    """Add the reasoning and the refusal in some deltas to what the metadata holds of them.

    Example:
        >>> from partialstream.results import AnswerMetadata, Channel
        >>> metadata = AnswerMetadata(reasoning="Two ")
        >>> keep_side_texts(metadata, [(Channel("reasoning"), "rows."), (Channel("content"), "[")])
        >>> metadata.reasoning
        'Two rows.'
    """
    for channel, piece in deltas:
        # A string grows in place, in time that does not depend on its length, as long as
        # nothing else refers to it; hence the attribute lets go of it meanwhile.
        if channel.kind == "reasoning":
            text, metadata.reasoning = metadata.reasoning, ""
            text += piece
            metadata.reasoning = text
        elif channel.kind == "refusal":
            text, metadata.refusal = metadata.refusal, ""
            text += piece
            metadata.refusal = text
