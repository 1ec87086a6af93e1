"""A scripted response, whatever the wire format: the text, its pace, its faults."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, cast

from partialstream.spelling import fields_meant
from partialstream.testing.faults import Fault, SpokenFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from partialstream.usage import Usage


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool call in a scripted answer.

    Attributes:
        name: The tool.
        arguments: Its arguments, as the JSON text that is streamed.
        id: The id of the call, by default `call_0`, `call_1`, … in order.
        pieces: The deltas of the arguments; by default the answer's `chunk_size` cuts them.

    Example:
        >>> ToolCall("Product", '{"name":"lamp"}').name
        'Product'
    """

    name: str
    arguments: str = ""
    id: str | None = None
    pieces: Sequence[str] | None = None

    def __post_init__(self) -> None:
        _settle(self, **_agree("arguments", self.arguments, self.pieces))


@fields_meant
@dataclass(frozen=True, slots=True)
class Answer:
    """One scripted answer of a `ReplayServer`.

    It sends, in this order and each only if given: `reasoning`, `text` (or `choices`),
    `tool_calls`, `refusal`. Sequences are kept as tuples, so an answer can be shared, hashed
    and varied with `dataclasses.replace`.

    Attributes:
        text: The content.
        tool_calls: Tool calls, streamed one after another.
        interleaved: Whether the tool calls take turns, one delta each.
        pieces: The deltas of `text`, empty ones included; by default `chunk_size` cuts it.
        choices: Texts of several choices (`n=2`), which take turns; instead of `text`.
        reasoning: Reasoning that comes first.
        refusal: A refusal that comes last. See `faults.Refusal` for one that cuts in.
        recorded: The body of a recorded stream, sent as it is; instead of all of the above.
            One event counts as one delta.
        as_tool: Whether a text is sent as a call of the tool that the request names or lists
            first. None: if the request has tools that may be called, and the answer has no
            `tool_calls` of its own. So one script serves requests in tools mode and in JSON mode.
        chunk_size: Characters of a delta; 4 is about a token.
        tokens_per_second: Pace; a delta counts as a token. None: as fast as possible.
        first_delay: Seconds from the request to the first delta.
        finish_reason: As Chat Completions names it; by default `tool_calls` or `stop`.
        usage: Tokens; by default four characters of the request make an input token, and each
            delta is an output token.
        logprobs: The log probability of each delta of `text`, in order; or a function from a
            delta to its log probability, for `choices` too. Chat Completions sends them if the
            request has `logprobs=True`, and the Responses API if it includes
            `message.output_text.logprobs`, each delta as one token; tool calls, reasoning and
            refusals have none.
        alternatives: A function from a delta to the other tokens that were possible in its place
            and their log probabilities, None where there are none; the `get` of a dict of dicts
            is one. Sent with `top_logprobs=5`, the delta itself among them, the likeliest first.
        fault: The fault that occurs; see `partialstream.testing.faults`.
        cut_bytes: Size of the writes in bytes, also inside of a character; several sizes take
            turns. What is due at one time is cut by itself, so that a pace is kept. None: what
            is due at one time is one write, or several of 64 KiB.
        headers: More headers of the HTTP response, by their names, as a mapping or in pairs.

    Raises:
        ValueError: If a number is out of range, or if parts contradict each other.
        TypeError: If one str is given for a sequence of them.

    Example:
        >>> Answer('{"items":[]}', tokens_per_second=50).text
        '{"items":[]}'
        >>> Answer(pieces=["{", "", "}"]).text
        '{}'
        >>> Answer("[1, 2]", logprobs=[-0.1, -2.5]).logprobs
        (-0.1, -2.5)
    """

    text: str = ""
    _: KW_ONLY
    tool_calls: Sequence[ToolCall] = ()
    interleaved: bool = False
    pieces: Sequence[str] | None = None
    choices: Sequence[str] = ()
    reasoning: str | None = None
    refusal: str | None = None
    recorded: bytes | None = None
    as_tool: bool | None = None
    chunk_size: int = 4
    tokens_per_second: float | None = None
    first_delay: float = 0.0
    finish_reason: str | None = None
    usage: Usage | None = None
    logprobs: Sequence[float] | Callable[[str], float] | None = None
    alternatives: Callable[[str], Mapping[str, float] | None] | None = None
    fault: Fault | None = None
    cut_bytes: int | Sequence[int] | None = None
    headers: Mapping[str, str] | Sequence[tuple[str, str]] = ()

    def __post_init__(self) -> None:
        _settle(
            self,
            **_agree("text", self.text, self.pieces),
            tool_calls=tuple(self.tool_calls),
            choices=_as_tuple("choices", self.choices),
            headers=tuple(dict(self.headers).items()),
        )
        if self.cut_bytes is not None:
            sizes = (self.cut_bytes,) if isinstance(self.cut_bytes, int) else self.cut_bytes
            _settle(self, cut_bytes=tuple(sizes))
            if not self.cut_sizes or min(self.cut_sizes) < 1:
                raise ValueError(f"cut_bytes must be positive, not {self.cut_bytes!r}")
        self._check_numbers()
        self._check_parts()
        if self.logprobs is not None and not callable(self.logprobs):
            _settle(self, logprobs=tuple(self.logprobs))
            self._check_logprobs(self.logprobs)

    @property
    def cut_sizes(self) -> tuple[int, ...]:
        """`cut_bytes` as a tuple, empty where writes end with an event."""
        return cast("tuple[int, ...] | None", self.cut_bytes) or ()

    def due(self, index: int) -> float:
        """When a delta is sent, in seconds since the request.

        Args:
            index: The delta's place among all deltas of the answer, from 0.

        Example:
            >>> Answer("some text", first_delay=1.0, tokens_per_second=4).due(2)
            1.5
        """
        if self.tokens_per_second is None:
            return self.first_delay
        return self.first_delay + index / self.tokens_per_second

    def _check_numbers(self) -> None:
        if self.chunk_size < 1:
            raise ValueError(f"chunk_size must be positive, not {self.chunk_size}")
        if self.tokens_per_second is not None and self.tokens_per_second <= 0:
            raise ValueError(f"tokens_per_second must be positive, not {self.tokens_per_second}")
        if self.first_delay < 0:
            raise ValueError(f"first_delay must not be negative, not {self.first_delay}")

    def _check_parts(self) -> None:
        spoken = bool(self.text or self.pieces or self.tool_calls or self.reasoning or self.refusal)
        if self.choices and (self.text or self.pieces or self.tool_calls):
            raise ValueError("choices cannot be combined with text, pieces and tool_calls")
        if self.recorded is not None and (spoken or self.choices):
            raise ValueError("recorded cannot be combined with what is scripted")
        if self.recorded is not None and isinstance(self.fault, SpokenFault):
            raise ValueError(f"a recording stays as it is, but {self.fault!r} changes what is sent")
        if self.as_tool and self.tool_calls:
            raise ValueError("as_tool is for answers without tool_calls")
        if self.recorded is not None and self.logprobs is not None:
            raise ValueError("a recording stays as it is; logprobs cannot be added to it")
        if self.alternatives is not None and self.logprobs is None:
            raise ValueError("alternatives are sent beside logprobs, which are missing")

    def _check_logprobs(self, logprobs: Sequence[float]) -> None:
        if self.choices:
            raise ValueError("choices take a function for logprobs, which goes by the text")
        deltas = -(-len(self.text) // self.chunk_size) if self.pieces is None else len(self.pieces)
        if len(logprobs) != deltas:
            raise ValueError(f"{deltas} deltas have {deltas} logprobs, not {len(logprobs)}")


def _settle(value: Answer | ToolCall, **fields: object) -> None:
    """Set fields of a frozen value while it is made."""
    for name, field in fields.items():
        object.__setattr__(value, name, field)


def _agree(name: str, text: str, pieces: Sequence[str] | None) -> dict[str, object]:
    """Give a text and its pieces, the text derived where it is missing."""
    if pieces is None:
        return {name: text, "pieces": None}
    pieces = _as_tuple("pieces", pieces)
    joined = "".join(pieces)
    if text and text != joined:
        raise ValueError(f"{name} and pieces differ; leave one of them out")
    return {name: joined, "pieces": pieces}


def _as_tuple(name: str, texts: Iterable[str]) -> tuple[str, ...]:
    if isinstance(texts, str):
        raise TypeError(f"{name} must be a sequence of str, not one str")
    return tuple(texts)
