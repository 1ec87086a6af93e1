"""A job whose right rows are known, a model that does it, and what comes out of the sinks."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel, Field

from partialstream import from_openai
from partialstream.etl import Document, Extraction
from partialstream.testing import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from partialstream.etl import Summary
    from partialstream.testing import ReplayRequest, ReplayServer


class Row(BaseModel):
    """What each document has some of."""

    article: str
    count: int = Field(ge=0)


PROMPT = "List the articles in:\n\n{text}"


def count_of(number: int) -> int:
    """How many rows a document has."""
    return 60 + number % 7


def right_rows(number: int, count: int | None = None) -> list[dict[str, Any]]:
    """The rows of a document."""
    rows = range(count_of(number) if count is None else count)
    return [{"article": f"article {number}-{row} {{ü}}", "count": row} for row in rows]


def job(documents: int, rows: int | None = None) -> Iterator[Document]:
    """Documents, which hold their own number and how many rows they have."""
    for number in range(documents):
        count = count_of(number) if rows is None else rows
        yield Document(f"doc-{number:04}", f"{number}|{count}")


def expected(documents: int, rows: int | None = None) -> set[tuple[str, int, str, int]]:
    """What has to be in the sink."""
    return {
        (f"doc-{number:04}", place, row["article"], row["count"])
        for number in range(documents)
        for place, row in enumerate(right_rows(number, rows))
    }


class Model:
    """Reads the requests as a model would.

    Attributes:
        asked: How often each document was asked for.
        items: Items that were sent, over all requests.
        spoil: Changes the answer to a request: of the number of the document, how often it was
            asked for, and the answer.
    """

    def __init__(
        self,
        spoil: Callable[[int, int, Answer], Answer] | None = None,
        tokens_per_second: float | None = None,
        chunk_size: int = 12,
    ) -> None:
        self.asked = Counter[int]()
        self.items = 0
        self.spoil = spoil
        self.tokens_per_second = tokens_per_second
        self.chunk_size = chunk_size

    def __call__(self, request: ReplayRequest) -> Answer:
        messages = request.body["messages"]
        number, count = map(int, messages[0]["content"].rpartition("\n")[2].split("|"))
        self.asked[number] += 1
        rows = right_rows(number, count)
        instruction = messages[-1]["content"]
        beside = ""
        if (len(messages) > 1 and "is not valid" in instruction) or "are not valid" in instruction:
            indexes = list(map(int, re.findall(r"item at index (\d+):", instruction)))
            rows = [rows[index] for index in indexes]
            beside = f'"indexes": "{", ".join(map(str, indexes))}", '
        elif len(messages) > 1:
            found = re.search(r"after (\d+) complete items?", instruction)
            known = 0 if found is None else int(found[1])
            rows = rows[known:]
            beside = f'"first_index": {known}, ' if known else ""
        self.items += len(rows)
        items = ", ".join(json.dumps(row, ensure_ascii=False) for row in rows)
        answer = Answer(
            f'{{{beside}"items": [{items}]}}',
            chunk_size=self.chunk_size,
            tokens_per_second=self.tokens_per_second,
        )
        return answer if self.spoil is None else self.spoil(number, self.asked[number], answer)


def lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a file of JSON Lines; none if there is no file."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text("utf-8").split("\n")[:-1]]


def rows_in(objects: Iterable[dict[str, Any]]) -> list[tuple[str, int, str, int]]:
    """Rows as `expected` has them; doubled ones twice."""
    return sorted(
        (each["document"], each["row"], each["article"], each["count"]) for each in objects
    )


class Driver:
    """Runs a job to its end: by `run` or by `arun`, with a sync client or an async one."""

    def __init__(self, name: str, *, waits: bool, sdk: Any) -> None:
        self.name = name
        self._waits = waits
        self._sdk = sdk

    def run(
        self, server: ReplayServer, documents: Any, *, retry_failed: bool = False, **options: Any
    ) -> Summary:
        """Run a job."""
        if self._waits:
            return asyncio.run(self._arun(server, documents, retry_failed, options))
        with self._sdk(base_url=server.base_url, api_key="test") as sdk:
            return extraction_of(sdk, options).run(documents, retry_failed=retry_failed)

    async def _arun(
        self, server: ReplayServer, documents: Any, retry_failed: bool, options: Any
    ) -> Summary:
        sdk = self._sdk(base_url=server.base_url, api_key="test")
        try:
            extraction = extraction_of(sdk, options)
            return await extraction.arun(documents, retry_failed=retry_failed)
        finally:
            closing = sdk.close()
            if closing is not None:
                await closing


def extraction_of(sdk: Any, options: dict[str, Any]) -> Extraction[Any]:
    """An extraction through a client of the SDK."""
    given = {"model": "any", "prompt": PROMPT, "response_model": Row, **options}
    return Extraction(from_openai(sdk), **given)


DRIVERS = [
    Driver("run", waits=False, sdk=OpenAI),
    Driver("arun", waits=True, sdk=AsyncOpenAI),
    Driver("arun-threads", waits=True, sdk=OpenAI),
]
