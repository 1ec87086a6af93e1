"""What we say to the model. All of it is here, and nowhere else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from partialstream.client.schemas import RequestSchema

TOOL_DESCRIPTION: Final = "Takes your answer. Call it once, with the complete answer."
"""Describes the function that the model has to call, where the type has no docstring."""


def schema_prompt(schema: RequestSchema) -> str:
    """Ask for JSON of one schema, where the request has no other place for it.

    OpenAI demands the word JSON in a message if the answer is to be a JSON object.

    Args:
        schema: The schema of the answer.

    Returns:
        The text of a system message.
    """
    text = json.dumps(schema.schema, ensure_ascii=False, separators=(",", ":"))
    return (
        "Answer with one JSON object and nothing else: no prose, no Markdown. "
        f"The object must match this JSON schema:\n{text}"
    )
