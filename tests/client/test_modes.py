from __future__ import annotations

import subprocess
import sys
from typing import Any

import instructor
import pytest

from partialstream.client.options.mode import DEFAULT_MODE, resolve_mode

NEAREST = {
    "JSON_SCHEMA": "json_schema",
    "JSON_O1": "json_schema",
    "OPENROUTER_STRUCTURED_OUTPUTS": "json_schema",
    "TOOLS": "tools",
    "TOOLS_STRICT": "tools",
    "PARALLEL_TOOLS": "tools",
    "FUNCTIONS": "tools",
    "JSON": "json_object",
    "MD_JSON": "json_object",
}


def test_the_default_is_a_schema() -> None:
    assert resolve_mode() == resolve_mode(None) == DEFAULT_MODE == "json_schema"


@pytest.mark.parametrize("mode", ["json_schema", "tools", "json_object"])
def test_our_own_words_mean_themselves(mode: str) -> None:
    assert resolve_mode(mode) == mode


@pytest.mark.parametrize(("name", "expected"), NEAREST.items())
def test_instructors_members_are_understood(name: str, expected: str) -> None:
    member = instructor.Mode[name]
    assert resolve_mode(member) == resolve_mode(member.name) == resolve_mode(member.value)
    assert resolve_mode(member) == expected


@pytest.mark.parametrize("member", [m for m in instructor.Mode if m.name not in NEAREST])
def test_members_for_other_endpoints_and_providers_are_refused(member: instructor.Mode) -> None:
    with pytest.raises(ValueError, match=r"'json_schema', 'tools', 'json_object'.*TOOLS_STRICT"):
        resolve_mode(member)


@pytest.mark.parametrize("mode", ["", "xml", 3, ["tools"]])
def test_what_is_no_mode_is_refused(mode: Any) -> None:
    with pytest.raises(ValueError, match="no such mode"):
        resolve_mode(mode)


def test_reading_a_request_loads_neither_openai_nor_instructor() -> None:
    program = (
        "import sys\n"
        "from partialstream.client.endpoints.chat import build_request\n"
        "from partialstream.client.options.mode import resolve_mode\n"
        "from partialstream.client.response_model import response_shape\n"
        "from partialstream.client.schema import request_schema\n"
        "schema = request_schema(response_shape(list[int]))\n"
        "build_request(resolve_mode('TOOLS'), {}, schema, stream=True)\n"
        "print(sorted({'openai', 'instructor'} & sys.modules.keys()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
