from __future__ import annotations

import dataclasses
import enum
from types import SimpleNamespace
from typing import Any

import pydantic
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from source_runs import brief, call, calls, choice, chunk, read_all, says

from partialstream.sources.chat import ChatSource
from partialstream.sources.common import plain
from partialstream.sources.detect import source_for
from partialstream.usage import Usage

CHUNKS = [
    says({"role": "assistant", "content": ""}),
    says({"reasoning_content": "t", "content": None}),
    says({"content": "a"}),
    says({"content": [{"type": "text", "text": "b"}]}),
    says({"refusal": "No."}),
    calls(call("", id="x", name="f"), call("[1]", index=1, id="y", name="g")),
    calls(call("[2]")),
    calls(call({"k": 0}, index=2, id="z")),
    chunk(choice({"content": "c"}, 1, "stop", content_filter_results={"hate": {}})),
    says({}, "tool_calls"),
    chunk(usage={"prompt_tokens": 3, "completion_tokens": 2}, service_tier="flex"),
]


class Extensible(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")


def as_models(value: Any) -> Any:
    """What SDKs make without checking: extensible models all the way down."""
    if isinstance(value, dict):
        return Extensible.model_construct(**{key: as_models(each) for key, each in value.items()})
    return [as_models(each) for each in value] if isinstance(value, list) else value


def as_namespaces(value: Any) -> Any:
    if isinstance(value, dict):
        fields = {key: as_namespaces(each) for key, each in value.items()}
        return SimpleNamespace(_request="hidden", **fields)
    return [as_namespaces(each) for each in value] if isinstance(value, list) else value


class Mapped(dict[str, Any]):
    """An SDK's object that is a dict as well."""


def as_mapped(value: Any) -> Any:
    if isinstance(value, dict):
        return Mapped({key: as_mapped(each) for key, each in value.items()})
    return [as_mapped(each) for each in value] if isinstance(value, list) else value


def as_sdk(value: Any) -> Any:
    return ChatCompletionChunk.construct(**value)


def as_mixed(value: Any) -> Any:
    return {**value, "choices": [as_namespaces(each) for each in value["choices"]]}


@pytest.mark.parametrize(
    "build",
    [
        as_sdk,
        pytest.param(
            as_models,
            marks=pytest.mark.skipif(
                pydantic.VERSION < "2.12",
                reason="leaves models of one class in each other as models",
            ),
        ),
        as_namespaces,
        as_mapped,
        as_mixed,
    ],
)
def test_objects_give_what_dicts_give(build: Any) -> None:
    by_dict, by_object = ChatSource(), source_for(build(CHUNKS[0]))
    assert isinstance(by_object, ChatSource)
    for each in CHUNKS:
        assert by_object.feed(build(each)) == by_dict.feed(each)
    assert by_object.finish() == by_dict.finish()
    for name in ("finish_reason", "refusal", "reasoning", "usage", "model", "request_id", "extra"):
        assert getattr(by_object.metadata, name) == getattr(by_dict.metadata, name)


def test_a_whole_answer_as_an_object() -> None:
    answer = ChatCompletion.model_validate(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "test-model",
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "tool_calls",
                    "message": {
                        "role": "assistant",
                        "content": "So:",
                        "tool_calls": [
                            {
                                "id": "a",
                                "type": "function",
                                "function": {"name": "f", "arguments": "[1]"},
                            }
                        ],
                    },
                }
            ],
            "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
        }
    )
    source = source_for(answer)
    assert brief(read_all(source, [answer])) == {("content", 0): "So:", ("tool", (0, 0)): "[1]"}
    assert source.metadata.usage == Usage(3, 2)
    assert source.metadata.finish_reason == "tool_calls"


class Reason(enum.Enum):
    STOP = "stop"


@dataclasses.dataclass(slots=True)
class Slotted:
    content: str
    reason: Reason
    refusal: None = None


class ForJSON(pydantic.BaseModel):
    a: Any

    @pydantic.model_serializer(mode="plain", when_used="json")
    def serialize(self) -> Any:
        return {}


class Derived(Extensible):
    index: int = 1


class Holder(pydantic.BaseModel):
    choice: Extensible
    nothing: None = None


class Deferred:
    """A model like the SDK's, on a pydantic that cannot turn it into a dict yet."""

    class __pydantic_serializer__:
        @staticmethod
        def to_python(value: Any, **options: Any) -> Any:
            raise TypeError("'MockValSer' object is not an instance of 'SchemaSerializer'")

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)
        self.__pydantic_extra__ = {"more": Reason.STOP}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Deferred(a=[Deferred(b=None)]), {"a": [{"more": "stop"}], "more": "stop"}),
        (ForJSON(a=[ForJSON(a=Reason.STOP)]), {"a": [{"a": "stop"}]}),
        (Slotted("a", Reason.STOP), {"content": "a", "reason": "stop"}),
        (Holder(choice=Derived.model_construct(x=2)), {"choice": {"index": 1, "x": 2}}),
        (SimpleNamespace(a=[SimpleNamespace(b=None, c=1)], _d=2), {"a": [{"c": 1}]}),
        ({"a": None}, {"a": None}),
        (Mapped(a=Mapped(b=None)), {"a": {"b": None}}),
        (3, 3),
        (b"a", b"a"),
        (Slotted, Slotted),
    ],
)
def test_plain(value: Any, expected: Any) -> None:
    assert plain(value) == expected


def test_an_object_that_refers_to_itself_ends() -> None:
    loop = SimpleNamespace(choices=[])
    loop.choices.append(loop)
    assert isinstance(plain(loop), dict)
