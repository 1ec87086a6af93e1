from __future__ import annotations

import inspect
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from client_runs import ASK, Product, async_sdk, sync_sdk
from extras import needs

from partialstream import from_openai
from partialstream.client.options.near_misses import check_spelling
from partialstream.client.options.options import Options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

OPTIONS: tuple[str, ...] = Options.__slots__

MISSPELLED = {
    "max_retires": "max_retries",
    "max_retry": "max_retries",
    "maxretries": "max_retries",
    "max_request": "max_requests",
    "on_invlid": "on_invalid",
    "on_interupt": "on_interrupt",
    "orderd": "ordered",
    "keys": "key",
    "takes": "take",
    "stopwhen": "stop_when",
    "contxt": "context",
    "template": "templates",
    "stric": "strict",
    "limit": "limits",
    "dead_line": "deadline",
    "hook": "hooks",
    "promts": "prompts",
    "failfast": "fail_fast",
    "pth": "path",
    "modle": "model",
    "modes": "mode",
    "mesages": "messages",
    "temprature": "temperature",
    "max_token": "max_tokens",
    "time_out": "timeout",
    "respones_model": "response_model",
    "reponse_model": "response_model",
}


@pytest.mark.parametrize("sdk", [sync_sdk(), async_sdk()])
@pytest.mark.parametrize("method", ["create", "create_iterable", "create_partial"])
@pytest.mark.parametrize(("wrong", "right"), MISSPELLED.items())
def test_a_misspelled_argument_is_refused_by_the_right_word(
    sdk: Any, method: str, wrong: str, right: str
) -> None:
    given = {"response_model": Product, **ASK, wrong: 2}
    with pytest.raises(TypeError, match=f"^there is no argument {wrong}=; did you mean {right}="):
        getattr(from_openai(sdk), method)(**given)


@pytest.mark.parametrize("sdk", [sync_sdk(), async_sdk()])
@pytest.mark.parametrize("method", ["create", "create_iterable", "create_partial"])
@pytest.mark.parametrize("name", ["api", "rate_limit", "raw_chunks"])
def test_an_argument_of_the_client_is_said_to_be_one(sdk: Any, method: str, name: str) -> None:
    given = {"response_model": Product, **ASK, name: None}
    with pytest.raises(TypeError, match=rf"^{name}= holds .* from_openai\({name}=\.\.\.\)"):
        getattr(from_openai(sdk), method)(**given)


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_is_found_with_a_letter_too_few(name: str) -> None:
    for at in range(1, len(name)):
        wrong = name[:at] + name[at + 1 :]
        if wrong in ("prompt", *OPTIONS):  # the first is an argument of an SDK
            continue
        if len(name) > 3:
            with pytest.raises(TypeError, match=f"there is no argument {wrong}="):
                check_spelling([wrong], OPTIONS)


@pytest.mark.parametrize("name", ["user", "top_k", "min_tokens", "retries", "text", "stop", "x"])
def test_what_resembles_none_of_our_words_is_the_sdks(name: str) -> None:
    check_spelling([name], OPTIONS)


def method(module: str, path: str) -> Callable[[], Iterable[str]]:
    def parameters() -> Iterable[str]:
        found: Any = import_module(module)
        for name in path.split("."):
            found = getattr(found, name)
        return inspect.signature(found).parameters

    return parameters


def fields(module: str, name: str) -> Callable[[], Iterable[str]]:
    return lambda: getattr(import_module(module), name).model_fields


# What the SDKs take: no argument of theirs is refused, whoever sends it.
SDKS = [
    ("openai", method("openai.resources.chat.completions", "Completions.create")),
    ("openai", method("openai.resources.responses", "Responses.create")),
    ("openai", method("openai", "OpenAI.__init__")),
    ("anthropic", method("anthropic.resources.messages", "Messages.create")),
    ("anthropic", method("anthropic.resources.beta.messages", "Messages.create")),
    ("google.genai", method("google.genai.models", "Models.generate_content")),
    ("google.genai", fields("google.genai.types", "GenerateContentConfig")),
    ("google.generativeai", method("google.generativeai", "GenerativeModel.generate_content")),
    ("mistralai", method("mistralai.client.chat", "Chat.complete")),
    ("mistralai", method("mistralai.client.chat", "Chat.stream")),
    ("cohere", method("cohere", "Client.chat")),
    ("cohere", method("cohere", "ClientV2.chat")),
    ("ollama", method("ollama", "Client.chat")),
    ("xai_sdk", method("xai_sdk.sync.chat", "Client.create")),
]


@pytest.mark.filterwarnings("ignore")  # of the SDKs when they are imported
@pytest.mark.parametrize(
    "names", [pytest.param(names, marks=needs("providers", sdk)) for sdk, names in SDKS]
)
def test_no_argument_of_an_sdk_is_refused(names: Callable[[], Iterable[str]]) -> None:
    known = [name for name in names() if name not in OPTIONS]
    assert len(known) >= 4
    check_spelling(known, OPTIONS)


# instructor's own, which a program that comes from there may pass on.
@pytest.mark.parametrize("name", ["llm_api_base", "autodetect_images", "thinking", "system"])
def test_arguments_of_instructor_go_on(name: str) -> None:
    check_spelling([name], OPTIONS)
