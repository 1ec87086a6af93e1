from __future__ import annotations

import copy
import json
from typing import Any

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from partialstream.client.endpoints.capture import CapturedResponse, capturing_model
from partialstream.client.endpoints.chat import (
    CALL_ID,
    ChatRequestBuilder,
    build_request,
    follow_up_messages,
)
from partialstream.client.options.options import Options
from partialstream.client.prompts import (
    FIRST_INDEX,
    INDEXES,
    free_name,
    indexed_schema,
    rest_schema,
)
from partialstream.client.response_model import ResponseShape
from partialstream.client.retries.items import list_text
from partialstream.client.schema import RequestSchema, request_schema
from partialstream.testing import ReplayServer
from partialstream.validation.locations import object_text

MODES: list[Any] = ["json_schema", "tools", "json_object"]
ASKED: list[Any] = [
    {"role": "system", "content": "Be short."},
    {"role": "user", "content": [{"type": "text", "text": "Three tools, please."}]},
]
SAID = '{"items": [{"name":"saw"}, {"name" : "axe"}]}'


def continued(mode: Any, said: str | None = SAID) -> list[Any]:
    return follow_up_messages(ASKED, mode=mode, tool_name="Tools", said=said, instruction="Go on.")


@pytest.mark.parametrize("mode", ["json_schema", "json_object"])
def test_the_models_words_are_content_where_it_answers_with_content(mode: Any) -> None:
    assert continued(mode)[2:] == [
        {"role": "assistant", "content": SAID},
        {"role": "user", "content": "Go on."},
    ]


def test_the_models_words_are_a_tool_call_where_it_answers_with_one() -> None:
    assert continued("tools")[2:] == [
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [
                {
                    "id": CALL_ID,
                    "type": "function",
                    "function": {"name": "Tools", "arguments": SAID},
                }
            ],
        },
        {"role": "tool", "tool_call_id": CALL_ID, "content": "Go on."},
    ]


@pytest.mark.parametrize("mode", MODES)
def test_where_the_model_said_nothing_the_instruction_is_the_users(mode: Any) -> None:
    assert continued(mode, said=None)[2:] == [{"role": "user", "content": "Go on."}]


@pytest.mark.parametrize("said", [SAID, None])
@pytest.mark.parametrize("mode", MODES)
def test_the_callers_messages_come_first_and_are_the_same_objects(
    mode: Any, said: str | None
) -> None:
    before = copy.deepcopy(ASKED)
    made = continued(mode, said)
    assert before == ASKED
    assert all(ours is theirs for ours, theirs in zip(made[:2], ASKED, strict=True))
    # Messages may also be a tuple, or the SDK's own objects.
    message = object()
    assert (
        follow_up_messages((message,), mode=mode, tool_name="", said=said, instruction="")[0]
        is message
    )


def test_the_id_of_a_call_is_one_that_every_provider_takes() -> None:
    assert CALL_ID.isascii()
    assert CALL_ID.isalnum()
    assert len(CALL_ID) == 9


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
texts = st.builds(json.dumps, values, indent=st.sampled_from([None, 1]), ensure_ascii=st.booleans())


@pytest.mark.parametrize(
    ("raws", "path", "text"),
    [
        ([], (), "[]"),
        ([], ("items",), '{"items": []}'),
        (["1.50", '{"a":  "}"}'], ("items",), '{"items": [1.50, {"a":  "}"}]}'),
        (["1e2", '"\\ud83d\\ude00"'], (), '[1e2, "\\ud83d\\ude00"]'),
        (["1"], ("a.b", "größe", 'c"'), '{"a.b": {"größe": {"c\\"": [1]}}}'),
        (["1"], ("pages", 3, "items"), '{"pages": [{"items": [1]}]}'),
    ],
)
def test_a_list_is_written_at_its_path(
    raws: list[str], path: tuple[str | int, ...], text: str
) -> None:
    assert list_text(iter(raws), path) == text


@given(st.lists(texts), st.lists(st.text()))
def test_a_list_holds_its_elements_verbatim_and_is_json(raws: list[str], names: list[str]) -> None:
    text = list_text(raws, tuple(names))
    assert f"[{', '.join(raws)}]" in text
    value = json.loads(text)
    for name in names:
        assert value.keys() == {name}
        value = value[name]
    assert value == [json.loads(raw) for raw in raws]


@given(st.dictionaries(st.text(), texts))
def test_an_object_holds_its_members_verbatim_and_is_json(members: dict[str, str]) -> None:
    text = object_text(members)
    assert all(raw in text for raw in members.values())
    assert json.loads(text) == {name: json.loads(raw) for name, raw in members.items()}
    assert list(json.loads(text)) == list(members)


def test_an_object_is_written_with_its_names_encoded() -> None:
    assert object_text({}) == "{}"
    assert object_text({'a"': "1.0", "größe": "{ }"}) == '{"a\\"": 1.0, "größe": { }}'


class Part(BaseModel):
    name: str
    parts: list[Part] = []


class Report(BaseModel):
    """What was found."""

    title: str
    part: Part
    count: int = Field(0, alias="n")


class Loose(BaseModel):
    title: str
    totals: dict[str, int]
    note: str = ""


class Nothing(TypedDict):
    pass


REPORT = request_schema(ResponseShape("object", Report))
LOOSE = request_schema(ResponseShape("object", Loose))


@pytest.mark.parametrize(
    ("whole", "carried", "rest", "required"),
    [
        (REPORT, ["title"], ["part", "n"], ["part", "n"]),
        (REPORT, ["n", "title"], ["part"], ["part"]),
        (REPORT, ["part", "never heard of"], ["title", "n"], ["title", "n"]),
        (LOOSE, ["title"], ["totals", "note"], ["totals"]),
        (LOOSE, ["title", "totals"], ["note"], []),
        (request_schema(ResponseShape("object", Part)), ["name"], ["parts"], ["parts"]),
    ],
)
def test_the_rest_of_an_object_is_what_does_not_stand(
    whole: RequestSchema, carried: list[str], rest: list[str], required: list[str]
) -> None:
    before = copy.deepcopy(whole)
    made = rest_schema(whole, carried)
    assert whole == before
    assert made.schema == {
        **whole.schema,
        "properties": {name: whole.schema["properties"][name] for name in rest},
        "required": required,
    }
    assert list(made.schema["properties"]) == rest
    kept = ("name", "strict", "path", "description", "loose")
    assert all(getattr(made, name) == getattr(whole, name) for name in kept)


@pytest.mark.parametrize(
    ("whole", "carried"),
    [
        (REPORT, []),
        (REPORT, ["count", "never heard of"]),  # names of the answer, not of the fields
        (REPORT, ["title", "part", "n"]),
        (request_schema(ResponseShape("items", Report)), ["items"]),
        (request_schema(ResponseShape("object", int)), ["value"]),
        (request_schema(ResponseShape("object", dict[str, int])), ["a"]),
        (request_schema(ResponseShape("object", Nothing)), ["a"]),
    ],
)
def test_a_schema_without_such_a_rest_stays_as_it_is(
    whole: RequestSchema, carried: list[str]
) -> None:
    assert rest_schema(whole, carried) is whole


def test_a_rest_need_not_say_what_is_required() -> None:
    schema = {"type": "object", "properties": {"a": {}, "b": {}}}
    rest = rest_schema(RequestSchema("Any", schema, strict=False), ["a"])
    assert rest.schema == {"type": "object", "properties": {"b": {}}}


class Indexed(BaseModel):
    first_index: int
    part: Part


@pytest.mark.parametrize("item", [Report, Loose, int, str, Indexed])
@pytest.mark.parametrize("wanted", [FIRST_INDEX, INDEXES])
def test_a_member_beside_the_list_comes_before_it_and_is_asked_for(item: Any, wanted: str) -> None:
    whole = request_schema(ResponseShape("items", item))
    before = copy.deepcopy(whole)
    name = free_name(wanted, whole)
    assert name == ("first_index_" if item is Indexed and wanted == FIRST_INDEX else wanted)
    made = indexed_schema(whole, name)
    assert whole == before
    assert list(made.schema["properties"]) == made.schema["required"] == [name, "items"]
    assert made.schema["properties"]["items"] == whole.schema["properties"]["items"]
    kept = ("name", "strict", "path", "description", "loose")
    assert all(getattr(made, each) == getattr(whole, each) for each in kept)
    made.schema["properties"][name].clear()
    assert indexed_schema(whole, name).schema["properties"][name]["type"] in ("integer", "string")


def test_through_instructor_it_comes_before_the_list_too() -> None:
    for beside, type_ in ((FIRST_INDEX, "integer"), (INDEXES, "string")):
        shape = ResponseShape("items", Report)
        model = capturing_model(shape, CapturedResponse(), parallel=False, beside=beside)
        properties = model.model_json_schema()["properties"]
        assert list(properties) == [beside, "tasks"]
        assert properties[beside]["type"] == type_
        without = capturing_model(shape, CapturedResponse(), parallel=False).model_json_schema()[
            "properties"
        ]
        assert list(without) == ["tasks"]


@pytest.mark.parametrize("mode", MODES)
def test_a_request_asks_for_the_schema_that_it_is_given(mode: Any) -> None:
    shape = ResponseShape("object", Report)
    rest = rest_schema(REPORT, ["title"])
    kwargs = {"messages": ASKED}
    whole = ChatRequestBuilder(shape, Options(mode=mode), kwargs, stream=True).request
    del whole["timeout"]
    assert build_request(mode, kwargs, REPORT, stream=True) == whole
    made = build_request(mode, kwargs, rest, stream=True)
    assert made != whole
    if mode == "json_schema":
        made["response_format"]["json_schema"]["schema"] = REPORT.schema
    elif mode == "tools":
        made["tools"][0]["function"]["parameters"] = REPORT.schema
    else:
        told = made["messages"][0]["content"].partition("schema:\n")[2]
        assert json.loads(told) == rest.schema
        made["messages"][0] = whole["messages"][0]
    assert made == whole


def test_changing_a_request_for_the_rest_does_not_change_the_schemas() -> None:
    rest = rest_schema(REPORT, ["title"])
    before = copy.deepcopy((REPORT, rest))
    request = build_request("json_schema", {}, rest, stream=False)
    request["response_format"]["json_schema"]["schema"]["properties"]["part"].clear()
    request["response_format"]["json_schema"]["schema"]["$defs"].clear()
    assert (REPORT, rest) == before


@pytest.mark.parametrize("said", [SAID, None])
@pytest.mark.parametrize("mode", MODES)
def test_the_sdk_sends_a_follow_up_as_it_is(mode: Any, said: str | None) -> None:
    asked = {"model": "m", "messages": continued(mode, said)}
    schema = request_schema(ResponseShape("items", Part))
    request = build_request(mode, asked, schema, stream=True)
    with ReplayServer('{"items":[]}') as server:
        with openai.OpenAI(base_url=server.base_url, api_key="-", max_retries=0) as client:
            for _chunk in client.chat.completions.create(**request):
                pass
        assert server.requests[0].body == request
