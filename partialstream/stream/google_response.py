"""The HTTP response below the async generators of Google's SDK."""

from __future__ import annotations

import gc
from types import AsyncGeneratorType, CellType, FrameType
from typing import Any

_FOLLOWED = (AsyncGeneratorType, CellType, FrameType)  # until Python 3.10 the frame is between


def google_response(chunks: Any) -> Any:
    """Find the HTTP response that google-genai's async generators read.

    To close an async generator leaves those that it reads to the garbage collector (PEP 525).
    google-genai has four of them, and below them a response and a generator that refer to each
    other, which is found only when the collector looks for such pairs. Until then the server
    sends on. So who closes the first of them has to close the HTTP response as well.

    Args:
        chunks: A generator of google-genai's that nobody is inside of, or anything else.

    Returns:
        A response of aiohttp or httpx; None if there is none, or none yet.
    """
    known = {id(chunks)}
    found: list[Any] = [chunks] if type(chunks) is AsyncGeneratorType else []
    for each in found:  # which grows
        # Not by the frame's variables: what `async for` reads need not be one.
        for held in gc.get_referents(each):
            if type(held).__name__ == "HttpResponse" and hasattr(held, "response_stream"):
                return held.response_stream
            if type(held) in _FOLLOWED and id(held) not in known:
                known.add(id(held))
                found.append(held)
    return None
