"""The tokens of the tiny model: all bytes, some characters, and some pieces of JSON."""

from __future__ import annotations

from typing import Final

UNKNOWN, BEGIN, END = 0, 1, 2
SPECIAL: Final = ["<unk>", "<s>", "</s>"]

# With these alone every character would come byte by byte, and hardly any of UTF-8's longer
# ones: a random model seldom finds the bytes that belong together.
CHARACTERS: Final = [*"äß¿€日本語Ω", "😀", "🚀", "e\u0301", "\u0085", "\u2028", "\ufeff", "\u00a0"]

# So that a delta may end one item and begin the next.
PIECES: Final = r'": "," ", }, },{ },{" }] }]} {" [{ true \u00 10'.split()

FIRST_BYTE: Final = len(SPECIAL)
FIRST_TEXT: Final = FIRST_BYTE + 256
TEXTS: Final = CHARACTERS + PIECES
SIZE: Final = FIRST_TEXT + len(TEXTS)


def bias(characters: str, by: float) -> dict[str, float]:
    """A `logit_bias` for ASCII characters."""
    return {str(FIRST_BYTE + ord(character)): by for character in characters}


# llama-cpp-python holds a text back from the first byte on that is no UTF-8, to the very end.
NO_STRAY_BYTES: Final = {str(FIRST_BYTE + byte): -100.0 for byte in range(0x80, 0x100)}
NO_CONTROLS: Final = bias("".join(map(chr, range(32))), -100.0)
SHORT_STRINGS: Final = bias('"', 2.0)
SHORT_LISTS: Final = bias("]", 1.0)


def ending(by: float) -> dict[str, float]:
    """A `logit_bias` for all tokens that end a list."""
    return bias("]", by) | {
        str(FIRST_TEXT + place): by for place, text in enumerate(TEXTS) if "]" in text
    }


ENDLESS_LISTS: Final = ending(-100.0)  # which end only where the grammar leaves nothing else
