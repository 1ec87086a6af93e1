"""The probabilities of tokens, as the OpenAI APIs and their relatives tell them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from partialstream.results import Token
from partialstream.sources.shapes import is_list, is_object

if TYPE_CHECKING:
    from typing import Any

    from partialstream.results import Channel


# How parallel lists write a token that is no UTF-8: `bytes:\xf0\x9f`.
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
        with the text. Probabilities are an extra, and no reason to lose the answer.

    Example:
        >>> from partialstream.results import Channel
        >>> entries = [{"token": "[", "logprob": -0.5, "bytes": [91], "top_logprobs": []}]
        >>> read_tokens(entries, Channel("content"))[0].data
        b'['
    """
    if is_object(logprobs):
        logprobs = _entries_of_lists(logprobs)
    if not is_list(logprobs):
        return []
    tokens: list[Token] = []
    for entry in logprobs:
        token = _token(entry, channel)
        if token is None:
            return []
        tokens.append(token)
    return tokens


def _entries_of_lists(fields: dict[str, Any]) -> list[dict[str, Any]]:
    tokens: Any = fields.get("tokens")
    logprobs: Any = fields.get("token_logprobs")
    if not is_list(tokens) or not is_list(logprobs) or len(tokens) != len(logprobs):
        return []
    top: Any = fields.get("top_logprobs")
    if not is_list(top) or len(top) != len(tokens):
        top = [None] * len(tokens)
    return [
        {
            "token": token,
            "logprob": logprob,
            "bytes": _unescaped(token),
            "top_logprobs": _ranking(each),
        }
        for token, logprob, each in zip(tokens, logprobs, top, strict=True)
    ]


def _unescaped(token: Any) -> list[int] | None:
    if not isinstance(token, str) or not _ESCAPED.fullmatch(token):
        return None
    return list(bytes.fromhex(token.removeprefix("bytes:").replace("\\x", "")))


def _ranking(logprobs: Any) -> list[dict[str, Any]]:
    """Give entries for logarithms by token."""
    if not is_object(logprobs):
        return []
    return [{"token": token, "logprob": logprob} for token, logprob in logprobs.items()]


def _token(entry: Any, channel: Channel) -> Token | None:
    known = _likelihood(entry)
    if known is None:
        return None
    text, logprob = known
    data = _bytes(entry.get("bytes"))
    if data is None:
        # Half a surrogate pair is no UTF-8, but a token all the same.
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
    if not is_list(values):
        return None
    try:
        return bytes(values)
    except (TypeError, ValueError):
        return None
