"""What streams cost: the figures of genai-prices, over all attempts and endings."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from math import fsum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from client_runs import ASK, CALLERS, async_sdk, sync_sdk
from extras import needs
from pydantic import BaseModel

from partialstream import (
    LimitExceededError,
    ProviderError,
    Usage,
    from_openai,
    stream_items,
)
from partialstream.client import spending
from partialstream.client.sdk_arguments import input_tokens
from partialstream.prices import price
from partialstream.results import Attempt, Outcome
from partialstream.sources.detect import source_for
from partialstream.testing import Answer, ReplayServer, faults, sse_body

if TYPE_CHECKING:
    from client_runs import Caller

pytestmark = needs("cost", "genai_prices")

STREAMS = Path(__file__).parents[3] / "shared" / "streams"
MODEL = "gpt-4o"
LAMP, RUG = '{"name": "Lamp"}', '{"name": "Rug"}'
TWO = f'{{"items": [{LAMP}, {RUG}]}}'


class Product(BaseModel):
    name: str


@pytest.fixture(params=CALLERS, ids=["sync", "async"])
def caller(request: pytest.FixtureRequest) -> Caller:
    """One of the two clients."""
    found: Caller = request.param
    return found


def of_genai(usage: dict[str, int], model: str = MODEL, provider: str = "openai") -> float:
    import genai_prices

    found = genai_prices.calc_price(genai_prices.Usage(**usage), model, provider_id=provider)
    return float(found.total_price)


def read(caller: Caller, answers: Any, method: Any = "create_iterable", **kwargs: Any) -> Any:
    arguments = {"response_model": Product, "model": MODEL, **kwargs}
    with ReplayServer(answers) as server:
        run = caller(server, max_retries=0)
        found = run.read(method, **arguments)
        found.requests = list(server.requests)
    return found


@pytest.fixture(autouse=True)
def _the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(ASK, "model")


# -- genai-prices' own figures ---------------------------------------------------------------

FLAVORS = {
    "anthropic-anthropic": ("anthropic", "default"),
    "chat-openai": ("openai", "chat"),
    "responses-openai": ("openai", "responses"),
    "chat-groq": ("groq", "chat"),
    "chat-openrouter": ("openrouter", "chat"),
    "gemini-gemini": ("google", "default"),
}
RECORDED = [
    path
    for path in sorted(STREAMS.glob("*"))
    if path.suffix == ".sse" and path.name.rpartition("-")[0] in FLAVORS
]


def reported(path: Path) -> dict[str, Any] | None:
    """What a recorded stream says in all of its model and usage, as a response would."""
    said: dict[str, Any] = {}
    for line in path.read_text("utf-8").splitlines():
        if not line.startswith("data:") or not line[5:].strip().startswith("{"):
            continue
        event = json.loads(line[5:])
        if event.get("content_block", {}).get("type") == "fallback":
            said["model"] = event["content_block"]["to"]["model"]  # which goes on with it
        for part in (event, event.get("message"), event.get("response")):
            if not isinstance(part, dict):
                continue
            said.update({name: part[name] for name in ("model", "modelVersion") if part.get(name)})
            for name in ("usage", "usageMetadata"):
                if isinstance(part.get(name), dict):
                    # Anthropic reports the input first, and all others all at once.
                    merged = {**(said.get(name, {}) if "type" in event else {}), **part[name]}
                    said[name] = {key: each for key, each in merged.items() if each is not None}
    return said if "usage" in said or "usageMetadata" in said else None


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_a_recorded_stream_costs_what_genai_prices_says(path: Path) -> None:
    import genai_prices

    said = reported(path)
    provider, flavor = FLAVORS[path.name.rpartition("-")[0]]
    if said is None:
        pytest.skip("it reports no usage")
    try:
        extracted = genai_prices.extract_usage(said, provider_id=provider, api_flavor=flavor)
        expected = float(extracted.calc_price().total_price)
    except (LookupError, ValueError) as error:
        pytest.skip(f"genai-prices does not know it: {error}")
    source = source_for(path.read_bytes()[:1])
    try:
        source.feed(path.read_bytes())
    except ProviderError:
        pytest.skip("it ends in an error")
    metadata = source.metadata
    assert metadata.usage is not None
    attempt = Attempt(
        outcome=Outcome("complete"),
        usage=metadata.usage,
        responding_model=metadata.model,
        provider={"google": "gcp.gemini"}.get(provider, provider),
    )
    assert attempt.cost == pytest.approx(expected, rel=1e-12)


def test_enough_streams_were_looked_at() -> None:
    if not STREAMS.exists():
        pytest.skip("the recorded streams are not here")
    assert len(RECORDED) > 30


def test_a_recorded_body_costs_the_same_through_a_client(caller: Caller) -> None:
    body = sse_body([TWO], usage=Usage(1200, 300, 1000, 200))
    run = read(caller, Answer(recorded=body), "create_iterable")
    assert run.error is None
    assert run.stream.usage == Usage(1200, 300, 1000, 200)
    expected = of_genai({"input_tokens": 1200, "cache_read_tokens": 1000, "output_tokens": 300})
    assert run.stream.cost == expected > 0


# -- models and providers ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "provider", "name"),
    [
        ("gpt-4o", "openai", "openai"),
        ("gpt-4o", "azure.ai.openai", "azure"),
        ("claude-sonnet-4-5", "anthropic", "anthropic"),
        ("gemini-2.5-pro", "gcp.gemini", "google"),
        ("gemini-2.5-pro", "gcp.vertex_ai", "google"),
        ("llama-3.3-70b-versatile", "groq", "groq"),
        ("grok-4-0709", "x_ai", "x-ai"),
        ("mistral-large-latest", "mistral_ai", "mistral"),
        ("openai/gpt-4o", "openrouter", "openrouter"),
    ],
)
def test_providers_go_by_the_names_of_the_table(model: str, provider: str, name: str) -> None:
    expected = of_genai({"input_tokens": 1000, "output_tokens": 100}, model, name)
    assert price(Usage(1000, 100), [model], provider) == expected


def test_the_model_that_responded_counts_and_the_one_that_was_asked_is_next() -> None:
    usage = Usage(1000, 100)
    mini = price(usage, ["gpt-4o-mini"], "openai")
    assert price(usage, ["gpt-4o-mini-2024-07-18", "gpt-4o"], "openai") == mini
    assert price(usage, ["my-deployment", "gpt-4o-mini"], "openai") == mini
    assert price(usage, [None, "", "gpt-4o-mini"], "openai") == mini
    assert price(usage, ["my-deployment"], "openai") is None
    assert price(usage, ["gpt-4o"], "my-own-server") is None
    assert price(usage, [None]) is None


def test_a_cost_is_none_where_the_model_is_not_known(caller: Caller) -> None:
    run = read(caller, Answer(TWO, usage=Usage(10, 10)), model="our-own-model")
    assert run.stream.usage == Usage(10, 10)
    assert run.stream.cost is None


def test_figures_that_cannot_be_do_no_harm() -> None:
    for usage in (Usage(10, 5, 99, 99), Usage(-10, -5), Usage(5, 5, 5, cache_write_tokens=99)):
        cost = price(usage, [MODEL], "openai")
        assert cost is not None
        assert cost >= 0


# -- over all endings --------------------------------------------------------------------------


def test_the_cost_of_attempts_adds_up(caller: Caller) -> None:
    cut = Answer(TWO, fault=faults.LengthCut(5), usage=Usage(100, 20))
    run = read(caller, [cut, Answer(TWO, usage=Usage(130, 15))], max_retries=1)
    assert run.error is None
    costs = [attempt.cost for attempt in run.stream.attempts]
    assert costs == [
        of_genai({"input_tokens": 100, "output_tokens": 20}),
        of_genai({"input_tokens": 130, "output_tokens": 15}),
    ]
    assert run.stream.cost == fsum(costs)
    assert run.stream.usage.complete


def test_what_was_not_reported_is_estimated(caller: Caller) -> None:
    cut = Answer(TWO, fault=faults.Reset(6))
    run = read(caller, [cut, Answer(TWO, usage=Usage(130, 15))], max_retries=1)
    assert run.error is None
    first, second = run.stream.attempts
    assert not run.stream.usage.complete
    arrived = first.usage.estimated_output_tokens
    assert arrived == 6, "four characters a delta"
    asked = input_tokens(run.requests[0].body)
    assert first.estimated_input_tokens == asked > 0
    assert first.cost == of_genai({"input_tokens": asked, "output_tokens": arrived})
    assert second.estimated_input_tokens == 0
    assert run.stream.cost == fsum([first.cost, second.cost])


def test_a_rejected_request_costs_nothing(caller: Caller) -> None:
    busy = Answer(fault=faults.HTTPError(429, retry_after=0.0))
    run = read(caller, [busy, Answer(TWO, usage=Usage(130, 15))], max_retries=1)
    assert run.error is None
    assert [attempt.cost for attempt in run.stream.attempts] == [
        0.0,
        of_genai({"input_tokens": 130, "output_tokens": 15}),
    ]


def test_a_stream_that_is_left_is_estimated_too() -> None:
    with (
        ReplayServer(Answer(TWO, tokens_per_second=200)) as server,
        sync_sdk(base_url=server.base_url) as sdk,
    ):
        stream = from_openai(sdk).create_iterable(response_model=Product, model=MODEL, **ASK)
        for _ in stream:
            break
        assert stream.usage is not None
        assert not stream.usage.complete
        left = stream.cost
        assert left is not None
        assert 0 < left < of_genai({"input_tokens": 1000, "output_tokens": 100})

    async def main(server: ReplayServer) -> float | None:
        async with async_sdk(base_url=server.base_url) as sdk:
            stream = from_openai(sdk).create_iterable(response_model=Product, model=MODEL, **ASK)
            async for _ in stream:
                break
            await stream.close()
            return stream.cost

    with ReplayServer(Answer(TWO, tokens_per_second=200)) as server:
        cost = asyncio.run(main(server))
        assert cost is not None
        assert cost > 0


def test_streams_that_were_opened_elsewhere_cost_what_their_model_does() -> None:
    chunks = [
        {"model": "gpt-4o-2024-08-06", "choices": [{"index": 0, "delta": {"content": TWO}}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {"choices": [], "usage": {"prompt_tokens": 50, "completion_tokens": 20}},
    ]
    stream = stream_items(Product, chunks)
    assert len(list(stream)) == 2
    assert stream.cost == of_genai({"input_tokens": 50, "output_tokens": 20})
    bare = stream_items(Product, [TWO])
    assert len(list(bare)) == 2
    assert bare.cost is None


def test_anthropic_reports_its_input_first() -> None:
    """A stream that breaks off then lacks its output alone."""
    events = [
        {
            "type": "message_start",
            "message": {
                "model": "claude-sonnet-4-5-20250929",
                "usage": {
                    "input_tokens": 700,
                    "cache_creation_input_tokens": 300,
                    "output_tokens": 1,
                },
            },
        },
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": TWO}},
    ]
    body = "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events).encode()
    stream = stream_items(Product, [body])
    assert len(list(stream)) == 2, "the list is complete, only the end of the message is missing"
    usage = stream.usage
    assert usage is not None
    assert (usage.input_tokens, usage.cache_write_tokens) == (1000, 300)
    assert usage.estimated_output_tokens == -(-len(TWO) // 4) - 1
    assert stream.attempts[0].estimated_input_tokens == 0
    expected = of_genai(
        {"input_tokens": 1000, "cache_write_tokens": 300, "output_tokens": -(-len(TWO) // 4)},
        "claude-sonnet-4-5",
        "anthropic",
    )
    assert stream.cost == pytest.approx(expected, rel=1e-12)


# -- max_cost ----------------------------------------------------------------------------------


def bad(name: str) -> str:
    return f'{{"name": ["{name}"]}}'


REQUEST = {"input_tokens": 1000, "output_tokens": 100}


@pytest.mark.parametrize("method", ["create_iterable", "create_partial"])
def test_max_cost_ends_a_call_at_the_right_request(caller: Caller, method: str) -> None:
    """A request of 1,000 and 100 tokens is followed by one that is taken to be like it."""
    one = of_genai(REQUEST)
    wrong = bad("Lamp") if method == "create_partial" else f'{{"items": [{bad("Lamp")}]}}'
    for allowed in (1, 2, 3):
        run = read(
            caller,
            [Answer(wrong, usage=Usage(1000, 100))] * 9,
            method,
            max_retries=8,
            max_tokens=100,
            max_cost=one * (allowed + 0.5),
        )
        error = run.error
        assert isinstance(error, LimitExceededError)
        assert (error.limit, error.allowed) == ("max_cost", one * (allowed + 0.5))
        assert "max_cost=" in str(error)
        assert len(run.requests) == allowed
        assert run.stream.cost == fsum([one] * allowed) <= error.allowed
        assert error.outcome is not None
        assert error.outcome.status == "invalid"
        assert error.__cause__ is not None
        assert len(error.attempts) == allowed


def test_max_cost_lets_a_call_go_on_that_stays_below(caller: Caller) -> None:
    answers = [Answer(f'{{"items": [{LAMP}, {bad("Rug")}]}}', usage=Usage(1000, 100))]
    answers.append(Answer(f'{{"items": [{RUG}]}}', usage=Usage(1000, 100)))
    run = read(caller, answers, max_retries=1, max_tokens=100, max_cost=2.1 * of_genai(REQUEST))
    assert run.error is None
    assert run.values == [Product(name="Lamp"), Product(name="Rug")]


def test_without_max_tokens_an_output_is_taken_to_be_as_large_as_the_input(caller: Caller) -> None:
    spent = of_genai(REQUEST)
    needed = of_genai({"input_tokens": 1000, "output_tokens": 1000})
    answers = [Answer(f'{{"items": [{bad("Rug")}]}}', usage=Usage(1000, 100))] * 2
    for factor, requests in ((0.99, 1), (1.01, 2)):
        run = read(caller, answers, max_retries=1, max_cost=(spent + needed) * factor)
        assert len(run.requests) == requests


def test_the_first_request_needs_room_for_its_input(caller: Caller) -> None:
    content = "word " * 4000
    messages = [{"role": "user", "content": content}]
    least = of_genai({"input_tokens": len(content) // 4})
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ASK, "messages", messages)
        run = read(caller, [TWO], max_cost=least)
        assert isinstance(run.error, LimitExceededError)
        assert run.error.limit == "max_cost"
        assert run.requests == []
        run = read(caller, [TWO], max_cost=least * 1.2)
        assert run.error is None
        assert len(run.requests) == 1


def test_a_first_request_that_is_rejected_has_cost_nothing(caller: Caller) -> None:
    busy = Answer(fault=faults.HTTPError(429, retry_after=0.0))
    run = read(caller, [busy, busy, TWO], max_retries=2, max_cost=0.001, max_tokens=1_000_000)
    assert run.error is None
    assert len(run.requests) == 3


def test_an_estimate_counts_as_spent(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    from partialstream.client import budget

    monkeypatch.setattr(budget, "FIRST_WAIT", 0.0)
    long = json.dumps({"items": [{"name": "x" * 4000}] * 5})
    cut = Answer(long, chunk_size=400, fault=faults.Reset(45))
    run = read(caller, [cut, TWO], max_retries=1, max_tokens=10, max_cost=0.02)
    assert isinstance(run.error, LimitExceededError)
    assert len(run.requests) == 1
    assert len(run.values) == 4
    assert run.error.delivered == 4


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_a_bound_is_a_positive_number(caller: Caller, value: float) -> None:
    run = read(caller, [TWO], max_cost=value)
    assert isinstance(run.error, ValueError)
    assert run.requests == []


@pytest.mark.parametrize("value", ["1", True])
def test_a_bound_is_a_number(caller: Caller, value: Any) -> None:
    run = read(caller, [TWO], max_cost=value)
    assert isinstance(run.error, TypeError)


def test_a_bound_that_cannot_be_kept_is_an_error(caller: Caller) -> None:
    run = read(caller, [TWO], max_cost=1.0, model="our-own-model")
    assert isinstance(run.error, ValueError)
    assert "'our-own-model'" in str(run.error)
    assert run.requests == []
    run = read(caller, [TWO], max_cost=1.0, fallbacks=["our-own-model"])
    assert isinstance(run.error, ValueError)
    assert run.requests == []


def test_whether_a_model_has_a_price_is_looked_up_once(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Usage] = []

    def counted(usage: Usage, *arguments: Any) -> float | None:
        asked.append(usage)
        return price(usage, *arguments)

    monkeypatch.setattr(spending, "price", counted)
    read(caller, [TWO], max_cost=1.0)
    del asked[:]
    assert read(caller, [TWO], max_cost=1.0).error is None
    assert [usage.output_tokens for usage in asked] == [0]  # what the request needs, and no more
    for _ in range(2):  # one that has none may have one later
        assert isinstance(read(caller, [TWO], max_cost=1.0, model="our-own").error, ValueError)
    assert [usage.output_tokens for usage in asked] == [0, 1, 1]


def test_a_fallback_that_is_too_expensive_is_not_asked(caller: Caller) -> None:
    wrong = Answer(f'{{"items": [{bad("Rug")}]}}', usage=Usage(1000, 100))
    arguments = {"model": "gpt-4o-mini", "fallbacks": ["gpt-4o"], "max_tokens": 100}
    cheap = of_genai(REQUEST, "gpt-4o-mini")
    run = read(caller, [wrong, TWO], on_invalid="repair", max_cost=cheap * 3, **arguments)
    assert isinstance(run.error, LimitExceededError)
    assert len(run.requests) == 1
    run = read(caller, [wrong, TWO], on_invalid="repair", max_cost=1.0, **arguments)
    assert len(run.requests) == 2


# -- what is not asked for is not paid for -----------------------------------------------------


def test_the_table_is_loaded_for_whoever_asks_and_fetches_nothing() -> None:
    program = """
import socket, sys
from partialstream import stream_items
def no_network(*args, **kwargs): raise AssertionError("no network")
socket.socket.connect = no_network
delta = {"index": 0, "delta": {"content": "[1]"}, "finish_reason": "stop"}
usage = {"prompt_tokens": 5, "completion_tokens": 2}
chunks = [{"model": "gpt-4o", "choices": [delta], "usage": usage}]
stream = stream_items(int, chunks)
assert list(stream) == [1]
assert "genai_prices" not in sys.modules
assert stream.cost > 0
assert "genai_prices" in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_without_the_package_an_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "partialstream\[cost\]"'):
        price(Usage(1, 1), [MODEL])


def test_a_follow_up_that_is_cut_costs_its_own_input(caller: Caller) -> None:
    names = ", ".join(f'{{"name": "{"L" * 400}{n}"}}' for n in range(20))
    long = f'{{"items": [{names}]}}'
    cut = [Answer(long, fault=faults.Reset(2000)), Answer(long, fault=faults.Reset(1))]
    with ReplayServer([*cut, cut[1]]) as server:
        run = caller(server).read(
            "create_iterable", response_model=Product, model=MODEL, max_retries=1
        )
        first, second = (input_tokens(each.body) for each in server.requests[:2])
    assert second > 5 * first
    estimated = [each.estimated_input_tokens for each in run.stream.attempts]
    assert estimated[:2] == [first, second]


def test_the_cost_so_far_does_not_vanish_while_a_request_runs() -> None:
    rejected = Answer(f'{{"items": [{LAMP}, {{"name": 1}}]}}', usage=Usage(1000, 500))
    with (
        ReplayServer([rejected, f'{{"items": [{RUG}]}}']) as server,
        sync_sdk(base_url=server.base_url) as sdk,
    ):
        stream = from_openai(sdk).create_iterable(
            response_model=Product, **{**ASK, "model": MODEL}, max_retries=1
        )
        costs = [stream.cost for _ in stream.events()]
    known = [cost for cost in costs if cost is not None]
    assert costs[costs.index(known[0]) :] == known
    assert known == sorted(known)


def test_a_request_that_ended_before_it_said_anything_makes_usage_incomplete(
    caller: Caller,
) -> None:
    with ReplayServer([Answer(TWO, fault=faults.Disconnect(0)), TWO]) as server:
        run = caller(server).read(
            "create_iterable", response_model=Product, model=MODEL, max_retries=1
        )
    assert run.error is None
    assert run.stream.usage is not None
    assert not run.stream.usage.complete
