"""What an editor lists: through jedi, which completes in IPython, Jupyter and vim."""

from __future__ import annotations

from dataclasses import fields
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from partialstream.client.options.options import Options

if TYPE_CHECKING:
    from collections.abc import Iterable

pytestmark = pytest.mark.extra("dev", "jedi")

PRELUDE = """\
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel
from partialstream import *

class Product(BaseModel):
    name: str

client = from_openai(OpenAI())
later = from_openai(AsyncOpenAI())
"""

OPTIONS = {each.name for each in fields(Options)}
FOR_ITEMS = {"path", "on_invalid", "ordered", "key", "take"}
FOR_OBJECTS = {"fail_fast"}

METHODS = {
    "create_iterable": OPTIONS - FOR_OBJECTS,
    "create_partial": OPTIONS - FOR_ITEMS,
    "create": OPTIONS,
    "create_with_completion": OPTIONS,
}


def at_the_end_of(line: str) -> Any:
    jedi: Any = import_module("jedi")
    return jedi.Script(PRELUDE + line)


def completed(line: str) -> set[str]:
    """The keywords that are offered where a line ends."""
    found = at_the_end_of(line).complete()
    return {each.name.rstrip("=") for each in found if each.type == "param"}


def shown(line: str) -> Iterable[set[str]]:
    """The parameters of each signature that is shown where a line ends."""
    for signature in at_the_end_of(line).get_signatures():
        yield {parameter.name for parameter in signature.params}


@pytest.mark.parametrize("client", ["client", "later"])
@pytest.mark.parametrize("method", METHODS)
def test_the_options_of_a_method_are_completed(client: str, method: str) -> None:
    offered = completed(f"{client}.{method}(")
    assert METHODS[method] | {"response_model", "model", "messages"} <= offered
    assert not (OPTIONS - METHODS[method]) & offered
    assert completed(f"{client}.{method}(response_model=Product, max_r") == {
        "max_retries",
        "max_requests",
    }


def test_the_ones_that_are_looked_for_most() -> None:
    assert {"max_retries", "on_invalid", "take"} <= completed("client.create_iterable(")
    assert completed("client.create_iterable(on_i") == {"on_invalid", "on_interrupt"}


@pytest.mark.parametrize("client", ["client", "later"])
@pytest.mark.parametrize("method", METHODS)
def test_the_signatures_list_the_options(client: str, method: str) -> None:
    signatures = list(shown(f"{client}.{method}("))
    assert signatures
    for each in signatures:
        assert METHODS[method] <= each


@pytest.mark.parametrize(
    ("call", "names"),
    [
        ("stream_items(Product, [], ", {"path", "on_invalid", "take", "stop_when", "limits"}),
        ("stream_partial(Product, [], ", {"context", "strict", "limits", "stop_when"}),
        ("ItemParser(Product, ", {"path", "on_invalid", "context", "strict", "limits"}),
        ("Limits(", {"item_size", "idle_seconds", "text_kept"}),
        ("from_openai(OpenAI(), ", {"mode", "templates"}),
        ("from_provider('openai/gpt-5', ", {"mode", "async_client", "templates"}),
    ],
)
def test_other_calls_are_completed(call: str, names: set[str]) -> None:
    assert names <= completed(call)


def test_modes_are_completed() -> None:
    found = {each.name for each in at_the_end_of("Mode.").complete()}
    assert {"TOOLS", "JSON_SCHEMA", "JSON", "MD_JSON", "ANTHROPIC_TOOLS"} <= found


def test_what_a_stream_gives_is_known() -> None:
    stream = at_the_end_of("client.create_iterable(response_model=Product).").complete()
    assert {"outcome", "usage", "detailed", "rejected"} <= {each.name for each in stream}
