"""`lenient=True`: right values or an error, never a wrong value."""

from __future__ import annotations

import json
from typing import Any

import pytest
from client_runs import CALLERS, Caller, Product
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, RootModel
from sloppy import OBJECTS, Writer

from partialstream import (
    ItemParser,
    JSONSyntaxError,
    OutputValidationError,
    PartialParser,
    PartialStreamError,
    astream_items,
    astream_partial,
    stream_items,
    stream_partial,
)
from partialstream.testing import Answer, ReplayServer, faults


class Open(BaseModel):
    """Takes any object."""

    model_config = ConfigDict(extra="allow")
    id: int


class Article(BaseModel):
    title: str
    pages: int | None = None
    tags: list[str] = []


def pieces(text: str, size: int) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


# -- lists -------------------------------------------------------------------------------------


@st.composite
def sloppy_lists(draw: Any) -> tuple[list[Any], str]:
    """A list of objects, and a text that says it."""
    objects = [
        {"id": number, **{name: value for name, value in each.items() if name != "id"}}
        for number, each in enumerate(draw(st.lists(OBJECTS, max_size=5)))
    ]
    writer = Writer(draw)
    if draw(st.booleans()):
        return objects, writer.value(objects)
    items = [writer.value(each) if draw(st.booleans()) else json.dumps(each) for each in objects]
    text = f"[{', '.join(items)}]"
    return objects, text if draw(st.booleans()) else f'{{"items": {text}}}'


@given(sloppy_lists(), st.sampled_from([1, 2, 3, 7, 1000]), st.booleans())
def test_items_are_right_or_there_is_an_error(
    pair: tuple[list[Any], str], size: int, skip: bool
) -> None:
    truth, text = pair
    parser = ItemParser(Open, lenient=True, on_invalid="skip" if skip else "raise")
    items: list[Open] = []
    try:
        for piece in pieces(text, size):
            items += parser.feed(piece)
        items += parser.finish()
    except PartialStreamError:
        assert truth, text
    else:
        assert len(items) == len(truth)
    assert [item.model_dump() for item in items] == truth[: len(items)]


@given(sloppy_lists(), st.sampled_from([1, 5, 1000]))
def test_it_does_not_matter_how_the_text_is_cut(pair: tuple[list[Any], str], size: int) -> None:
    _, text = pair

    def run(size: int) -> tuple[list[Any], str]:
        items: list[Any] = []
        stream = stream_items(Open, pieces(text, size), lenient=True)
        try:
            items += [(each.value, each.raw, each.text_repaired) for each in stream.detailed()]
        except PartialStreamError as error:
            return items, error.message
        return items, ""

    assert run(size) == run(10**6)


LISTS = [
    ("[{'name': 'Lamp'}, {\"name\": \"Rug\"}]", [True, False]),
    ('[{"name": "Lamp",}, {"name": "Rug"},]', [True, False]),
    ('[{"name": "Lamp"}, // }] and more\n {name: "Rug"} /* ] */ ]', [False, True]),
    ('{"items": [{"name": "Lamp"} # it\'s\n, {"name": "Rug"}]}', [False, False]),
    ("```json\n[{name: 'Lamp'}, {name: 'Rug'}]\n```", [True, True]),
]


@pytest.mark.parametrize(("text", "repaired"), LISTS)
@pytest.mark.parametrize("size", [1, 4, 1000])
def test_an_item_says_that_its_text_was_repaired(
    text: str, repaired: list[bool], size: int
) -> None:
    items = list(stream_items(Product, pieces(text, size), lenient=True).detailed())
    assert [item.value.name for item in items] == ["Lamp", "Rug"]
    assert [item.text_repaired for item in items] == repaired
    assert [item.index for item in items] == [0, 1]
    for item in items:
        assert item.raw in text


@pytest.mark.parametrize(("text", "_"), LISTS)
def test_without_the_option_it_is_malformed(text: str, _: Any) -> None:
    stream = stream_items(Product, [text])
    with pytest.raises(PartialStreamError):
        list(stream)


def test_an_item_is_delivered_when_its_last_character_is_in() -> None:
    parser = ItemParser(Product, lenient=True)
    assert parser.feed("[{'name': 'Lamp',") == []
    assert parser.feed("}") == [Product(name="Lamp")]


WRONG_CUTS = [
    "[{'name': 'it}s'}, {'name': 'Rug'}]",
    "[{'name': '5\" nail'}, {'name': '6\" nail'}]",
    '[{"name": "Lamp" // }\n }, {"name": "Rug"}]',
    "[{'name': 'it's'}, {'name': 'Rug'}]",
    "[{'name': 'Lamp' /* { */}, {'name': 'Rug'}]",
]


@pytest.mark.parametrize("text", WRONG_CUTS)
def test_where_the_end_of_an_item_is_in_doubt_it_is_malformed_as_before(text: str) -> None:
    errors: list[str] = []
    for lenient in (False, True):
        items: list[Any] = []
        with pytest.raises(PartialStreamError) as caught:
            items += stream_items(Product, [text], lenient=lenient)
        assert items == []
        errors.append(str(caught.value))
    assert errors[0] == errors[1]


def test_what_is_open_is_never_closed() -> None:
    for text in ("[{'name': 'Lamp'", "[{'name': 'Lamp', 'sold': None", "[{name: 'Lamp' // }"):
        stream = stream_items(Product, [text], lenient=True)
        with pytest.raises(JSONSyntaxError):
            list(stream)


def test_a_repaired_text_has_to_validate() -> None:
    stream = stream_items(Product, ["[{'name': None}]"], lenient=True)
    with pytest.raises(OutputValidationError) as caught:
        list(stream)
    assert caught.value.raw == "{'name': None}"


def test_strict_and_context_hold_for_repaired_texts_too() -> None:
    text = ["[{'title': 'On paper', 'pages': '12'}]"]
    assert next(iter(stream_items(Article, text, lenient=True))).pages == 12
    with pytest.raises(OutputValidationError):
        list(stream_items(Article, text, lenient=True, strict=True))


# -- objects -----------------------------------------------------------------------------------


@st.composite
def sloppy_objects(draw: Any) -> tuple[Any, str]:
    value = {"id": 1, **draw(OBJECTS)}
    value["id"] = 1
    return value, Writer(draw).value(value)


@given(sloppy_objects(), st.sampled_from([1, 3, 1000]), st.sampled_from(["", " ", "\n```\n", "."]))
def test_an_object_is_right(pair: tuple[Any, str], size: int, behind: str) -> None:
    truth, text = pair
    stream = stream_partial(Open, pieces(text + behind, size), lenient=True)
    last = list(stream)[-1]
    assert last.model_dump() == truth
    assert stream.final() == last


@given(sloppy_objects(), st.data())
def test_a_part_of_an_object_is_not_taken_for_all(
    pair: tuple[Any, str], data: st.DataObject
) -> None:
    _, text = pair
    cut = data.draw(st.integers(0, len(text) - 1))
    with pytest.raises(PartialStreamError):
        stream_partial(Open, pieces(text[:cut], 5), lenient=True).final()


def test_an_object_stops_growing_and_is_read_at_the_end() -> None:
    parser = PartialParser(Article, lenient=True)
    assert parser.feed('{"title": "On paper", ') == Article.model_construct(title="On paper")
    assert parser.feed("'pages': 12,") is None
    assert parser.feed(" tags: ['a', 'b'],}") is None
    assert parser.snapshot is not None
    assert parser.snapshot.model_fields_set == {"title"}
    assert parser.finish() == Article(title="On paper", pages=12, tags=["a", "b"])
    assert parser.outcome is not None
    assert parser.outcome.detail.startswith("not valid JSON, but read: ")


def test_snapshots_are_monotonic_and_the_last_is_the_object() -> None:
    text = '{"title": "On paper", "pages": 12, "tags": ["a", \'b\']}'
    snapshots = list(stream_partial(Article, pieces(text, 3), lenient=True))
    assert snapshots[-1] == Article(title="On paper", pages=12, tags=["a", "b"])
    assert [each.tags for each in snapshots[-2:]] == [["a"], ["a", "b"]]


def test_an_object_that_stays_unreadable_raises_the_error_of_before() -> None:
    text = '{"title": "On paper", \'pages\': 1_2}'
    errors: list[JSONSyntaxError] = []
    for lenient in (False, True):
        with pytest.raises(JSONSyntaxError) as caught:
            stream_partial(Article, pieces(text, 4), lenient=lenient).final()
        errors.append(caught.value)
    first, second = errors
    assert (first.offset, first.line, first.column, first.path, str(first)) == (
        (second.offset, second.line, second.column, second.path, str(second))
    )


def test_an_object_that_does_not_validate_says_why() -> None:
    with pytest.raises(OutputValidationError) as caught:
        stream_partial(Article, ["{'title': 3} and so on"], lenient=True).final()
    assert caught.value.raw == "{'title': 3}"


def test_a_root_list_is_read_as_well() -> None:
    class Numbers(RootModel[list[int]]):
        pass

    assert stream_partial(Numbers, ["[1, ", "2,]"], lenient=True).final().root == [1, 2]


# -- calls -------------------------------------------------------------------------------------


@pytest.fixture(params=CALLERS)
def caller(request: pytest.FixtureRequest) -> Caller:
    made: Caller = request.param
    return made


def test_no_request_is_spent_on_what_can_be_read(caller: Caller) -> None:
    text = "{\"items\":[{'name': 'Lamp'},{name: \"Rug\",}]}"
    with ReplayServer([text]) as server:
        run = caller(server).read(
            "create_iterable", response_model=Product, lenient=True, max_retries=2
        )
        assert run.error is None
        assert [each.name for each in run.values] == ["Lamp", "Rug"]
        assert len(server.requests) == 1


def test_what_validates_only_after_a_request_is_repaired_by_one(caller: Caller) -> None:
    script = ['{"items":[{\'name\': None},{name: "Rug"}]}', '{"items":[{"name":"Lamp"}]}']
    with ReplayServer(script) as server:
        run = caller(server).read(
            "create_iterable", response_model=Product, lenient=True, max_retries=2
        )
        assert run.error is None
        assert sorted(each.name for each in run.values) == ["Lamp", "Rug"]
        assert "{'name': None}" in json.dumps(server.requests[1].body)


def test_the_mark_survives_retries() -> None:
    from client_runs import ASK, sync_sdk

    from partialstream import from_openai

    script = [
        Answer('{"items":[{name: "Lamp"},{"name":"Rug"}]}', fault=faults.LengthCut(8)),
        '{"items":[{"name":"Rug"}]}',
    ]
    with ReplayServer(script) as server, sync_sdk(base_url=server.base_url) as sdk:
        stream = from_openai(sdk).create_iterable(
            **ASK, response_model=Product, lenient=True, max_retries=2
        )
        marks = {item.value.name: item.text_repaired for item in stream.detailed()}
    assert marks == {"Lamp": True, "Rug": False}


@pytest.mark.parametrize("method", ["create", "create_partial"])
def test_an_object_costs_one_request(caller: Caller, method: str) -> None:
    with ReplayServer(["{'name': 'Lamp',}"]) as server:
        calls = caller(server)
        if method == "create":
            value = calls.whole(response_model=Product, lenient=True, max_retries=2)
        else:
            run = calls.read("create_partial", response_model=Product, lenient=True, max_retries=2)
            value = run.values[-1]
        assert value == Product(name="Lamp")
        assert len(server.requests) == 1


def test_it_is_a_switch(caller: Caller) -> None:
    with ReplayServer(["{}"]) as server:
        run = caller(server).read("create_iterable", response_model=Product, lenient="yes")
        assert "lenient= must be True or False, not 'yes'" in str(run.error)


@pytest.mark.parametrize("reader", [ItemParser, PartialParser])
@pytest.mark.parametrize("value", ["yes", None, 1])
def test_lenient_is_a_flag(reader: Any, value: Any) -> None:
    with pytest.raises(TypeError, match=f"^lenient= must be True or False, not {value!r}"):
        reader(Product, lenient=value)


@pytest.mark.parametrize("read", [stream_items, stream_partial, astream_items, astream_partial])
def test_lenient_is_a_flag_for_streams(read: Any) -> None:
    with pytest.raises(TypeError, match=r"^lenient= must be True or False, not 'yes'"):
        read(Product, [], lenient="yes")
