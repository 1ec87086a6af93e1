"""What users may rely on: names, signatures, documentation, and what an import costs."""

from __future__ import annotations

import dataclasses
import doctest
import importlib
import inspect
import pkgutil
import subprocess
import sys
from typing import Any

import pytest

import partialstream
from partialstream import PartialStreamError

NAMES = [
    "AnswerMetadata",
    "AsyncClient",
    "AsyncItemStream",
    "AsyncPartialStream",
    "Atomic",
    "Attempt",
    "AttemptFailed",
    "AttemptStarted",
    "Change",
    "Client",
    "Confidence",
    "Finished",
    "Gate",
    "Hooks",
    "IncompleteStreamError",
    "Item",
    "ItemParser",
    "ItemRejected",
    "ItemRepaired",
    "ItemStream",
    "JSONSyntaxError",
    "LimitExceededError",
    "Limits",
    "Mode",
    "Outcome",
    "OutputValidationError",
    "Partial",
    "PartialParser",
    "PartialStream",
    "PartialStreamError",
    "Prompts",
    "ProviderError",
    "Quote",
    "RateLimit",
    "RefusalError",
    "RejectedItem",
    "Resumed",
    "RetriesExhaustedError",
    "Snapshot",
    "Span",
    "TextDelta",
    "Timing",
    "Token",
    "Usage",
    "WordWatch",
    "astream_items",
    "astream_partial",
    "completeness",
    "confidence",
    "from_instructor",
    "from_openai",
    "from_provider",
    "stream_items",
    "stream_partial",
]

OBJECT = "context=None, strict=None, limits=None, lenient=False, source_text=None"
ITEMS = f"path=None, on_invalid='raise', {OBJECT}"

SIGNATURES = {
    "ItemParser": f"(type_, *, {ITEMS})",
    "ItemParser.feed": "(self, delta)",
    "ItemParser.finish": "(self)",
    "PartialParser": f"(model, *, {OBJECT}, fail_fast=False, carried=None)",
    "PartialParser.feed": "(self, delta)",
    "PartialParser.finish": "(self)",
    "stream_items": f"(type_, chunks, *, {ITEMS}, take=None, stop_when=None)",
    "astream_items": f"(type_, chunks, *, {ITEMS}, take=None, stop_when=None)",
    "stream_partial": f"(model, chunks, *, {OBJECT}, stop_when=None)",
    "astream_partial": f"(model, chunks, *, {OBJECT}, stop_when=None)",
    "WordWatch": "(words, *, ignore_case=False)",
    "WordWatch.feed": "(self, text, channel=None)",
    "completeness": "(snapshot, path=())",
    "confidence": "(snapshot, path=())",
    "from_openai": (
        "(client, *, api='chat', mode=None, templates=False, raw_chunks=None, fallbacks=(), "
        "first_delta_within=None, rate_limit=None)"
    ),
    **{
        f"{stream}.{method}": "(self)"
        for stream in ("ItemStream", "AsyncItemStream")
        for method in ("detailed", "close")
    },
    **{
        f"{stream}.{method}": "(self)"
        for stream in ("PartialStream", "AsyncPartialStream")
        for method in ("final", "close")
    },
    **{
        f"{prefix}{stream}": signature
        for prefix in ("", "Async")
        for stream, signature in {
            "ItemStream.events": "(self, *, text=True, ordered=False)",
            "ItemStream.changes": "(self, *, throttle=0, by_alias=None)",
            "PartialStream.events": "(self, *, text=True, changes=False, by_alias=None)",
            "PartialStream.changes": "(self, *, throttle=0, by_alias=None)",
        }.items()
    },
}

ERRORS = {
    "JSONSyntaxError": ("PartialStreamError", "ValueError"),
    "OutputValidationError": ("PartialStreamError",),
    "IncompleteStreamError": ("PartialStreamError",),
    "RefusalError": ("PartialStreamError",),
    "ProviderError": ("PartialStreamError",),
    "LimitExceededError": ("PartialStreamError",),
    "RetriesExhaustedError": ("PartialStreamError",),
}

FIELDS = {
    "Change": ["path", "op", "value"],
    "Item": ["value", "index", "path", "raw", "attempt", "received_at", "confidence"],
    "Span": ["start", "end", "match"],
    "Token": ["channel", "data", "logprob", "alternatives"],
    "RejectedItem": ["index", "raw", "error", "path", "attempt"],
    "Outcome": ["status", "finish_reason", "detail", "tail"],
    "Usage": [
        "input_tokens",
        "output_tokens",
        "cached_tokens",
        "reasoning_tokens",
        "complete",
        "estimated_output_tokens",
        "cache_write_tokens",
    ],
    "Timing": ["first_delta", "first_item", "items", "total"],
    "Attempt": [
        *("number", "cause", "outcome", "usage", "duration", "model", "provider"),
        *("responding_model", "estimated_input_tokens"),
    ],
    "Limits": [
        "depth",
        "item_size",
        "item_count",
        "total_size",
        "text_kept",
        "event_size",
        "channels",
        "rejected_size",
        "whitespace_run",
        "repeated_items",
        "idle_seconds",
    ],
}

MODULES = [
    "partialstream",
    *(
        module.name
        for module in pkgutil.walk_packages(partialstream.__path__, "partialstream.")
        if not module.name.startswith("partialstream.testing")  # a test of its own runs those
    ),
]


def public(name: str) -> Any:
    value: Any = partialstream
    for part in name.split("."):
        value = getattr(value, part)
    return value


def test_the_names() -> None:
    assert partialstream.__all__ == NAMES
    assert set(NAMES) <= set(dir(partialstream))
    namespace: dict[str, Any] = {}
    exec("from partialstream import *", namespace)
    assert set(NAMES) <= set(namespace)
    assert partialstream.__version__


def test_an_unknown_name_is_an_attribute_error() -> None:
    name = "stream_item"
    with pytest.raises(AttributeError, match="stream_item"):
        getattr(partialstream, name)


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures(name: str) -> None:
    signature = inspect.signature(public(name))
    bare = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for parameter in signature.parameters.values()
    ]
    assert str(inspect.Signature(bare)) == SIGNATURES[name]


@pytest.mark.parametrize("name", ERRORS)
def test_the_tree_of_errors(name: str) -> None:
    assert tuple(base.__name__ for base in public(name).__bases__) == ERRORS[name]
    assert issubclass(public(name), PartialStreamError)
    assert PartialStreamError("").outcome is None


@pytest.mark.parametrize("name", FIELDS)
def test_fields_of_results(name: str) -> None:
    cls = public(name)
    assert [field.name for field in dataclasses.fields(cls)] == FIELDS[name]
    assert hasattr(cls, "__slots__")


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_says_what_it_is(name: str) -> None:
    value = public(name)
    assert value.__doc__
    # A dataclass that says nothing has its signature for a docstring.
    assert not value.__doc__.startswith(f"{name}(")
    if not inspect.isclass(value):
        return
    for cls in value.__mro__:
        if not cls.__module__.startswith("partialstream"):
            continue
        for member_name, member in vars(cls).items():
            if member_name[0] == "_" or not (callable(member) or isinstance(member, property)):
                continue
            assert inspect.getdoc(member), f"{name}.{member_name}"


def test_an_import_loads_no_sdk() -> None:
    code = (
        "import sys, partialstream\n"
        "list(partialstream.stream_items(int, ['[1, 2]']))\n"
        "partialstream.PartialParser, partialstream.astream_partial\n"
        "unwanted = {'openai', 'instructor', 'starlette', 'uvicorn', 'typer', 'rich', 'httpx'}\n"
        "print(sorted(unwanted & sys.modules.keys()))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("name", MODULES)
def test_every_example_runs(name: str) -> None:
    # As in a user's interpreter: without the module's own `from __future__ import annotations`.
    result = doctest.testmod(importlib.import_module(name), extraglobs={"annotations": None})
    assert result.failed == 0


def test_every_module_says_what_it_is() -> None:
    assert len(MODULES) > 50
    for name in MODULES:
        module = importlib.import_module(name)
        assert module.__doc__ or inspect.getsource(module).strip() == "", name
