"""`partialstream bench` with the built-in server and with others."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sys
import time
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest
from cli_runs import HERE, start

from partialstream import cli
from partialstream.cli.bench import run_bench
from partialstream.cli.options import BenchOptions
from partialstream.cli.output import ExitCode, run
from partialstream.testing import Answer, Fault, ReplayServer, faults

if TYPE_CHECKING:
    from pathlib import Path

KEY = "sk-never-to-be-shown"
PRODUCTS = '{"items":[{"name":"Lamp","price":39},{"name":"Rug","price":80}]}'
FAST = ("bench", "--items", "2", "--tokens-per-second", "150", "--runs", "2")

posix = pytest.mark.skipif(os.name == "nt", reason="signals and terminals of POSIX")


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.syspath_prepend(str(HERE))


def bench(url: str, **options: object) -> ExitCode:
    settings = {"model": "small", "model_class": "cli_runs:Product", "prompt": "Two, please."}
    chosen = BenchOptions(base_url=url, **{**settings, **options})  # type: ignore[arg-type]  # by name
    return run(lambda: run_bench(chosen))


def test_offline_it_prints_a_table_and_writes_both_files(tmp_path: Path) -> None:
    files = ("--json", str(tmp_path / "a.json"), "--chart", str(tmp_path / "a.svg"))
    with start(*FAST, *files) as process:
        out, err = process.communicate(timeout=200)
    assert process.returncode == 0, err
    lines = out.decode().splitlines()
    assert re.fullmatch(
        r"the built-in server at 150 tokens a second, json_schema: 2 runs streamed, 2 not; "
        r"2 items, \d+ tokens",
        lines[0],
    )
    labels = ["first token", "first item", "item 2", "whole response"]
    assert [line[:14].strip() for line in lines[4:]] == labels
    told = err.decode().splitlines()
    kinds = [re.match(r"partialstream: run \d of 5, ([^(:]+?)( \(|:)", line) for line in told]
    assert [kind[1] for kind in kinds if kind is not None] == [
        "streamed",
        "streamed",
        "not streamed",
        "not streamed",
        "streamed",
    ]
    assert told[0].startswith("partialstream: run 1 of 5, streamed (warm-up, not counted): first ")
    printed = json.loads((tmp_path / "a.json").read_text())
    assert (printed["model"], printed["tokens_per_second"]) == ("replay", 150.0)
    assert printed["finished"] is True
    figures = printed["streamed"]
    order = [figures[name]["p50"] for name in ("first_token", "first_item", "whole_answer")]
    assert order == sorted(order)
    # The first item is half of the answer.
    assert order[1] < printed["not_streamed"]["whole_answer"]["p50"]
    assert len(printed["measured"]) == 4
    assert all(len(each["items"]) == 2 for each in printed["measured"])
    assert ElementTree.parse(tmp_path / "a.svg").getroot().tag.endswith("}svg")


def test_it_asks_its_question_as_often_as_it_says(capfd: pytest.CaptureFixture[str]) -> None:
    with ReplayServer(PRODUCTS, repeat=True) as server:
        code = bench(server.base_url, runs=2, warm_up=1, mode="tools", json_file="-")
    assert code == ExitCode.COMPLETE
    out, err = capfd.readouterr()
    bodies = [request.body for request in server.requests]
    assert [bool(body.get("stream")) for body in bodies] == [True, True, False, False, True]
    assert all(body["messages"][-1]["content"] == "Two, please." for body in bodies)
    assert all("tools" in body and body["model"] == "small" for body in bodies)
    printed = json.loads(out)  # and nothing else
    assert (printed["endpoint"], printed["mode"]) == (server.base_url, "tools")
    assert [len(each["items"]) for each in printed["measured"]] == [2, 2, 2, 2]
    assert all(each["output_tokens"] > 0 for each in printed["measured"])
    assert KEY not in out + err


def test_without_a_warm_up_all_runs_count(capfd: pytest.CaptureFixture[str]) -> None:
    with ReplayServer(PRODUCTS, repeat=True) as server:
        assert bench(server.base_url, runs=1, warm_up=0) == ExitCode.COMPLETE
    assert len(server.requests) == 2
    assert "warm-up" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("fault", "code", "message"),
    [
        (
            faults.HTTPError(401, message=f"wrong key: {KEY}"),
            ExitCode.PROVIDER,
            "{url} refuses the API key (HTTP 401)",
        ),
        (
            faults.HTTPError(404, message=f"no such model for {KEY}"),
            ExitCode.PROVIDER,
            "{url} responded with HTTP 404: no such model for [key]",
        ),
        (faults.Reset(after=3), ExitCode.INCOMPLETE, "disconnected: "),
        (faults.LengthCut(after=3), ExitCode.INCOMPLETE, "truncated: "),
        (faults.Refusal(after=0), ExitCode.REFUSED, "the model refused: "),
        (faults.ErrorEvent(after=3, message=f"no {KEY}"), ExitCode.PROVIDER, "the provider sent "),
    ],
)
def test_what_goes_wrong_is_told_in_a_line(
    fault: Fault, code: ExitCode, message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with ReplayServer(Answer(PRODUCTS, fault=fault), repeat=True) as server:
        assert bench(server.base_url) == code
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith(f"partialstream: {message.format(url=server.base_url)}")
    assert err.count("\n") == 1
    assert KEY not in err


def test_what_was_measured_before_an_error_is_reported(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    busy = Answer(PRODUCTS, fault=faults.HTTPError(503))
    with ReplayServer([PRODUCTS, PRODUCTS, PRODUCTS, busy]) as server:
        assert bench(server.base_url, json_file=str(tmp_path / "a")) == ExitCode.PROVIDER
    out, err = capfd.readouterr()
    assert ": 1 run streamed, 1 not; 2 items" in out
    assert "HTTP 503" in err.splitlines()[-1]
    printed = json.loads((tmp_path / "a").read_text())
    assert (printed["finished"], len(printed["measured"])) == (False, 2)


def test_an_invalid_item_is_told_with_its_code(capfd: pytest.CaptureFixture[str]) -> None:
    with ReplayServer('{"items":[{"name":"Lamp"}]}', repeat=True) as server:
        assert bench(server.base_url) == ExitCode.INVALID
    assert capfd.readouterr().err.startswith("partialstream: invalid: price: Field required")


def test_a_refused_connection_is_told_in_a_line(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert bench(f"http://user:password@127.0.0.1:{port}/v1") == ExitCode.PROVIDER
    out, err = capfd.readouterr()
    assert err.startswith(f"partialstream: http://127.0.0.1:{port}/v1 cannot be reached: ")
    assert "password" not in out + err


REAL = ["--base-url", "http://127.0.0.1:9/v1"]
OWN = [*REAL, "--prompt", "Two, please.", "--model-class"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--runs", "0"], 2, "Invalid value for '--runs'"),
        (["--mode", "xml"], 2, "--mode: no such mode: 'xml'"),
        (["--chart", "chart.png"], 2, "--chart writes SVG"),
        (["--json", "no/such/folder.json"], 8, "there is no such directory"),
        (["--json", "."], 8, "it is a directory"),
        (["--prompt", "p"], 2, "--prompt needs --base-url or --model"),
        (["--model-class", "m:C"], 2, "--model-class needs --base-url or --model"),
        ([*REAL, "--model-class", "m:C"], 2, "--model-class needs a --prompt"),
        ([*REAL, "--prompt", "p", "--items", "3"], 2, "it does not go with --prompt"),
        ([*REAL, "--tokens-per-second", "9"], 2, "--tokens-per-second is for the built-in server"),
        (["--base-url", "somewhere"], 2, "--base-url is not the URL of a server"),
        ([*OWN, "cli_runs"], 2, "--model-class is module:Class, as in shop:Product"),
        ([*OWN, "cli_runs:Nothing"], 2, "there is no Nothing in cli_runs"),
        ([*OWN, "no_such_module:A"], 2, "there is no module no_such_module"),
        ([*OWN, "threading:Thread"], 2, "threading:Thread is not a type that pydantic validates"),
        ([*OWN, "collections.abc:Callable"], 2, "has no JSON schema to ask for"),
    ],
)
def test_a_wrong_command_line_is_told_before_anything_is_asked(
    arguments: list[str],
    code: int,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["partialstream", "bench", *arguments])
    with pytest.raises(SystemExit) as ending:
        sys.exit(cli.main())
    out, err = capsys.readouterr()
    assert (ending.value.code, out) == (code, "")
    assert message in err.splitlines()[-1]


def test_help_names_the_options_and_every_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys, "argv", ["partialstream", "bench", "--help"])
    with pytest.raises(SystemExit):
        cli.main()
    out = capsys.readouterr().out
    options = "base-url model api-key model-class prompt mode runs warm-up items json chart"
    assert all(f"--{name} " in out for name in options.split())
    rows = re.findall(r"^ +(\d+)  (.+)$", out.partition("Exit codes:")[2], re.MULTILINE)
    assert [(int(number), text) for number, text in rows] == [
        (code, code.meaning) for code in ExitCode
    ]


@posix
@pytest.mark.parametrize("after", [0, 3], ids=["the first run", "some runs"])
def test_ctrl_c_reports_what_was_measured_so_far(after: int, tmp_path: Path) -> None:
    file = tmp_path / "a.json"

    def choose(request: object) -> Answer:
        pace = 10_000.0 if len(server.requests) <= after else 2.0
        return Answer(PRODUCTS, tokens_per_second=pace)

    server = ReplayServer(choose)
    options = ("--model", "m", "--model-class", "cli_runs:Product", "--prompt", "p")
    with (
        server,
        start("bench", "--base-url", server.base_url, *options, "--json", str(file)) as process,
    ):
        assert process.stderr is not None
        assert process.stdout is not None
        for _ in range(after):
            assert process.stderr.readline()
        while len(server.requests) <= after:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert process.wait(200) == 130
        out, err = process.stdout.read().decode(), process.stderr.read()
        assert server.requests[after].wait_hung_up(30)
    assert err == b""
    if after:
        assert ": 1 run streamed, 1 not; 2 items" in out
        assert json.loads(file.read_text())["finished"] is False
    else:
        assert out == ""
        assert not file.exists()


@posix
def test_a_terminal_shows_the_run_that_goes_on_and_is_left_as_it_was() -> None:
    import pty

    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"}
    for name in ("NO_COLOR", "LINES", "TTY_COMPATIBLE", "FORCE_COLOR"):
        environment.pop(name, None)
    with start(*FAST, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # the terminal is gone, as Linux says it
                break
            if not piece:
                break
            shown += piece
        assert process.wait(200) == 0
    os.close(ours)
    text = re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", shown).decode()
    assert shown.count(b"\x1b[?25l") == shown.count(b"\x1b[?25h") == 1  # the cursor is back
    assert "partialstream: run 5 of 5, streamed: first item" in text
    assert re.search(r"first item +[\d.]+ m?s +", text)
    assert "whole response" in text
