"""Messages of Chat Completions as the input of the Responses API.

    a message's text, image_url, file   input_text, input_image, input_file
    an assistant's text, refusal        output_text (or the text alone, if it has one), refusal
    tool_calls                          function_call, custom_tool_call: items of their own
    a message of role `tool`            function_call_output, custom_tool_call_output

What is in the form of the Responses API already, a part or an item, stays as it is. What has no
place there is refused, and never left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Item = dict[str, Any]

_ROLES: Final = ("system", "developer", "user")
_OWN_PARTS: Final = frozenset(
    {"input_text", "input_image", "input_file", "output_text", "refusal", "summary_text"}
)


def input_items(given: Any) -> list[Any]:
    """The items of an `input=` as a list, which can be continued; a text is the user's message.

    Raises:
        TypeError: It is neither a text nor a list.
    """
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    if not isinstance(given, Iterable) or isinstance(given, (bytes, Mapping)):
        raise TypeError("input= must be a text or a list of items")
    return [*cast("Sequence[Any]", given)]


def input_of(messages: Any) -> list[Any]:
    """Turn messages of Chat Completions into items of the Responses API's input.

    Raises:
        TypeError: They are no list of messages, or something in them has no place there.

    Example:
        >>> input_of([{"role": "user", "content": [{"type": "text", "text": "Hello"}]}])
        [{'role': 'user', 'content': [{'type': 'input_text', 'text': 'Hello'}]}]
    """
    if not isinstance(messages, Iterable) or isinstance(messages, (str, bytes, Mapping)):
        raise TypeError("messages= must be a list of messages")
    items: list[Any] = []
    custom: set[str] = set()  # the calls of custom tools, whose outputs have a type of their own
    for message in cast("Sequence[Any]", messages):
        items += _items_of(message, custom)
    return items


def _items_of(message: Any, custom: set[str]) -> list[Any]:
    fields = _fields(message)
    if fields is None:
        raise TypeError(f"a message must be a mapping, not {message!r:.200}")
    role: Any = fields.get("role")
    if role is None and "type" in fields:
        return [message]  # an item of the Responses API, such as its reasoning
    if role == "assistant":
        return _assistant_items(fields, custom)
    if role == "tool":
        return [_output_item(fields, custom)]
    if role not in _ROLES:
        known = ", ".join(map(repr, (*_ROLES, "assistant", "tool")))
        raise TypeError(f"a message's role must be one of {known}, not {role!r}")
    if fields.get("name"):
        raise _homeless("name= of a message")
    others = {name: value for name, value in fields.items() if name != "name"}
    return [{**others, "content": _content(fields.get("content"), "input_text")}]


def _assistant_items(fields: Mapping[str, Any], custom: set[str]) -> list[Any]:
    """The message itself, if it says anything, and an item for each of its calls.

    Of the members that the SDK's objects have beside these, none is part of what was said.
    """
    for name in ("name", "audio", "function_call"):
        if fields.get(name):
            raise _homeless(f"{name}= of an assistant's message")
    content = _content(fields.get("content"), "output_text")
    match content:
        # A text alone is the form that all servers take; vLLM, for one, takes no parts like this.
        case [{"type": "output_text", "text": text, **others}] if not others:
            content = text
        case _:
            pass
    refusal: Any = fields.get("refusal")
    if refusal:
        said = [{"type": "output_text", "text": content}] if isinstance(content, str) else content
        content = [*(said if content else ()), {"type": "refusal", "refusal": refusal}]
    calls = [_call_item(call, custom) for call in fields.get("tool_calls") or ()]
    if not content and calls:
        return calls
    phase = {"phase": fields["phase"]} if fields.get("phase") else {}
    return [{"role": "assistant", "content": content, **phase}, *calls]


def _call_item(given: Any, custom: set[str]) -> Item:
    call = _fields(given) or {}
    kind: Any = call.get("type", "function")
    called = _fields(call.get(kind)) if kind in ("function", "custom") else None
    if called is None:
        raise _homeless(f"a tool call like {given!r:.200}")
    call_id: Any = call.get("id")
    item = {"call_id": call_id, "name": called.get("name")}
    if kind == "function":
        return {"type": "function_call", **item, "arguments": called.get("arguments")}
    custom.add(call_id)
    return {"type": "custom_tool_call", **item, "input": called.get("input")}


def _output_item(fields: Mapping[str, Any], custom: set[str]) -> Item:
    call_id: Any = fields.get("tool_call_id")
    kind = "custom_tool_call_output" if call_id in custom else "function_call_output"
    output = _content(fields.get("content"), "input_text")
    return {"type": kind, "call_id": call_id, "output": output}


def _content(content: Any, text: str) -> Any:
    """The content of a message; a part that is text is of type `text`."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if not isinstance(content, Iterable) or isinstance(content, (bytes, Mapping)):
        raise TypeError(
            f"a message's content must be a text or a list of parts, not {content!r:.200}"
        )
    return [_part(part, text) for part in cast("Sequence[Any]", content)]


def _part(given: Any, text: str) -> Any:
    if isinstance(given, str):  # as some servers take it
        return {"type": text, "text": given}
    part = _fields(given) or {}
    kind: Any = part.get("type")
    if kind in _OWN_PARTS:
        return given
    others = {name: value for name, value in part.items() if name not in ("type", kind)}
    if kind == "text":
        return {"type": text, "text": part.get("text"), **others}
    if kind == "image_url" and text == "input_text":
        image: Any = part.get("image_url")
        url = _fields(image) or {"url": image}
        return {
            "type": "input_image",
            "image_url": url.get("url"),
            "detail": url.get("detail") or "auto",
            **others,
        }
    file = _fields(part.get("file")) if kind == "file" and text == "input_text" else None
    if file is not None:
        return {"type": "input_file", **file, **others}
    raise _homeless(f"a part of type {kind!r}")


def _fields(value: Any) -> dict[str, Any] | None:
    """The members of a mapping, or of an object of the SDK."""
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, Any]", value))
    dump: Callable[..., dict[str, Any]] | None = getattr(value, "model_dump", None)
    return None if dump is None else dump(exclude_unset=True)


def _homeless(what: str) -> TypeError:
    return TypeError(
        f"{what} has no place in the Responses API; say it with input=, in that API's own form"
    )
