"""Every recorded answer, in every form that users hand it over in, against what it says."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import openai
import pytest
from extras import needs
from http_library import httpx
from openai.types.chat import ChatCompletionChunk
from recordings import (
    KINDS,
    WIRES,
    Entry,
    body_of,
    check,
    events_of,
    reads_of,
    recordings,
    source_of_body,
)
from source_runs import STREAMS, needs_streams

from partialstream.errors import ProviderError
from partialstream.sources.anthropic import AnthropicSource
from partialstream.sources.detect import source_for

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = needs_streams

each_recording = pytest.mark.parametrize("entry", recordings())
with_the_cancelled = pytest.mark.parametrize("entry", recordings(cancelled=True))


@pytest.mark.parametrize("cut", ["whole", "bytes", "chance"])
@each_recording
def test_a_body(entry: Entry, cut: str) -> None:
    whole, byte_by_byte, *by_chance = reads_of(body_of(entry["file"]), entry["file"])
    for reads in {"whole": [whole], "bytes": [byte_by_byte], "chance": by_chance}[cut]:
        source = source_of_body(entry, reads[0])
        check(entry, source, reads)
        if entry["wire"] == "chat":
            assert source.metadata.terminated == (not entry["oddities"].get("no_DONE"))


@each_recording
def test_events_as_dicts(entry: Entry) -> None:
    events = events_of(entry)
    if entry["wire"] == "bedrock-converse":
        assert len(events) == entry["n_events"]
    for source in (source_for(events[0]), WIRES[entry["wire"]].source()):
        assert type(source) is type(WIRES[entry["wire"]].source())
        check(entry, source, events)
        if entry["wire"] == "anthropic":
            start, *_ = [each["message"] for each in events if each["type"] == "message_start"]
            assert source.metadata.request_id == start["id"]
            assert source.metadata.model in (start["model"], "claude-sonnet-4-5")


# The events of a recording as the SDK of its provider gives them, in each way there is.


def of_openai(entry: Entry) -> list[list[Any]]:
    return [[ChatCompletionChunk.construct(**chunk) for chunk in events_of(entry)]]


def of_openai_responses(entry: Entry) -> list[list[Any]]:
    http = replaying(body_of(entry["file"]))
    with openai.OpenAI(api_key="none", base_url="http://test", http_client=http) as sdk:
        created = list(sdk.responses.create(model="m", input="x", stream=True))
        with sdk.responses.stream(model="m", input="x") as stream:
            return [created, list(stream)]


def of_anthropic(entry: Entry) -> list[list[Any]]:
    import anthropic

    # The SDK leaves out an event whose blank line is missing.
    http = replaying(body_of(entry["file"]) + b"\n\n")
    ask: Any = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}
    with anthropic.Anthropic(api_key="none", http_client=http) as sdk:
        created = list(sdk.messages.create(**ask, stream=True))
        with sdk.messages.stream(**ask) as stream:
            streamed = list(stream)
            check_whole(stream.get_final_message(), events_of(entry))
    return [created, streamed]


def of_boto3(entry: Entry) -> list[list[Any]]:
    from botocore.eventstream import EventStream
    from botocore.loaders import Loader
    from botocore.model import ServiceModel
    from botocore.parsers import EventStreamJSONParser

    class Raw:
        def stream(self) -> Any:
            yield body_of(entry["file"])

    service = ServiceModel(Loader().load_service_model("bedrock-runtime", "service-2"))
    shape = service.shape_for("ConverseStreamOutput")
    return [list(EventStream(Raw(), shape, EventStreamJSONParser(), "ConverseStream"))]


def of_google(entry: Entry) -> list[list[Any]]:
    from google.genai import types

    build = types.GenerateContentResponse._from_response
    return [[build(response=chunk, kwargs={}) for chunk in events_of(entry)]]


def of_ollama(entry: Entry) -> list[list[Any]]:
    import ollama

    kinds = {True: ollama.ChatResponse, False: ollama.GenerateResponse}
    return [[kinds["message" in chunk](**chunk) for chunk in events_of(entry)]]


SDKS: dict[str, tuple[Callable[[Entry], list[list[Any]]], Any]] = {
    "anthropic": (of_anthropic, needs("providers", "anthropic")),
    "bedrock-converse": (of_boto3, needs("providers", "botocore")),
    "chat": (of_openai, ()),
    "gemini": (of_google, needs("providers", "google.genai")),
    "ollama": (of_ollama, needs("providers", "ollama")),
    "responses": (of_openai_responses, ()),
}


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(entry, marks=SDKS[entry["wire"]][1], id=entry["file"])
        for param in recordings()
        for entry in param.values
    ],
)
@pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning"
)  # of google-genai
def test_events_of_the_sdk(entry: Entry) -> None:
    wire = WIRES[entry["wire"]]
    build, _ = SDKS[entry["wire"]]
    created, *streamed = build(entry)
    for events in (created, *streamed):
        source = source_for(events[0])
        assert type(source) is type(wire.source())
        check(entry, source, events)

    by_dict, by_object = wire.source(), wire.source()
    # Anthropic's SDK keeps pings to itself.
    events = [each for each in events_of(entry) if each.get("type") != "ping"]
    for event, built in zip(events, created, strict=True):
        assert by_object.feed(built) == by_dict.feed(event)
        assert by_object.metadata.usage == by_dict.metadata.usage
        assert by_object.metadata.request_id == by_dict.metadata.request_id
        if entry["wire"] == "responses":
            assert by_object.metadata == by_dict.metadata
    assert by_object.finish() == by_dict.finish()
    assert by_object.metadata.extra.keys() == by_dict.metadata.extra.keys()
    for name in ("finish_reason", "filter_reason", "usage", "model", "request_id"):
        assert getattr(by_object.metadata, name) == getattr(by_dict.metadata, name)


def replaying(body: bytes) -> httpx.Client:
    """An HTTP client that gets this body for whatever it asks."""

    def answer(_: Any) -> httpx.Response:
        return httpx.Response(200, content=body, headers={"content-type": "text/event-stream"})

    return httpx.Client(transport=httpx.MockTransport(answer), trust_env=False)


def check_whole(message: Any, events: list[Any]) -> None:
    """A whole message of Anthropic's says what its stream says, but for how its JSON is written."""
    streamed, source = AnthropicSource(), AnthropicSource()
    expected: dict[Any, str] = {}
    found: dict[Any, str] = {}
    for chunks, reader, joined in ((events, streamed, expected), ([message], source, found)):
        for channel, text in [d for c in chunks for d in reader.feed(c)] + reader.finish():
            joined[channel] = joined.get(channel, "") + text
    assert list(found) == list(expected)
    for channel, text in found.items():
        if channel.kind == "content":
            assert text == expected[channel]
        else:
            assert json.loads(text) == json.loads(expected[channel])
    assert source.metadata.finish_reason == streamed.metadata.finish_reason
    assert source.metadata.usage == streamed.metadata.usage
    assert source.metadata.terminated


# What stands in for an object that a provider has sent whole, or not at all.
Read = tuple[list[tuple[str, str | None, str]], str | None, bool, str | None]


def read(body: list[bytes]) -> Read:
    """The texts by kind and name, the finish reason, whether there is usage, and the error."""
    source = source_for(body[0])
    joined: dict[Any, str] = {}
    error: str | None = None
    try:
        for chunk in body:
            for channel, text in source.feed(chunk):
                joined[channel] = joined.get(channel, "") + text
        for channel, text in source.finish():
            joined[channel] = joined.get(channel, "") + text
    except ProviderError as raised:
        error = str(raised)
    texts = [(channel.kind, channel.name, text) for channel, text in joined.items()]
    metadata = source.metadata
    return texts, metadata.finish_reason, metadata.usage is not None, error


@with_the_cancelled
def test_cut_anywhere_whose_wire_format_nobody_has_named(entry: Entry) -> None:
    body = body_of(entry["file"])
    whole = read([body])
    assert read([body[at : at + 1] for at in range(len(body))]) == whole
    chance = random.Random(entry["file"])
    for count in (1, 2, 5, 20, 80):
        cuts = sorted(chance.choices(range(len(body) + 1), k=count))
        assert (
            read([body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]) == whole
        )


@with_the_cancelled
def test_as_the_index_says(entry: Entry) -> None:
    texts, finish_reason, has_usage, error = read([body_of(entry["file"])])
    expected = [
        (KINDS[channel["channel"]], channel.get("name"), channel["text"])
        for channel in entry["channels"]
        if channel["kind"] != "empty"
    ]
    found = [(kind, name, comparable(text)) for kind, name, text in texts if kind != "reasoning"]
    told = [(kind, name, comparable(text)) for kind, name, text in expected if kind != "reasoning"]
    for each in told:
        assert each in found
    # What is not in the index are the `{}` of tools that were called without arguments.
    assert all(each in told or each[2] == {} for each in found)
    reasons = [reason.partition(":") for reason in entry["finish_reason"].values()]
    words = {"completed" if word == "completed" else rest or word for word, _, rest in reasons}
    if words and not words & {"SAFETY"}:
        assert finish_reason in words
    assert has_usage == entry["usage_present"]
    assert (error is not None) == ("sse:unknown_field:{" in entry["oddities"])


def comparable(text: str) -> Any:
    """A JSON object as what it means: some providers send arguments as objects, not as texts."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, dict) else text


def test_all_are_here() -> None:
    files = {path.name for path in STREAMS.iterdir() if path.suffix not in (".jsonl", ".md")}
    assert {param.id for param in recordings(cancelled=True)} == files
    assert len(files) >= 78
