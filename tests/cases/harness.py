"""The notation of the cases, and the ways to cut a text that all have to give the same.

In the text of a case stand marks, which are not part of it:

    ·      the original chunks are cut here
    ⟨ ⟩    an item, delivered with its last character (a number or word: with the next one)
    ⟪ ⟫    an element of the list that is rejected
    †      the place by which the text is known to be malformed
"""

from __future__ import annotations

import itertools
import random
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from openai.types.chat import ChatCompletionChunk

from partialstream.testing import chat_chunks, every_cut, recut, recut_bytes, sse_body

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MARKS = re.compile("[·⟨⟩⟪⟫†]")
_TOKEN = re.compile(
    r'[{}\[\],:]|"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?=[\s,\]}])|true|false|null'
)
_BLANKS = ("", " ", "\n", "", "\t", "\r\n", "  ")


@dataclass(frozen=True)
class Element:
    """An element of the list, as a case marks it."""

    start: int
    end: int  # offset behind its last character
    known: int  # characters that have to arrive until it is complete
    raw: str
    rejected: bool


@dataclass(frozen=True)
class Marked:
    """A text and what its marks say."""

    text: str
    chunks: list[str]
    elements: list[Element]
    failing: int | None

    @property
    def items(self) -> list[Element]:
        return [element for element in self.elements if not element.rejected]

    @property
    def rejected(self) -> list[Element]:
        return [element for element in self.elements if element.rejected]


def parse(marked: str) -> Marked:
    """Take the marks out of a text."""
    text = ""
    cuts = [0]
    spans: list[tuple[int, int, bool]] = []
    start, failing = 0, None
    for piece in re.split(f"({_MARKS.pattern})", marked):
        if piece == "·":
            cuts.append(len(text))
        elif piece in ("⟨", "⟪"):
            start = len(text)
        elif piece in ("⟩", "⟫"):
            spans.append((start, len(text), piece == "⟫"))
        elif piece == "†":
            failing = len(text)
        else:
            text += piece
    cuts.append(len(text))
    chunks = [text[a:b] for a, b in itertools.pairwise(cuts)]
    elements = [
        Element(a, b, b + (text[b - 1] not in '"]}'), text[a:b], rejected)
        for a, b, rejected in spans
    ]
    return Marked(text, chunks, elements, failing)


@dataclass(frozen=True)
class Cut:
    """A text as chunks of some kind.

    Attributes:
        chunks: What the stream is made of.
        ends: How many characters of the text the reader has after each chunk; None where blanks
            are between, so that they do not count.
        wire: Whether the chunks say how the answer ended.
    """

    chunks: Sequence[Any]
    ends: list[int] | None
    wire: bool = False

    def chunk_of(self, characters: int) -> int:
        """The number of the chunk with which so many characters have arrived."""
        assert self.ends is not None
        return next(n for n, end in enumerate(self.ends) if end >= characters)


def _ends(chunks: Sequence[str]) -> list[int]:
    total = 0
    return [total := total + len(chunk) for chunk in chunks]


def _texts(chunks: Sequence[str]) -> Cut:
    return Cut(chunks, _ends(chunks))


def text_cuts(marked: Marked, way: str, *, complete: bool) -> Iterator[Cut]:
    """The text in pieces, cut in one of `TEXT_WAYS`."""
    text = marked.text
    if way == "whole":
        yield _texts([text])
    elif way == "chunks":
        yield _texts(marked.chunks)
    elif way == "characters":
        yield _texts(list(text))
    elif way == "every cut":
        for pair in every_cut(text):
            yield _texts(pair)
    elif way == "empty deltas":
        yield _texts(["", *(piece for chunk in marked.chunks for piece in ("", chunk, ""))])
        yield _texts([piece for char in text for piece in (char, "")])
        for seed in range(4):
            yield _texts(recut(text, seed=seed))
    elif way == "blank deltas":
        for shift in range(3):
            chunks = with_blanks(text, shift, complete=complete)
            if chunks is not None:
                yield Cut(chunks, None)
    else:
        raise ValueError(way)


def wire_cuts(marked: Marked, way: str, finish: str | None) -> Iterator[Cut]:
    """The text as the answer of a provider, in one of `WIRE_WAYS`."""
    for pieces in (marked.chunks, recut(marked.text, seed=7, max_piece=5)):
        ends = [0, *_ends(pieces)]
        dicts = chat_chunks(pieces, finish_reason=finish)
        ends += [len(marked.text)] * (len(dicts) - len(ends))
        if way == "dicts":
            yield Cut(dicts, ends, wire=True)
        elif way == "objects":
            objects = [ChatCompletionChunk.model_validate(chunk) for chunk in dicts]
            yield Cut(objects, ends, wire=True)
        else:
            body = sse_body(pieces, finish_reason=finish)
            for parts in byte_cuts(body):
                yield Cut(parts, _read_ends(body, parts, ends), wire=True)


def byte_cuts(body: bytes, *, pairs: int = 8) -> Iterator[list[bytes]]:
    """A body in one piece, in single bytes, cut in two at some places, and cut at random."""
    yield [body]
    yield [body[n : n + 1] for n in range(len(body))]
    for place in random.Random(len(body)).sample(range(len(body) + 1), min(pairs, len(body))):
        yield [body[:place], body[place:]]
    for seed in range(2):
        yield recut_bytes(body, seed=seed, max_piece=60)


def _read_ends(body: bytes, parts: list[bytes], ends: list[int]) -> list[int]:
    """How many characters can be read after each part: an event counts once it is closed."""
    closed = [match.end() for match in re.finditer(b"\n\n", body)]
    known = [*ends, ends[-1]]  # the last event is [DONE]
    read: list[int] = []
    total = event = 0
    for part in parts:
        total += len(part)
        while event < len(closed) and closed[event] <= total:
            event += 1
        read.append(known[event - 1] if event else 0)
    return read


def with_blanks(text: str, shift: int, *, complete: bool) -> list[str] | None:
    """The tokens of a text, with blanks between; None if it does not begin with JSON.

    What cannot be told to be a token (prose, an unfinished end) stays as it is.
    """
    chunks: list[str] = []
    pos = 0
    while (token := _TOKEN.match(text, pos)) is not None:
        chunks += [_BLANKS[(pos + shift) % len(_BLANKS)], token.group()]
        pos = token.end()
        while pos < len(text) and text[pos] in " \t\r\n":
            chunks.append(text[pos])
            pos += 1
    if not chunks:
        return None
    if pos < len(text):
        return [*chunks, text[pos:]]
    return [*chunks, " \n"] if complete else chunks


TEXT_WAYS = ("whole", "chunks", "characters", "every cut", "empty deltas", "blank deltas")
WIRE_WAYS = ("dicts", "objects", "bytes")
