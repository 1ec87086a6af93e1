"""Recorded answers of Bedrock's ConverseStream, against what each is known to say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from block_runs import body_of, check, random_reads, recordings
from extras import needs
from source_runs import STREAMS, body_source, needs_streams

from partialstream.results import Usage
from partialstream.sources.aws import AwsEventStreamDecoder, is_aws_event_stream
from partialstream.sources.bedrock import BedrockSource
from partialstream.sources.detect import source_for

if TYPE_CHECKING:
    from partialstream.sources.body import BodySource

each_recording = pytest.mark.parametrize("entry", recordings("bedrock-converse"))


def framed() -> BodySource:
    return body_source(AwsEventStreamDecoder())


def events_of(entry: dict[str, Any]) -> list[Any]:
    return [json.loads(data) for _, data, _ in AwsEventStreamDecoder().feed(body_of(entry))]


@needs_streams
@each_recording
def test_body_whole(entry: dict[str, Any]) -> None:
    check(entry, framed(), [body_of(entry)])
    assert len(events_of(entry)) == entry["n_events"]


@needs_streams
@each_recording
def test_body_byte_by_byte(entry: dict[str, Any]) -> None:
    body = body_of(entry)
    check(entry, framed(), (body[at : at + 1] for at in range(len(body))))


@needs_streams
@each_recording
def test_body_in_random_cuts(entry: dict[str, Any]) -> None:
    for reads in random_reads(entry):
        check(entry, framed(), reads)


@needs_streams
@each_recording
def test_events_as_dicts(entry: dict[str, Any]) -> None:
    events = events_of(entry)
    source = source_for(events[0])
    assert isinstance(source, BedrockSource)
    check(entry, source, events)


@needs("providers", "botocore")
@needs_streams
@each_recording
def test_events_of_boto3(entry: dict[str, Any]) -> None:
    from botocore.eventstream import EventStream
    from botocore.loaders import Loader
    from botocore.model import ServiceModel
    from botocore.parsers import EventStreamJSONParser

    class Raw:
        def stream(self) -> Any:
            yield body_of(entry)

    service = ServiceModel(Loader().load_service_model("bedrock-runtime", "service-2"))
    shape = service.shape_for("ConverseStreamOutput")
    events = list(EventStream(Raw(), shape, EventStreamJSONParser(), "ConverseStream"))
    check(entry, source_for(events[0]), events)


@needs_streams
@each_recording
def test_the_framing_is_told_by_the_first_12_bytes(entry: dict[str, Any]) -> None:
    body = body_of(entry)
    assert is_aws_event_stream(body) is True
    assert is_aws_event_stream(body[:12]) is True
    assert [is_aws_event_stream(body[:end]) for end in range(12)] == [None] * 12


@needs_streams
def test_usage_and_what_else_is_said() -> None:
    source = framed()
    source.feed((STREAMS / "bedrock-converse-bedrock-55a488d8.eventstream").read_bytes())
    assert source.metadata.usage == Usage(input_tokens=8, output_tokens=10)
    assert source.metadata.extra == {"metrics": {"latencyMs": 605}}
