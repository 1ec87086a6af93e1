"""The process in which one library works: `python -m benchmarks.correctness.worker LIBRARY`.

It takes names of cases on stdin, one a line, and answers on stdout with a record a line.
"""

from __future__ import annotations

import datetime as dt
import enum
import json
import logging
import sys
import uuid
import warnings
from contextlib import nullcontext
from dataclasses import asdict
from decimal import Decimal
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, RootModel

from benchmarks.correctness.cases import CASES
from benchmarks.correctness.source import Source, Unavailable
from benchmarks.correctness.verdict import Record

if TYPE_CHECKING:
    from types import ModuleType

    from benchmarks.correctness.case import Case


def main() -> None:
    """Work until stdin is closed."""
    answers = sys.stdout
    sys.stdout = sys.stderr  # should a library print
    warnings.simplefilter("ignore")
    logging.disable()
    try:
        library = import_module(f"benchmarks.correctness.libraries.{sys.argv[1]}")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("benchmarks"):
            raise
        library = None
    cases = {case.key: case for case in CASES}
    for line in sys.stdin:
        record = Record(installed=False)
        if library is not None:
            record = happening(library, cases[line.rstrip("\n")])
        print(json.dumps(asdict(record)), file=answers, flush=True)


def happening(library: ModuleType, case: Case) -> Record:
    """Let an adapter do a case, and write down what happens."""
    task = getattr(library, case.task, None)
    if task is None:
        return Record(offered=False)
    record = Record()
    with _server(case) as server:
        source = Source(case, server)
        values = task(case.type, source)
        final, message, errors = None, "", []
        try:
            while True:
                value = next(values)
                at = None if server is not None else source.given - 1
                record.values.append((at, plain(value)))
        except StopIteration as end:
            final = plain(end.value)
        except Unavailable:
            return Record(offered=False)
        except ModuleNotFoundError:  # of an SDK that a single task needs
            return Record(installed=False)
        except Exception as error:  # noqa: BLE001 - what it is has to be judged
            message = str(error).partition("\n")[0][:200]
            errors = [kind.__name__ for kind in type(error).__mro__]
    return Record(record.values, final, errors, message)


def _server(case: Case) -> Any:
    if case.answer is None:
        return nullcontext()
    from partialstream.testing import ReplayServer

    return ReplayServer(case.answer)


def plain(value: Any) -> Any:
    """A value as JSON, in which what pydantic makes of strings can be told from strings."""
    if isinstance(value, RootModel):
        return plain(value.root)
    if isinstance(value, BaseModel):
        # Not model_dump: it may refuse what a growing object holds.
        return {name: plain(member) for name, member in value if member is not None}
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [plain(element) for element in value]
    if isinstance(value, enum.Enum):
        return {type(value).__name__: value.value}
    if isinstance(value, dt.date):
        return {"date": value.isoformat()}
    if isinstance(value, Decimal | uuid.UUID):
        return {type(value).__name__: str(value)}
    return value


if __name__ == "__main__":
    main()
