"""Bodies that make careless readers grow, made on the way; run as a program, it reads those named.

Takes a name a line, reads that body in a process of its own, and prints, as JSON: for each reader
the megabytes that its peak is above the start, the error, and how many times longer a body takes
that is four times as long, None if a limit ends both.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import zlib
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from partialstream import LimitExceededError, PartialStreamError, stream_items, stream_partial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

MEGABYTE = 1024 * 1024
READ = 64 * 1024  # bytes of a read, as HTTP libraries give them
GROWTH = 9  # times as long at most, where 4 is linear and 16 is work that is done again
ATTEMPTS = 8  # other programs disturb single measurements


class Product(BaseModel):
    name: str
    price: int = 0


def reads(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Join small pieces to reads."""
    buffer = bytearray()
    for piece in pieces:
        buffer += piece
        while len(buffer) >= READ:
            yield bytes(buffer[:READ])
            del buffer[:READ]
    yield bytes(buffer)


def repeated(unit: bytes, size: float, *, head: bytes = b"") -> Iterator[bytes]:
    """A head, and `size` megabytes of the same."""
    block = unit * (READ // len(unit) + 1)
    yield head
    for _ in range(int(size * MEGABYTE / len(block))):
        yield block


def event(chunk: Any) -> bytes:
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def says(index: int = 0, **delta: Any) -> dict[str, Any]:
    return {"object": "chat.completion.chunk", "choices": [{"index": index, "delta": delta}]}


def tool_call(index: int, arguments: str) -> dict[str, Any]:
    function = {"name": f"f{index}", "arguments": arguments}
    return says(tool_calls=[{"index": index, "id": f"call{index}", "function": function}])


def tokens(texts: list[str], text: str) -> dict[str, Any]:
    entries = [
        {"token": each, "logprob": -0.5, "bytes": None, "top_logprobs": []} for each in texts
    ]
    chunk = says(content=text)
    chunk["choices"][0]["logprobs"] = {"content": entries}
    return chunk


def message(payload: bytes, length: int | None = None) -> bytes:
    """A message of Amazon's event stream, whose length may be a lie."""
    size = (16 + len(payload) if length is None else length).to_bytes(4, "big") + bytes(4)
    prelude = size + zlib.crc32(size).to_bytes(4, "big")
    return prelude + payload + zlib.crc32(prelude + payload).to_bytes(4, "big")


OPEN = event(says(content='{"name":"'))
LETTERS = [f"{number:x}" for number in range(256)]

# A body of so many units, as chunks of the provider; how many units; the limit that ends it.
# The same chunks are read as dicts and as bytes.
CHUNKS: dict[str, tuple[Callable[[int], Iterator[Any]], int, str | None]] = {
    "tool calls": (lambda n: (tool_call(i, '{"name":"a"') for i in range(n)), 100_000, "channels"),
    "tool calls without arguments": (
        lambda n: (tool_call(i, "") for i in range(n)),
        100_000,
        "channels",
    ),
    "tool calls in one chunk": (
        lambda n: iter(
            [
                says(
                    tool_calls=[
                        {"index": i, "id": f"call{i}", "function": {"name": f"f{i}"}}
                        for i in range(n)
                    ]
                )
            ]
        ),
        100_000,
        "channels",
    ),
    "choices": (lambda n: (says(i, content='{"name":') for i in range(n)), 100_000, "channels"),
    "choices without a text": (
        lambda n: (says(i, role="assistant") for i in range(n)),
        100_000,
        "channels",
    ),
    "Anthropic's blocks": (
        lambda n: itertools.chain(
            [{"type": "message_start", "message": {"content": []}}],
            (
                {
                    "type": "content_block_start",
                    "index": i,
                    "content_block": {"type": "tool_use", "id": f"t{i}", "name": "f"},
                }
                for i in range(n)
            ),
        ),
        100_000,
        "channels",
    ),
    "output items": (
        lambda n: (
            {
                "type": "response.output_item.added",
                "output_index": i,
                "item": {"type": "function_call", "id": f"i{i}", "name": "f", "arguments": ""},
            }
            for i in range(n)
        ),
        100_000,
        "channels",
    ),
    "parts of an output item": (
        lambda n: (
            {
                "type": "response.output_text.delta",
                "output_index": 0,
                "item_id": "a",
                "content_index": i,
                "delta": "{",
            }
            for i in range(n)
        ),
        100_000,
        "channels",
    ),
    "Gemini's calls": (
        lambda n: (
            {
                "candidates": [
                    {"content": {"parts": [{"functionCall": {"name": f"f{i}", "args": {"a": 1}}}]}}
                ]
            }
            for i in range(n)
        ),
        100_000,
        "channels",
    ),
    "Ollama's calls": (
        lambda n: (
            {
                "model": "m",
                "message": {"tool_calls": [{"function": {"name": "f", "arguments": {"a": i}}}]},
                "done": False,
            }
            for i in range(n)
        ),
        100_000,
        "channels",
    ),
    "reasoning": (lambda n: (says(reasoning_content="x" * 4000) for _ in range(n)), 30_000, None),
    "refusal": (lambda n: (says(refusal="x" * 4000) for _ in range(n)), 30_000, None),
    "members that nobody knows": (
        lambda n: (
            {**says(role="a"), f"member{i}": [[i, k] for k in range(100)]} for i in range(n)
        ),
        12_000,
        None,
    ),
    "a long member in each chunk": (
        lambda n: ({**says(role="a"), "member": [[i], "x"] * 1000} for i in range(n)),
        200,
        None,
    ),
    "empty deltas": (lambda n: (says(content="") for _ in range(n)), 60_000, None),
    "roles": (lambda n: (says(role="assistant") for _ in range(n)), 40_000, None),
    "ids": (lambda n: ({**says(), "id": f"{i:0100}"} for i in range(n)), 40_000, None),
    "prose": (lambda n: (says(content="so it is ") for _ in range(n)), 60_000, None),
    "tokens": (
        lambda n: (tokens(LETTERS, "".join(LETTERS)) for _ in range(n)),
        300,
        None,
    ),
    "tokens of another text": (
        lambda n: (tokens(LETTERS, "no such text") for _ in range(n)),
        200,
        None,
    ),
    "items that are not valid": (
        lambda n: itertools.chain(
            [says(content="[")],
            (
                says(content="".join(f'{{"name":"{i}.{k}","price":"x"}},' for k in range(50)))
                for i in range(n)
            ),
        ),
        2_000,
        "rejected_size",
    ),
    "members of a wrapper": (
        lambda n: itertools.chain(
            [says(content="{")], (says(content=f'"member{i}":{i},') for i in range(n))
        ),
        40_000,
        None,
    ),
}

# A body of so many megabytes.
BYTES: dict[str, tuple[Callable[[float], Iterable[bytes]], float, str | None]] = {
    "bare lines": (lambda n: repeated(b"ab\n", n), 60, "event_size"),
    "bare lines in one piece": (lambda n: [b"ab\n" * int(n * MEGABYTE / 3)], 30, "event_size"),
    "data without an end": (lambda n: repeated(b"data: x\r", n), 60, "event_size"),
    "data of two bytes": (lambda n: repeated(b"data\n", n), 60, "event_size"),
    "a line without an end": (lambda n: repeated(b"data: xxxxxxxx", n), 60, "event_size"),
    "a comment without an end": (lambda n: repeated(b"x", n, head=b": "), 60, "event_size"),
    "comments": (lambda n: repeated(b": keep-alive\n", n), 10, None),
    "short comments": (lambda n: repeated(b":\n", n), 2, None),
    "event names": (lambda n: repeated(b"event: ping\n", n), 10, None),
    "ids of events": (lambda n: repeated(b"id: 1\n\n", n), 2, None),
    "blank lines": (lambda n: repeated(b"\n", n, head=OPEN), 2, None),
    "blanks": (lambda n: repeated(b" ", n), 60, None),
    "blank lines and blanks": (lambda n: repeated(b"\n  \t", n), 60, None),
    "a document without an end": (lambda n: repeated(b"x", n, head=b'{"a":"'), 60, "event_size"),
    "brackets": (lambda n: repeated(b"[", n), 1, None),
    "blanks behind a document": (
        lambda n: repeated(b" ", n, head=b'{"choices":[]}'),
        60,
        "event_size",
    ),
    "Amazon's event without an end": (
        lambda n: itertools.chain([message(b"", 20 * MEGABYTE)[:12]], repeated(b"x", n)),
        60,
        "event_size",
    ),
}

# Texts of so many thousand pieces.
TEXTS: dict[str, tuple[Callable[[int], Iterable[Any]], int, str | None]] = {
    "empty texts": (lambda n: itertools.repeat("", n * 1000), 300, None),
    "prose in pieces": (lambda n: itertools.repeat("so ", n * 1000), 150, None),
    "a string in pieces": (
        lambda n: itertools.chain(['{"name":"'], itertools.repeat("ab", n * 1000)),
        60,
        None,
    ),
}


def units_of(name: str) -> tuple[Callable[[Any], Iterable[Any]], Any, str | None]:
    """What makes a body, of how many units, and the limit that ends it."""
    kind, _, name = name.partition(": ")
    if kind == "bytes" and name in BYTES:
        make, size, limit = BYTES[name]
        size = float(size)
        return (lambda n: make(n) if "one piece" in name else reads(make(n))), size, limit
    if kind == "texts":
        return TEXTS[name]
    chunks, count, limit = CHUNKS[name]
    if kind == "dicts":
        return chunks, count, limit
    # A chunk in ten is enough: what takes time is to write it.
    return (lambda n: reads(map(event, chunks(n)))), max(100, count // 4), limit


NAMES = [
    *(f"bytes: {name}" for name in (*BYTES, *CHUNKS)),
    *(f"dicts: {name}" for name in CHUNKS),
    *(f"texts: {name}" for name in TEXTS),
]

READERS: dict[str, Callable[[Any], Any]] = {
    "items": lambda chunks: stream_items(Product, chunks, on_invalid="skip"),
    "objects": lambda chunks: stream_partial(Product, chunks),
}


def status(name: str) -> float:
    """A figure of this process, in megabytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / 1024
    raise KeyError(name)


def read(reader: str, chunks: Iterable[Any]) -> str:
    """Read it, keeping nothing; gives the limit that has ended it, or the error."""
    try:
        for _ in READERS[reader](chunks):
            pass
    except LimitExceededError as error:
        return error.limit
    except PartialStreamError as error:
        return type(error).__name__
    return ""


def seconds(reader: str, make: Callable[[Any], Iterable[Any]], size: Any) -> tuple[float, str]:
    """What reading it takes, and what ends it."""
    chunks = make(size)
    start = process_time()
    error = read(reader, chunks)
    return process_time() - start, error


def measure(name: str) -> dict[str, Any]:
    make, size, limit = units_of(name)
    figures: dict[str, Any] = {}
    for reader in READERS:
        read(reader, make(1))
    for reader in READERS:
        Path("/proc/self/clear_refs").write_text("5")  # forgets the peak so far
        start = status("VmRSS")
        took, error = seconds(reader, make, size)
        peak = status("VmHWM") - start
        growth = None
        if limit is None:
            quarter = float("inf")
            for _ in range(ATTEMPTS):
                quarter = min(quarter, seconds(reader, make, type(size)(size / 4))[0])
                growth = took / quarter
                if growth < GROWTH:
                    break
                took = min(took, seconds(reader, make, size)[0])
        figures[reader] = {"peak": peak, "error": error, "growth": growth}
    return figures


def main() -> None:
    """Each name is measured in a copy of this process, which has imported all and read nothing."""
    for line in sys.stdin:
        if not (copy := os.fork()):
            print(json.dumps(measure(line.rstrip("\n"))), flush=True)
            return
        _, status = os.waitpid(copy, 0)
        if status:
            sys.exit(f"{line!r} ended with {status}")


if __name__ == "__main__":
    main()
