"""Answers with token probabilities, and what is to be made of them, found the slow way."""

from __future__ import annotations

import codecs
import json
import math
import re
from json.decoder import scanstring
from typing import TYPE_CHECKING, Any, cast

from partialstream.deltas import Channel, Token

if TYPE_CHECKING:
    import random

CONTENT = Channel("content")

Path = tuple[str | int, ...]


def token(text: str | bytes, logprob: float) -> Token:
    return Token(CONTENT, text.encode() if isinstance(text, str) else text, logprob)


def tokens_of(*pairs: tuple[str | bytes, float]) -> list[Token]:
    return [token(text, logprob) for text, logprob in pairs]


def entry(token: Token, top: int = 0) -> dict[str, Any]:
    """A token as Chat Completions writes it."""
    text = token.data.decode("utf-8", "replace")
    others = [{"token": text, "logprob": token.logprob, "bytes": None}] * top
    bytes_ = list(token.data)
    return {"token": text, "logprob": token.logprob, "bytes": bytes_, "top_logprobs": others}


def chunk(tokens: list[Token], text: str, top: int = 0) -> dict[str, Any]:
    choice = {
        "index": 0,
        "delta": {"content": text},
        "logprobs": {"content": [entry(token, top) for token in tokens]} if tokens else None,
        "finish_reason": None,
    }
    return {"id": "c", "object": "chat.completion.chunk", "model": "m", "choices": [choice]}


def end(finish_reason: str = "stop") -> dict[str, Any]:
    choice = {"index": 0, "delta": {}, "finish_reason": finish_reason}
    return {"object": "chat.completion.chunk", "choices": [choice]}


END = end()


def chunks_of(
    tokens: list[Token], sizes: list[int] | None = None, *, finish_reason: str = "stop"
) -> list[dict[str, Any]]:
    """Chunks of so many tokens each, by default one; a text comes as soon as it is whole."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    rest = list(tokens)
    chunks: list[dict[str, Any]] = []
    for size in sizes or [1] * len(tokens):
        part, rest = rest[:size], rest[size:]
        chunks.append(chunk(part, decoder.decode(b"".join(each.data for each in part))))
    assert not rest
    return [*chunks, end(finish_reason)]


def body_of(chunks: list[dict[str, Any]]) -> bytes:
    return b"".join(b"data: %s\n\n" % json.dumps(each).encode() for each in chunks) + (
        b"data: [DONE]\n\n"
    )


def random_tokens(text: str, chance: random.Random) -> list[Token]:
    """Cut a text at any bytes."""
    data = text.encode()
    tokens: list[Token] = []
    while data:
        size = chance.choice([1, 1, 2, 3, 4, 7])
        tokens.append(token(data[:size], -chance.choice([0.0, 0.25, 0.5, 1.0])))
        data = data[size:]
    return tokens


def random_sizes(count: int, chance: random.Random) -> list[int]:
    sizes: list[int] = []
    while sum(sizes) < count:
        sizes.append(min(chance.choice([0, 1, 1, 2, 5]), count - sum(sizes)))
    return sizes


def late_chunks_of(tokens: list[Token], chance: random.Random) -> list[dict[str, Any]]:
    """Chunks whose texts come some time after their tokens, in pieces of their own."""
    text = b"".join(each.data for each in tokens).decode()
    chunks: list[dict[str, Any]] = []
    heard = said = 0  # bytes of tokens, characters of text
    for size in random_sizes(len(tokens), chance):
        part, tokens = tokens[:size], tokens[size:]
        heard += sum(len(each.data) for each in part)
        until = said
        while until < len(text) and len(text[: until + 1].encode()) <= heard:
            until += 1
        until = chance.randint(said, until)
        chunks.append(chunk(part, text[said:until]))
        said = until
    return [*chunks, chunk([], text[said:]), END]


# -- the slow way ------------------------------------------------------------------------------

_SCALAR = re.compile(r"[^\s,\]}]+")
_BLANKS = re.compile(r"\s*")


def spans_of(text: str) -> dict[Path, tuple[int, int]]:
    """Where the leaves of a JSON document stand, by descending into it."""
    found: dict[Path, tuple[int, int]] = {}

    def blanks(pos: int) -> int:
        return cast("re.Match[str]", _BLANKS.match(text, pos)).end()

    def value(pos: int, path: Path) -> int:
        for known in [other for other in found if other[: len(path)] == path]:
            del found[known]  # of members of one name the last one counts
        if text[pos] == '"':
            end = cast("int", scanstring(text, pos + 1)[1])
            found[path] = (pos + 1, max(end - 1, pos + 2))
            return end
        if text[pos] not in "[{":
            end = cast("re.Match[str]", _SCALAR.match(text, pos)).end()
            found[path] = (pos, end)
            return end
        array = text[pos] == "["
        index = 0
        pos = blanks(pos + 1)
        while text[pos] not in "]}":
            key: str | int = index
            if not array:
                key, pos = scanstring(text, pos + 1)
                pos = blanks(blanks(pos) + 1)
            pos = blanks(value(pos, (*path, key)))
            index += 1
            if text[pos] == ",":
                pos = blanks(pos + 1)
        return pos + 1

    value(blanks(0), ())
    return found


def confidences_of(text: str, tokens: list[Token], base: int = 0) -> dict[Path, float]:
    """What the tokens of a longer text say of the document in it at `base`."""
    places: list[tuple[set[int], float]] = []
    place = 0
    whole = b"".join(each.data for each in tokens)
    character_of = [n for n, char in enumerate(whole.decode()) for _ in char.encode()]
    for each in tokens:
        places.append((set(character_of[place : place + len(each.data)]), each.logprob))
        place += len(each.data)
    return {
        path: math.exp(
            math.fsum(
                logprob
                for characters, logprob in places
                if not characters.isdisjoint(range(base + start, base + end))
            )
        )
        for path, (start, end) in spans_of(text).items()
    }
