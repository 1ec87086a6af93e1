"""The processes of `etl.py`: jobs whose documents are counted, and whose memory is watched.

`python -m benchmarks.jobs http KIND BASE_URL DOCUMENTS FROM` runs a job over HTTP and prints by
how many megabytes its resident memory grew from document FROM on. `python -m benchmarks.jobs fake
FOLDER DOCUMENTS FROM` runs one whose responses are made in the process; run again with the same
folder, it finds all documents done. Both print one JSON object: seconds, CPU, memory.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

import openai
from pydantic import BaseModel
from typing_extensions import override

import partialstream
from benchmarks.documents import Offer
from benchmarks.peak import resident
from partialstream.client import AsyncClient
from partialstream.client.endpoints.openai import OpenAIEndpoint
from partialstream.etl import Document, Extraction
from partialstream.results import Item, Outcome, Timing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

PROMPT = "Which offers are there?\n\n{text}"

HTTP_CONCURRENCY = 16

FAKE_CONCURRENCY = 500
"""The responses arrive at once, so that many documents can share one write to the disk."""


class Article(BaseModel):
    """The row of a fake response."""

    article: str
    count: int


class FakeClient(AsyncClient):
    """Returns a list of one row for each document, without a request."""

    def __init__(self) -> None:
        sdk = openai.AsyncOpenAI(base_url="http://127.0.0.1:9/v1", api_key="benchmark")
        super().__init__(OpenAIEndpoint(sdk))

    @override
    def create_iterable(self, response_model: Any = None, **arguments: Any) -> Any:
        return FakeStream(arguments["messages"][0]["content"][-12:])


class FakeStream:
    """A response whose only row arrives at once, so that only the work of the run is measured."""

    attempts = ()
    usage = None
    cost = None
    outcome = Outcome("complete")
    timing = Timing(0.0)

    def __init__(self, name: str) -> None:
        self._name = name

    async def __aenter__(self) -> FakeStream:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        pass

    async def events(self, **_: Any) -> AsyncIterator[Item[Article]]:
        """The row."""
        raw = f'{{"article": "article {self._name}", "count": 1}}'
        yield Item(Article.model_validate_json(raw), 0, ("items", 0), raw)


def document(number: int) -> Document:
    """The document of that number."""
    return Document(f"document-{number:07}", f"the text of {number:012}")


class Watched:
    """Documents; measures the process when the document `start` and the last one are taken.

    Args:
        count: The number of documents.
        start: The number of the first measured document.
    """

    def __init__(self, count: int, start: int) -> None:
        self._count = count
        self._start = start
        self.before = (0.0, 0.0, 0.0)
        self.after = (0.0, 0.0, 0.0)

    def __iter__(self) -> Iterator[Document]:
        for number in range(self._count):
            if number == self._start:
                self.before = _now()
            yield document(number)
        self.after = _now()

    @property
    def figures(self) -> dict[str, float]:
        """Seconds, CPU seconds, megabytes and documents between the two measurements."""
        seconds, cpu, memory = (
            after - before for before, after in zip(self.before, self.after, strict=True)
        )
        documents = self._count - self._start
        return {"documents": documents, "seconds": seconds, "cpu": cpu, "growth": memory}


def _now() -> tuple[float, float, float]:
    gc.collect()
    return perf_counter(), process_time(), resident()


def over_http(kind: str, base_url: str, documents: Iterable[Document]) -> None:
    """Run a job over HTTP, with a sync client or an async one."""
    with TemporaryDirectory() as folder:
        options: dict[str, Any] = {
            "model": "m",
            "prompt": PROMPT,
            "concurrency": HTTP_CONCURRENCY,
            "journal": Path(folder, "run.db"),
            "sink": Path(folder, "rows.jsonl"),
        }
        if kind == "sync":
            with openai.OpenAI(base_url=base_url, api_key="benchmark") as sdk:
                Extraction(partialstream.from_openai(sdk), Offer, **options).run(documents)
            return

        async def run() -> None:
            async with openai.AsyncOpenAI(base_url=base_url, api_key="benchmark") as sdk:
                await Extraction(partialstream.from_openai(sdk), Offer, **options).arun(documents)

        asyncio.run(run())


def fake(folder: str, documents: Watched) -> None:
    """Run a job whose responses are made in the process."""
    extraction = Extraction(
        FakeClient(),
        Article,
        model="m",
        prompt="{text}",
        concurrency=FAKE_CONCURRENCY,
        journal=Path(folder, "run.db"),
        sink=Path(folder, "rows.jsonl"),
    )
    asyncio.run(extraction.arun(documents))


def main() -> None:
    """Run a job and print its figures."""
    what, *arguments, count, start = sys.argv[1:]
    documents = Watched(int(count), int(start))
    if what == "http":
        over_http(arguments[0], arguments[1], documents)
    else:
        fake(arguments[0], documents)
    print(json.dumps(documents.figures))


if __name__ == "__main__":
    main()
