"""The messages and the schema of a request that follows up on an answer.

A follow-up shows the model what it said as its own words, and says what is asked of it now.
What is quoted stands there character for character, in a document that we close: templates of
open models parse the arguments of a tool call, and refuse a request whose arguments are no JSON.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, cast

from partialstream.engine.fields import object_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from partialstream.client.options import Mode
    from partialstream.client.schema import RequestSchema
    from partialstream.results import Path

FIRST_INDEX: Final = "first_index"
INDEXES: Final = "indexes"
"""Members beside the list in responses to follow-ups: which elements of the list these are."""

BESIDE: Final[dict[str, dict[str, Any]]] = {
    FIRST_INDEX: {
        "type": "integer",
        "description": "The index of the first item that you send, counted from 0.",
    },
    # A text, because a list of numbers could be taken for the list itself.
    INDEXES: {
        "type": "string",
        "description": 'The indexes of the items that you send, in their order, as "0, 2, 5".',
    },
}

CALL_ID: Final = "followup1"
"""The id of the tool call that is shown as the model's own.

Nine letters and digits, because Mistral's API takes no other ids.
"""


def conversation(
    messages: Sequence[Any], *, mode: Mode, tool_name: str, said: str | None, instruction: str
) -> list[Any]:
    """Continue a conversation by what the model said and what is asked of it now.

    Args:
        messages: The caller's messages. Neither they nor the list are changed.
        mode: How the model is made to answer; in mode `tools` it spoke through a tool call.
        tool_name: The name of the tool. Of no meaning in other modes.
        said: The model's own words; None leaves them out.
        instruction: What is asked of it.

    Returns:
        A new list: the caller's messages, the same objects, and one or two more.

    Example:
        >>> asked = [{"role": "user", "content": "Two tools, please."}]
        >>> for message in conversation(
        ...     asked, mode="json_schema", tool_name="", said='{"items": []}', instruction="Go on."
        ... ):
        ...     print(message)
        {'role': 'user', 'content': 'Two tools, please.'}
        {'role': 'assistant', 'content': '{"items": []}'}
        {'role': 'user', 'content': 'Go on.'}
    """
    request: dict[str, Any] = {"role": "user", "content": instruction}
    if said is None:
        return [*messages, request]
    if mode != "tools":
        return [*messages, {"role": "assistant", "content": said}, request]
    call = {
        "id": CALL_ID,
        "type": "function",
        "function": {"name": tool_name, "arguments": said},
    }
    return [
        *messages,
        # Neither null nor left out, though OpenAI takes both: llama-cpp-python refuses null,
        # and templates of open models read the member.
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": CALL_ID, "content": instruction},
    ]


def list_text(raws: Iterable[str], path: Path) -> str:
    """Write a list whose elements are texts.

    Args:
        raws: The elements, each a JSON text; they stay as they are.
        path: Where the list stands, `()` if it is the document. An index in it becomes a list
            of one element.

    Returns:
        A JSON document.

    Example:
        >>> list_text(['{"n":1}', '{"n": 2e0}'], ("items",))
        '{"items": [{"n":1}, {"n": 2e0}]}'
    """
    text = f"[{', '.join(raws)}]"
    for step in reversed(path):
        text = f"[{text}]" if isinstance(step, int) else object_text({step: text})
    return text


def free_name(name: str, schema: RequestSchema) -> str:
    """Find a name for a member beside the list that no member of an item has.

    Example:
        >>> from partialstream.client.schema import RequestSchema
        >>> taken = {"type": "object", "properties": {"indexes": {"type": "string"}}}
        >>> free_name("indexes", RequestSchema("Tool", taken, strict=True))
        'indexes_'
    """
    names = _member_names(schema.schema)
    while name in names:
        name += "_"
    return name


def _member_names(schema: Any) -> set[str]:
    """All names of members in a schema."""
    if isinstance(schema, list):
        return set[str]().union(*map(_member_names, cast("Sequence[Any]", schema)))
    if not isinstance(schema, dict):
        return set()
    words = cast("dict[str, Any]", schema)
    inner = set[str]().union(*map(_member_names, words.values()))
    return inner.union(cast("dict[str, Any]", words.get("properties") or {}))


def indexed_schema(schema: RequestSchema, name: str) -> RequestSchema:
    """Add the member that says which items a response holds, before the list.

    Args:
        schema: The schema of a list in a wrapper object. It stays as it is.
        name: What `free_name` made of `FIRST_INDEX` or `INDEXES`.

    Example:
        >>> from partialstream.client.response_model import ResponseShape
        >>> from partialstream.client.schema import request_schema
        >>> made = indexed_schema(request_schema(ResponseShape("items", int)), "first_index")
        >>> list(made.schema["properties"]), made.schema["required"]
        (['first_index', 'items'], ['first_index', 'items'])
    """
    beside = dict(BESIDE[name.rstrip("_")])
    properties: Mapping[str, Any] = schema.schema.get("properties", {})
    larger = {**schema.schema, "properties": {name: beside, **properties}}
    larger["required"] = [name, *schema.schema.get("required", ())]
    return replace(schema, schema=larger)


def rest_schema(schema: RequestSchema, carried: Sequence[str]) -> RequestSchema:
    """Make the schema for those members of an object that are still asked for.

    Args:
        schema: The schema of the whole object. It stays as it is.
        carried: The members that stand, by their names in the answer.

    Returns:
        The schema without these members: as strict as before, by the same name, with the same
        definitions. The given schema if there is no such part of it: it wraps a list or a
        value, it names no members, or all of them stand.

    Example:
        >>> from partialstream.client.schema import RequestSchema
        >>> members = {"name": {"type": "string"}, "price": {"type": "number"}}
        >>> whole = {"type": "object", "properties": members, "required": ["name", "price"]}
        >>> rest_schema(RequestSchema("Tool", whole, strict=True), ["name"]).schema
        {'type': 'object', 'properties': {'price': {'type': 'number'}}, 'required': ['price']}
    """
    if schema.path:
        return schema
    properties: Mapping[str, Any] = schema.schema.get("properties", {})
    rest = {name: member for name, member in properties.items() if name not in carried}
    if not rest or len(rest) == len(properties):
        return schema
    smaller = {**schema.schema, "properties": rest}
    if "required" in smaller:
        smaller["required"] = [name for name in smaller["required"] if name not in carried]
    return replace(schema, schema=smaller)
