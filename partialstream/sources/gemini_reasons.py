"""Why Gemini ended an answer or blocked a prompt: an enumeration, by name or by number.

Numbers were seen in bodies from Vertex AI, and the `to_dict` of Google's older SDKs writes them
too. Vertex AI and the Gemini API agree on the first five alone.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from partialstream.sources.gemini_fields import member, word
from partialstream.sources.provider_errors import shown

if TYPE_CHECKING:
    from typing import Any

_COMMON = ("STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "OTHER")

# google.cloud.aiplatform.v1beta1.Candidate.FinishReason
_VERTEX_AI = (
    *_COMMON,
    *("BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MALFORMED_FUNCTION_CALL", "MODEL_ARMOR"),
    *("IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "IMAGE_OTHER"),
    *("UNEXPECTED_TOOL_CALL", "NO_IMAGE"),
)

# google.ai.generativelanguage.v1beta.Candidate.FinishReason
_GEMINI_API = (
    *_COMMON,
    *("LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MALFORMED_FUNCTION_CALL"),
    *("IMAGE_SAFETY", "UNEXPECTED_TOOL_CALL"),
)

# google.cloud.aiplatform.v1.GenerateContentResponse.PromptFeedback.BlockedReason; that of the
# Gemini API has the same first four.
_BLOCKED = ("SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "MODEL_ARMOR", "JAILBREAK")


def finish_reason_in(candidate: Any) -> tuple[str | None, bool]:
    """Give the finish reason of a candidate, and whether it is known.

    A number without a name is given as text, and is not known. Words are known: there are more
    of them every year.

    Example:
        >>> finish_reason_in({"finishReason": 3}), finish_reason_in({"finishReason": 99})
        (('SAFETY', True), ('99', False))
    """
    value = member(candidate, "finishReason")
    # The Gemini API alone counts the tokens of a candidate.
    names = _VERTEX_AI if member(candidate, "tokenCount") is None else _GEMINI_API
    reason = _named(value, names)
    return reason, reason is None or reason in names or not _is_number(value)


def block_reason_in(feedback: Any) -> str | None:
    """Give the reason in a `promptFeedback`, as text if it is a number without a name.

    Example:
        >>> block_reason_in({"blockReason": 4}), block_reason_in({"blockReason": "SAFETY"})
        ('PROHIBITED_CONTENT', 'SAFETY')
    """
    return _named(member(feedback, "blockReason"), _BLOCKED)


def _named(value: Any, names: tuple[str, ...]) -> str | None:
    if not _is_number(value):
        return word(value)
    if value == 0:
        return None
    return names[int(value) - 1] if value in range(1, len(names) + 1) else shown(value)


def _is_number(value: Any) -> bool:
    # An SDK's enumeration of numbers knows the names that belong to it.
    return isinstance(value, (int, float)) and not isinstance(value, (bool, Enum))
