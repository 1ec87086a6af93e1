from __future__ import annotations

from typing import Any

import pytest
from responses_events import (
    COMPLETED,
    CREATED,
    added,
    arguments,
    call,
    done,
    ends,
    event,
    message,
    response,
    text,
)
from source_runs import brief, read_all, texts

from partialstream.deltas import Channel
from partialstream.errors import ProviderError
from partialstream.sources.detect import source_for
from partialstream.sources.responses import ResponsesSource

REASONING = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "s"}]}
BOTH = {**REASONING, "content": [{"type": "reasoning_text", "text": "s"}]}
REFUSAL = {"type": "message", "content": [{"type": "refusal", "refusal": "No."}]}

CONTENT = ("content", (0, 0))
SECOND = ("content", (1, 0))

TEXTS: dict[str, tuple[list[Any], dict[tuple[str, Any], str]]] = {
    "none": ([CREATED, COMPLETED], {}),
    "in pieces": ([text("[1"), text("]")], {CONTENT: "[1]"}),
    "two parts": (
        [text("a"), text("b", 0, 1), text("c")],
        {CONTENT: "ac", ("content", (0, 1)): "b"},
    ),
    "two messages": ([text("a"), text("b", 1), text("c")], {CONTENT: "ac", SECOND: "b"}),
    "empty and null deltas": ([text(""), text(None), text("a"), text("")], {CONTENT: "a"}),
    "whole": (
        [event("output_text.done", text="a", output_index=0, content_index=0)],
        {CONTENT: "a"},
    ),
    "whole but empty": ([event("output_text.done", text="", output_index=0)], {}),
    "whole after its pieces": (
        [text("a"), event("output_text.done", text="a", output_index=0, content_index=0)],
        {CONTENT: "a"},
    ),
    "whole in its item": ([done(message("a"))], {CONTENT: "a"}),
    "whole at the end": ([ends("completed", message("a"))], {CONTENT: "a"}),
    "whole everywhere": (
        [
            event("output_text.done", text="a", output_index=0, content_index=0),
            event("content_part.done", part={"type": "output_text", "text": "a"}),
            done(message("a")),
            ends("completed", message("a")),
        ],
        {CONTENT: "a"},
    ),
    "whole beside an item in pieces": (
        [text("a"), ends("completed", message("a"), message("b"))],
        {CONTENT: "a", SECOND: "b"},
    ),
    "whole and incomplete": (
        [ends("incomplete", message("a"), incomplete_details={"reason": "max_output_tokens"})],
        {CONTENT: "a"},
    ),
    "content as a plain text": ([done({"type": "message", "content": "a"})], {CONTENT: "a"}),
    "a picture among the parts": (
        [done({"type": "message", "content": [{"type": "image"}, {"type": "text", "text": "a"}]})],
        {("content", (0, 1)): "a"},
    ),
    "refusal": (
        [
            event("refusal.delta", delta="N", output_index=0, content_index=0),
            event("refusal.delta", delta="o.", output_index=0, content_index=0),
            event("refusal.done", refusal="No.", output_index=0, content_index=0),
            done(REFUSAL),
            ends("completed", REFUSAL),
        ],
        {("refusal", (0, 0)): "No."},
    ),
    "refusal whole": ([ends("completed", REFUSAL)], {("refusal", (0, 0)): "No."}),
    "refusal in the middle": (
        [text("[1"), event("refusal.delta", delta="No.", output_index=0, content_index=1)],
        {CONTENT: "[1", ("refusal", (0, 1)): "No."},
    ),
    "reasoning": (
        [
            event("reasoning_text.delta", delta="s", output_index=0, content_index=0),
            text("[1]", 1),
        ],
        {("reasoning", (0, 0)): "s", SECOND: "[1]"},
    ),
    "reasoning by its other name": (
        [event("reasoning.delta", delta="s", output_index=0, content_index=0)],
        {("reasoning", (0, 0)): "s"},
    ),
    "summaries": (
        [
            event("reasoning_summary_text.delta", delta="s", output_index=0, summary_index=0),
            event("reasoning_summary_text.delta", delta="t", output_index=0, summary_index=1),
        ],
        {("reasoning", (0, 0)): "s", ("reasoning", (0, 1)): "t"},
    ),
    "reasoning and its summary": (
        [
            event("reasoning_text.delta", delta="s", output_index=0, content_index=0),
            event("reasoning_summary_text.delta", delta="s", output_index=0, summary_index=0),
            event("reasoning_text.delta", delta="t", output_index=0, content_index=0),
            done(BOTH),
        ],
        {("reasoning", (0, 0)): "st"},
    ),
    "summary whole": ([done(REASONING)], {("reasoning", (0, 0)): "s"}),
    "reasoning and its summary whole": ([done(BOTH)], {("reasoning", (0, 0)): "s"}),
    "what is not known": (
        [
            event("never_seen.delta", delta="x", output_index=0),
            event("audio.delta", delta="AAAA"),
            event("output_text.annotation.added", annotation={"type": "url_citation"}),
            event("web_search_call.searching", output_index=0),
            event("apply_patch_call_operation_diff.delta", delta="+[1]", output_index=0),
            {"type": "keepalive", "sequence_number": 3},
            {},
            None,
            done({"type": "tool_search_call", "arguments": {"paths": ["a"]}}),
            added({"type": ["odd"], "id": ["odd"]}, 7),
            text("[1]", 1, obfuscation="x7"),
        ],
        {SECOND: "[1]"},
    ),
    "a character cut in two": (
        [text("a\ud83d"), text("\ude00b"), text("c\ud83d")],
        {CONTENT: "a😀bc\ud83d"},
    ),
    "two characters cut in two": (
        [text("a\ud83d"), text("b\ud83d", 1), text("\ude00"), text("\ude01", 1)],
        {CONTENT: "a😀", SECOND: "b😁"},
    ),
}


@pytest.mark.parametrize("name", TEXTS)
def test_texts(name: str) -> None:
    events, expected = TEXTS[name]
    source = ResponsesSource()
    assert brief(read_all(source, events)) == expected
    metadata = source.metadata
    assert metadata.reasoning == "".join(
        t for (kind, _), t in expected.items() if kind == "reasoning"
    )
    assert metadata.refusal == "".join(t for (kind, _), t in expected.items() if kind == "refusal")


ITEM = {"id": "msg_1"}
FIRST, OTHER = call("f", id="fc_1"), call("g", id="fc_2")

RELAYS: dict[str, tuple[list[Any], dict[tuple[str, Any], str]]] = {
    "no indexes": (
        [
            added(message(**ITEM), None),
            text("[", None, None, item_id="msg_1"),
            text("1]", None, None, item_id="msg_1"),
            done(message("[1]", **ITEM), None),
            ends("completed", message("[1]", **ITEM)),
        ],
        {CONTENT: "[1]"},
    ),
    "no indexes, with reasoning before": (
        [
            added({**REASONING, "id": "rs_1"}, None),
            event("reasoning_text.delta", delta="s", item_id="rs_1"),
            added(message(**ITEM), None),
            text("[1", None, None, item_id="msg_1"),
            text("]", None, None, item_id="msg_1"),
            ends("completed", {**REASONING, "id": "rs_1"}, message("[1]", **ITEM)),
        ],
        {("reasoning", (0, 0)): "s", SECOND: "[1]"},
    ),
    "neither indexes nor ids": (
        [text("[", None, None), text("1]", None, None), ends("completed", message("[1]"))],
        {CONTENT: "[1]"},
    ),
    "an index at some events only": (
        [
            added(message(**ITEM), None),
            text("[", 0, 0, item_id="msg_1"),
            text("1", 0, 0),
            text("]", None, None, item_id="msg_1"),
            ends("completed", message("[1]", **ITEM)),
        ],
        {CONTENT: "[1]"},
    ),
    "an id for each event": (
        [
            added(message(id="a")),
            *(text(each, item_id=f"b{each}") for each in "[1]"),
            done(message("[1]", id="c")),
            ends("completed", message("[1]", id="d")),
        ],
        {CONTENT: "[1]"},
    ),
    "all items at one index": (
        [
            added(message(**ITEM)),
            text("So:", item_id="msg_1"),
            added(FIRST),
            arguments("[1", item_id="fc_1"),
            added(OTHER),
            arguments("[2", item_id="fc_2"),
            arguments("]", item_id="fc_1"),
            arguments("]", item_id="fc_2"),
            ends("completed", message("So:", **ITEM), FIRST, OTHER),
        ],
        {CONTENT: "So:", ("tool", 1): "[1]", ("tool", 2): "[2]"},
    ),
    "an index twice, the next taken": (
        [
            added(FIRST, 2),
            arguments("[1]", 2, item_id="fc_1"),
            added(message(**ITEM), 0),
            added(OTHER, 0),
            arguments("[2]", 0, item_id="fc_2"),
        ],
        {("tool", 2): "[1]", ("tool", 3): "[2]"},
    ),
    "the end counts otherwise": (
        [
            added(FIRST, 0),
            arguments("[1]", 0),
            ends("completed", message("So:"), call("f", "[1]")),
        ],
        {("tool", 0): "[1]", CONTENT: "So:"},
    ),
    "nothing announced, one index": (
        [text("So:"), arguments("[1]"), ends("completed", message("So:"), call("f", "[1]"))],
        {CONTENT: "So:", ("tool", 0): "[1]"},
    ),
    "an announcement behind its text": (
        [text("[", item_id="msg_1"), added(message(**ITEM)), text("1]", item_id="msg_1")],
        {CONTENT: "[1]"},
    ),
    "an announcement twice": (
        [added(FIRST), arguments("[1"), added(FIRST), arguments("]")],
        {("tool", 0): "[1]"},
    ),
    "the end without its wrapper": (
        [text("[1]"), {"type": "response.completed", **response("completed", message("[1]"))}],
        {CONTENT: "[1]"},
    ),
    "responses instead of events": (
        [response("in_progress"), text("[1]"), response("completed", message("[1]"))],
        {CONTENT: "[1]"},
    ),
}


@pytest.mark.parametrize("name", RELAYS)
def test_items_are_told_apart(name: str) -> None:
    events, expected = RELAYS[name]
    assert brief(read_all(ResponsesSource(), events)) == expected


def test_a_piece_that_goes_on_at_another_place_goes_there() -> None:
    source = ResponsesSource()
    source.feed(added(call("f"), 1))
    deltas = [
        *source.feed(text("a", item_id="x")),
        *source.feed(arguments("[", 1, item_id="y")),
        *source.feed(arguments("1", 1, item_id="y")),
        *source.feed(text("b", item_id="x")),
        *source.feed(text("c", item_id="x")),
    ]
    content, tool = Channel("content", (0, 0)), Channel("tool", 1, "f")
    assert deltas == [(content, "a"), (tool, "["), (tool, "1"), (content, "b"), (content, "c")]


UNKNOWN: dict[str, Any] = {
    "no event": {"a": 1},
    "text": "text",
    "bytes": b"text",
    "a number": 3,
    "a delta that is no text": text({"a": 1}),
    "a whole text that is none": event("output_text.done", text=[1], output_index=1),
    "an item that is none": event("output_item.added", item=3),
    "a response that is none": event("completed", response="x"),
    "an output that is none": ends("completed", output=[3]),
    "a part that is no text": ends("completed", message(), {"type": "message", "content": [3]}),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_unknown_shapes_are_errors(name: str) -> None:
    source = source_for(CREATED)
    assert texts(source.feed(text("a"))) == {Channel("content", (0, 0)): "a"}
    with pytest.raises(ProviderError, match="unknown chunk"):
        source.feed(UNKNOWN[name])


def test_commentary_is_no_part_of_the_answer() -> None:
    said = message('{"draft": 1}', phase="commentary", id="m0")
    answer = message('{"name": "Lamp"}', phase="final_answer", id="m1")
    streamed = [
        added({**said, "content": []}, 0),
        text('{"draft"', 0, item_id="m0"),
        text(": 1}", 0, item_id="m0"),
        done(said, 0),
        added({**answer, "content": []}, 1),
        text('{"name": "Lamp"}', 1, item_id="m1"),
        done(answer, 1),
        ends("completed", said, answer),
    ]
    for chunks in (
        streamed,
        [ends("completed", said, answer)],
        [response("completed", said, answer)],
    ):
        source = ResponsesSource()
        deltas = [delta for chunk in chunks for delta in source.feed(chunk)] + source.finish()
        content = "".join(piece for channel, piece in deltas if channel.may_hold_document)
        assert content == '{"name": "Lamp"}'
        assert source.metadata.reasoning == '{"draft": 1}'
