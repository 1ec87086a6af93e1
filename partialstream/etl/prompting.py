"""A document as messages: a prompt with places to fill in, or a function of the user's."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from partialstream.etl.documents import Document

Prompt = str | Callable[["Document"], "str | Iterable[Any]"]
"""A text with `{text}` in it, or a function that gives a document's messages."""

_PLACES: Final = re.compile(r"\{(text|id|metadata\.(\w+))\}")


class Prompting:
    """Makes the messages of a request.

    Args:
        prompt: In a text, `{text}`, `{id}` and `{metadata.name}` are filled in; all other braces
            stay. A function gives the messages, or the text of one.

    Raises:
        TypeError: It is neither.
        ValueError: `{text}` is not in the text.

    Example:
        >>> from partialstream.etl.documents import Document
        >>> Prompting('{"from": "{id}"} {text}').messages(Document("n1", "see {id}"))
        [{'role': 'user', 'content': '{"from": "n1"} see {id}'}]
    """

    def __init__(self, prompt: Prompt) -> None:
        given: Any = prompt
        if not isinstance(given, str) and not callable(given):
            raise TypeError(f"prompt= must be a text or a function, not {given!r}")
        if isinstance(given, str) and "{text}" not in given:
            raise ValueError("prompt= must hold {text}, where the document's text is to stand")
        self._prompt = prompt

    def messages(self, document: Document) -> list[Any]:
        """The messages for a document.

        Raises:
            KeyError: The document's metadata has no such name.
        """
        prompt = self._prompt
        said = _filled_in(prompt, document) if isinstance(prompt, str) else prompt(document)
        if isinstance(said, str):
            return [{"role": "user", "content": said}]
        return list(said)

    @property
    def identity(self) -> str:
        """What tells it from another: the text, or the name and the source of the function."""
        prompt = self._prompt
        if isinstance(prompt, str):
            return prompt
        function: Any = prompt
        name = f"{getattr(function, '__module__', '')}.{getattr(function, '__qualname__', '')}"
        try:
            return f"{name}\n{inspect.getsource(function)}"
        except (OSError, TypeError):  # made in an interactive session, or an object with __call__
            return name if name != "." else f"{type(function).__module__}.{type(function).__name__}"


def _filled_in(prompt: str, document: Document) -> str:
    # In one pass, so that what stands in a document is never filled in.
    def fill(match: re.Match[str]) -> str:
        name = cast("str | None", match[2])
        if name is not None:
            return str(document.metadata[name])
        return document.text if match[1] == "text" else document.id

    return _PLACES.sub(fill, prompt)
