"""A program that is killed: it runs the job of `etl_runs` against a server.

It loads everything once, and runs a child of its own for each line that it reads, so that a start
takes no time: `{"base_url": ..., "journal": ..., "sink": ..., "documents": ..., ...}`. It answers
with the child's process id, and a second line with its exit code when that has ended.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import traceback
from typing import Any

from etl_runs import extraction_of, job
from openai import AsyncOpenAI, OpenAI

from partialstream.etl.sinks import parquet, sql  # noqa: F401  # loaded before the fork


def main() -> None:
    """Run children until there are no more lines."""
    for line in sys.stdin:
        child = os.fork()
        if not child:
            run_child(json.loads(line))
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def run_child(given: dict[str, Any]) -> None:
    """Run the job, and end without returning."""
    code = 1
    try:
        if "limit" in given:
            size = given["limit"]
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        run(given)
        code = 0
    except BaseException:  # noqa: BLE001 - it is written down, and this process ends
        with open(given["told"], "w", encoding="utf-8") as file:
            traceback.print_exc(file=file)
    finally:
        os._exit(code)


def run(given: dict[str, Any]) -> None:
    """Run the job."""
    options = {
        "journal": given["journal"],
        "sink": sink_of(given["sink"]),
        "on_restart": given.get("on_restart", "resume"),
        "commit": given.get("commit", "document"),
        "concurrency": given["concurrency"],
        "endpoint": "test",
    }
    documents = job(given["documents"], given.get("rows"))
    address = {"base_url": given["base_url"], "api_key": "test"}
    # Where the rows go that a loop takes, if one does.
    with open(given.get("taken", os.devnull), "a", encoding="utf-8", buffering=1) as taken:
        if given.get("kind", "sync") == "sync":
            with OpenAI(**address) as sdk:
                extraction = extraction_of(sdk, options)
                if "taken" not in given:
                    extraction.run(documents)
                    return
                for row in extraction.rows(documents):
                    print(line_of(row), file=taken)
            return

        async def work() -> None:
            async with AsyncOpenAI(**address) as sdk:
                extraction = extraction_of(sdk, options)
                if "taken" not in given:
                    await extraction.arun(documents)
                    return
                async with extraction.arows(documents) as rows:
                    async for row in rows:
                        print(line_of(row), file=taken)

        asyncio.run(work())


def line_of(row: Any) -> str:
    """A row that a loop has taken, as in a sink."""
    return json.dumps({"document": row.document, "row": row.index, **row.value.model_dump()})


def sink_of(sink: str | None) -> Any:
    """A sink by its name; one of Parquet with files that are not as large as the whole."""
    if sink is None:
        return None
    return parquet.Parquet(sink, batch_rows=700) if sink.endswith(".parquet") else sink


if __name__ == "__main__":
    main()
