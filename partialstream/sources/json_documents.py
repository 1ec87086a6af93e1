r"""A body of JSON documents, told apart by their brackets, in bytes that are cut anywhere.

    {…}⏎{…}⏎         NDJSON: one document a line, as Ollama sends them
    [{…},⏎{…}]       one array, as Gemini sends it if it isn't asked for server-sent events
    {⏎  "a": …⏎}     one document over several lines: an error, or an answer without streaming

An object is given by its closing bracket: whoever waited for the end of its line would wait for
the next one where a server writes the line feed ahead of a document instead of behind it.
"""

from __future__ import annotations

import re

from partialstream.errors import LimitExceededError, ProviderError
from partialstream.limits import DEFAULT_LIMITS
from partialstream.sources.sse import ServerSentEvent, event_too_long, utf8_text

# What is left of a string, its end excluded: that is a quote, a line feed, which no JSON string
# holds, a backslash without what it escapes, or the end of the bytes.
_REST_OF_STRING = re.compile(rb'[^"\\\n]*(?:\\.[^"\\\n]*)*', re.DOTALL)

_WITHIN = re.compile(rb'["{}\[\]]')
# Between documents, and between the elements of the array, which commas part as well.
_BETWEEN = re.compile(rb'["{}\[\]\n]')
_BETWEEN_ELEMENTS = re.compile(rb'["{}\[\]\n,]')

_BACKSLASH = 0x5C
_LF = 0x0A


class JSONDocumentsDecoder:
    r"""Turns the bytes of a body into events, without I/O: one for each document.

    A document may be of any type, and is not looked into: what is wrong in it is for the reader
    to find. What stands between documents and is none is given as one, for the same reason.

    Args:
        event_size: See `Limits`.

    Example:
        >>> decoder = JSONDocumentsDecoder()
        >>> decoder.feed(b'{"done":fal')
        []
        >>> decoder.feed(b'se}\n{"done":true}')[1].data
        '{"done":true}'
    """

    def __init__(self, *, event_size: int = DEFAULT_LIMITS.event_size) -> None:
        self._event_size = event_size
        self._document = bytearray()  # one that has begun
        self._depth = 0  # the brackets of it that are open
        self._in_string = False
        self._escaped = False  # whether the last byte was a backslash that escapes the next one
        self._in_array = False  # whether the documents are the elements of an array
        self._given = False  # whether anything came ahead of this document
        self._failure: ProviderError | LimitExceededError | None = None

    def feed(self, data: bytes) -> list[ServerSentEvent]:
        """Read some bytes and give the documents that end in them.

        Raises:
            ProviderError: If a document is no UTF-8. The documents before it are given first,
                and the next call raises.
            LimitExceededError: If a document is too long; as above.
        """
        if self._failure is not None:
            raise self._failure
        events: list[ServerSentEvent] = []
        try:
            self._read(data, events)
            if len(self._document) > self._event_size:
                raise event_too_long(self._event_size)
        except (ProviderError, LimitExceededError) as error:
            self._failure = error
            if not events:
                raise
        return events

    def finish(self) -> list[ServerSentEvent]:
        """End the body and give the document that it ended in, if any.

        A body that ends within its first document has nothing of a stream: the event is `bare`,
        and so that it was cut is an error of its own, which shows it.

        Raises:
            ProviderError: As `feed` does. A character that is cut by the end is left out.
        """
        if self._failure is not None:
            raise self._failure
        bare = not self._given and not self._in_array
        events: list[ServerSentEvent] = []
        self._give(events, final=False, bare=bare)
        return events

    def _read(self, data: bytes, events: list[ServerSentEvent]) -> None:
        begin = at = 0  # where the document goes on, and what has been looked at
        size = len(data)
        while at < size:
            if self._in_string:
                at, broken = self._skip_string(data, at)
                if broken:
                    self._document += data[begin:at]
                    begin = at
                    self._give(events)
                continue
            depth = self._depth
            if depth:
                mark = _WITHIN.search(data, at)
            else:
                mark = (_BETWEEN_ELEMENTS if self._in_array else _BETWEEN).search(data, at)
            if mark is None:
                break
            byte = mark[0]
            at = mark.end()
            if byte == b'"':
                self._in_string = True
            elif byte in (b"{", b"["):
                if not (depth or self._given or self._in_array) and byte == b"[":
                    self._in_array, begin = True, at
                else:
                    self._depth = depth + 1
            elif depth:
                self._depth = depth - 1
                if depth == 1:
                    self._document += data[begin:at]
                    begin = at
                    self._give(events)
            else:
                # The end of a line, of an element, of the array; or a bracket too many.
                keep = mark.start()
                if byte == b"]" and self._in_array:
                    self._in_array, self._given = False, True
                elif byte in (b"]", b"}"):
                    keep = at
                self._document += data[begin:keep]
                begin = at
                self._give(events)
        self._document += data[begin:]

    def _skip_string(self, data: bytes, at: int) -> tuple[int, bool]:
        """Give where the string ends, or the bytes do, and whether it ends by a line feed."""
        if self._escaped:
            self._escaped = False
            at += 1
        rest = _REST_OF_STRING.match(data, at)
        at = len(data) if rest is None else rest.end()
        if at == len(data):
            return at, False
        self._escaped = data[at] == _BACKSLASH
        self._in_string = self._escaped
        return at + 1, data[at] == _LF

    def _give(
        self, events: list[ServerSentEvent], *, final: bool = True, bare: bool = False
    ) -> None:
        self._depth = 0
        self._in_string = self._escaped = False
        document, self._document = bytes(self._document).strip(), bytearray()
        if document:
            self._given = True
            events.append(ServerSentEvent("message", utf8_text(document, final=final), bare=bare))
