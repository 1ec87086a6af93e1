r"""A body of JSON documents, told apart by their brackets, in bytes that are cut anywhere.

    {…}⏎{…}⏎         NDJSON: one document a line, as Ollama sends them
    [{…},⏎{…}]       one array, as Gemini sends it if it isn't asked for server-sent events
    {⏎  "a": …⏎}     one document over several lines: an error, or a response without streaming

An object is given by its closing bracket: whoever waited for the end of its line would wait for
the next one where a server writes the line feed ahead of a document instead of after it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from partialstream.sources.base import Event

# What is left of a string, its end excluded: that is a quote, a line feed, which no JSON string
# holds, a backslash without what it escapes, or the end of the bytes.
_REST_OF_STRING: Final = re.compile(rb'[^"\\\n]*(?:\\.[^"\\\n]*)*', re.DOTALL)

# What lies ahead of the next bracket in a document, or of a string that is cut.
_WITHIN: Final = re.compile(rb'[^"{}\[\]]*(?:"[^"\\\n]*(?:\\.[^"\\\n]*)*"[^"{}\[\]]*)*', re.DOTALL)
_MARK: Final = re.compile(rb'["{}\[\]]')
_BETWEEN: Final = re.compile(rb'["{}\[\]\n,]')


class JSONStreamDecoder:
    r"""Turns the bytes of a body into events, without I/O: one for each document.

    A document may be of any type, and is not looked into: what is wrong in it is for the reader
    to find. What stands between documents and is none is given as one, for the same reason.

    Attributes:
        held: Bytes of the document that has not ended.

    Example:
        >>> decoder = JSONStreamDecoder()
        >>> decoder.feed(b'{"done":fal')
        []
        >>> decoder.feed(b'se}\n{"done":true}')[1]
        ('message', b'{"done":true}', False)
    """

    def __init__(self) -> None:
        self.held = 0
        self._document = bytearray()  # one that has begun
        self._escape = b""  # a backslash at the end of the last bytes
        self._depth = 0  # the brackets of it that are open
        self._in_string = False
        self._in_array = False  # whether the documents are the elements of an array
        self._given = False  # whether anything came ahead of this document

    def feed(self, data: bytes) -> list[Event]:
        """Read some bytes and give the documents that end in them."""
        events: list[Event] = []
        data, self._escape = self._escape + data, b""
        begin = at = 0  # where the document goes on, and what has been looked at
        while at < len(data):
            if self._in_string:
                rest = _REST_OF_STRING.match(data, at)
                at = len(data) if rest is None else rest.end()
                mark = data[at : at + 1]
                if mark in (b"", b"\\"):
                    data, self._escape = data[:at], mark
                    break
                at = keep = at + 1
                self._in_string = False
                if mark == b'"':
                    continue
            else:
                if self._depth and (skipped := _WITHIN.match(data, at)) is not None:
                    at = skipped.end()
                found = (_MARK if self._depth else _BETWEEN).search(data, at)
                if found is None:
                    break
                at = keep = found.end()
                mark = found[0]
                if mark == b'"':
                    self._in_string = True
                    continue
                if mark in b"{[":
                    if mark == b"[" and not (self._depth or self._given or self._in_array):
                        self._in_array, begin = True, at
                    else:
                        self._depth += 1
                    continue
                if self._depth:
                    self._depth -= 1
                    if self._depth:
                        continue
                elif mark == b"]" and self._in_array:
                    self._in_array, self._given, keep = False, True, at - 1
                elif mark == b"," and not self._in_array:
                    continue
                elif mark in b"\n,":
                    keep = at - 1  # else it is a bracket too many
            self._document += data[begin:keep]
            begin = at
            if self._document:
                self._end_document(events)
        self._document += data[begin:]
        self.held = len(self._document)
        return events

    def finish(self) -> list[Event]:
        """End the body and give the document that it ended in, if any.

        A body that ends within its first document has nothing of a stream: the event is `bare`,
        and so that it was cut is an error of its own, which shows it.
        """
        self._document += self._escape
        events: list[Event] = []
        self._end_document(events, bare=not self._given and not self._in_array)
        return events

    def _end_document(self, events: list[Event], *, bare: bool = False) -> None:
        self._depth = 0
        document = bytes(self._document.strip())
        self._document.clear()
        if document:
            self._given = True
            events.append(("message", document, bare))
