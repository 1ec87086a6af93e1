"""What a stream reports: items and where they come from, outcome, timing, attempts.

All of these are plain values. Those handed to the caller are frozen, so that nothing a
stream has said changes afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from typing_extensions import override

from partialstream.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")

Path = tuple[str | int, ...]
"""Where a value stands in a document: member names and element indexes, outermost first."""

Status = Literal[
    "complete",  # the document is closed, and the provider did not say otherwise
    "empty",  # nothing arrived, or blanks only
    "no_json",  # text arrived, but no list or object in it
    "truncated",  # the text ended while incomplete
    "refused",  # the model refused
    "filtered",  # the provider's content filter stepped in
    "disconnected",  # the connection ended before the response did
    "stalled",  # nothing of it arrived for longer than allowed, or it took too long in all
    "cancelled",  # the caller left before the end
    "invalid",  # the text is not valid JSON, or the value does not validate
]
"""How a stream ended; see `Outcome`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a stream ended.

    Attributes:
        status: One of the words of `Status`.
        finish_reason: The provider's own word for it (`"stop"`, `"length"`, …), if it said one.
        detail: What is known beyond the status: the refusal's text, the filter's reason, or the
            option that ended the stream (`"take=3"`, `"stop_when"`).
        tail: The unfinished text of the open item or object, `""` if there is none. Invalid text
            is not unfinished, since nothing that follows could complete it.

    Example:
        >>> Outcome("complete").ok
        True
        >>> Outcome("truncated", finish_reason="length", tail='{"name":"b').ok
        False
    """

    status: Status
    finish_reason: str | None = None
    detail: str = ""
    tail: str = ""

    @property
    def ok(self) -> bool:
        """Whether the response is complete."""
        return self.status == "complete"


@dataclass(slots=True)
class Timing:
    """When things arrived, in seconds since the request was made.

    For a stream that was opened elsewhere, the clock starts when the stream object is created.

    Attributes:
        first_delta: Arrival of the first text, None before it.
        first_item: Delivery of the first item (or of the first snapshot), None before it.
        items: Delivery of each of the first 100,000 items, in order. Empty for growing objects.
        total: End of the stream, None before it.
    """

    first_delta: float | None = None
    first_item: float | None = None
    items: list[float] = field(default_factory=list[float])
    total: float | None = None


class Confidence(Mapping[Path, float]):
    """How likely the values in a JSON text were, as the model saw it.

    Maps the path of each string, number, `true`, `false` and `null`, by the names in the
    text, to the joint probability of the tokens that hold at least one character of it: of a
    string the characters between its quotes (of an empty one its closing quote, since to
    close it there is the choice), of all others every character. Quotes, brackets and names
    do not count, but a token that holds some of them beside a value counts whole. Arrays and
    objects have no entry, nor have values that the provider gave no tokens for.

    Args:
        values: The probabilities, from 0 to 1, in the order of the text.

    Example:
        >>> confidence = Confidence({("name",): 0.98, ("price",): 0.41})
        >>> confidence["price",], confidence.lowest, confidence.lowest_path
        (0.41, 0.41, ('price',))
    """

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[Path, float]) -> None:
        self._values = dict(values)

    def __getitem__(self, path: Path) -> float:
        return self._values[path]

    def __iter__(self) -> Iterator[Path]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __hash__(self) -> int:
        return hash(frozenset(self._values.items()))

    def __repr__(self) -> str:
        return f"Confidence({self._values!r})"

    @property
    def lowest(self) -> float:
        """The smallest probability; 1.0 where there is none, for nothing is doubtful there."""
        return min(self._values.values(), default=1.0)

    @property
    def lowest_path(self) -> Path | None:
        """Where the smallest probability stands, the first place of several; None: nowhere."""
        return min(self._values, key=self._values.__getitem__, default=None)


Match = Literal["exact", "blanks", "case"]
"""How a quote was found: `"exact"`, character for character; `"blanks"`, with each run of
whitespace treated as one space; `"case"`, with letter case ignored as well."""


@dataclass(frozen=True, slots=True)
class Span:
    """The location of a quote in its source text: `text[span.start : span.end]`.

    Attributes:
        start: The offset of its first character, in code points.
        end: The offset after its last character.
        match: How it was found; see `Match`.
    """

    start: int
    end: int
    match: Match


@dataclass(frozen=True, slots=True, init=False)
class Item(Generic[T]):
    """A delivered item and where it comes from.

    Attributes:
        value: The validated item.
        index: Its place among all elements of the streamed list, including rejected ones.
        path: Where its text stands in the document.
        raw: Its JSON text, character for character.
        attempt: The number of the request it came with; the first is 1.
        received_at: Seconds from the request to its delivery.
        confidence: The probabilities of its values; None if the provider did not report them.
            Most report them only with `logprobs=True`, and not for tool calls.
        text_repaired: Whether `raw` is not valid JSON, and was read by `lenient=True`. (An item
            that a request has repaired is told of by an `ItemRepaired` event.)
    """

    value: T
    index: int
    path: Path
    raw: str
    attempt: int = 1
    received_at: float = 0.0
    confidence: Confidence | None = None

    # As dataclasses would make it, but by the slots' own setters: there is one for each item that
    # is delivered, and by `object.__setattr__` it takes three times as long.
    def __init__(
        self,
        value: T,
        index: int,
        path: Path,
        raw: str,
        attempt: int = 1,
        received_at: float = 0.0,
        confidence: Confidence | None = None,
    ) -> None:
        _set_value(self, value)
        _set_index(self, index)
        _set_path(self, path)
        _set_raw(self, raw)
        _set_attempt(self, attempt)
        _set_received_at(self, received_at)
        _set_confidence(self, confidence)

    @property
    def text_repaired(self) -> bool:
        """Whether `raw` is not valid JSON, and was read by `lenient=True`."""
        return False

    @property
    def spans(self) -> Mapping[Path, Span]:
        """The spans of its quotes in the source text, by path: field names and indexes.

        Empty without `source_text=`, and if no field is marked with `Quote`.
        """
        return {}


class RereadItem(Item[T]):
    """An item whose text is not valid JSON, and was read nevertheless."""

    __slots__ = ()

    @property
    @override
    def text_repaired(self) -> bool:
        return True


class QuotedItem(Item[T]):
    """An item whose quotes were found in a source text."""

    __slots__ = ("_spans", "_text_repaired")

    _spans: Mapping[Path, Span]
    _text_repaired: bool

    @property
    @override
    def text_repaired(self) -> bool:
        return self._text_repaired

    @property
    @override
    def spans(self) -> Mapping[Path, Span]:
        return self._spans


def reread_item(item: Item[T]) -> Item[T]:
    """The item, marked as one whose text is not valid JSON."""
    return _copied(RereadItem, item, item.index, item.path, item.attempt)


def quoted_item(item: Item[T], spans: Mapping[Path, Span], *, text_repaired: bool) -> Item[T]:
    """The item, with the spans of its quotes."""
    copy = _copied(QuotedItem, item, item.index, item.path, item.attempt)
    object.__setattr__(copy, "_spans", spans)
    object.__setattr__(copy, "_text_repaired", text_repaired)
    return copy


def placed_item(item: Item[T], index: int, path: Path, attempt: int) -> Item[T]:
    """The item, with its place in a list that comes with several requests."""
    if isinstance(item, QuotedItem):
        plain = _copied(Item, item, index, path, attempt)
        return quoted_item(plain, item.spans, text_repaired=item.text_repaired)
    return _copied(type(item), item, index, path, attempt)


def _copied(kind: type[Item[T]], item: Item[T], index: int, path: Path, attempt: int) -> Item[T]:
    return kind(item.value, index, path, item.raw, attempt, item.received_at, item.confidence)


_set_value = Item.__dict__["value"].__set__
_set_index = Item.__dict__["index"].__set__
_set_path = Item.__dict__["path"].__set__
_set_raw = Item.__dict__["raw"].__set__
_set_attempt = Item.__dict__["attempt"].__set__
_set_received_at = Item.__dict__["received_at"].__set__
_set_confidence = Item.__dict__["confidence"].__set__


@dataclass(frozen=True, slots=True)
class RejectedItem:
    """An element of the list that did not validate.

    Attributes:
        index: Its place among all elements of the streamed list.
        raw: Its JSON text, character for character.
        error: Why: pydantic's `ValidationError`.
        path: Where its text stands in the document.
        attempt: The number of the request it came with; the first is 1.
    """

    index: int
    raw: str
    error: Exception
    path: Path = ()
    attempt: int = 1


AttemptCause = Literal["request", "repair", "resume", "reask"]
"""Why a request was made: `"request"` is the caller's own; `"repair"` asks for rejected items
again, `"resume"` for the rest of an interrupted response, `"reask"` for an invalid object."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request and how it ended.

    Attributes:
        number: 1 for the first request.
        cause: Why it was made; see `AttemptCause`.
        outcome: How it ended, None while it runs.
        usage: Tokens paid for it, None if the provider did not say; see `Usage.complete`.
        duration: Seconds from the request to its end.
        model: The model that was asked for, by the name in the request. What the provider calls
            the one that responded is in `AnswerMetadata.model`. None if the request names none,
            and for streams that were opened elsewhere.
        provider: The provider, by the name that OpenTelemetry's GenAI conventions have for it:
            `"openai"`, `"azure.ai.openai"`, `"anthropic"`, `"groq"`, … For a server that they do
            not know, the SDK's own: `"openai"` for any that has OpenAI's API. None for streams
            that were opened elsewhere.
        responding_model: The model that responded, by the provider's name, which is often more
            exact; None if the response does not say.
        estimated_input_tokens: Input tokens, at four characters each, where the response ended
            before the provider reported them; 0 elsewhere.
    """

    number: int = 1
    cause: AttemptCause = "request"
    outcome: Outcome | None = None
    usage: Usage | None = None
    duration: float = 0.0
    model: str | None = field(default=None, kw_only=True)
    provider: str | None = field(default=None, kw_only=True)
    responding_model: str | None = field(default=None, kw_only=True)
    estimated_input_tokens: int = field(default=0, kw_only=True)

    @property
    def cost(self) -> float | None:
        """What the request has cost so far, in US dollars, by the table of genai-prices.

        By `responding_model`, or by `model` where the table does not have that, at `provider`'s
        prices. Estimated tokens count like those that were reported. 0 for a request that was
        rejected, or whose response was empty; None where the table has no such model, or no
        usage was reported.

        Raises:
            ModuleNotFoundError: The extra `cost` is not installed.
        """
        usage = self.usage
        if usage is None and self.estimated_input_tokens:
            usage = Usage(complete=False)
        if usage is None:
            nothing = self.outcome is not None and self.outcome.status == "empty"
            return 0.0 if nothing else None
        # Imported where it is needed: few ask for it.
        from partialstream.prices import price

        return price(
            usage,
            (self.responding_model, self.model),
            self.provider,
            more_input_tokens=self.estimated_input_tokens,
        )

    def __repr__(self) -> str:
        # Of the outcome the status alone: its tail and its detail may hold text of the response.
        shown = {each.name: getattr(self, each.name) for each in fields(self)}
        shown["outcome"] = None if self.outcome is None else self.outcome.status
        shown["duration"] = round(self.duration, 3)
        return f"Attempt({', '.join(f'{name}={value!r}' for name, value in shown.items())})"
