"""Through instructor and the providers' SDKs to a server: streams, retries, hanging up."""

from __future__ import annotations

import asyncio
import gc
import json
from contextlib import AsyncExitStack, ExitStack
from typing import TYPE_CHECKING, Any

import instructor
import openai
import pytest
from extras import needs
from pydantic import BaseModel, Field

import partialstream
from partialstream import IncompleteStreamError, ProviderError
from partialstream.testing import Answer, ReplayServer, faults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [
    # What aiohttp says of google-genai.
    pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning"),
]


class Product(BaseModel):
    name: str
    price: int = Field(ge=0)


ASKED: Any = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Three."}]
PRODUCTS = [Product(name="Lamp", price=1), Product(name="Rug", price=2), Product(name="S", price=3)]


def tasks(*products: dict[str, Any]) -> str:
    return json.dumps({"tasks": products})


SOON = 10.0  # seconds, on a busy machine; it takes milliseconds

TEXT = tasks(*(product.model_dump() for product in PRODUCTS))

PROVIDERS = ["anthropic", "genai", "genai-json", "openai", "responses"]


def sync_client(provider: str, server: ReplayServer, stack: ExitStack) -> Any:
    made: Any
    if provider == "anthropic":
        import anthropic

        sdk = anthropic.Anthropic(base_url=server.url, api_key="-")
        made = instructor.from_anthropic(stack.enter_context(sdk), model="m", max_tokens=100)
    elif provider.startswith("genai"):
        from google import genai

        sdk = genai.Client(api_key="-", http_options={"base_url": server.url})
        stack.callback(sdk.close)
        made = instructor.from_genai(sdk, model="m", mode=google_mode(provider))
    else:
        sdk = stack.enter_context(openai.OpenAI(base_url=server.base_url, api_key="-"))
        tools = instructor.Mode.RESPONSES_TOOLS if provider == "responses" else instructor.Mode.JSON
        made = instructor.from_openai(sdk, model="m", mode=tools)
    return partialstream.from_instructor(made)


async def async_client(provider: str, server: ReplayServer, stack: AsyncExitStack) -> Any:
    made: Any
    if provider == "anthropic":
        import anthropic

        sdk = anthropic.AsyncAnthropic(base_url=server.url, api_key="-")
        sdk = await stack.enter_async_context(sdk)
        made = instructor.from_anthropic(sdk, model="m", max_tokens=100)
    elif provider.startswith("genai"):
        from google import genai

        sdk = genai.Client(api_key="-", http_options={"base_url": server.url})
        stack.push_async_callback(sdk.aio.aclose)
        mode = google_mode(provider)
        made = instructor.from_genai(sdk, model="m", mode=mode, use_async=True)
    else:
        sdk = openai.AsyncOpenAI(base_url=server.base_url, api_key="-")
        sdk = await stack.enter_async_context(sdk)
        tools = instructor.Mode.RESPONSES_TOOLS if provider == "responses" else instructor.Mode.JSON
        made = instructor.from_openai(sdk, model="m", mode=tools)
    return partialstream.from_instructor(made)


def google_mode(provider: str) -> instructor.Mode:
    """Function calls come in one piece, texts piece by piece."""
    return instructor.Mode.JSON if provider == "genai-json" else instructor.Mode.TOOLS


@pytest.fixture
def no_collector() -> Iterator[None]:
    """What hangs up only when the collector has come has not hung up."""
    gc.disable()
    yield
    gc.enable()


NEEDS = {
    "anthropic": needs("providers", "anthropic"),
    "genai": needs("providers", "google.genai", "jsonref"),  # instructor's handlers want the latter
    "genai-json": needs("providers", "google.genai", "jsonref"),
}
each = pytest.mark.parametrize(
    "provider",
    [pytest.param(each, marks=NEEDS.get(each, ())) for each in PROVIDERS],
)
both = pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])


def run(
    provider: str,
    server: ReplayServer,
    asynchronous: bool,
    method: str = "create_iterable",
    leave_after: int | None = None,
    left: Callable[[], object] = bool,
    **kwargs: Any,
) -> tuple[list[Any], Any]:
    """What a stream gives, and the stream."""
    arguments = {"response_model": Product, "messages": ASKED, **kwargs}

    async def read() -> tuple[list[Any], Any]:
        async with AsyncExitStack() as stack:
            client = await async_client(provider, server, stack)
            values: list[Any] = []
            async with getattr(client, method)(**arguments) as stream:
                async for value in stream:
                    values.append(value)
                    if len(values) == leave_after:
                        break
            await asyncio.to_thread(left)
            return values, stream

    if asynchronous:
        return asyncio.run(read())
    with ExitStack() as stack:
        client = sync_client(provider, server, stack)
        values: list[Any] = []
        with getattr(client, method)(**arguments) as stream:
            for value in stream:
                values.append(value)
                if len(values) == leave_after:
                    break
        left()
        return values, stream


@each
@both
def test_items(provider: str, asynchronous: bool) -> None:
    with ReplayServer(TEXT) as server:
        values, stream = run(provider, server, asynchronous)
    assert values == PRODUCTS
    assert stream.outcome.ok
    assert stream.usage.output_tokens > 0
    assert stream.metadata.model == "m"


@each
@both
def test_growing_object(provider: str, asynchronous: bool) -> None:
    text = '{"name": "A name of some length", "price": 1200}'
    with ReplayServer(Answer(text)) as server:
        values, stream = run(provider, server, asynchronous, "create_partial")
    assert values[-1] == Product(name="A name of some length", price=1200)
    assert stream.outcome.ok
    if provider != "genai":  # whose function calls come in one piece
        assert len(values) > 4


@each
@both
@pytest.mark.usefixtures("no_collector")
def test_leaving_hangs_up(provider: str, asynchronous: bool) -> None:
    if provider == "genai":
        pytest.skip("its function calls come in one piece: there is nothing to leave")
    text = tasks(*({"name": "Lamp", "price": n} for n in range(100)))
    with ReplayServer(Answer(text, fault=faults.Stall(60))) as server:
        values, stream = run(
            provider, server, asynchronous, leave_after=2, left=lambda: hung_up(server)
        )
    assert len(values) == 2
    assert stream.outcome.status == "cancelled"


class EitherWay:
    """A stream as LiteLLM's is: a sync one has both methods to close it."""

    def __init__(self, stream: openai.Stream[Any]) -> None:
        self.stream = stream

    def __iter__(self) -> Iterator[Any]:
        return iter(self.stream)

    def close(self) -> None:
        self.stream.close()

    async def aclose(self) -> None:
        self.stream.close()


@pytest.mark.usefixtures("no_collector")
def test_leaving_hangs_up_where_a_stream_can_be_closed_either_way() -> None:
    text = tasks(*({"name": "Lamp", "price": n} for n in range(100)))
    with (
        ReplayServer(Answer(text, fault=faults.Stall(60))) as server,
        openai.OpenAI(base_url=server.base_url, api_key="-") as sdk,
    ):

        def completion(**kwargs: Any) -> EitherWay:
            return EitherWay(sdk.chat.completions.create(**kwargs))

        made = instructor.from_litellm(completion, instructor.Mode.JSON_SCHEMA)
        client = partialstream.from_instructor(made)
        stream = client.create_iterable(response_model=Product, messages=ASKED, model="m", take=2)
        assert len(list(stream)) == 2
        hung_up(server)


def hung_up(server: ReplayServer) -> None:
    """The server, which would wait for ever, sees it while the SDK's client is still open."""
    assert server.requests[0].wait_hung_up(SOON), "the server has not seen the connection close"


@each
@both
def test_a_repair(provider: str, asynchronous: bool) -> None:
    bad, good = {"name": "Rug", "price": -2}, {"name": "Rug", "price": 2}
    first, last = PRODUCTS[0].model_dump(), PRODUCTS[2].model_dump()
    with ReplayServer([tasks(first, bad, last), tasks(good)]) as server:
        values, stream = run(provider, server, asynchronous, max_retries=1)
        asked = json.dumps(server.requests[1].body)
    assert values == [PRODUCTS[0], PRODUCTS[2], PRODUCTS[1]]
    assert [attempt.cause for attempt in stream.attempts] == ["request", "repair"]
    assert "Be brief." in asked
    assert "1 item of your list is not valid" in asked
    assert "greater than or equal to 0" in asked


@each
@both
def test_a_cut(provider: str, asynchronous: bool) -> None:
    with (
        ReplayServer(Answer(TEXT, fault=faults.LengthCut(12))) as server,
        pytest.raises(IncompleteStreamError) as caught,
    ):
        run(provider, server, asynchronous)
    assert caught.value.outcome is not None
    assert caught.value.outcome.status == "truncated"


@each
@both
def test_a_resume(provider: str, asynchronous: bool) -> None:
    if provider == "genai":
        pytest.skip("of a function call that is cut nothing comes")
    cut = Answer(TEXT, fault=faults.LengthCut(12))
    with ReplayServer([cut, TEXT]) as server:
        values, stream = run(provider, server, asynchronous, max_retries=1)
    assert values == PRODUCTS
    assert [attempt.cause for attempt in stream.attempts] == ["request", "resume"]


@each
def test_the_whole_answer(provider: str, caplog: pytest.LogCaptureFixture) -> None:
    with ReplayServer([TEXT, '{"name": "Lamp", "price": 1}']) as server, ExitStack() as stack:
        client = sync_client(provider, server, stack)
        assert client.create(response_model=list[Product], messages=ASKED) == PRODUCTS
        product, completion = client.create_with_completion(response_model=Product, messages=ASKED)
    assert product == PRODUCTS[0]
    assert type(completion).__name__ in (
        "Message",
        "GenerateContentResponse",
        "ChatCompletion",
        "Response",
    )
    # What instructor thinks of the answer is nobody's concern.
    assert [each for each in caplog.records if each.name.startswith("instructor")] == []


@each
def test_an_error_is_the_sdks_own(provider: str) -> None:
    with (
        ReplayServer(Answer(fault=faults.HTTPError(400)), repeat=True) as server,
        ExitStack() as stack,
    ):
        client = sync_client(provider, server, stack)
        with pytest.raises(Exception, match="400") as caught:
            list(client.create_iterable(response_model=Product, messages=ASKED, max_retries=1))
        assert len(server.requests) == 1
    error: Any = caught.value
    if provider.startswith("genai"):  # which makes the request when its stream is read
        assert isinstance(error, ProviderError)
        error = error.__cause__
    assert type(error).__module__.partition(".")[0] in ("anthropic", "google", "openai")
