"""The documents of a run, one at a time, from any iterable."""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from typing import Any, cast

from anyio import CancelScope, Lock

from partialstream.etl.inputs.documents import Document

Documents = Iterable[Document] | AsyncIterable[Document]


class DocumentSource:
    """Takes documents one at a time from a sync or async iterable.

    Raises:
        TypeError: It is not an iterable of documents.
    """

    def __init__(self, documents: Documents) -> None:
        _check_iterable(documents)
        self._lock = Lock()
        self._next: AsyncIterator[Any] | None = None
        self._iterator: Iterator[Any] | None = None
        if isinstance(documents, AsyncIterable):
            self._next = aiter(documents)
        else:
            self._iterator = iter(documents)
        self._taken = 0
        self._exhausted = False
        self._waiting: CancelScope | None = None  # for the next document

    async def next(self) -> Document | None:
        """The next document; None at the end of the iterable, or after `stop`.

        Raises:
            TypeError: What comes next is not a document.
        """
        async with self._lock:
            if self._exhausted:
                return None
            document: Any = None
            try:
                if self._iterator is not None:
                    document = next(self._iterator)
                else:
                    with CancelScope() as self._waiting:
                        document = await anext(cast("AsyncIterator[Any]", self._next))
                    if self._waiting.cancelled_caught:
                        return None
            except (StopIteration, StopAsyncIteration):
                self._exhausted = True
                return None
            finally:
                self._waiting = None
            self._taken += 1
            if not isinstance(document, Document):
                raise TypeError(
                    f"documents must be Document objects, as Document(id, text), but number "
                    f"{self._taken} is {_described(document)}"
                )
            return document

    def stop(self) -> None:
        """Take no more documents, and wait no longer for one."""
        self._exhausted = True
        if self._waiting is not None:
            self._waiting.cancel()

    async def close(self) -> None:
        """Close the iterable if it is a generator."""
        for source, name in ((self._iterator, "close"), (self._next, "aclose")):
            close = getattr(source, name, None)
            if close is not None:
                result = close()
                if name == "aclose":
                    await result


def _check_iterable(given: Any) -> None:
    if isinstance(given, (str, os.PathLike)):
        path = os.fspath(cast("str | os.PathLike[str]", given))
        hint = f"to read files, use documents({path!r})"
    elif isinstance(given, Document):
        hint = "for a single one, use [document]"
    elif isinstance(given, (bytes, Mapping)) or not isinstance(given, (Iterable, AsyncIterable)):
        hint = "as [Document(id, text), ...]"
    else:
        return
    raise TypeError(f"documents must be an iterable of Document, not {_described(given)}; {hint}")


def _described(given: Any) -> str:
    return "None" if given is None else f"of type {type(given).__name__}"
