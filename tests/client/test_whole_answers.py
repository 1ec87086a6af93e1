from __future__ import annotations

from typing import Any

import pytest
from openai.types.chat import ChatCompletion

from partialstream.client.answers import read_answer
from partialstream.errors import ProviderError
from partialstream.results import Usage


def completion(*messages: dict[str, Any], finish_reason: str = "stop") -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1700000000,
        "model": "gpt-5",
        "choices": [
            {
                "index": index,
                "message": {"role": "assistant", "content": None, **message},
                "finish_reason": finish_reason,
            }
            for index, message in enumerate(messages)
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7},
    }


def call(arguments: str, index: int = 0) -> dict[str, Any]:
    function = {"name": "Product", "arguments": arguments}
    return {"id": f"call_{index}", "type": "function", "function": function}


@pytest.mark.parametrize("as_object", [False, True])
@pytest.mark.parametrize(
    ("messages", "documents", "text"),
    [
        ([{"content": '{"n":1}'}], ['{"n":1}'], '{"n":1}'),
        ([{"content": ""}], [], ""),
        ([{}], [], ""),
        ([], [], ""),
        ([{"content": "1"}, {"content": "2"}], ["1", "2"], "1"),
        ([{"tool_calls": [call('{"n":1}')]}], ['{"n":1}'], '{"n":1}'),
        ([{"tool_calls": [call("{}"), call("[]", 1)]}], ["{}", "[]"], "{}"),
        ([{"content": "Here it is.", "tool_calls": [call("{}")]}], ["Here it is.", "{}"], "{}"),
        ([{"tool_calls": [call("")]}], ["{}"], "{}"),
        ([{"refusal": "No."}], [], ""),
    ],
)
def test_the_document_is_found_in_content_and_in_tool_calls(
    messages: list[dict[str, Any]], documents: list[str], text: str, as_object: bool
) -> None:
    whole: Any = completion(*messages)
    answer = read_answer(ChatCompletion.model_validate(whole) if as_object else whole)
    assert [document for _, document in answer.documents] == documents
    assert answer.text == text


def test_what_is_said_beside_the_document_is_in_the_metadata() -> None:
    answer = read_answer(completion({"refusal": "No."}, finish_reason="length"))
    assert answer.metadata.refusal == "No."
    assert answer.metadata.finish_reason == "length"
    assert answer.metadata.usage == Usage(input_tokens=3, output_tokens=4)
    assert answer.metadata.model == "gpt-5"


@pytest.mark.parametrize("answer", [{"error": {"message": "overloaded"}}, {"unknown": 1}, 7])
def test_an_error_and_an_unknown_shape_are_the_providers_fault(answer: Any) -> None:
    with pytest.raises(ProviderError):
        read_answer(answer)
