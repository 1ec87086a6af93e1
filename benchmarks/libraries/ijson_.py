"""The tasks with ijson's C backend.

ijson reads bytes and gives dicts: the deltas are encoded before the run, except in
`items_text`, and pydantic validates the dicts.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from ijson.backends import yajl2_c
from ijson.utils import sendable_list
from pydantic import TypeAdapter

from benchmarks import documents

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from benchmarks.libraries import Run

PREFIX = "items.item"


class Reader:
    """A file whose reads give one delta each.

    Args:
        deltas: The deltas as bytes.
    """

    def __init__(self, deltas: Iterable[bytes]) -> None:
        # The first read is of 0 bytes: it only asks for the type.
        self._deltas = itertools.chain([b""], deltas)

    def read(self, size: int) -> bytes:
        """Give the next delta, whatever size is asked for."""
        return next(self._deltas, b"")


def read_items(type_: Any, deltas: Iterable[str]) -> Iterator[Any]:
    """Validated items from deltas of text."""
    validate = TypeAdapter(type_).validator.validate_python
    for item in yajl2_c.items(Reader(map(str.encode, deltas)), PREFIX, use_float=True):
        yield validate(item)


def items_stream(kind: str, count: int, delta: int = documents.DELTA) -> Run:
    """Items from deltas that ijson reads from a file."""
    document = documents.items(kind, count, delta)
    deltas = document.encoded

    def run() -> int:
        delivered = 0
        validate = TypeAdapter(document.type).validator.validate_python
        for item in yajl2_c.items(Reader(deltas), PREFIX, use_float=True):
            validate(item)
            delivered += 1
        return delivered

    return run


def items_text(kind: str, count: int, delta: int = documents.DELTA) -> Run:
    """Items from deltas of text, as they come out of a model's answer."""
    document = documents.items(kind, count, delta)

    def run() -> int:
        delivered = 0
        validate = TypeAdapter(document.type).validator.validate_python
        deltas = map(str.encode, document.deltas)
        for item in yajl2_c.items(Reader(deltas), PREFIX, use_float=True):
            validate(item)
            delivered += 1
        return delivered

    return run


def items_push(kind: str, count: int, delta: int = documents.DELTA) -> Run:
    """Items from deltas that are pushed one by one."""
    document = documents.items(kind, count, delta)
    deltas = document.encoded

    def run() -> int:
        delivered = 0
        validate = TypeAdapter(document.type).validator.validate_python
        events = sendable_list()
        coroutine = yajl2_c.items_coro(events, PREFIX, use_float=True)
        send = coroutine.send
        for each in deltas:
            send(each)
            if events:
                for item in events:
                    validate(item)
                    delivered += 1
                del events[:]
        coroutine.close()
        return delivered

    return run
