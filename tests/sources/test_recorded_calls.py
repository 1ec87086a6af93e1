"""Recorded bodies of the Responses API, replayed to clients that make their requests through it."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from client_runs import async_sdk, sync_sdk
from recordings import body_of, events_of, recordings
from source_runs import needs_streams

from partialstream import PartialStreamError, from_openai
from partialstream.sources.metadata import read_usage
from partialstream.testing import Answer, ReplayServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from recordings import Entry

pytestmark = needs_streams

ASKED: dict[str, Any] = {"response_model": dict[str, Any], "model": "any", "input": "Please."}

FOUND: dict[str, Any] = {
    "bedrock-63eaadea": {},
    "deepseek-668600bf": {"city": "Tokyo"},
    "openai-31b0fcfb": {},
    "openai-4b897c23": {"output": 7},
    "openai-53133070": {"location": "San Francisco"},
    "openrouter-495fa69a": {},
    "xai-30003bb6": {},
}
OTHERWISE = {
    "openai-02849976": "no_json",  # a custom tool is called
    "openai-08398fbf": "no_json",  # a number
    "openai-22e330c1": "no_json",  # prose
    "openai-30abde17": "no_json",
    "openrouter-488d677f": "no_json",
    "openai-3677fb95": "empty",  # a patch
    "openai-5d83bdd8": "truncated",  # while it reasoned
    "openai-6c3ee3af": "refused",
}


def read_sync(body: bytes, **kwargs: Any) -> tuple[Any, Any]:
    """The stream, and its final value, if there is one."""
    answer = Answer(recorded=body, cut_bytes=(1, 3, 500))
    with ReplayServer(answer) as server, sync_sdk(base_url=server.base_url) as sdk:
        stream = from_openai(sdk, api="responses").create_partial(**ASKED, **kwargs)
        try:
            return stream, stream.final()
        except PartialStreamError:
            return stream, None


def read_async(body: bytes, **kwargs: Any) -> tuple[Any, Any]:
    async def main() -> tuple[Any, Any]:
        async with async_sdk(base_url=server.base_url) as sdk:
            stream = from_openai(sdk, api="responses").create_partial(**ASKED, **kwargs)
            try:
                return stream, await stream.final()
            except PartialStreamError:
                return stream, None

    with ReplayServer(Answer(recorded=body, cut_bytes=(1, 3, 500))) as server:
        return asyncio.run(main())


def name_of(entry: Entry) -> str:
    return str(entry["file"].removeprefix("responses-").removesuffix(".sse"))


@pytest.mark.parametrize("read", [read_sync, read_async])
@pytest.mark.parametrize("entry", recordings("responses"))
def test_a_recorded_body(entry: Entry, read: Callable[..., tuple[Any, Any]]) -> None:
    name = name_of(entry)
    called = any("tool" in channel["channel"] for channel in entry["channels"])
    stream, value = read(body_of(entry["file"]), mode="tools" if called else "json_schema")
    assert value == FOUND.get(name)
    assert stream.outcome.status == OTHERWISE.get(name, "complete")
    (said,) = [event["response"] for event in events_of(entry) if "response" in event][-1:]
    assert stream.usage == read_usage(said["usage"])
    assert stream.metadata.request_id == said["id"]
    assert stream.metadata.model == said["model"]
    reasoning = [each["text"] for each in entry["channels"] if each["channel"] == "reasoning"]
    assert stream.metadata.reasoning == "".join(reasoning)
    assert stream.headers["content-type"].startswith("text/event-stream")


@pytest.mark.parametrize("name", ["openai-4b897c23", "openai-53133070", "openai-6c3ee3af"])
def test_no_cut_between_two_events_looks_like_success(name: str) -> None:
    events = body_of(f"responses-{name}.sse").split(b"\n\n")[:-1]
    for count in range(len(events)):
        stream, value = read_sync(b"".join(event + b"\n\n" for event in events[:count]))
        document = FOUND.get(name)
        if stream.outcome.ok:
            # All of it had come; only what follows it was lost.
            assert value == document is not None
            assert json.dumps(document, separators=(",", ":")) == stream.text
        else:
            assert value is None
            assert stream.outcome.status in ("empty", "disconnected", "refused")


def test_all_recordings_are_known() -> None:
    names = {name_of(each.values[0]) for each in recordings("responses")}
    assert names == FOUND.keys() | OTHERWISE.keys()
