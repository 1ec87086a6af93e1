"""`partialstream demo` with its own server and among other processes."""

from __future__ import annotations

import json
import os
import re
import signal

import pytest
from cli_runs import read_line, start

from partialstream.cli.demo import Race, figures, run_demo
from partialstream.cli.demo_data import CATALOGUE, RankedProduct, answer, messages
from partialstream.cli.endpoint import open_endpoint
from partialstream.cli.options import DemoOptions
from partialstream.cli.output import ExitCode

FAST = ("demo", "--items", "3", "--tokens-per-second", "60")

posix = pytest.mark.skipif(os.name == "nt", reason="signals, pipes and terminals of POSIX")


def test_a_pipe_gets_a_line_for_each_item_and_a_table() -> None:
    with start(*FAST) as process:
        out, err = process.communicate(timeout=200)
    assert (process.returncode, err) == (0, b"")
    lines = out.decode().splitlines()
    assert lines[0] == (
        "Ranking 3 products for a customer, twice at the same time, at 60 tokens a second"
    )
    items = [re.match(r" +(\d\.\d\d) s  item by item  +(\d)\. ([^:]+): ", line) for line in lines]
    names = [item[3] for item in items if item is not None]
    assert names == ["Waterproof pannier, 20 litres", "Dynamo light set", "Cast iron pan, 26 cm"]
    # Both end at about the same time.
    assert any(re.fullmatch(r" +\d\.\d\d s  whole response  all 3 items", line) for line in lines)
    assert all(len(line) <= 100 for line in lines)
    blank, head, streamed, whole, ratio = lines[5:]
    assert blank == ""
    assert head.split() == ["first", "item", "last", "item"]
    first, last = map(float, re.findall(r"([\d.]+) s", streamed))
    assert 0.1 < first < last - 0.1
    whole_first, whole_last = map(float, re.findall(r"([\d.]+) s", whole))
    assert whole_first == whole_last > first + 0.1
    assert re.fullmatch(r"ratio +[\d.]+ x +[\d.]+ x", ratio)


def test_figures_for_a_program(capfd: pytest.CaptureFixture[str]) -> None:
    options = DemoOptions(items=2, tokens_per_second=100, as_json=True)
    assert run_demo(options) == ExitCode.COMPLETE
    out, err = capfd.readouterr()
    assert err == ""
    assert out.count("\n") == 1
    printed = json.loads(out)
    streamed, whole = printed["streamed"], printed["whole"]
    assert (printed["model"], printed["tokens_per_second"]) == ("replay", 100.0)
    assert len(streamed["items"]) == len(whole["items"]) == 2
    assert streamed["items"] == [streamed["first_item"], streamed["last_item"]]
    assert streamed["first_item"] < streamed["last_item"]
    assert whole["first_item"] == whole["last_item"] > streamed["first_item"]
    assert printed["first_item_ratio"] == pytest.approx(
        whole["first_item"] / streamed["first_item"], abs=0.1
    )


def test_figures_without_an_item() -> None:
    with open_endpoint(DemoOptions(), 10) as endpoint:
        printed = figures(Race(endpoint, 1), endpoint)
    assert printed["streamed"] == {"first_item": None, "last_item": None, "items": []}
    assert printed["first_item_ratio"] is None


def test_the_answer_ranks_what_was_asked_for() -> None:
    for count in (1, 4, 10):
        ranking = [RankedProduct(**item) for item in json.loads(answer(count))["items"]]
        assert len(ranking) == count
        assert all(CATALOGUE[product.product_id] == product.name for product in ranking)
        scores = [product.score for product in ranking]
        assert scores == sorted(scores, reverse=True)
        prompt = messages(count)[-1]["content"]
        assert set(re.findall(r"P-\d+", prompt)) == {product.product_id for product in ranking}


def test_a_run_takes_ten_to_fifteen_seconds_at_fifty_tokens_a_second() -> None:
    assert 10 < len(answer(10)) / 4 / 50 < 15


@posix
def test_a_reader_that_leaves_ends_it_quietly() -> None:
    with start("demo", "--tokens-per-second", "200") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        read_line(process)
        process.stdout.close()
        assert process.wait(200) == 141
        assert process.stderr.read() == b""


@posix
@pytest.mark.parametrize("interrupted", [False, True], ids=["to the end", "ctrl-c"])
def test_a_terminal_shows_both_runs_side_by_side(interrupted: bool) -> None:
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color"}
    for name in ("NO_COLOR", "COLUMNS", "LINES", "TTY_COMPATIBLE", "FORCE_COLOR"):
        environment.pop(name, None)
    arguments = FAST if not interrupted else (*FAST[:-1], "20")
    with start(*arguments, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                shown += os.read(ours, 65536)
            except OSError:  # the terminal is gone, as Linux says it
                break
            if interrupted and b"whole response" in shown:
                process.send_signal(signal.SIGINT)
                interrupted = False
        code = process.wait(200)
    os.close(ours)
    text = re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", shown).decode()
    assert re.search(r"╭─+ item by item ─+╮╭─+ whole response ─+╮", text)
    assert shown.count(b"\x1b[?25l") == shown.count(b"\x1b[?25h") == 1  # the cursor is back
    assert "Traceback" not in text
    if arguments is FAST:
        assert code == 0
        # A frame with items on the left and a clock on the right.
        assert re.search(r"│ +[\d.]+ s +1\. Waterproof pannier[^│]*││ +[\d.]+ s  … +│", text)
        assert re.search(r"1\. Waterproof pannier[^│]*││ +[\d.]+ s   1\. Waterproof pannier", text)
        assert re.search(r"item by item +[\d.]+ s +[\d.]+ s\s+whole response +[\d.]+ s", text)
    else:
        assert code == 130
