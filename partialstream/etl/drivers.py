"""Reads a document: by a sync client in a thread, or by an async one in a task."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from partialstream.client import AsyncClient, Client
    from partialstream.etl.reading import DocumentReader, Result
    from partialstream.etl.threads import ReadingThreads


async def read_async(reader: DocumentReader, client: AsyncClient, *, many: bool) -> Result:
    """Read a document.

    Args:
        reader: Stores its rows.
        client: Makes the call.
        many: Whether its response is a list of rows, or a single object.

    Raises:
        BaseException: What ends the whole run.
    """
    try:
        if (finished := reader.resume()) is not None:
            return finished
        if many:
            async with reader.open_list(client) as rows:
                async for event in rows.events(text=False):
                    reader.feed(event)
        else:
            async with reader.open_object(client) as stream:
                reader.add_object(await stream.final(), stream)
    except BaseException as error:  # noqa: BLE001 - `finish` raises what is not the document's
        return reader.finish(error)
    return reader.finish(None)


def read_sync(
    reader: DocumentReader, client: Client, threads: ReadingThreads, *, many: bool
) -> Result:
    """As `read_async`, in one of `threads`."""
    try:
        if (finished := reader.resume()) is not None:
            return finished
        with threads.entered():
            if many:
                with reader.open_list(client) as rows, threads.reading(rows):
                    for event in rows.events(text=False):
                        reader.feed(event)
            else:
                with reader.open_object(client) as stream, threads.reading(stream):
                    reader.add_object(stream.final(), stream)
    except BaseException as error:  # noqa: BLE001 - as above
        return reader.finish(error, cancelled=threads.cancelled)
    return reader.finish(None)
