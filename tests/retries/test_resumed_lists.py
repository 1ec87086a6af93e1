"""What becomes of given answers, one after the other: no model reads the requests here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import pytest
import tenacity
from http_library import httpx
from pydantic import BaseModel, Field
from script_runs import drive

from partialstream import IncompleteStreamError, Item, ItemRejected, ItemRepaired
from partialstream.client.call import Call
from partialstream.client.endpoints.chat import ChatRequestBuilder
from partialstream.client.options.options import Options
from partialstream.client.response_model import items_shape
from partialstream.client.retries.items import item_session
from partialstream.client.routes import Route
from partialstream.stream.aio import AsyncItemStream
from partialstream.stream.sync import ItemStream
from partialstream.stream.transport import AsyncChunks, Chunks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


class Row(BaseModel):
    id: str
    n: int = Field(ge=0)


def row(id_: str, n: int = 1) -> str:
    return f'{{"id": "{id_}", "n": {n}}}'


class Answers:
    """Gives texts, one a request; `✂` stands where the connection is lost."""

    def __init__(self, *texts: str, size: int = 1) -> None:
        self._texts = list(texts)
        self._size = size
        self.requests: list[Any] = []
        self.sent = ""  # of the answer under way

    def send(self, request: Any) -> Iterator[dict[str, Any]]:
        self.requests.append(request)
        text, cut, _ = self._texts.pop(0).partition("✂")
        self.sent = ""
        for start in range(0, len(text), self._size):
            piece = text[start : start + self._size]
            self.sent += piece
            yield {"choices": [{"index": 0, "delta": {"content": piece}}]}
        if cut:
            raise httpx.ReadError("reset")
        yield {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}


def call_of(type_: Any, *, asynchronous: bool = False, **options: Any) -> Call:
    retrying = tenacity.Retrying(stop=tenacity.stop_after_attempt(4), sleep=lambda seconds: None)
    given = Options(**{"max_retries": retrying, **options})
    builder = ChatRequestBuilder(
        items_shape(type_), given, {"model": "m", "messages": []}, stream=True
    )
    return Call(items_shape(type_), given, Route(builder), stream=True, asynchronous=asynchronous)


def read(type_: Any, *texts: str, **options: Any) -> tuple[list[Any], Any]:
    """The events of both drivers, which are the same, and the stream."""
    answers, call = Answers(*texts), call_of(type_, **options)
    stream = ItemStream(item_session(call), Chunks(answers.send(call.request), answers.send))
    events = list(stream.events())
    later, acall = Answers(*texts), call_of(type_, asynchronous=True, **options)

    async def send(request: Any) -> AsyncIterator[Any]:
        return chunks(request)

    async def chunks(request: Any) -> AsyncIterator[Any]:
        for chunk in later.send(request):
            yield chunk

    astream = AsyncItemStream(item_session(acall), AsyncChunks(lambda: send(acall.request), send))
    came: list[Any] = []

    async def main() -> None:
        async for event in astream.events():
            came.append(event)  # noqa: PERF401  # an async comprehension would not be driven

    drive(main())
    assert [(i.index, i.raw) for i in came if isinstance(i, Item)] == [
        (i.index, i.raw) for i in events if isinstance(i, Item)
    ]
    return events, stream


def items_of(type_: Any, *texts: str, **options: Any) -> list[Any]:
    events, stream = read(type_, *texts, **options)
    assert stream.outcome.ok
    items = [event for event in events if isinstance(event, Item)]
    assert sorted(item.index for item in items) == list(range(len(items)))
    return [item.value for item in sorted(items, key=lambda item: item.index)]


Natural = Annotated[int, Field(ge=0)]
LONG = ["a long text", "another long text", "a third long text"]


def quoted(values: tuple[str, ...]) -> str:
    return ", ".join(f'"{value}"' for value in values)


def listed(*values: str, beside: str = "") -> str:
    return f'{{{beside}"items": [{quoted(values)}]}}'


def cut_off(*values: str) -> str:
    return f'{{"items": [{quoted(values)}, "✂'


@pytest.mark.parametrize(
    ("known", "came", "items"),
    [
        ("y", "nyn", "ynyn"),
        ("ab", "cad", "abcad"),
        ("ynn", "y", "ynny"),
        ("ynn", "nyn", "ynnnyn"),
        ("abc", "abcd", "abcd"),
        ("abc", "bcd", "abcd"),
        ("abc", "", "abc"),
        ("a", "aab", "aaab"),
    ],
)
def test_a_list_that_repeats_itself_survives_without_an_index(
    known: str, came: str, items: str
) -> None:
    assert items_of(str, cut_off(*known), listed(*came)) == list(items)


@pytest.mark.parametrize("beside", ['"first_index": {}, ', '"first_index": "{}", '])
@pytest.mark.parametrize("start", [0, 1, 2, 3])
@pytest.mark.parametrize("all_", ["ynynyn", "yyyyyy", "nnnyyy"])
def test_with_an_index_nothing_is_guessed(all_: str, start: int, beside: str) -> None:
    first, rest = cut_off(*all_[:3]), listed(*all_[start:], beside=beside.format(start))
    assert items_of(str, first, rest) == list(all_)


def test_an_index_counts_that_comes_behind_the_list() -> None:
    a, b, c = LONG
    late = f'{{"items": [{quoted((a, b))}], "first_index": {{}}}}'
    assert items_of(str, cut_off(a, b, c), late.replace("{}", "3")) == [a, b, c, a, b]
    assert items_of(str, cut_off(a, b, c), late.replace("{}", "0")) == [a, b, c]


def test_several_cuts_also_inside_of_what_comes_again() -> None:
    a, b, c = LONG
    answers = (cut_off(a, b), cut_off(a), cut_off(b), cut_off(a, b, c), listed(c, "x"))
    assert items_of(str, *answers) == [a, b, c, "x"]


def test_keys_say_what_is_the_same_at_the_seam_and_not_the_text() -> None:
    first = f'{{"items": [{row("a")}, {row("b")}, ✂'
    again = f'{{"items": [{row("b", 7)}, {row("c")}, {row("a", 3)}]}}'
    assert [(r.id, r.n) for r in items_of(Row, first, again, key="id")] == [
        *(("a", 1), ("b", 1), ("c", 1), ("a", 3))
    ]
    # Nor is what has another key.
    same = f'{{"items": [{row("a", 2)}, {row("b", 2)}]}}'
    found = items_of(Row, first, same, key=lambda r: (r.id, r.n))
    assert [(r.id, r.n) for r in found] == [("a", 1), ("b", 1), ("a", 2), ("b", 2)]


@pytest.mark.parametrize(
    ("first", "rest", "late"),
    [
        # With an index nothing is held back; without one, as long as the seam is open.
        (cut_off("y", "n"), listed("y", "n", "y", beside='"first_index": 2, '), [0, 0, 0]),
        (cut_off("y", "n"), listed("n", "y", "n"), [0, 0, 0]),
        (cut_off("y", "n", "n"), listed("y", "y", "n"), [1, 0, 0]),
        (cut_off(*LONG), listed(LONG[2], "x", "y"), [0, 0]),
        (cut_off(*LONG), listed(*LONG, "x", "y"), [0, 0]),
    ],
)
def test_what_is_new_is_delivered_when_its_last_character_arrives(
    first: str, rest: str, late: list[int]
) -> None:
    answers, call = Answers(first, rest), call_of(str)
    stream = ItemStream(item_session(call), Chunks(answers.send(call.request), answers.send))
    behind = [
        answers.sent.count('"', answers.sent.index("[")) // 2 - 1
        for item in stream.detailed()
        if item.attempt == 2
    ]
    total = rest.count('"', rest.index("[")) // 2
    new = range(total - len(late), total)
    assert [came - place for came, place in zip(behind, new, strict=True)] == late


def test_what_is_held_back_is_not_lost_at_the_end() -> None:
    assert items_of(str, cut_off("y", "n", "n"), listed("y")) == ["y", "n", "n", "y"]
    assert items_of(str, cut_off("y", "n"), '{"items": ["y"✂', listed("n")) == list("ynyn")


def test_what_was_invalid_is_not_invalid_twice() -> None:
    first = f'{{"items": [{row("a")}, {row("b", -1)}, {row("c")}, ✂'
    again = f'{{"first_index": 0, "items": [{row("a")}, {row("b", -1)}, {row("c")}, {row("d")}]}}'
    repair = f'{{"indexes": "1", "items": [{row("b", 2)}]}}'
    for answer in (again, again.replace('"first_index": 0, ', "")):
        events, stream = read(Row, first, answer, repair)
        assert [event.item.index for event in events if isinstance(event, ItemRejected)] == [1]
        assert [item.value.id for item in events if isinstance(item, Item)] == list("acdb")
        assert stream.outcome.ok
        events, stream = read(Row, first, answer, on_invalid="skip")
        assert [each.index for each in stream.rejected] == [1]


def test_what_comes_better_where_the_list_goes_on_is_repaired() -> None:
    first = f'{{"items": [{row("a")}, {row("b", -1)}, {row("c")}, ✂'
    again = f'{{"first_index": 0, "items": [{row("a")}, {row("b", 2)}, {row("c")}, {row("d")}]}}'
    for answer in (again, again.replace('"first_index": 0, ', "")):
        events, stream = read(Row, first, answer)
        assert [event.rejected.index for event in events if isinstance(event, ItemRepaired)] == [1]
        items = [item for item in events if isinstance(item, Item)]
        assert sorted((item.index, item.value.id) for item in items) == list(enumerate("abcd"))
        assert len(stream.attempts) == 2


def test_a_repaired_item_may_be_the_same_as_another() -> None:
    first = f'{{"items": [{row("a")}, {row("b", -1)}, {row("c", -2)}]}}'
    for beside in ("", '"indexes": "1, 2", '):
        repair = f'{{{beside}"items": [{row("a")}, {row("a")}]}}'
        assert [each.id for each in items_of(Row, first, repair)] == ["a", "a", "a"]


@pytest.mark.parametrize("ordered", [False, True])
def test_repaired_items_are_placed_by_their_indexes(ordered: bool) -> None:
    first = '{"items": [1, -2, 1, -4]}'
    repair = '{"indexes": "3, 1", "items": [1, 2]}'
    found = items_of(Natural, first, repair, ordered=ordered)
    assert found == [1, 2, 1, 1]


class _Model(BaseModel):
    first_index: int
    indexes: list[str] = []


def test_the_member_beside_the_list_is_none_of_the_items() -> None:
    first = '{"items": [{"first_index": 1}, ✂'
    rest = '{"first_index_": 0, "items": [{"first_index": 1}, {"first_index": 1}]}'
    answers, call = Answers(first, rest), call_of(_Model)
    stream = ItemStream(item_session(call), Chunks(answers.send(call.request), answers.send))
    assert [item.first_index for item in stream] == [1, 1]
    schema = answers.requests[1]["response_format"]["json_schema"]["schema"]
    assert list(schema["properties"]) == ["first_index_", "items"]


@pytest.mark.parametrize("mode", ["json_schema", "tools", "json_object"])
def test_items_that_take_any_name_are_not_asked_for_an_index(mode: Any) -> None:
    first, rest = '{"items": [{"a": 1}, ✂', '{"items": [{"b": 2}]}'
    call = call_of(dict[str, int], mode=mode)
    assert call.builder.member_beside("first_index") is None
    if mode != "tools":
        assert items_of(dict[str, int], first, rest, mode=mode) == [{"a": 1}, {"b": 2}]


def test_take_counts_items_and_not_what_comes_again() -> None:
    a, b, c = LONG
    events, stream = read(str, cut_off(a, b), listed(a, b, c, "x"), take=3)
    assert [item.value for item in events if isinstance(item, Item)] == [a, b, c]
    assert stream.outcome.detail == "take=3"


def test_a_cut_that_is_not_resumed_is_an_error_though_items_are_held_back() -> None:
    with pytest.raises(IncompleteStreamError):
        read(str, cut_off("y", "n"), max_retries=0)
