"""The sync driver: it fetches chunks, hands them to a reading, and closes what it fetches from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from partialstream.engine.items import END
from partialstream.errors import PartialStreamError
from partialstream.stream.reading import Intake, Reading, events, run_turn

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from partialstream.engine.items import ItemScanner
    from partialstream.engine.position import RawItem
    from partialstream.stream.events import Finished
    from partialstream.stream.items import ItemReading
    from partialstream.stream.transport import Chunks

T = TypeVar("T")
W = TypeVar("W")


def run(reading: Reading[Any, Any], chunks: Chunks, intake: Intake[W]) -> Generator[W, None, None]:
    """Fetch until there is enough; hand over what it gives; raise what is left."""
    try:
        more = True
        while more:
            iterator = iter(chunks)
            while not reading.has_read():
                try:
                    chunk = next(iterator)
                except StopIteration:
                    yield from intake.finish()
                    break
                except BaseException as error:  # noqa: BLE001 - raised below, or what it means
                    reading.broken(error)
                    break
                if reading.is_settled():
                    break  # closed by another thread, while this one waited
                found = intake.take(chunk)
                if found and reading.is_settled():
                    chunks.close()  # that is enough: no more is paid for than was asked for
                yield from found
            more = _turn(reading, chunks)
            yield from intake.between()
        reading.close()
    finally:
        reading.cancelled()
        chunks.close()
    if reading.failure is not None:
        raise reading.failure


def _turn(reading: Reading[Any, Any], chunks: Chunks) -> bool:
    """Leave the answer, and send another request, if there is to be one."""
    chunks.close()
    if not run_turn(reading.turn()):
        return False
    try:
        chunks.send(reading.request)
    except BaseException as error:  # noqa: BLE001 - the policy says what it means
        reading.broken(error)
    return True


def run_items(reading: ItemReading[T], chunks: Chunks) -> Generator[T, None, None]:
    """`run` for the values of items, with a shorter way for chunks that are text."""
    scanner: ItemScanner | None = None
    try:
        more = True
        while more:
            iterator = iter(chunks)
            while not reading.has_read():
                raws: Sequence[RawItem] = ()
                chunk: object = None
                try:
                    if scanner is None:
                        chunk = next(iterator, END)
                    else:
                        raws, chunk = scanner.pull(iterator)
                except PartialStreamError as error:
                    raws = reading.failed(error)
                except BaseException as error:  # noqa: BLE001 - raised below, or what it means
                    reading.broken(error)
                    break
                if raws:
                    deliveries = reading.accept(raws)
                elif reading.has_read():
                    break  # failed; or closed by another thread, while this one waited
                elif chunk is END:
                    deliveries = reading.finish()
                else:
                    # The first chunk comes this way too, and is noted as the first.
                    deliveries = reading.take(chunk)
                    # While a chunk brings nothing, the policy looks at the clock.
                    is_text = chunk and chunk.__class__ is str
                    scanner = reading.text_scanner() if is_text else None
                if deliveries and reading.is_settled():
                    chunks.close()  # as above
                for value, _ in deliveries:
                    yield value
                if chunk is END:
                    break
            more = _turn(reading, chunks)
            for value, _ in reading.between():
                yield value
        reading.close()
    finally:
        reading.cancelled()
        chunks.close()
    if reading.failure is not None:
        raise reading.failure


def run_events(reading: Reading[Any, W], chunks: Chunks) -> Generator[W | Finished, None, None]:
    """`run` for events, with the end as the last one."""
    reader = run(reading, chunks, events(reading))
    try:
        yield from reader
    except BaseException as error:
        if error is reading.failure:
            yield reading.close()
        raise
    yield reading.close()
