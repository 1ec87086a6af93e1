"""Against langextract's aligner: where it finds a quote that occurs once, we find the same.

It works on tokens: runs of letters, of digits, or of one symbol. So quotes here begin and end where
tokens do; inside of a word it finds nothing, and we do. It needs an environment of its own; see
`.ci/run`.
"""

from __future__ import annotations

import os
import random
import re
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest

from partialstream.validation.quotes import SourceText

pytestmark = pytest.mark.skipif(
    find_spec("langextract") is None,
    reason="langextract, which brings much with it, is installed by .ci/run alone",
)

DOCUMENTS = int(os.environ.get("PARTIALSTREAM_LANGEXTRACT_DOCUMENTS", "1000"))
TOKEN = re.compile(r"[^\W\d_]+|\d+|([^\w\s]|_)\1*")
WORDS = (
    *("Lamp", "lamp", "desk", "RUG", "Grün", "café", "Ωmega", "naïve", "Straße", "İzmir", "ﬁne"),
    *("the", "a", "of", "No", "4711", "12", "3", ".", ",", "-", "--", "(", ")", "€", "'", "№", "&"),
)
BLANKS = (" ", " ", " ", "  ", "\n", "\n\n", "\t", "\r\n", "\u00a0", "")


def document(rng: random.Random) -> str:
    return "".join(
        rng.choice(WORDS) + rng.choice(BLANKS) for _ in range(rng.randint(20, 120))
    ).strip()


def quotes(rng: random.Random, text: str) -> list[str]:
    """Parts of a text that begin and end with tokens and occur once, as a model may write them."""
    tokens = list(TOKEN.finditer(text))
    folded = re.sub(r"\s+", " ", text).casefold()
    names = [token[0].casefold() for token in tokens]
    found: list[str] = []
    for _ in range(10):
        first = rng.randrange(len(tokens))
        last = min(first + rng.randint(1, 6), len(tokens)) - 1
        quote = text[tokens[first].start() : tokens[last].end()]
        wanted = names[first : last + 1]
        as_tokens = sum(
            names[at : at + len(wanted)] == wanted for at in range(len(names) - len(wanted) + 1)
        )
        # Once as tokens, for it, and once as characters, for us.
        if as_tokens == 1 and folded.count(re.sub(r"\s+", " ", quote).casefold()) == 1:
            change = rng.choice([str, str.upper, str.lower, blank])
            found.append(change(quote))
    return found


def blank(quote: str) -> str:
    return re.sub(r"\s+", " ", quote)


def aligned(resolver: Any, data: Any, text: str, quote: str) -> tuple[int, int] | None:
    groups = resolver.WordAligner().align_extractions(
        [[data.Extraction("quote", quote)]],
        text,
        enable_fuzzy_alignment=False,
        accept_match_lesser=False,
    )
    interval = next(iter(groups))[0].char_interval
    return None if interval is None else (interval.start_pos, interval.end_pos)


def test_the_same_places() -> None:
    resolver, data = import_module("langextract.resolver"), import_module("langextract.data")
    rng = random.Random(4711)
    agreed, differ = 0, 0
    for _ in range(DOCUMENTS):
        text = document(rng)
        source = SourceText(text)
        for quote in quotes(rng, text):
            span = source.find(quote)
            assert span is not None
            theirs = aligned(resolver, data, text, quote)
            if theirs == (span.start, span.end):
                agreed += 1
                continue
            # It compares lower-case letters: "STRASSE" is not "Straße", nor "FINE" what begins
            # with a ligature.
            differ += 1
            found, wanted = blank(text[span.start : span.end]), blank(quote)
            assert theirs is None, quote
            assert found.lower() != wanted.lower()
            assert found.casefold() == wanted.casefold()
    print(f"{DOCUMENTS} documents: {agreed} quotes agree, {differ} differ by their case folding")
    assert agreed > 4 * DOCUMENTS
    assert differ < 0.1 * agreed
