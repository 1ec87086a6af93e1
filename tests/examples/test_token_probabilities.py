from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from example_runs import EXAMPLES, NEEDS

from partialstream.testing import Answer, ReplayRequest, ReplayServer

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = NEEDS["token_probabilities"]

MEMBER = re.compile(r" +([\d.]+)%  (\w+) = (.+?)(  <- check this)?")
TOKEN = re.compile(r" +([\d.]+)%  '(.*)'")


def run(*arguments: str, **environment: str) -> str:
    """Run it. Not with warnings as errors: LiteLLM leaves an event loop open."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "token_probabilities.py"), *arguments],
        env={**os.environ, "PYTHONUTF8": "1", **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def members(rows: list[str]) -> list[list[tuple[str, str, float, bool]]]:
    """Of each row its members: name, value, percentage, and whether it is flagged."""
    return [
        [
            (found[2], found[3], float(found[1]), bool(found[4]))
            for line in row.splitlines()
            if (found := MEMBER.fullmatch(line))
        ]
        for row in rows
    ]


def rows_of(shown: str) -> list[str]:
    assert shown.startswith("row 1\n")
    return re.split(r"row \d+\n", shown)[1:]


def test_each_member_has_a_confidence_and_low_ones_are_flagged() -> None:
    rows = rows_of(run())
    found = members(rows)
    assert [[member[1] for member in row] for row in found] == [
        ["'Desk lamp'", "2", "39.5"],
        ["'Rug'", "1", "180.0"],
        ["'Shelf'", "4", "64.0"],
    ]
    assert [[member[0] for member in row] for row in found] == [["article", "count", "price"]] * 3
    flagged = [(name, value, percent) for row in found for name, value, percent, low in row if low]
    assert flagged == [("price", "180.0", 52.0), ("count", "4", 44.0)]
    # The joint probability of two tokens: 0.97 * 0.999 and 0.94 * 0.999.
    assert [found[0][0][2], found[0][2][2]] == [96.9, 93.9]

    # Where nothing is flagged, nothing else is told; elsewhere the five likeliest, in order.
    tokens = [TOKEN.findall(row) for row in rows]
    assert tokens == [
        [],
        [("52.0", "180"), ("27.0", "80"), ("11.0", "130"), ("6.0", "18"), ("2.0", "1")],
        [("48.0", "9"), ("44.0", "4"), ("4.0", "49"), ("2.0", "5"), ("1.0", "6")],
    ]
    assert '"price": ' in rows[1].split("behind", 1)[1]
    assert '"count": ' in rows[2].split("behind", 1)[1]


@pytest.mark.parametrize(
    ("logprobs", "expected"),
    [
        (None, "row 1\n   (the endpoint tells no probabilities)\n"),
        (lambda text: 0.0, "row 1\n   100.0%  article = 'Mug'\n"),
    ],
)
def test_a_real_endpoint_is_asked_for_five(
    logprobs: Callable[[str], float] | None, expected: str
) -> None:
    def script(request: ReplayRequest) -> Answer:
        return Answer('{"tasks": [{"article": "Mug", "count": 3, "price": 6}]}', logprobs=logprobs)

    with ReplayServer(script) as server:
        arguments = ("--live", "--base-url", server.base_url, "--model", "mini")
        shown = run(*arguments, OPENAI_API_KEY="test")
        (request,) = server.requests
    assert shown.startswith(expected)
    assert "check this" not in shown
    body = request.body
    assert (body["model"], body["logprobs"], body["top_logprobs"]) == ("mini", True, 5)
    assert "tools" not in body  # tool calls have no probabilities
    assert "l80,-" in body["messages"][-1]["content"]
