"""A job against the engine, and a program of it: `engine_job.py BASE_URL JOURNAL SINK`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Literal

from engine_runs import SAMPLING
from openai import OpenAI
from pydantic import BaseModel, Field
from vocabulary import NO_STRAY_BYTES, ending

from partialstream import from_openai
from partialstream.etl import Document, Extraction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from partialstream.etl import Summary

DOCUMENTS = 20


class Product(BaseModel):
    """All of which the grammar can say, so that every response is valid as far as it goes."""

    name: str = Field(pattern="^[a-z ]{1,12}$")
    kind: Literal["lamp", "rug", "shelf"]
    stock: int
    tags: list[Literal["new", "blue"]] = Field(max_length=3)


def job() -> Iterator[Document]:
    """The documents."""
    for number in range(DOCUMENTS):
        yield Document(f"note-{number:02}", f"note {number}")


def run(base_url: str, journal: str, sink: str) -> Summary:
    """Run the job, one document at a time: the engine ends a response when another begins."""
    with OpenAI(base_url=base_url, api_key="none", max_retries=0) as sdk:
        return Extraction(
            from_openai(sdk),
            Product,
            model="tiny",
            mode="tools",
            prompt="List the products in {text}",
            journal=journal,
            sink=sink,
            concurrency=1,
            max_retries=3,
            temperature=1.0,
            seed=7,
            max_tokens=1500,
            logit_bias=NO_STRAY_BYTES | ending(-1.5),
            extra_body=dict(SAMPLING),
        ).run(job())


if __name__ == "__main__":
    run(*sys.argv[1:])
