"""A document as messages: a prompt with placeholders, or a function."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from partialstream.etl.journal.functions import description_of

if TYPE_CHECKING:
    from partialstream.etl.inputs.documents import Document

Prompt = str | Callable[["Document"], "str | Iterable[Any]"]
"""A text with the placeholder `{text}`, or a function that returns the messages for a document."""

_RETURNS: Final = "the function given as prompt= must return a text or a list of messages"
_PLACEHOLDERS: Final = re.compile(r"\{(text|id|metadata\.([^{}]+))\}")


class PromptTypeError(TypeError):
    """A prompt function returned something else than a prompt, as it would for each document."""


class Prompting:
    """Makes the messages of a request.

    Args:
        prompt: In a text, `{text}`, `{id}` and `{metadata.name}` are filled in; all other braces
            stay. A function returns the messages, or the text of a single one.

    Raises:
        TypeError: It is neither, or an async function.
        ValueError: The text has no `{text}`.

    Example:
        >>> from partialstream.etl.inputs.documents import Document
        >>> Prompting('{"from": "{id}"} {text}').messages(Document("n1", "see {id}"))
        [{'role': 'user', 'content': '{"from": "n1"} see {id}'}]
    """

    def __init__(self, prompt: Prompt) -> None:
        given: Any = prompt
        if not isinstance(given, str) and not callable(given):
            raise TypeError(f"prompt= must be a text or a function, not {given!r}")
        if isinstance(given, str) and "{text}" not in given:
            raise ValueError(
                "prompt= must contain {text}, which is replaced by the text of each document"
            )
        if inspect.iscoroutinefunction(given) or inspect.iscoroutinefunction(
            getattr(given, "__call__", None)  # noqa: B004 - of an object: its method
        ):
            raise TypeError("prompt= must not be an async function")
        self._prompt = prompt

    def messages(self, document: Document) -> list[Any]:
        """The messages for a document.

        Raises:
            ValueError: The document's metadata has no such name.
            PromptTypeError: The function returned neither a text nor messages.
        """
        prompt = self._prompt
        content = _filled_in(prompt, document) if isinstance(prompt, str) else prompt(document)
        if isinstance(content, str):
            return [{"role": "user", "content": content}]
        kind: type[object] = type(content)
        if not hasattr(kind, "__iter__") or issubclass(kind, (bytes, Mapping)):
            raise PromptTypeError(f"{_RETURNS}, not {_kind(content)}")
        messages = list(content)
        for message in messages:
            if message is None or isinstance(message, (str, bytes)):
                raise PromptTypeError(f"{_RETURNS}, not a list with {_kind(message)}")
        return messages

    @property
    def identity(self) -> str:
        """Identifies the prompt in the journal: its text, or what a function consists of.

        See `description_of`.
        """
        prompt = self._prompt
        if isinstance(prompt, str):
            return prompt
        return description_of(prompt)


def metadata_names(prompt: str) -> list[str]:
    """The names of the metadata that a text as a prompt needs."""
    return [name for _, name in _PLACEHOLDERS.findall(prompt) if name]


def _kind(value: object) -> str:
    return "None" if value is None else type(value).__name__


def _filled_in(prompt: str, document: Document) -> str:
    # In a single pass: braces in a document are never replaced.
    def fill(match: re.Match[str]) -> str:
        name = cast("str | None", match[2])
        if name is None:
            return document.text if match[1] == "text" else document.id
        if name not in document.metadata:
            there = ", ".join(map(repr, document.metadata)) or "nothing"
            raise ValueError(f"prompt= has {match[0]}, but the document's metadata has {there}")
        return str(document.metadata[name])

    return _PLACEHOLDERS.sub(fill, prompt)
