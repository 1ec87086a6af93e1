"""An answer as a sequence of deltas, ready to be rendered by any wire."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Literal, NamedTuple

from partialstream.testing.faults import Refusal, SpokenFault
from partialstream.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from partialstream.testing.answers import Answer

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


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One of the texts that an answer sends side by side; the last three are a tool call's."""

    kind: Kind
    choice: int = 0
    index: int = 0  # among the calls of its choice
    name: str = ""
    call_id: str = ""


class Delta(NamedTuple):
    """A piece of a part's text."""

    part: Part
    text: str
    logprob: float | None = None
    alternatives: Mapping[str, float] = {}  # other tokens and their logprobs


@dataclass(frozen=True, slots=True)
class Script:
    """What an answer says, delta by delta."""

    parts: tuple[Part, ...]  # in order of appearance, those without a delta included
    deltas: tuple[Delta, ...]  # in the order in which they are sent
    finish_reason: str  # in the words of Chat Completions
    usage: Usage
    cut: bool = False  # whether it breaks off

    @property
    def choices(self) -> tuple[int, ...]:
        """The choices, in order; an answer that says nothing still has one."""
        return tuple(sorted({part.choice for part in self.parts} or {0}))

    @property
    def begun(self) -> tuple[Part, ...]:
        """The parts that it got to. One without a delta may be there; after a cut it is not."""
        spoken = {delta.part for delta in self.deltas}
        return tuple(part for part in self.parts if part in spoken or not self.cut)

    @property
    def silent(self) -> tuple[Part, ...]:
        """Those of `begun` that have no delta."""
        spoken = {delta.part for delta in self.deltas}
        return tuple(part for part in self.begun if part not in spoken)

    def text(self, part: Part) -> str:
        """Join what a part says."""
        return "".join(delta.text for delta in self.deltas if delta.part == part)


_Voice = tuple[Part, "list[Delta]"]


def compose(answer: Answer, ask: Ask) -> Script:
    """Turn an answer that is not `recorded` into its deltas, as one request asks for them.

    The answer's fault is worked in if it is one of what is said.

    Raises:
        ValueError: If the answer is to be a tool call, but the request offers no tool.
    """
    size = answer.chunk_size
    reasoning = [_voice(Part("reasoning"), answer.reasoning, size)] if answer.reasoning else []
    texts = _texts(answer, ask)
    calls = [
        _voice(
            Part("tool", 0, index, call.name, call.id or f"call_{index}"),
            call.arguments if call.pieces is None else call.pieces,
            size,
        )
        for index, call in enumerate(answer.tool_calls)
    ]
    refused = Part("refusal")
    refusal = [_voice(refused, answer.refusal, size)] if answer.refusal else []
    parts = [part for part, _ in (*reasoning, *texts, *calls, *refusal)]
    called = _in_turns(calls) if answer.interleaved else _in_order(calls)
    deltas = [*_in_order(reasoning), *_in_turns(texts), *called, *_in_order(refusal)]
    finish = "tool_calls" if any(part.kind == "tool" for part in parts) else "stop"
    fault = answer.fault
    if isinstance(fault, SpokenFault):
        deltas, finish = deltas[: fault.after], fault.finish_reason
        if isinstance(fault, Refusal):
            deltas += _voice(refused, fault.text, size)[1]
            parts = [*dict.fromkeys([*parts, refused])]
    finish = answer.finish_reason or finish
    charged = Usage(
        input_tokens=ask.prompt_tokens,
        output_tokens=len(deltas),
        reasoning_tokens=sum(delta.part.kind == "reasoning" for delta in deltas),
    )
    return Script(
        parts=tuple(parts),
        deltas=tuple(deltas),
        finish_reason=finish,
        usage=answer.usage or charged,
        cut=isinstance(fault, SpokenFault) or finish in ("length", "content_filter"),
    )


def _texts(answer: Answer, ask: Ask) -> list[_Voice]:
    """Give the choices' texts, as content or as calls of the request's tool."""
    as_tool = answer.as_tool
    if as_tool is None:
        as_tool = ask.tool is not None and not answer.tool_calls
    if as_tool and ask.tool is None:
        raise ValueError("the answer is to be a tool call, but the request offers no tool")
    texts: Sequence[str | Sequence[str]] = answer.choices
    if not texts and (answer.text or answer.pieces is not None):
        texts = [answer.text if answer.pieces is None else answer.pieces]
    parts = [
        Part("tool", choice, 0, ask.tool or "", f"call_{choice}")
        if as_tool
        else Part("content", choice)
        for choice in range(len(texts))
    ]
    voices = [
        _voice(part, text, answer.chunk_size) for part, text in zip(parts, texts, strict=True)
    ]
    return voices if as_tool else [_likely(answer, voice) for voice in voices]


def _likely(answer: Answer, voice: _Voice) -> _Voice:
    """Add what is known of the probabilities of a text's deltas; of an empty one, nothing is."""
    (part, deltas), known, others = voice, answer.logprobs, answer.alternatives
    if known is None:
        return voice
    logprobs = [known(delta.text) for delta in deltas] if callable(known) else known
    return part, [
        delta._replace(logprob=logprob, alternatives=(others and others(delta.text)) or {})
        if delta.text
        else delta
        for delta, logprob in zip(deltas, logprobs, strict=True)
    ]


def _voice(part: Part, text: str | Sequence[str], size: int) -> _Voice:
    """Give a part its deltas: the pieces as they are, or a text cut into so many characters."""
    if isinstance(text, str):
        text = [text[start : start + size] for start in range(0, len(text), size)]
    return part, [Delta(part, piece) for piece in text]


def _in_order(voices: Iterable[_Voice]) -> list[Delta]:
    return [delta for _, deltas in voices for delta in deltas]


def _in_turns(voices: Iterable[_Voice]) -> list[Delta]:
    turns = zip_longest(*(deltas for _, deltas in voices))
    return [delta for delta in chain.from_iterable(turns) if delta is not None]
