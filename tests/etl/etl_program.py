"""A program that is killed: runs the job of `etl_runs` against a server.

python etl_program.py BASE_URL JOURNAL SINK DOCUMENTS ROWS ON_RESTART sync|async [LIMIT]
"""

from __future__ import annotations

import asyncio
import resource
import sys
from typing import Any

from etl_runs import extraction_of, job
from openai import AsyncOpenAI, OpenAI


def main() -> None:
    """Run it; the last line says what was done."""
    base_url, journal, sink, documents, rows, on_restart, kind, *limit = sys.argv[1:]
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit[0]), resource.RLIM_INFINITY))
    options: dict[str, Any] = {"journal": journal, "sink": sink_of(sink), "on_restart": on_restart}
    options["endpoint"] = "test"
    given = job(int(documents), None if rows == "-" else int(rows))
    if kind == "sync":
        with OpenAI(base_url=base_url, api_key="test") as sdk:
            print(extraction_of(sdk, options).run(given).as_dict())
        return

    async def main() -> None:
        async with AsyncOpenAI(base_url=base_url, api_key="test") as sdk:
            print((await extraction_of(sdk, options).arun(given)).as_dict())

    asyncio.run(main())


def sink_of(sink: str) -> Any:
    """A sink by its name; Parquet with files that are not as large as the whole."""
    if not sink.endswith(".parquet"):
        return sink
    from partialstream.etl.sinks.parquet import Parquet

    return Parquet(sink, batch_rows=700)


if __name__ == "__main__":
    main()
