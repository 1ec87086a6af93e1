from __future__ import annotations

import re
import subprocess
import sys

import pytest

import partialstream
from partialstream import cli
from partialstream.cli.output import ExitCode
from partialstream.engine.scan import COMPILED
from partialstream.terminal import printable


def run_main(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["partialstream", *arguments])
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as ending:
        sys.exit(cli.main())
    out, err = capsys.readouterr()
    code = ending.value.code
    return code if isinstance(code, int) else 0, out, err


@pytest.mark.parametrize("command", [[], ["demo"], ["parse"]])
def test_help_lists_every_exit_code(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run_main([*command, "--help"], monkeypatch, capsys)
    assert (code, err) == (0, "")
    rows = re.findall(r"^ +(\d+)  (.+)$", out.partition("Exit codes:")[2], re.MULTILINE)
    assert [(int(number), text) for number, text in rows] == [
        (code, code.meaning) for code in ExitCode
    ]


def test_every_exit_code_is_in_the_documentation() -> None:
    assert cli.__doc__ is not None
    documented = [int(number) for number in re.findall(r"^ +(\d+)  ", cli.__doc__, re.MULTILINE)]
    assert documented == list(ExitCode)


def test_help_names_the_commands(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = run_main(["--help"], monkeypatch, capsys)
    assert re.search(r"^  demo ", out, re.MULTILINE)
    assert re.search(r"^  parse ", out, re.MULTILINE)
    assert all(len(line) <= 80 for line in out.splitlines())


def test_version(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    scanner = "compiled" if COMPILED else "interpreted"
    code, out, _ = run_main(["--version"], monkeypatch, capsys)
    assert (code, out) == (0, f"partialstream {partialstream.__version__} (scanner: {scanner})\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sing"], "No such command 'sing'"),
        (["parse"], "Missing option '--model'"),
        (["parse", "--model", "m:C", "--path", "a"], "--path is for lists: it needs --many"),
        (["parse", "--model", "m:C", "--many", "--partial"], "--partial is for one object"),
        (["parse", "--model", "m:C", "--format", "xml"], "Invalid value for '--format'"),
        (["demo", "--items", "11"], "Invalid value for '--items'"),
        (["demo", "--items", "0"], "Invalid value for '--items'"),
        (["demo", "--tokens-per-second", "0"], "--tokens-per-second must be a positive number"),
        (["demo", "--tokens-per-second", "nan"], "--tokens-per-second must be a positive number"),
        (["demo", "--tokens-per-second", "5", "--model", "m", "--api-key", "k"], "built-in server"),
        (["demo", "--base-url", "somewhere"], "--base-url is not the URL of a server"),
        (["demo", "--base-url", "http://[:x"], "--base-url is not the URL of a server"),
        (["demo", "--model", "m"], "there is no API key: set OPENAI_API_KEY"),
    ],
)
def test_a_wrong_command_line_is_told_in_a_line(
    arguments: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    code, out, err = run_main(arguments, monkeypatch, capsys)
    assert (code, out) == (2, "")
    assert message in err.splitlines()[-1]


def test_a_key_that_cannot_be_one_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for key in ("sk-sécret", "sk-secret\n"):
        code, _, err = run_main(["demo", "--api-key", key], monkeypatch, capsys)
        assert code == 2
        assert "the API key has a character" in err
        assert "cret" not in err


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_without_the_extra_the_message_says_how_to_get_it(missing: str) -> None:
    program = (
        f"import sys; sys.modules[{missing!r}] = None; "
        "from partialstream.cli import main; sys.exit(main())"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, "demo"], capture_output=True, text=True, timeout=60
    )
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        f'partialstream: the command line needs {missing}: pip install "partialstream[cli]"\n'
    )


def test_another_missing_module_is_not_mistaken_for_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "partialstream.cli.app", raising=False)
    monkeypatch.setitem(sys.modules, "partialstream.cli.output", None)
    with pytest.raises(ModuleNotFoundError, match=r"partialstream\.cli\.output"):
        cli.main()


def test_parse_loads_neither_openai_nor_instructor() -> None:
    program = (
        "import sys; from partialstream.cli import app, parse; "
        "print([name for name in ('openai', 'instructor', 'uvicorn') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=200)
    assert result.stdout.strip() == b"[]"


@pytest.mark.parametrize(
    ("text", "shown"),
    [("plain é 🎈", "plain é 🎈"), ("a\nb", "a\\nb"), ("\x1b[31m", "\\x1b[31m"), ("\x9b", "\\x9b")],
)
def test_a_message_steers_no_terminal(text: str, shown: str) -> None:
    assert printable(text) == shown
