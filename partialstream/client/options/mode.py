"""How a provider is asked: the words for `mode=` and `api=`."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from instructor import Mode as InstructorMode

ModeWord = Literal["json_schema", "tools", "json_object"]
"""How the provider is made to respond in JSON.

- `json_schema`: the response is held to a schema (Structured Outputs). The default.
- `tools`: the response is the arguments of a function that the model has to call.
- `json_object`: the response is some JSON object; the schema is in the prompt. For servers that
  know neither of the others.
"""

API = Literal["chat", "responses"]
"""Which API of the OpenAI SDK requests are made through: Chat Completions, or Responses."""

DEFAULT_MODE: Final[ModeWord] = "json_schema"

_WORDS: Final[tuple[ModeWord, ...]] = ("json_schema", "tools", "json_object")


class Mode(Enum):
    """instructor's modes by their names, for programs that come from there.

    They are understood wherever `mode=` is, as instructor's own members are. With `from_openai`
    those for OpenAI's APIs are read as the nearest of `"json_schema"`, `"tools"` and
    `"json_object"`; those for another provider are for `from_provider`, which hands them to
    instructor.

    Example:
        >>> from partialstream import Mode, from_provider
        >>> type(from_provider("openai/gpt-5", mode=Mode.TOOLS, api_key="test")).__name__
        'Client'
    """

    # Read as `json_schema`, as instructor itself reads JSON_O1.
    JSON_SCHEMA = "json_schema_mode"
    JSON_O1 = "json_o1"
    OPENROUTER_STRUCTURED_OUTPUTS = "openrouter_structured_outputs"
    # Read as `tools`.
    TOOLS = "tool_call"
    TOOLS_STRICT = "tools_strict"
    PARALLEL_TOOLS = "parallel_tool_call"
    FUNCTIONS = "function_call"
    # Read as `json_object`.
    JSON = "json_mode"
    MD_JSON = "markdown_json_mode"
    # With `api="responses"`; read as `tools`, and as `json_schema`.
    RESPONSES_TOOLS = "responses_tools"
    RESPONSES_TOOLS_WITH_INBUILT_TOOLS = "responses_tools_with_inbuilt_tools"
    # For other providers.
    ANTHROPIC_TOOLS = "anthropic_tools"
    ANTHROPIC_REASONING_TOOLS = "anthropic_reasoning_tools"
    ANTHROPIC_JSON = "anthropic_json"
    ANTHROPIC_PARALLEL_TOOLS = "anthropic_parallel_tools"
    BEDROCK_TOOLS = "bedrock_tools"
    BEDROCK_JSON = "bedrock_json"
    CEREBRAS_TOOLS = "cerebras_tools"
    CEREBRAS_JSON = "cerebras_json"
    COHERE_TOOLS = "cohere_tools"
    COHERE_JSON_SCHEMA = "json_object"
    FIREWORKS_TOOLS = "fireworks_tools"
    FIREWORKS_JSON = "fireworks_json"
    GEMINI_TOOLS = "gemini_tools"
    GEMINI_JSON = "gemini_json"
    GENAI_TOOLS = "genai_tools"
    GENAI_JSON = "genai_json"
    GENAI_STRUCTURED_OUTPUTS = "genai_structured_outputs"
    MISTRAL_TOOLS = "mistral_tools"
    MISTRAL_STRUCTURED_OUTPUTS = "mistral_structured_outputs"
    PERPLEXITY_JSON = "perplexity_json"
    VERTEXAI_TOOLS = "vertexai_tools"
    VERTEXAI_JSON = "vertexai_json"
    VERTEXAI_PARALLEL_TOOLS = "vertexai_parallel_tools"
    WRITER_TOOLS = "writer_tools"
    WRITER_JSON = "writer_json"
    XAI_TOOLS = "xai_tools"
    XAI_JSON = "xai_json"


if TYPE_CHECKING:
    AnyMode = Mode | InstructorMode | ModeWord
    """What `mode=` may be."""

# What is nearest to each. Left out are those that call another provider's own API (ANTHROPIC_*,
# GEMINI_*, ...): they belong to a client of instructor's.
_CHAT: Final[dict[Mode, ModeWord]] = {
    Mode.JSON_SCHEMA: "json_schema",
    Mode.JSON_O1: "json_schema",
    Mode.OPENROUTER_STRUCTURED_OUTPUTS: "json_schema",
    Mode.TOOLS: "tools",
    Mode.TOOLS_STRICT: "tools",
    Mode.PARALLEL_TOOLS: "tools",
    Mode.FUNCTIONS: "tools",
    Mode.JSON: "json_object",
    Mode.MD_JSON: "json_object",
}
_NEAREST: Final[dict[API, dict[Mode, ModeWord]]] = {
    "chat": _CHAT,
    "responses": {
        **_CHAT,
        Mode.RESPONSES_TOOLS: "tools",
        # Beside a function that the model has to call, it would use no tool of the provider's.
        Mode.RESPONSES_TOOLS_WITH_INBUILT_TOOLS: "json_schema",
    },
}
_BY_NAME: Final[dict[API, dict[str, ModeWord]]] = {
    api: {member.name: word for member, word in nearest.items()}
    for api, nearest in _NEAREST.items()
}
_BY_TEXT: Final[dict[API, dict[str, ModeWord]]] = {
    api: {
        **{word: word for word in _WORDS},
        **{text: word for each, word in nearest.items() for text in (each.name, each.value)},
    }
    for api, nearest in _NEAREST.items()
}


def check_api(api: Any) -> None:
    """Refuse a word that is no `API`.

    Raises:
        ValueError: It is none.
    """
    if api not in ("chat", "responses"):
        raise ValueError(f"api must be 'chat' or 'responses', not {api!r}")


def resolve_mode(mode: Any = None, api: API = "chat") -> ModeWord:
    """Read what the caller passes as `mode=`: None is for the default.

    Raises:
        ValueError: It is none of `ModeWord`, or a member of `Mode` that the API has nothing like.

    Example:
        >>> import instructor
        >>> resolve_mode(instructor.Mode.TOOLS), resolve_mode(Mode.JSON)
        ('tools', 'json_object')
    """
    if mode is None:
        return DEFAULT_MODE
    found = _found(mode, api)
    if found is None:
        own = ", ".join(repr(word) for word in _WORDS)
        elsewhere = _found(mode, "responses") is not None
        hint = "it needs a client made with api='responses'; " if elsewhere else ""
        raise ValueError(
            f"no such mode: {mode!r}; {hint}the modes are {own}, "
            f"and of instructor's Mode {', '.join(_BY_NAME[api])}"
        )
    return found


def is_known_mode(mode: Any, api: API = "chat") -> bool:
    """Whether `resolve_mode` can read it."""
    return mode is None or _found(mode, api) is not None


def _found(mode: Any, api: API) -> ModeWord | None:
    # A member goes by its name alone: the value of COHERE_JSON_SCHEMA is "json_object".
    if isinstance(mode, Enum):
        return _BY_NAME[api].get(mode.name)
    return _BY_TEXT[api].get(mode) if isinstance(mode, str) else None
