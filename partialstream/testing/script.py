"""An answer as a sequence of deltas, ready to be rendered by any wire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from partialstream.results import Usage
from partialstream.testing.faults import ContentFilter, LengthCut, Refusal, SpokenFault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from partialstream.testing.answers import Answer, ToolCall


Kind = Literal["content", "tool", "reasoning", "refusal"]


@dataclass(frozen=True, slots=True)
class Ask:
    """What a request asks for, whatever the wire."""

    model: str = "replay"
    stream: bool = True
    tool: str | None = None  # that a plain text becomes a call of
    include_usage: bool = False  # at the end of a stream
    prompt_tokens: int = 0
    logprobs: bool = False
    top_logprobs: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """One of the texts that an answer sends side by side; the last three are a tool call's."""

    kind: Kind
    choice: int = 0
    index: int = 0  # among the calls of its choice
    name: str = ""
    call_id: str = ""


@dataclass(frozen=True, slots=True)
class Script:
    """What an answer says, delta by delta."""

    parts: tuple[Part, ...]  # in order of appearance, those without a delta included
    deltas: tuple[tuple[Part, str], ...]  # in the order in which they are sent
    finish_reason: str  # in the words of Chat Completions
    usage: Usage
    cut: bool = False  # whether it breaks off
    # One for each delta, or none at all.
    logprobs: tuple[float | None, ...] = ()
    alternatives: tuple[tuple[tuple[str, float], ...], ...] = ()

    @property
    def choices(self) -> tuple[int, ...]:
        """The choices, in order; an answer that says nothing still has one."""
        return tuple(sorted({part.choice for part in self.parts} or {0}))

    @property
    def begun(self) -> tuple[Part, ...]:
        """The parts that it got to. One without a delta may be there; after a cut it is not."""
        spoken = {part for part, _ in self.deltas}
        return tuple(part for part in self.parts if part in spoken or not self.cut)

    @property
    def silent(self) -> tuple[Part, ...]:
        """Those of `begun` that have no delta."""
        spoken = {part for part, _ in self.deltas}
        return tuple(part for part in self.begun if part not in spoken)

    def text(self, part: Part) -> str:
        """Join what a part says."""
        return "".join(text for owner, text in self.deltas if owner == part)


_Voice = tuple[Part, "tuple[str, ...]"]


def compose(answer: Answer, ask: Ask) -> Script:
    """Turn an answer that is not `recorded` into its deltas, as one request asks for them.

    The answer's fault is worked in if it is one of what is said.

    Raises:
        ValueError: If the answer is to be a tool call, but the request offers no tool.
    """

    def voice(kind: Kind, text: str | None) -> list[_Voice]:
        return [(Part(kind), split(text, answer.chunk_size))] if text else []

    texts = _texts(answer, ask)
    calls = [_call(answer, index, call) for index, call in enumerate(answer.tool_calls)]
    reasoning, refusal = voice("reasoning", answer.reasoning), voice("refusal", answer.refusal)
    voices = [*reasoning, *texts, *calls, *refusal]
    called_in = _in_turns(calls) if answer.interleaved else _in_order(calls)
    deltas = [*_in_order(reasoning), *_in_turns(texts), *called_in, *_in_order(refusal)]

    called = any(part.kind == "tool" for part, _ in voices)
    parts, finish = [part for part, _ in voices], "tool_calls" if called else "stop"
    fault = answer.fault
    if isinstance(fault, LengthCut):
        deltas, finish = deltas[: fault.after], "length"
    elif isinstance(fault, ContentFilter):
        deltas, finish = deltas[: fault.after], "content_filter"
    elif isinstance(fault, Refusal):
        deltas, finish = [*deltas[: fault.after], *_in_order(voice("refusal", fault.text))], "stop"
        parts = [*dict.fromkeys([*parts, Part("refusal")])]
    finish = answer.finish_reason or finish
    return Script(
        parts=tuple(parts),
        deltas=tuple(deltas),
        finish_reason=finish,
        usage=answer.usage or _charge(ask, deltas),
        cut=isinstance(fault, SpokenFault) or finish in ("length", "content_filter"),
        logprobs=tuple(_logprobs(answer, deltas)),
        alternatives=tuple(_alternatives(answer, deltas)),
    )


def split(text: str, size: int) -> tuple[str, ...]:
    """Cut a text into pieces of so many characters; an empty text has none."""
    return tuple(text[start : start + size] for start in range(0, len(text), size))


def _texts(answer: Answer, ask: Ask) -> list[_Voice]:
    """Give the choices' texts, as content or as calls of the request's tool."""
    wanted = answer.as_tool
    if wanted is None:
        wanted = ask.tool is not None and not answer.tool_calls
    if wanted and ask.tool is None:
        raise ValueError("the answer is to be a tool call, but the request offers no tool")
    if answer.choices:
        pieces = [split(text, answer.chunk_size) for text in answer.choices]
    elif answer.pieces is not None:
        pieces = [tuple(answer.pieces)]
    elif answer.text:
        pieces = [split(answer.text, answer.chunk_size)]
    else:
        pieces = []
    return [
        (
            Part("tool", choice, 0, ask.tool or "", f"call_{choice}")
            if wanted
            else Part("content", choice),
            texts,
        )
        for choice, texts in enumerate(pieces)
    ]


def _call(answer: Answer, index: int, call: ToolCall) -> _Voice:
    part = Part("tool", 0, index, call.name, call.id or f"call_{index}")
    if call.pieces is not None:
        return part, tuple(call.pieces)
    return part, split(call.arguments, answer.chunk_size)


def _logprobs(answer: Answer, deltas: Iterable[tuple[Part, str]]) -> Iterator[float | None]:
    """Give each delta what is known of its probability; nothing at all if none is."""
    known = answer.logprobs
    if known is None:
        return
    left = iter(()) if callable(known) else iter(known)
    for part, text in deltas:
        logprob = None
        if part.kind == "content":
            logprob = known(text) if callable(known) else next(left)
        yield logprob if text else None


def _alternatives(
    answer: Answer, deltas: Iterable[tuple[Part, str]]
) -> Iterator[tuple[tuple[str, float], ...]]:
    """Give each delta what else might have stood in its place; nothing at all if none has any."""
    if answer.alternatives is None:
        return
    for part, text in deltas:
        others = answer.alternatives(text) if part.kind == "content" else None
        yield tuple((others or {}).items())


def _in_order(voices: Iterable[_Voice]) -> list[tuple[Part, str]]:
    return [(part, text) for part, texts in voices for text in texts]


def _in_turns(voices: Sequence[_Voice]) -> list[tuple[Part, str]]:
    rounds = max((len(texts) for _, texts in voices), default=0)
    return [
        (part, texts[turn]) for turn in range(rounds) for part, texts in voices if turn < len(texts)
    ]


def _charge(ask: Ask, deltas: Sequence[tuple[Part, str]]) -> Usage:
    return Usage(
        input_tokens=ask.prompt_tokens,
        output_tokens=len(deltas),
        reasoning_tokens=sum(part.kind == "reasoning" for part, _ in deltas),
    )
