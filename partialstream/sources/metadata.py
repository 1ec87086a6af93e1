"""What the metadata of a response keeps: counts of texts and tokens, probabilities, side texts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from partialstream.deltas import Token
from partialstream.limits import limit_error
from partialstream.sources.common import is_list, is_object
from partialstream.usage import Usage

if TYPE_CHECKING:
    from partialstream.deltas import AnswerMetadata, Channel, Delta


def count_channel(metadata: AnswerMetadata) -> None:
    """Another choice, block, item or call has begun: something is kept for it until the end.

    Raises:
        LimitExceededError: It is one too many.
    """
    metadata.channels += 1
    if metadata.channels > metadata.channels_allowed:
        raise limit_error("channels", metadata.channels_allowed)


# -- side texts and extra members ---------------------------------------------------------

_EACH: Final = 16
"""Characters that a value counts for beside its text."""


def keep_side_texts(metadata: AnswerMetadata, deltas: list[Delta]) -> None:
    """Add the reasoning and the refusal in some deltas to what the metadata holds of them.

    Of each the beginning is kept; see `AnswerMetadata.shortened`.

    Example:
        >>> from partialstream.deltas import AnswerMetadata, Channel
        >>> metadata = AnswerMetadata(reasoning="Two ")
        >>> keep_side_texts(metadata, [(Channel("reasoning"), "rows."), (Channel("content"), "[")])
        >>> metadata.reasoning
        'Two rows.'
    """
    for channel, piece in deltas:
        # A string grows in place, in time that does not depend on its length, as long as
        # nothing else refers to it; hence the attribute lets go of it meanwhile.
        kind = channel.kind
        if kind == "reasoning" or kind == "refusal":
            text: str = getattr(metadata, kind)
            setattr(metadata, kind, "")
            room = max(metadata.text_kept - len(text), 0)
            metadata.shortened = metadata.shortened or len(piece) > room
            text += piece[:room]
            setattr(metadata, kind, text)


def keep_extra(metadata: AnswerMetadata, name: str, value: Any) -> None:
    """Keep what a provider says by a name of its own, as long as there is room for it.

    Example:
        >>> from partialstream.deltas import AnswerMetadata
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


# -- token counts --------------------------------------------------------------------------

# Where each figure stands, the usual place first. The later ones were seen at Copilot
# (`reasoning_tokens`), Moonshot (`cached_tokens`) and DeepSeek (`prompt_cache_hit_tokens`).
_INPUT = (("prompt_tokens",), ("input_tokens",))
_OUTPUT = (("completion_tokens",), ("output_tokens",))
_CACHED = (
    ("prompt_tokens_details", "cached_tokens"),
    ("input_tokens_details", "cached_tokens"),
    ("cached_tokens",),
    ("prompt_cache_hit_tokens",),
)
_WRITTEN = (
    ("prompt_tokens_details", "cache_write_tokens"),
    ("input_tokens_details", "cache_write_tokens"),
)
_REASONING = (
    ("completion_tokens_details", "reasoning_tokens"),
    ("output_tokens_details", "reasoning_tokens"),
    ("reasoning_tokens",),
)


def read_usage(fields: Any) -> Usage | None:
    """Read a `usage` member; None if it holds no figure.

    Example:
        >>> read_usage({"prompt_tokens": 7, "completion_tokens": 1})
        Usage(input_tokens=7, output_tokens=1, cached_tokens=0, reasoning_tokens=0)
    """
    counts = [_count(fields, places) for places in (_INPUT, _OUTPUT, _CACHED, _REASONING)]
    if counts[0] is None and counts[1] is None:
        return None
    written = _count(fields, _WRITTEN) or 0
    return Usage(*(count or 0 for count in counts), cache_write_tokens=written)


def read_usage_beside_cache(fields: Any, names: tuple[str, str, str, str]) -> Usage | None:
    """Read the figures of those who count what the cache holds beside the input, not within.

    Args:
        fields: The figures by name; None is given for none.
        names: Those of input, output, input read from the cache, and input written to it.

    Example:
        >>> read_usage_beside_cache({"in": 3, "out": 1, "read": 9}, ("in", "out", "read", "write"))
        Usage(input_tokens=12, output_tokens=1, cached_tokens=9, reasoning_tokens=0)
    """
    counts = [_count(fields, ((name,),)) for name in names]
    if counts[0] is None and counts[1] is None:
        return None
    fresh, output, read, written = (count or 0 for count in counts)
    thought = _count(fields, (("output_tokens_details", "thinking_tokens"),))
    return Usage(fresh + read + written, output, read, thought or 0, cache_write_tokens=written)


def _count(fields: Any, places: tuple[tuple[str, ...], ...]) -> int | None:
    for place in places:
        value: Any = fields
        for name in place:
            value = value.get(name) if is_object(value) else None
        if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
            return int(value)
    return None


# -- probabilities of tokens ---------------------------------------------------------------

# How parallel lists write a token that is not valid UTF-8: `bytes:\xf0\x9f`.
_ESCAPED = re.compile(r"bytes:(?:\\x[0-9a-f]{2})+")


def read_tokens(logprobs: Any, channel: Channel) -> list[Token]:
    """Read the tokens of one chunk.

    Args:
        logprobs: A list of entries with `token` and `logprob`, perhaps `bytes` and
            `top_logprobs`; or parallel lists `tokens` and `token_logprobs`, as the API wrote
            them that was before Chat Completions and some servers still do.
        channel: The text that the tokens are a part of.

    Returns:
        All of them; none if one is of an unknown shape, since what is left would not line up
        with the text. Probabilities are an extra, and no reason to lose the response.

    Example:
        >>> from partialstream.deltas import Channel
        >>> entries = [{"token": "[", "logprob": -0.5, "bytes": [91], "top_logprobs": []}]
        >>> read_tokens(entries, Channel("content"))[0].data
        b'['
    """
    if is_object(logprobs):
        logprobs = _entries_of_lists(logprobs)
    tokens = [_token(entry, channel) for entry in logprobs] if is_list(logprobs) else []
    known = [token for token in tokens if token is not None]
    return known if len(known) == len(tokens) else []


def _entries_of_lists(fields: dict[str, Any]) -> list[dict[str, Any]]:
    tokens: Any = fields.get("tokens")
    logprobs: Any = fields.get("token_logprobs")
    if not is_list(tokens) or not is_list(logprobs) or len(tokens) != len(logprobs):
        return []
    top: Any = fields.get("top_logprobs")
    if not is_list(top) or len(top) != len(tokens):
        top = [None] * len(tokens)
    return [
        {**_entry(token, logprob), "bytes": _unescaped(token), "top_logprobs": _ranking(each)}
        for token, logprob, each in zip(tokens, logprobs, top, strict=True)
    ]


def _entry(token: Any, logprob: Any) -> dict[str, Any]:
    return {"token": token, "logprob": logprob}


def _unescaped(token: Any) -> list[int] | None:
    if not isinstance(token, str) or not _ESCAPED.fullmatch(token):
        return None
    return list(bytes.fromhex(token.removeprefix("bytes:").replace("\\x", "")))


def _ranking(logprobs: Any) -> list[dict[str, Any]]:
    """Give entries for logarithms by token."""
    return [_entry(*each) for each in logprobs.items()] if is_object(logprobs) else []


def _token(entry: Any, channel: Channel) -> Token | None:
    known = _likelihood(entry)
    if known is None:
        return None
    text, logprob = known
    data = _bytes(entry.get("bytes"))
    if data is None:
        # Half a surrogate pair is not valid UTF-8, but a token all the same.
        data = text.encode("utf-8", "surrogatepass")
    top: Any = entry.get("top_logprobs")
    alternatives = [_likelihood(each) for each in top] if is_list(top) else []
    return Token(channel, data, logprob, tuple(each for each in alternatives if each is not None))


def _likelihood(entry: Any) -> tuple[str, float] | None:
    if not is_object(entry):
        return None
    text: Any = entry.get("token")
    logprob: Any = entry.get("logprob")
    if not isinstance(text, str) or not isinstance(logprob, (int, float)):
        return None
    try:
        return text, float(logprob)
    except OverflowError:
        return None  # an integer beyond all floats


def _bytes(values: Any) -> bytes | None:
    """Give the bytes of a list of numbers; None if it is something else."""
    try:
        return bytes(values) if is_list(values) else None
    except (TypeError, ValueError):
        return None
