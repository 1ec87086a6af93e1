"""Bodies of server-sent events as they are met: comments, line ends, errors, missing ends."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from case_models import Named
from harness import byte_cuts
from wire_case import ROLE, STOP, chunk, read, says, several

from partialstream import IncompleteStreamError, PartialStreamError, ProviderError, Usage
from partialstream.testing import every_cut, sse_body

A, B, SMILE = '{"name":"a"}', '{"name":"b"}', '{"name":"é€\U0001f600"}'


def event(value: Any) -> str:
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n"


FIRST, SECOND = event(says(f"[{A},")), event(says(f"{SMILE}]"))
TEXT = event(ROLE) + FIRST + SECOND + event(STOP)
DONE = "data: [DONE]\n\n"
BOTH = [A, SMILE]
PRETTY = json.dumps({"error": {"message": "overloaded", "code": 529}}, indent=2)


@dataclass(frozen=True)
class Body:
    """A row of a table: a body, its items and how it ends."""

    name: str
    body: str
    items: list[str]
    status: str = "complete"
    error: type[PartialStreamError] | None = None
    says: str = ""

    def __str__(self) -> str:
        return self.name


ROWS = [
    Body("as it should be", TEXT + DONE, BOTH),
    Body(
        "comments between the events",
        ": OPENROUTER PROCESSING\n\n" * 3
        + FIRST
        + ": OPENROUTER PROCESSING\n\n"
        + SECOND
        + ":\n\n"
        + DONE,
        BOTH,
    ),
    Body("a comment inside an event", ":[1]\n" + FIRST + ": x\n" + SECOND, BOTH),
    Body("no space behind data:", (TEXT + DONE).replace("data: ", "data:"), BOTH),
    Body("CRLF", (TEXT + DONE).replace("\n", "\r\n"), BOTH),
    Body("CR", (TEXT + DONE).replace("\n", "\r"), BOTH),
    Body("extra blank lines", "\n\n" + TEXT.replace("\n\n", "\n\n\n\n") + DONE, BOTH),
    Body(
        "event, id and retry fields",
        "retry: 10\n\n" + TEXT.replace("data:", "event: message\nid: 1\ndata:"),
        BOTH,
    ),
    Body("a byte order mark", "\ufeff" + TEXT + DONE, BOTH),
    Body("one event in two data lines", TEXT.replace(',"choices"', ',\ndata: "choices"'), BOTH),
    Body("pings and empty events", "event: ping\ndata: \n\n" + TEXT + "data:\n\n" + DONE, BOTH),
    Body("no [DONE]", TEXT, BOTH),
    Body("neither [DONE] nor a finish reason", FIRST + SECOND, BOTH),
    Body("a last event without its blank line", FIRST + SECOND.rstrip("\n"), BOTH),
    Body("[DONE] without its blank line", TEXT + "data: [DONE]", BOTH),
    Body(
        "usage behind the finish reason",
        TEXT + event(several(usage={"prompt_tokens": 1, "completion_tokens": 2})) + DONE,
        BOTH,
    ),
    Body("cut between two items", FIRST, [A], "disconnected", IncompleteStreamError),
    Body("cut inside an event", FIRST + SECOND[:40], [A], "disconnected", IncompleteStreamError),
    Body("cut with [DONE]", FIRST + DONE, [A], "truncated", IncompleteStreamError),
    Body("nothing", "", [], "empty", IncompleteStreamError),
    Body("nothing but comments", ": hello\n\n" * 3, [], "disconnected", IncompleteStreamError),
    Body("nothing but [DONE]", DONE, [], "empty", IncompleteStreamError),
    Body(
        "an error inside the stream",
        FIRST + event({"error": {"message": "overloaded", "code": 502}}) + DONE,
        [A],
        "disconnected",
        ProviderError,
        "overloaded",
    ),
    Body(
        "an error event without choices",
        FIRST + 'event: error\ndata: {"message":"overloaded"}\n\n',
        [A],
        "disconnected",
        ProviderError,
        "overloaded",
    ),
    Body(
        "an error event that is no JSON",
        FIRST + "event: error\ndata: overloaded\n\n",
        [A],
        "disconnected",
        ProviderError,
        "overloaded",
    ),
    Body(
        "an error beside choices",
        FIRST + event(chunk({}, "error", error={"message": "overloaded"})),
        [A],
        "disconnected",
        ProviderError,
        "overloaded",
    ),
    Body(
        "a pretty-printed error behind good events",
        FIRST + PRETTY + "\n",
        [A],
        "disconnected",
        ProviderError,
        "overloaded",
    ),
    Body("a pretty-printed error alone", PRETTY, [], "disconnected", ProviderError, "overloaded"),
    Body(
        "an error in the place of an answer",
        '{"error":"no credit"}',
        [],
        "disconnected",
        ProviderError,
        "no credit",
    ),
    Body(
        "an event that is no JSON",
        FIRST + 'data: {"choices": [\n\n' + SECOND + DONE,
        [A],
        "disconnected",
        ProviderError,
        "not valid JSON",
    ),
    Body(
        "a page instead of events",
        "<html>Bad gateway</html>\n",
        [],
        "disconnected",
        ProviderError,
        "Bad gateway",
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_bodies(row: Body) -> None:
    body = row.body.encode()
    for parts in byte_cuts(body, pairs=40):
        run, stream = read(Named, parts)
        assert run.values == [Named.model_validate_json(raw) for raw in row.items], run.error
        assert type(run.error) is (row.error or type(None)), run.error
        assert stream.outcome is not None
        assert stream.outcome.status == row.status
        assert row.says in str(run.error)


def test_a_body_cut_at_every_byte() -> None:
    body = (TEXT + DONE).encode()
    for pair in every_cut(body):
        run, stream = read(Named, list(pair))
        assert [value.name for value in run.values] == ["a", "é€\U0001f600"]
        assert stream.outcome is not None
        assert (stream.outcome.status, stream.outcome.finish_reason) == ("complete", "stop")


def test_an_item_comes_with_the_byte_that_closes_its_event() -> None:
    body = (TEXT + DONE).encode()
    ends = [(event(ROLE) + FIRST), (event(ROLE) + FIRST + SECOND)]
    run, _ = read(Named, [body[n : n + 1] for n in range(len(body))])
    assert run.at == [len(end.encode()) - 1 for end in ends]


def test_bytes_may_come_as_any_kind_of_bytes() -> None:
    body = (TEXT + DONE).encode()
    run, _ = read(Named, [b"", memoryview(body[:50]), bytearray(body[50:90]), None, body[90:]])
    assert [value.name for value in run.values] == ["a", "é€\U0001f600"]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("space", [True, False])
@pytest.mark.parametrize("done", [True, False])
def test_every_spelling_of_a_body(newline: str, space: bool, done: bool) -> None:
    usage = Usage(input_tokens=5, output_tokens=2)
    body = sse_body(["[", A, ",", SMILE, "]"], newline=newline, space=space, done=done, usage=usage)
    for parts in byte_cuts(body):
        run, stream = read(Named, parts)
        assert run.error is None
        assert [value.name for value in run.values] == ["a", "é€\U0001f600"]
        assert stream.usage == usage


def test_a_text_cut_between_the_halves_of_a_character() -> None:
    # A relay that counts in UTF-16 writes the halves into two events.
    body = (
        r'data: {"choices":[{"index":0,"delta":{"content":"[\"\ud83d"}}]}' + "\n\n"
        r'data: {"choices":[{"index":0,"delta":{"content":"\ude00\"]"}}]}' + "\n\n"
    )
    run, _ = read(str, [body.encode()])
    assert run.values == ["\U0001f600"]
