"""What grows beside models, read from a stream and asked for by a client."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel
from typing_extensions import TypedDict

from partialstream import PartialParser, astream_partial, from_openai, stream_partial
from partialstream.testing import ReplayServer, async_fake_stream

ASK: dict[str, Any] = {"model": "any", "messages": [{"role": "user", "content": "One, please."}]}


class Entry(TypedDict):
    name: str
    count: int
    tags: list[str]


@dataclass
class Row:
    name: str
    count: int
    tags: list[str]


class Report(BaseModel):
    row: Row


TEXT = '{"name":"Lamp","count":12,"tags":["ab","c"]}'
LAMP: dict[str, Any] = {"name": "Lamp", "count": 12, "tags": ["ab", "c"]}

GROWING: list[tuple[Any, str, list[Any]]] = [
    (
        Entry,
        TEXT,
        [
            {},
            {"name": ""},
            {"name": "Lamp"},
            {"name": "Lamp", "count": 12},
            {"name": "Lamp", "count": 12, "tags": []},
            {"name": "Lamp", "count": 12, "tags": ["a"]},
        ],
    ),
    (list[Entry], f"[{TEXT}]", [[], [{}], [{"name": "Lamp"}]]),
    (dict[str, int], '{"a":1,"b":2}', [{}, {"a": 1}]),
    (Entry | None, TEXT, [LAMP]),
]

FINAL: dict[str, Any] = {TEXT: LAMP, f"[{TEXT}]": [LAMP], '{"a":1,"b":2}': {"a": 1, "b": 2}}


def read(type_: Any, text: str, *, asynchronous: bool) -> list[Any]:
    if not asynchronous:
        return list(stream_partial(type_, list(text)))

    async def main() -> list[Any]:
        return [each async for each in astream_partial(type_, async_fake_stream(list(text)))]

    return asyncio.run(main())


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize(("type_", "text", "among"), GROWING)
def test_it_grows(type_: Any, text: str, among: list[Any], asynchronous: bool) -> None:
    snapshots = read(type_, text, asynchronous=asynchronous)
    assert snapshots[-1] == FINAL[text]
    for each in among:
        assert each in snapshots


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_dataclass_appears_when_it_is_complete(asynchronous: bool) -> None:
    assert read(Row, TEXT, asynchronous=asynchronous) == [Row(**LAMP)]
    inside = read(Report, f'{{"row":{TEXT}}}', asynchronous=asynchronous)
    assert [each.row for each in inside] == [None, Row(**LAMP), Row(**LAMP)]


def test_unions_differ_by_the_order_of_their_members() -> None:
    one, two = PartialParser(int | str | None), PartialParser(str | int | None)  # type: ignore[type-var]
    assert type(one._plan) is type(two._plan)
    assert one._plan is not two._plan


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize(
    ("type_", "text", "grows"),
    [
        (Entry, TEXT, True),
        (list[Entry], f'{{"value":[{TEXT}]}}', True),
        (Row, TEXT, False),
    ],
)
def test_what_a_client_asks_for(type_: Any, text: str, grows: bool, asynchronous: bool) -> None:
    with ReplayServer(text) as server:
        key: dict[str, Any] = {"base_url": server.base_url, "api_key": "test"}
        if asynchronous:

            async def main() -> list[Any]:
                async with AsyncOpenAI(**key) as sdk:
                    stream = from_openai(sdk).create_partial(response_model=type_, **ASK)
                    return [each async for each in stream]

            snapshots = asyncio.run(main())
        else:
            with OpenAI(**key) as sdk:
                snapshots = list(from_openai(sdk).create_partial(response_model=type_, **ASK))
    final: Any = Row(**LAMP) if type_ is Row else [LAMP] if type_ == list[Entry] else LAMP
    assert snapshots[-1] == final
    assert (len(snapshots) > 3) == grows
