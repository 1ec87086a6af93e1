"""Runs the type checkers over this folder, where `assert_type` says what they are to find."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]

CHECKERS = {
    "mypy": [sys.executable, "-m", "mypy"],
    # Left alone, pyright looks for packages where the `python` of the search path has them.
    "pyright": [sys.executable, "-m", "pyright", "--pythonpath", sys.executable],
}


def check(command: list[str]) -> None:
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.extra("dev", "mypy")
def test_mypy() -> None:
    check([*CHECKERS["mypy"], str(HERE)])


@pytest.mark.extra("dev", "pyright")
def test_pyright() -> None:
    if shutil.which("node") is None:
        started = subprocess.run(
            [sys.executable, "-m", "pyright", "--version"],
            capture_output=True,
            text=True,
            check=False,
        )
        if started.returncode:
            pytest.skip(f"pyright does not start: {started.stderr[-200:]}")
    check([*CHECKERS["pyright"], str(HERE)])


PRELUDE = """\
from typing import Any

from openai import OpenAI
from pydantic import BaseModel

from partialstream import (
    AsyncClient, Client, ItemParser, Limits, Mode, PartialParser, astream_items, from_instructor,
    from_openai, from_provider, stream_items, stream_partial,
)
from partialstream.testing import Answer, ReplayServer

class Product(BaseModel):
    name: str

class Service(BaseModel):
    hours: int

def returns_text(item: object) -> str:
    return "yes"

async def calls(client: Client, later: AsyncClient, chunks: list[Any], sdk: OpenAI) -> None:
"""

WRONG = (
    # Options of calls: words, numbers, functions.
    'client.create_iterable(response_model=Product, take="x")',
    "client.create_iterable(response_model=Product, take=1.5)",
    'client.create_iterable(response_model=Product, on_invalid="ignore")',
    'client.create_iterable(response_model=Product, on_interrupt="retry")',
    'client.create_iterable(response_model=Product, max_retries="2")',
    "client.create_iterable(response_model=Product, fallbacks=[sdk])",
    'client.create_iterable(response_model=Product, fallbacks=[(sdk, "model")])',
    'client.create_iterable(response_model=Product, first_delta_within="2 s")',
    'client.create_iterable(response_model=Product, mode="yaml")',
    "client.create_iterable(response_model=Product, limits=3)",
    'client.create_iterable(response_model=Product, deadline="1 s")',
    "client.create_iterable(response_model=Product, key=5)",
    'client.create_iterable(response_model=Product, ordered="yes")',
    'client.create_iterable(response_model=Product, templates="yes")',
    "client.create_iterable(response_model=Product, hooks=print)",
    "client.create_iterable(response_model=Product, prompts={})",
    "client.create_iterable(response_model=Product, path=7)",
    "client.create_iterable(response_model=Product, stop_when=returns_text)",
    "client.create_iterable(response_model=Product, stop_when=lambda item: item.hours > 1)",
    "client.create_iterable(response_model=Product | Service, stop_when=lambda x: x.size > 1)",
    "client.create_iterable(response_model=Product, model=5)",
    "client.create_iterable(response_model=Product, messages=5)",
    "client.create_iterable(Product)",
    'client.create_iterable(model="gpt-5")',
    "client.create_iterable(response_model=3)",
    'client.create_partial(response_model=Product, fail_fast="no")',
    "client.create_partial(response_model=Product, stop_when=lambda item: item.hours > 1)",
    'client.create(response_model=Product, max_requests="10")',
    'client.create(response_model=Product, stream=True, on_interrupt="ignore")',
    'client.create(response_model=list[Product], take="x")',
    'client.create(response_model=list[Product], stream=True, take="x")',
    'client.create(response_model=Product | Service, strict="yes")',
    "print(client.create(response_model=Product).hours)",
    'client.create_with_completion(response_model=Product, deadline="1 s")',
    'client.chat.completions.create(response_model=Product, take="x")',
    'client.on("completion:kwarg", print)',
    'later.create_iterable(response_model=Product, take="x")',
    'later.create_partial(response_model=Product, mode="yaml")',
    'await later.create(response_model=Product, max_retries="2")',
    'await later.create_with_completion(response_model=Product, on_invalid="ignore")',
    # What is inferred is held to.
    "for each in client.create_iterable(response_model=Product | Service): print(each.name)",
    "print(client.create_partial(response_model=Product).final().hours)",
    # Streams and parsers.
    'stream_items(Product, chunks, on_invalid="repair")',
    'stream_items(Product, chunks, take="x")',
    'stream_items(Product, chunks, on_invlid="skip")',
    "stream_items(Product, chunks, stop_when=lambda item: item.hours > 1)",
    "stream_partial(Product, chunks, take=3)",
    "astream_items(Product, chunks)",
    'ItemParser(Product, strict="yes")',
    "PartialParser(int)",
    # Clients, limits, the replay server.
    'from_openai(sdk, mode="yaml")',
    "from_openai(sdk, template=True)",
    'from_openai("sk-...")',
    "from_instructor(sdk)",
    'from_provider("openai/gpt-5", templates="yes")',
    "print(Mode.TOOL)",
    'Limits(item_size="1 MB")',
    "Limits(itemsize=1)",
    'Answer("[]", tokens_per_second="50")',
    'Answer("[]", fault="cut")',
    "ReplayServer(3)",
    'ReplayServer("[]", True)',
)


RIGHT = (
    "client.create_iterable(response_model=Product, take=3, on_invalid='skip', max_retries=2)",
    "client.create_iterable(response_model=Product, fallbacks=['m', client, (client, 'm')])",
    "client.create_iterable(response_model=Product, fallbacks=[(client, {'max_tokens': 9})])",
    "client.create_iterable(response_model=Product, mode=Mode.TOOLS, key=lambda item: item.name)",
    "client.create_iterable(response_model=Product, on_invalid=lambda rejected: 'repair')",
    "client.create_iterable(response_model=Product, path=('a', 0), limits=Limits(item_size=10))",
    "client.create_iterable(response_model=Product, stop_when=lambda item: item.name == 'a')",
    "client.create_partial(response_model=Product | Service, stop_when=bool, temperature=0.5)",
    "client.create(response_model=list[Product], model='gpt-5', messages=[], extra_body={})",
    "await later.create(response_model=Product, input='A product, please.', deadline=2)",
    "for each in client.create_iterable(response_model=Product): print(each.name)",
    "client.on('completion:kwargs', print)",
    "stream_items(Product | Service, chunks, take=3, on_invalid='skip')",
    "stream_partial(Product, chunks, stop_when=lambda product: product.name == 'a')",
    "from_openai(sdk, mode='tools').create(response_model=Product)",
    "from_provider('openai/gpt-5', mode=Mode.ANTHROPIC_TOOLS, api_key='test')",
    "ReplayServer([Answer('[]', tokens_per_second=50), '[]'], repeat=True)",
)


@pytest.mark.parametrize(
    "checker", [pytest.param(each, marks=pytest.mark.extra("dev", each)) for each in CHECKERS]
)
def test_wrong_calls_are_refused_and_right_ones_are_not(checker: str, tmp_path: Path) -> None:
    program = tmp_path / "calls.py"  # each call on a line of its own
    program.write_text(PRELUDE + "".join(f"    {each}\n" for each in (*WRONG, *RIGHT)))
    run = subprocess.run(
        [*CHECKERS[checker], *(["--strict"] if checker == "mypy" else []), str(program)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1, run.stdout + run.stderr
    lines = program.read_text().splitlines()
    errors = re.findall(r"calls\.py:(\d+):(?:\d+ -)? error", run.stdout)
    refused = {lines[int(line) - 1].strip() for line in errors}
    assert refused == set(WRONG), run.stdout


@pytest.mark.parametrize(
    "checker", [pytest.param(each, marks=pytest.mark.extra("dev", each)) for each in CHECKERS]
)
def test_a_wrong_type_is_found(checker: str, tmp_path: Path) -> None:
    # Else the tests above would also pass where nothing is inferred at all.
    wrong = tmp_path / "wrong.py"
    wrong.write_text(
        "from partialstream import ItemParser\n"
        "from typing_extensions import assert_type\n"
        "assert_type(ItemParser(int).feed(''), list[str])\n"
    )
    run = subprocess.run(
        [*CHECKERS[checker], str(wrong)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1, run.stdout + run.stderr
    assert "list[int]" in run.stdout
