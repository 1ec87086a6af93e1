"""Templates in messages, filled in from `context`, as instructor does."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import dedent
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable

_MARKS = ("{{", "{%", "{#")


def rendered(kwargs: Mapping[str, Any], context: Any) -> Mapping[str, Any]:
    """Fill in the Jinja templates in messages.

    What instructor does: each text of a message, as its content or as a part of it, is rendered
    in Jinja's sandbox and loses the indentation that all its lines have. A text without a
    template stays as it is.

    Args:
        kwargs: The caller's arguments; neither they nor the messages in them are changed.
        context: The variables by name. Anything but a mapping fills in nothing; it is handed
            to pydantic's validators all the same.

    Returns:
        The arguments; the same object if there is nothing to fill in.

    Raises:
        jinja2.TemplateError: A template is no valid one, or does what the sandbox forbids.

    Example:
        >>> asked = {"messages": [{"role": "user", "content": "Rank {{ what }}."}]}
        >>> rendered(asked, {"what": "lamps"})["messages"]
        [{'role': 'user', 'content': 'Rank lamps.'}]
    """
    messages = as_list(kwargs.get("messages"))
    if not isinstance(context, Mapping) or not context or not any(map(_has_template, messages)):
        return kwargs
    from jinja2.sandbox import SandboxedEnvironment

    variables = cast("Mapping[str, Any]", context)
    environment = SandboxedEnvironment()

    def render(text: Any) -> Any:
        if not _is_template(text):
            return text
        return dedent(environment.from_string(text).render(**variables))

    return {**kwargs, "messages": [_message(each, render) for each in messages]}


def escaped(text: str) -> str:
    """Write a text so that rendering it gives the text.

    Example:
        >>> from jinja2.sandbox import SandboxedEnvironment
        >>> text = '{"a": "{{ b }}"}'
        >>> SandboxedEnvironment().from_string(escaped(text)).render() == text
        True
    """
    return text.replace("{", "{{ '{' }}")


def as_list(value: Any) -> list[Any]:
    """A list or a tuple as a list; nothing else is one.

    Example:
        >>> as_list((1, 2)), as_list("ab")
        ([1, 2], [])
    """
    return [*cast("list[Any]", value)] if isinstance(value, (list, tuple)) else []


def _is_template(text: Any) -> bool:
    return isinstance(text, str) and any(mark in text for mark in _MARKS)


def _has_template(message: Any) -> bool:
    if not isinstance(message, Mapping):
        return False
    content: Any = cast("Mapping[str, Any]", message).get("content")
    return _is_template(content) or any(_is_template(_text_of(part)) for part in as_list(content))


def _text_of(part: Any) -> Any:
    return cast("Mapping[str, Any]", part).get("text") if isinstance(part, Mapping) else None


def _message(message: Any, render: Callable[[Any], Any]) -> Any:
    if not _has_template(message):
        return message
    content: Any = message["content"]
    if isinstance(content, str):
        return {**message, "content": render(content)}
    parts = [
        {**part, "text": render(text)} if (text := _text_of(part)) is not None else part
        for part in as_list(content)
    ]
    return {**message, "content": parts}
