"""The async driver: as `sync_driver.py`, with awaiting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from partialstream.errors import PartialStreamError
from partialstream.stream.reading import Intake, Reading, await_turn, events
from partialstream.stream.transport import no_chunks

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        AsyncIterator,
        Sequence,
    )

    from partialstream.engine.items import ItemScanner
    from partialstream.engine.position import RawItem
    from partialstream.stream.events import Finished
    from partialstream.stream.items import ItemReading
    from partialstream.stream.transport import AsyncChunks

T = TypeVar("T")
W = TypeVar("W")


async def run(
    reading: Reading[Any, Any], chunks: AsyncChunks, intake: Intake[W]
) -> AsyncGenerator[W, None]:
    """Fetch until there is enough; hand over what it gives; raise what is left."""
    try:
        more = True
        while more:
            iterator = await _opened(reading, chunks)
            while not reading.has_read():
                try:
                    chunk = await iterator.__anext__()
                except StopAsyncIteration:
                    for value in intake.finish():
                        yield value
                    break
                except BaseException as error:  # noqa: BLE001 - raised below, or what it means
                    reading.broken(error)
                    break
                if reading.is_settled():
                    break  # closed by another task, while this one waited
                found = intake.take(chunk)
                if found and reading.is_settled():
                    await chunks.close()  # that is enough; see the sync driver
                for value in found:
                    yield value
            more = await _turn(reading, chunks)
            for value in intake.between():
                yield value
        reading.close()
    finally:
        reading.cancelled()
        await chunks.close()
    if reading.failure is not None:
        raise reading.failure


async def _opened(reading: Reading[Any, Any], chunks: AsyncChunks) -> AsyncIterator[Any]:
    """Make the first request, if it has not been made."""
    try:
        return await chunks.open()
    except PartialStreamError as error:
        reading.broken(error)
        return no_chunks()


async def _turn(reading: Reading[Any, Any], chunks: AsyncChunks) -> bool:
    """Leave the answer, and send another request, if there is to be one."""
    await chunks.leave()
    if not await await_turn(reading.turn()):
        return False
    try:
        await chunks.send(reading.request)
    except BaseException as error:  # noqa: BLE001 - the policy says what it means
        reading.broken(error)
    return True


async def run_items(reading: ItemReading[T], chunks: AsyncChunks) -> AsyncGenerator[T, None]:
    """`run` for the values of items, with a shorter way for chunks that are text."""
    scanner: ItemScanner | None = None
    try:
        more = True
        while more:
            iterator = await _opened(reading, chunks)
            ended = False
            while not reading.has_read() and not ended:
                chunk: Any = None
                raws: Sequence[RawItem] | None = None
                try:
                    async for chunk in iterator:
                        if scanner is None or chunk.__class__ is not str or not chunk:
                            raws = None  # those of the text before it, which were none
                            break
                        raws = scanner.feed(chunk)
                        if raws:
                            break
                    else:
                        ended = True
                except PartialStreamError as error:
                    raws = reading.failed(error)
                except BaseException as error:  # noqa: BLE001 - raised below, or what it means
                    reading.broken(error)
                    break
                if reading.is_settled():
                    break  # closed by another task, while this one waited
                if ended:
                    deliveries = reading.finish()
                elif raws is not None:
                    deliveries = reading.accept(raws)
                else:
                    # The first chunk comes this way too, and is noted as the first.
                    deliveries = reading.take(chunk)
                    if chunk.__class__ is str and chunk:
                        scanner = reading.text_scanner()
                if deliveries and reading.is_settled():
                    await chunks.close()
                for value, _ in deliveries:
                    yield value
            more = await _turn(reading, chunks)
            for value, _ in reading.between():
                yield value
        reading.close()
    finally:
        reading.cancelled()
        await chunks.close()
    if reading.failure is not None:
        raise reading.failure


async def run_events(
    reading: Reading[Any, W], chunks: AsyncChunks
) -> AsyncGenerator[W | Finished, None]:
    """`run` for events, with the end as the last one."""
    reader = run(reading, chunks, events(reading))
    try:
        async for event in reader:
            yield event
    except BaseException as error:
        if error is reading.failure:
            yield reading.close()
        raise
    finally:
        await reader.aclose()
    yield reading.close()
