"""What Azure and its relatives say of their content filters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from partialstream.sources.provider_errors import shown
from partialstream.sources.shapes import is_list, is_object

if TYPE_CHECKING:
    from typing import Any


def filtered_in(results: Any) -> str:
    """Name the categories that were filtered, `""` if none was.

    Args:
        results: A `content_filter_results` member: verdicts by category.

    Example:
        >>> filtered_in({"hate": {"filtered": True, "severity": "high"}, "jailbreak": {}})
        'hate (high)'
    """
    if not is_object(results):
        return ""
    return ", ".join(
        f"{category} ({shown(verdict['severity'])})" if verdict.get("severity") else str(category)
        for category, verdict in results.items()
        if is_object(verdict) and verdict.get("filtered") is True
    )


def filtered_prompt_in(prompts: Any) -> str:
    """Do the same for a `prompt_filter_results` member: one set of verdicts for each prompt."""
    if not is_list(prompts):
        return ""
    found = [
        filtered_in(prompt.get("content_filter_results")) for prompt in prompts if is_object(prompt)
    ]
    return ", ".join(f"prompt: {categories}" for categories in found if categories)
