"""`partialstream demo` against an endpoint that is not its own."""

from __future__ import annotations

import json
import os
import signal
import socket

import pytest
from cli_runs import read_line, start

from partialstream.cli.demo import run_demo
from partialstream.cli.demo_data import answer
from partialstream.cli.options import DemoOptions
from partialstream.cli.output import ExitCode, run
from partialstream.testing import Answer, Fault, ReplayServer, faults

KEY = "sk-never-to-be-shown"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


def demo(url: str, **options: object) -> ExitCode:
    settings = DemoOptions(items=2, base_url=url, **options)  # type: ignore[arg-type]  # by name
    return run(lambda: run_demo(settings))


def test_it_asks_twice_and_shows_what_came(capfd: pytest.CaptureFixture[str]) -> None:
    with ReplayServer(Answer(answer(2), tokens_per_second=1000), repeat=True) as server:
        assert demo(server.base_url, model="small") == ExitCode.COMPLETE
    out, err = capfd.readouterr()
    assert err == ""
    lines = out.splitlines()
    assert lines[0].endswith(f", by small at {server.base_url}")
    assert sum(" item by item  " in line for line in lines) == 2
    assert [request.body["model"] for request in server.requests] == ["small", "small"]
    assert sorted(bool(request.body.get("stream")) for request in server.requests) == [False, True]
    assert KEY not in out


def test_the_environment_names_the_endpoint(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with ReplayServer(answer(2), repeat=True) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.delenv("OPENAI_API_KEY")
        options = DemoOptions(items=2, model="small", as_json=True)
        assert run(lambda: run_demo(options)) == ExitCode.COMPLETE
    printed = json.loads(capfd.readouterr().out)
    assert (printed["model"], printed["tokens_per_second"]) == ("small", None)


def test_the_environment_alone_spends_no_money(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with ReplayServer("never asked") as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        options = DemoOptions(items=1, tokens_per_second=10_000, as_json=True)
        assert run_demo(options) == ExitCode.COMPLETE
        assert not server.requests
    assert json.loads(capfd.readouterr().out)["model"] == "replay"


@pytest.mark.parametrize(
    ("fault", "code", "message"),
    [
        (
            faults.HTTPError(401, message=f"wrong key: {KEY}"),
            ExitCode.PROVIDER,
            "{url} refuses the API key (HTTP 401)",
        ),
        (
            faults.HTTPError(404, message=f"no such model for {KEY}\nat all"),
            ExitCode.PROVIDER,
            "{url} responded with HTTP 404: no such model for [key]\\nat all",
        ),
        (faults.HTTPError(503), ExitCode.PROVIDER, "{url} responded with HTTP 503: "),
        (faults.Reset(after=3), ExitCode.INCOMPLETE, "disconnected: "),
        (faults.LengthCut(after=3), ExitCode.INCOMPLETE, "truncated: "),
        (faults.Refusal(after=0), ExitCode.REFUSED, "the model refused: "),
        (faults.ContentFilter(after=3), ExitCode.REFUSED, "a content filter stepped in"),
        (faults.ErrorEvent(after=3, message="too busy"), ExitCode.PROVIDER, "the provider sent "),
        (faults.ErrorEvent(after=3, message=f"no {KEY}"), ExitCode.PROVIDER, "the provider sent "),
    ],
)
def test_what_goes_wrong_is_told_in_a_line(
    fault: Fault, code: ExitCode, message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    # The answer that is waited for comes late, so that the streamed one says what is wrong.
    def choose(request: object) -> Answer:
        late = not getattr(request, "body", {}).get("stream")
        return Answer(answer(2), fault=fault, first_delay=5.0 if late else 0.0)

    with ReplayServer(choose) as server:
        assert demo(server.base_url) == code
        url = server.base_url
    out, err = capfd.readouterr()
    assert err.startswith(f"partialstream: {message.format(url=url)}")
    assert err.count("\n") == 1
    assert KEY not in out + err


@pytest.mark.parametrize("key", ["-", "none", "ollama"])
def test_the_placeholder_of_a_key_is_not_removed_from_messages(
    key: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    message = "none of the ollama-like models"
    fault = faults.HTTPError(404, message=message)
    with ReplayServer(Answer(fault=fault), repeat=True) as server:
        assert demo(server.base_url) == ExitCode.PROVIDER
    assert message in capfd.readouterr().err


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ('{"items":[{"product_id":1}]}', ExitCode.INVALID, "invalid: product_id: Input should be"),
        ('{"items":[{"product_id":"a" 1}]}', ExitCode.MALFORMED, "malformed: "),
        ('{"items":' + "[" * 300, ExitCode.LIMIT, ""),
    ],
)
def test_an_answer_that_is_wrong_is_told_in_a_line(
    text: str, code: ExitCode, message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with ReplayServer(text, repeat=True) as server:
        assert demo(server.base_url) == code
    err = capfd.readouterr().err
    assert err.startswith(f"partialstream: {message}")
    assert err.count("\n") == 1


def test_a_refused_connection_is_told_in_a_line(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert demo(f"http://user:password@127.0.0.1:{port}/v1") == ExitCode.PROVIDER
    out, err = capfd.readouterr()
    assert err.startswith(f"partialstream: http://127.0.0.1:{port}/v1 cannot be reached: ")
    assert err.count("\n") == 1
    assert "password" not in out + err


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("how", ["ctrl-c", "the reader leaves"])
def test_leaving_closes_both_requests(how: str) -> None:
    script = Answer(answer(10), tokens_per_second=100)
    with (
        ReplayServer(script, repeat=True) as server,
        start("demo", "--base-url", server.base_url) as process,
    ):
        assert process.stdout is not None
        assert process.stderr is not None
        read_line(process)
        assert b"item by item     1. Waterproof pannier" in read_line(process)
        assert len(server.requests) == 2
        assert not any(request.finished for request in server.requests)
        if how == "ctrl-c":
            process.send_signal(signal.SIGINT)
        process.stdout.close()
        assert process.wait(200) == (130 if how == "ctrl-c" else 141)
        assert process.stderr.read() == b""
        assert [request.wait_hung_up(30) for request in server.requests] == [True, True]
