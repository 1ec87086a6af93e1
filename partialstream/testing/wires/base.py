"""What all wire formats have in common: reading a request, rendering a response."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar, cast

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from partialstream.testing.script import Ask, Part, Script


class Wire(ABC):
    """A wire format.

    Attributes:
        route: The path it takes POST requests on, in Starlette's notation.
    """

    route: ClassVar[str]

    def read(self, path: str, body: Mapping[str, Any]) -> Ask:
        """Read what a request asks for.

        Raises:
            ValueError: If it is not a request of this wire.
        """
        try:
            return self._ask(path, body)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"the request has an unknown shape: {error!r}") from error

    @abstractmethod
    def _ask(self, path: str, body: Mapping[str, Any]) -> Ask:
        """Read a request; what Python raises at an unknown shape is translated by `read`."""

    @abstractmethod
    def render(self, ask: Ask, script: Script) -> Rendering:
        """Begin to render a streamed response."""

    @abstractmethod
    def whole(self, ask: Ask, script: Script) -> bytes:
        """Render a response that is not streamed."""

    @abstractmethod
    def error(self, message: str, *, status: int, code: str | None = None) -> bytes:
        """Render the body of an HTTP error."""

    @abstractmethod
    def error_event(self, message: str, *, code: str | None = None) -> bytes:
        """Render an error inside a stream."""


class Rendering(ABC):
    """A streamed response as bytes; its methods are called in their order, each event whole.

    Args:
        ask: The request.
        script: What to say.
    """

    def __init__(self, ask: Ask, script: Script) -> None:
        self._ask = ask
        self._script = script

    @abstractmethod
    def opening(self) -> bytes:
        """Render what comes before the first delta, `b""` if nothing does."""

    @abstractmethod
    def delta(self, part: Part, text: str) -> bytes:
        """Render one delta, and what has to stand before it."""

    @abstractmethod
    def closing(self) -> bytes:
        """Render what comes after the last delta: finish reason and usage."""

    @abstractmethod
    def done(self) -> bytes:
        """Render the end-of-stream marker, `b""` if the wire has none."""


class BlockRendering(Rendering):
    """A streamed response whose parts are blocks, each with a start, its deltas, and an end.

    Args:
        ask: The request.
        script: What to say.
        blocks: The parts that are blocks; deltas of others are left out.
    """

    def __init__(self, ask: Ask, script: Script, blocks: Iterable[Part]) -> None:
        super().__init__(ask, script)
        self._places = {part: place for place, part in enumerate(blocks)}
        self._left = Counter(part for part, _ in script.deltas)
        self._opened: set[Part] = set()

    @override
    def delta(self, part: Part, text: str) -> bytes:
        self._left[part] -= 1
        if part not in self._places:
            return b""
        head = b""
        if part not in self._opened:
            self._opened.add(part)
            head = self._start(part)
        return head + self._piece(part, text) + (b"" if self._left[part] else self._end(part))

    def _without_deltas(self) -> bytes:
        """The blocks that no delta has opened."""
        silent = [part for part in self._places if part not in self._opened]
        return b"".join(self._start(part) + self._end(part) for part in silent)

    @abstractmethod
    def _start(self, part: Part) -> bytes: ...

    @abstractmethod
    def _piece(self, part: Part, text: str) -> bytes: ...

    @abstractmethod
    def _end(self, part: Part) -> bytes: ...


def listed(value: Any) -> list[Any]:
    """A list as it is; None, and what else says nothing, as an empty one.

    Raises:
        TypeError: If it is something else.

    Example:
        >>> listed([1]), listed(None)
        ([1], [])
    """
    if value and not isinstance(value, list):
        raise TypeError(f"a list is needed, not {value!r}")
    return cast("list[Any]", value or [])


def tool_asked_for(names: list[str], wanted: Any) -> str | None:
    """The tool that a text becomes a call of.

    Args:
        names: The tools of the request.
        wanted: The tool that it names, `"none"` if none may be called, anything else to choose
            among them.

    Returns:
        The tool named, or the first; None if there is none, or none may be called.

    Example:
        >>> tool_asked_for(["a", "b"], "b"), tool_asked_for(["a"], "auto")
        ('b', 'a')
        >>> tool_asked_for(["a"], "none") is None
        True
    """
    if not names or wanted == "none":
        return None
    return wanted if wanted in names else names[0]


def prompt_tokens(*texts: Any) -> int:
    """Estimate the input tokens: four characters of text make one.

    Args:
        texts: Texts, and lists and objects with texts as `text`, `content` or `parts` in them.

    Example:
        >>> prompt_tokens("abcd", [{"role": "user", "content": [{"text": "abcde"}]}])
        3
    """
    return -(-sum(map(_size, texts)) // 4)


def _size(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return sum(_size(fields.get(name)) for name in ("text", "content", "parts"))
    if isinstance(value, list):
        members = cast("list[Any]", value)  # type: ignore[redundant-cast]  # not for pyright
        return sum(_size(member) for member in members)
    return 0
