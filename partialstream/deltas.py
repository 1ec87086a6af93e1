"""What a source makes of chunks: texts in their channels, tokens, and what is said beside them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from partialstream.usage import Usage  # noqa: TC001 - for `typing.get_type_hints`

if TYPE_CHECKING:
    from collections.abc import Hashable

ChannelKind = Literal["content", "tool", "server_tool", "reasoning", "refusal"]


@dataclass(frozen=True, slots=True)
class Channel:
    """One of the texts that a provider sends side by side in one response.

    Attributes:
        kind: `content` and `tool` (the arguments of one tool call) may hold the document;
            `server_tool`, `reasoning` and `refusal` never do.
        key: What distinguishes it from the other channels of its kind: choice, tool call, block.
        name: The tool's name, None elsewhere.
    """

    kind: ChannelKind
    key: Hashable = 0
    name: str | None = None

    @property
    def may_hold_document(self) -> bool:
        """Whether items or the object may come through this channel."""
        return self.kind == "content" or self.kind == "tool"


Delta = tuple[Channel, str]
"""A piece of text and the channel it belongs to."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token of the response, and how likely it was.

    Attributes:
        channel: The text that it is a part of.
        data: Its text in UTF-8. Bytes, because a token may be a part of a character.
        logprob: The natural logarithm of its probability.
        alternatives: The likeliest tokens at its place and their logarithms, as far as the
            provider reports; itself may be among them.
    """

    channel: Channel
    data: bytes
    logprob: float
    alternatives: tuple[tuple[str, float], ...] = ()

    @property
    def probability(self) -> float:
        """From 0 to 1."""
        return math.exp(self.logprob)


@dataclass(slots=True)
class AnswerMetadata:
    """What a response says beside its text, as far as it has arrived.

    A source fills it in; it is the source's one mutable record.

    Attributes:
        finish_reason: The provider's word, None before it came.
        refusal: The refusal's text so far, `""` if there is none.
        filter_reason: Why a content filter stepped in, None if none did.
        reasoning: The reasoning text so far, its beginning if it is long; see `shortened`.
        usage: Tokens, the last figure the provider gave.
        model: The model that responded, by the provider's name.
        request_id: The provider's id of the response.
        terminated: Whether the provider marked the end of the response (`[DONE]`,
            `message_stop`, `response.completed`), so that its absence is known.
        tokens: The tokens of the last chunk, if the provider reports their probabilities. Each
            chunk's replace those of the chunk before.
        chunks: Chunks of the response so far, which are the events of its body; None if it is not
            read from a body: whoever gives us objects or texts can count them.
        extra: What else a provider said, by its own names.
        shortened: Whether `reasoning`, `refusal` or `extra` hold less than was said, because it
            was more than `text_kept` characters.
        channels: Texts side by side so far: choices, blocks, output items, tool calls.
        extra_size: Characters in `extra`, about.
        usage_is_partial: Whether `usage` was reported before the text, and another is to come.
        text_kept: `Limits.text_kept`, for the source.
        channels_allowed: `Limits.channels`, for the source.
    """

    finish_reason: str | None = None
    refusal: str = ""
    filter_reason: str | None = None
    reasoning: str = ""
    usage: Usage | None = None
    model: str | None = None
    request_id: str | None = None
    terminated: bool = False
    tokens: list[Token] = field(default_factory=list[Token])
    chunks: int | None = None
    extra: dict[str, Any] = field(default_factory=dict[str, Any])
    shortened: bool = False
    channels: int = 0
    extra_size: int = field(default=0, repr=False, compare=False)
    usage_is_partial: bool = field(default=False, repr=False, compare=False)
    text_kept: int = field(default=1024 * 1024, repr=False, compare=False)
    channels_allowed: int = field(default=1000, repr=False, compare=False)
