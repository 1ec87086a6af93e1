"""What wires have in common: events in, text out; values as JSON; how a stream ended."""

from __future__ import annotations

from abc import ABC, abstractmethod
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from pydantic_core import to_json
from typing_extensions import Self

from partialstream.results import Item
from partialstream.stream.events import ItemRepaired
from partialstream.validation.writing import json_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from partialstream.usage import Usage


_LINE_ENDS: Final = {"\x85": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"}
"""Characters that JSON has in strings as they are, and at which some readers end a line: those
that use Python's `splitlines`, like httpx's `iter_lines`."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a stream ended.

    Attributes:
        ok: Whether all that was asked for has come.
        status: The outcome's status; `"failed"` for an error that is not the stream's.
        message: For the page; it quotes neither the provider nor the model.
        items: How many items were delivered, None for an object.
        usage: Tokens, None where they are not known.
    """

    ok: bool
    status: str
    message: str = ""
    items: int | None = None
    usage: Usage | None = None


class Wire(ABC):
    """A format for one HTTP response. It takes events and gives text; no I/O.

    What is passed as `wire=` is not used itself: each response has a copy, made by `begin`.

    Attributes:
        media_type: The content type.
        headers: What else the format wants in the head of the response.
        throttle: Seconds in which changes are merged, by default.
        tears: Whether the body of a response that is not complete has to be broken off, because
            its reader takes any other end for success.
        ordered: Whether repaired items have to keep their place.
        numbered: Whether frames have numbers, from 1, after each of which a reader can go on.
        many_runs: Whether a key of `Replay` has several runs, one after the other, as a chat has.
        run: What this response is called among the runs of a key; `""` for a name of its own.
        by_alias: Whether fields have their aliases; None leaves that to the models.
    """

    media_type: ClassVar[str] = "text/event-stream"
    headers: ClassVar[Mapping[str, str]] = {}
    throttle: ClassVar[float] = 0.0
    tears: ClassVar[bool] = False
    ordered: ClassVar[bool] = False
    numbered: ClassVar[bool] = False
    many_runs: ClassVar[bool] = False
    run: str = ""
    by_alias: bool | None = None

    def begin(self, *, by_alias: bool | None = None) -> Self:
        """A wire of the same kind, for one response."""
        wire = copy(self)
        wire.by_alias = by_alias
        wire._reset()
        return wire

    @abstractmethod
    def _reset(self) -> None:
        """Forget other responses."""

    def resume(self, number: int) -> None:  # noqa: B027 - nothing to do where none are numbered
        """Go on after so many frames."""

    @abstractmethod
    def start(self) -> list[str]:
        """What comes before all events."""

    @abstractmethod
    def feed(self, events: Sequence[object]) -> list[str]:
        """Take the events of a moment; gives the frames that say what is new.

        A frame is the least that a reader can take up again at.
        """

    @abstractmethod
    def end(self, ending: Ending) -> list[str]:
        """What comes after all events; nothing, for an end that is to tear the body."""

    def heartbeat(self) -> str:
        """Says nothing, and keeps the connection open; `""` where that cannot be said now."""
        return ": \n\n"

    def value(self, item: Item[Any]) -> Any:
        """The JSON of an item."""
        return json_of(item.value, by_alias=self.by_alias)


class RepairedItems:
    """Tells items that were repaired from others."""

    def __init__(self) -> None:
        self._indexes: set[int] = set()

    def feed(self, event: object) -> bool:
        """Take an event; whether it is an item that was repaired."""
        if isinstance(event, ItemRepaired):
            self._indexes.add(event.rejected.index)
        elif self._indexes and isinstance(event, Item) and event.index in self._indexes:
            self._indexes.discard(event.index)
            return True
        return False


def json_text(value: Any) -> str:
    """JSON in one line; what JSON has no number for is null."""
    text = to_json(value, inf_nan_mode="null").decode()
    if not text.isascii():
        for char, escape in _LINE_ENDS.items():
            text = text.replace(char, escape)
    return text


def data_event(message: dict[str, Any]) -> str:
    """A server-sent event without a name: all that is known of it is in its data."""
    return f"data: {json_text(message)}\n\n"


def usage_of(usage: Usage | None) -> dict[str, Any] | None:
    """Usage as it is shown to a page."""
    if usage is None:
        return None
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cached_tokens": usage.cached_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "complete": usage.complete,
    }


def reason_of(error: Exception) -> str:
    """Why an item was rejected, without anything that the model wrote.

    The kinds of pydantic's errors: their messages and places may quote what was refused.
    """
    errors = getattr(error, "errors", None)
    if errors is None:
        return "invalid"
    kinds = [each["type"] for each in errors(include_url=False, include_input=False)]
    return ", ".join(dict.fromkeys(kinds))
