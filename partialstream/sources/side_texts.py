"""The texts of an answer that its metadata holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from partialstream.sources.shapes import is_list, is_object

if TYPE_CHECKING:
    from typing import Any

    from partialstream.results import AnswerMetadata, Delta

_EACH: Final = 16
"""Characters that a value counts for beside its text."""


def keep_side_texts(metadata: AnswerMetadata, deltas: list[Delta]) -> None:
    """Add the reasoning and the refusal in some deltas to what the metadata holds of them.

    Of each the beginning is kept; see `AnswerMetadata.shortened`.

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
            text += _room_for(piece, text, metadata)
            metadata.reasoning = text
        elif channel.kind == "refusal":
            text, metadata.refusal = metadata.refusal, ""
            text += _room_for(piece, text, metadata)
            metadata.refusal = text


def keep_extra(metadata: AnswerMetadata, name: str, value: Any) -> None:
    """Keep what a provider says by a name of its own, as long as there is room for it.

    Example:
        >>> from partialstream.results import AnswerMetadata
        >>> metadata = AnswerMetadata(text_kept=100)
        >>> keep_extra(metadata, "fingerprint", "fp_1")
        >>> keep_extra(metadata, "citations", ["x" * 100])
        >>> metadata.extra, metadata.shortened
        ({'fingerprint': 'fp_1'}, True)
    """
    extra = metadata.extra
    if isinstance(value, str) and extra.get(name) == value:
        return  # said with each chunk
    allowed = metadata.text_kept
    size = metadata.extra_size + _size_of([name, value], allowed)
    if name in extra:
        size -= _size_of([name, extra[name]], allowed)
    if size > allowed:
        metadata.shortened = True
    else:
        extra[name] = value
        metadata.extra_size = size


def _room_for(piece: str, text: str, metadata: AnswerMetadata) -> str:
    room = metadata.text_kept - len(text)
    if len(piece) <= room:
        return piece
    metadata.shortened = True
    return piece[: max(room, 0)]


def _size_of(value: Any, most: int) -> int:
    """About how many characters a value takes; counted until it is more than allowed."""
    size = 0
    waiting = [value]
    while waiting and size <= most:
        value = waiting.pop()
        size += _EACH
        if isinstance(value, str):
            size += len(value)
        elif is_object(value):
            waiting += value  # a user's own chunks may have names that are none
            waiting += value.values()
        elif is_list(value):
            waiting += value
    return size
