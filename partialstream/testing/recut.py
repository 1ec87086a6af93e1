"""Cuts for property tests: the same text in other pieces must give the same result."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, AnyStr

from partialstream.testing.wires.base import dumps, sse_event
from partialstream.testing.wires.chat import chat_choice, chat_chunk, usage_object

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from partialstream.usage import Usage


def every_cut(text: AnyStr) -> Iterator[tuple[AnyStr, AnyStr]]:
    """Cut a text, or bytes, in two at every place, both ends included.

    Example:
        >>> list(every_cut("ab"))
        [('', 'ab'), ('a', 'b'), ('ab', '')]
    """
    for place in range(len(text) + 1):
        yield text[:place], text[place:]


def characters(text: str) -> list[str]:
    """Cut a text after every character.

    Example:
        >>> characters("a€")
        ['a', '€']
    """
    return list(text)


def recut(text: str, *, seed: int = 0, max_piece: int = 8, empties: bool = True) -> list[str]:
    """Cut a text at random; the same arguments give the same pieces.

    Args:
        text: The text.
        seed: Which of the many cuts to give.
        max_piece: Characters of the longest piece.
        empties: Whether there are empty pieces, too.

    Returns:
        Pieces that join to the text.

    Raises:
        ValueError: If `max_piece` is not positive.

    Example:
        >>> pieces = recut('{"name":"lamp"}', seed=1)
        >>> "".join(pieces)
        '{"name":"lamp"}'
        >>> recut('{"name":"lamp"}', seed=1) == pieces
        True
    """
    return _cut(text, seed, max_piece, empties)


def recut_bytes(
    data: bytes, *, seed: int = 0, max_piece: int = 8, empties: bool = True
) -> list[bytes]:
    """Cut bytes at random, also inside of characters; otherwise like `recut`.

    Example:
        >>> b"".join(recut_bytes("5 €".encode(), max_piece=1)).decode()
        '5 €'
    """
    return _cut(data, seed, max_piece, empties)


def chat_chunks(
    deltas: Iterable[str],
    *,
    model: str = "replay",
    finish_reason: str | None = "stop",
    usage: Usage | None = None,
) -> list[dict[str, Any]]:
    """Write deltas as the chunks of a Chat Completions stream.

    Args:
        deltas: The contents.
        model: The model's name in the chunks.
        finish_reason: The finish reason in the last choice, None for a stream without one.
        usage: The usage in a chunk of its own after it, None for no such chunk.

    Returns:
        The chunks as plain dicts, the opening one with the role included.

    Example:
        >>> [chunk["choices"][0]["delta"] for chunk in chat_chunks(["{", "}"])]
        [{'role': 'assistant', 'content': ''}, {'content': '{'}, {'content': '}'}, {}]
    """
    chunks = [chat_chunk(model, [chat_choice({"role": "assistant", "content": ""})])]
    chunks += [chat_chunk(model, [chat_choice({"content": delta})]) for delta in deltas]
    if finish_reason is not None:
        chunks.append(chat_chunk(model, [chat_choice({}, 0, finish_reason)]))
    if usage is not None:
        chunks.append(chat_chunk(model, [], usage=usage_object(usage)))
    return chunks


def sse_body(
    deltas: Iterable[str],
    *,
    newline: str = "\n",
    space: bool = True,
    done: bool = True,
    model: str = "replay",
    finish_reason: str | None = "stop",
    usage: Usage | None = None,
) -> bytes:
    r"""Write deltas as the SSE body of a Chat Completions stream, without any server.

    Args:
        deltas: The contents.
        newline: What ends a line: `"\n"`, `"\r\n"` or `"\r"`.
        space: Whether a space follows `data:`.
        done: Whether the final `[DONE]` is there.
        model: The model's name in the chunks.
        finish_reason: As for `chat_chunks`.
        usage: As for `chat_chunks`.

    Example:
        >>> sse_body(["{}"]).endswith(b"data: [DONE]\n\n")
        True
    """
    chunks = chat_chunks(deltas, model=model, finish_reason=finish_reason, usage=usage)
    events = [dumps(chunk) for chunk in chunks]
    if done:
        events.append(b"[DONE]")
    end = newline.encode()
    return b"".join(sse_event(data, newline=end, space=space) for data in events)


def _cut(whole: AnyStr, seed: int, max_piece: int, empties: bool) -> list[AnyStr]:
    if max_piece < 1:
        raise ValueError(f"max_piece must be positive, not {max_piece}")
    chance = random.Random(seed)
    shortest = 0 if empties else 1
    pieces: list[AnyStr] = []
    start = 0
    while start < len(whole):
        size = chance.randint(shortest, max_piece)
        pieces.append(whole[start : start + size])
        start += size
    return pieces
