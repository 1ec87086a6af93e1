"""How the provider is made to answer in JSON."""

from __future__ import annotations

from enum import Enum
from typing import Any, Final, Literal

Mode = Literal["json_schema", "tools", "json_object"]
"""How the provider is made to answer in JSON.

- `json_schema`: the answer is held to a schema (Structured Outputs). The default.
- `tools`: the answer is the arguments of a function that the model has to call.
- `json_object`: the answer is some JSON object; the schema is in the prompt. For servers that
  know neither of the others.
"""

DEFAULT_MODE: Final[Mode] = "json_schema"

_OWN: Final[tuple[Mode, ...]] = ("json_schema", "tools", "json_object")

# instructor's members: name, value, and what is nearest to it. Left out are those that call
# another endpoint (RESPONSES_*) or another provider's own API (ANTHROPIC_*, GEMINI_*, ...):
# they belong to a client made with `from_instructor`, which needs no mode from here.
_INSTRUCTOR: Final[tuple[tuple[str, str, Mode], ...]] = (
    ("JSON_SCHEMA", "json_schema_mode", "json_schema"),
    ("JSON_O1", "json_o1", "json_schema"),  # as instructor itself reads it
    ("OPENROUTER_STRUCTURED_OUTPUTS", "openrouter_structured_outputs", "json_schema"),
    ("TOOLS", "tool_call", "tools"),
    ("TOOLS_STRICT", "tools_strict", "tools"),
    ("PARALLEL_TOOLS", "parallel_tool_call", "tools"),
    ("FUNCTIONS", "function_call", "tools"),
    ("JSON", "json_mode", "json_object"),
    ("MD_JSON", "markdown_json_mode", "json_object"),
)
_BY_NAME: Final[dict[str, Mode]] = {name: mode for name, _, mode in _INSTRUCTOR}
_BY_TEXT: Final[dict[str, Mode]] = {
    **{mode: mode for mode in _OWN},
    **{text: mode for name, value, mode in _INSTRUCTOR for text in (name, value)},
}


def resolve_mode(mode: Any = None) -> Mode:
    """Read what the caller passes as `mode=`.

    Args:
        mode: One of the words of `Mode`; a member of `instructor.Mode`, or its name or value;
            None for the default, `"json_schema"`.

    Returns:
        The mode.

    Raises:
        ValueError: If it is none of these, or a member that OpenAI's Chat Completions API has
            nothing like.

    Example:
        >>> import instructor
        >>> resolve_mode(instructor.Mode.TOOLS)
        'tools'
        >>> resolve_mode()
        'json_schema'
    """
    if mode is None:
        return DEFAULT_MODE
    found = _found(mode)
    if found is None:
        own = ", ".join(repr(word) for word in _OWN)
        raise ValueError(
            f"no such mode: {mode!r}; the modes are {own}, "
            f"and of instructor's Mode {', '.join(_BY_NAME)}"
        )
    return found


def is_known_mode(mode: Any) -> bool:
    """Whether `resolve_mode` can read it.

    Example:
        >>> is_known_mode("tools"), is_known_mode("anthropic_tools")
        (True, False)
    """
    return mode is None or _found(mode) is not None


def _found(mode: Any) -> Mode | None:
    # A member goes by its name alone: the value of COHERE_JSON_SCHEMA is "json_object".
    if isinstance(mode, Enum):
        return _BY_NAME.get(mode.name)
    return _BY_TEXT.get(mode) if isinstance(mode, str) else None
