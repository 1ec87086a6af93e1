"""What a provider sent, quoted in messages: cut off, and without keys."""

from __future__ import annotations

import re
from typing import Final

QUOTED: Final = 200
"""Characters of the beginning of a response that messages quote."""

LOOKED_AT: Final = 2 * QUOTED
"""Characters that are looked through for keys: one that the cut would divide is found whole."""

_KEYS: Final = re.compile(
    r"""
    (?P<before>
        (?:authorization|api[-_ ]?key|access[-_]?token|secret)["']?\s*[:=]\s*["']?
        (?:(?:bearer|basic)\s+)?
      | \b(?:bearer|basic)\s+
    )
    [\w.~+/=-]{6,}
  | \b(?P<kind>sk-|pk-|gsk_|xai-|hf_|AIza|AKIA)[\w-]{12,}
    """,
    re.VERBOSE | re.IGNORECASE,
)


def mask_keys(text: str) -> str:
    """Take out of a text what looks like a key.

    Example:
        >>> mask_keys("no such key: sk-proj-4fX29aBcD3eF; Authorization: Bearer a1b2c3d4")
        'no such key: sk-…; Authorization: Bearer …'
    """
    return _KEYS.sub(lambda found: f"{found['before'] or found['kind']}…", text)


def quote(text: str, limit: int = QUOTED) -> str:
    """The first characters of a text, without keys; an ellipsis stands for more.

    Example:
        >>> quote("I am sorry."), len(quote("x" * 500))
        ('I am sorry.', 201)
    """
    masked = mask_keys(text[: max(LOOKED_AT, 2 * limit)])
    if len(text) <= limit:
        return masked
    return f"{masked[:limit]}…"
