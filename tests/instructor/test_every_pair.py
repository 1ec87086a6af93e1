"""The walk over all pairs of provider and mode: the request that is made, and what is read."""

from __future__ import annotations

import asyncio
import importlib
import json
from typing import Any

import pytest
from extras import needs
from instructor.core.exceptions import ConfigurationError
from pairs import CANNOT_STREAM, NEEDS, PAIRS, WORKING, MadeUpProvider, Pair, as_tool
from pydantic import BaseModel

import partialstream

pytestmark = [
    # The older SDKs of Google, and instructor's handlers for them, tell of their age.
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore:The argument .including_default_value:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:generate_gemini_schema is deprecated:DeprecationWarning"),
    # What instructor says of newer releases of Anthropic's SDK.
    pytest.mark.filterwarnings("ignore:Anthropic client does not support `output_format`"),
]

ASKED: Any = [{"role": "user", "content": "Two products, please."}]


class Product(BaseModel):
    """Something that is sold."""

    name: str
    price: float


def pairs(which: list[Pair]) -> Any:
    return pytest.mark.parametrize(
        "pair",
        [
            pytest.param(
                pair,
                marks=needs("providers", NEEDS[pair[0]]) if pair[0] in NEEDS else (),
                id="-".join(pair),
            )
            for pair in which
        ],
    )


def cut(text: str) -> list[str]:
    return [text[at : at + 5] for at in range(0, len(text), 5)]


LIST = '{"tasks": [{"name": "La\\u00e9mp", "price": 39.5}, {"name": "Rug", "price": 80}]}'
PRODUCTS = [Product(name="Laémp", price=39.5), Product(name="Rug", price=80)]


def provider_for(pair: Pair, text: str) -> MadeUpProvider:
    if (module := NEEDS.get(pair[0])) is not None:
        importlib.import_module(module)
    return MadeUpProvider(pair, cut(text))


def test_at_least_fifty_pairs_work() -> None:
    print(f"{len(WORKING)} of {len(PAIRS)} pairs stream")
    for (provider, mode), reason in CANNOT_STREAM.items():
        print(f"  not {provider} {mode}: {reason}")
    assert len(WORKING) >= 50


@pairs(WORKING)
def test_items(pair: Pair) -> None:
    provider = provider_for(pair, LIST)
    client = partialstream.from_instructor(provider.client(asynchronous=False))
    with client.create_iterable(response_model=Product, messages=ASKED) as stream:
        assert list(stream) == PRODUCTS
    assert stream.outcome is not None
    assert stream.outcome.ok
    check_request(provider, "tasks")


@pairs(WORKING)
def test_object(pair: Pair) -> None:
    text = '{"name": "Lamp, \\"tall\\"", "price": 39.5}'
    provider = provider_for(pair, text)
    client = partialstream.from_instructor(provider.client(asynchronous=False))
    with client.create_partial(response_model=Product, messages=ASKED) as stream:
        snapshots = list(stream)
    assert snapshots[-1] == Product(name='Lamp, "tall"', price=39.5)
    if not is_whole_at_once(pair):
        assert len(snapshots) > 3
    check_text(pair, stream.text, text)
    check_request(provider, "price")


@pairs(WORKING)
def test_async(pair: Pair) -> None:
    provider = provider_for(pair, LIST)

    async def read() -> str:
        client = partialstream.from_instructor(provider.client(asynchronous=True))
        async with client.create_iterable(response_model=Product, messages=ASKED) as stream:
            assert [product async for product in stream] == PRODUCTS
        return stream.text

    check_text(pair, asyncio.run(read()), LIST)


@pairs(sorted(CANNOT_STREAM))
def test_what_does_not_stream_says_so(pair: Pair) -> None:
    if pair[1] != "PARALLEL_TOOLS" or pair[0] == "xai":
        pytest.skip(f"{CANNOT_STREAM[pair]}: nothing of ours is asked")
    provider = provider_for(pair, LIST)
    client = partialstream.from_instructor(provider.client(asynchronous=False))
    with pytest.raises(ConfigurationError, match="stream"):
        client.create_iterable(response_model=Product, messages=ASKED)


def is_whole_at_once(pair: Pair) -> bool:
    """Google's function calls have their arguments as one object."""
    return pair[0] in ("genai", "gemini", "vertexai") and as_tool(pair)


def check_text(pair: Pair, found: str, said: str) -> None:
    if is_whole_at_once(pair):
        assert json.loads(found) == json.loads(said)
    else:
        assert found == said


def check_request(provider: MadeUpProvider, member: str) -> None:
    """Whether the request asks for a stream, and names the model's members."""
    request = provider.request
    shown = repr({name: plain(value) for name, value in request.items()})
    assert "Two products, please." in shown
    assert member in shown
    assert "price" in shown
    if provider.pair[0] != "xai":  # whose SDK streams by another method
        assert request["stream"] is True


def plain(value: Any) -> Any:
    """What an SDK's configuration holds, which it shows in part only."""
    if isinstance(value, type) and issubclass(value, BaseModel):
        return value.model_json_schema()
    if isinstance(value, BaseModel):
        return {name: plain(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value.to_proto() if hasattr(value, "to_proto") else value
