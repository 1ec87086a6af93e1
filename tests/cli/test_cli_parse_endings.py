"""How `partialstream parse` ends: what it says, and its exit code."""

from __future__ import annotations

import pytest
from cli_runs import parse_bytes

from partialstream.cli.output import ExitCode
from partialstream.testing import sse_body

GOOD = '{"name":"a","price":1}'


def refusal() -> bytes:
    return b'data: {"choices":[{"index":0,"delta":{"refusal":"I cannot."}}]}\n\ndata: [DONE]\n\n'


@pytest.mark.parametrize(
    ("data", "code", "message"),
    [
        (f"[{GOOD}]", ExitCode.COMPLETE, ""),
        ("[]", ExitCode.COMPLETE, ""),
        (f"Two: [{GOOD}] and that is all", ExitCode.COMPLETE, ""),
        (
            f'[{GOOD},\n {{"name":"b","price":1x}}]',
            ExitCode.MALFORMED,
            "malformed: unexpected 'x' in a number at line 2 column 23 (offset 47), in [1].price",
        ),
        (
            f"[{GOOD}]]",
            ExitCode.MALFORMED,
            "malformed: unexpected ']' behind the document at line 1 column 25 (offset 24), "
            "in (root)",
        ),
        (
            f'{{"items":[{GOOD},\n{{"name":"b","pri',
            ExitCode.INCOMPLETE,
            "truncated: the response ends before the document does; "
            """unfinished: '{"name":"b","pri'; """
            "ends at line 2 column 17 (offset 50), in items[1]",
        ),
        (
            '[{"name":"b',
            ExitCode.INCOMPLETE,
            "truncated: the response ends before the document does; "
            """unfinished: '{"name":"b'; ends at line 1 column 12 (offset 11), in name""",
        ),
        ("", ExitCode.INCOMPLETE, "empty: the response is empty"),
        (" \n", ExitCode.INCOMPLETE, "empty: the response is empty"),
        ("Sorry.", ExitCode.INCOMPLETE, "no_json: no JSON found in the response: "),
        (
            sse_body([f"[{GOOD}"], finish_reason=None, done=False),
            ExitCode.INCOMPLETE,
            "disconnected: the connection ended before the response did; "
            "ends at line 1 column 24 (offset 23), in [1]",
        ),
        (
            sse_body([f"[{GOOD}"], finish_reason="length"),
            ExitCode.INCOMPLETE,
            "truncated: the response ends before the document does (finish reason 'length')",
        ),
        (refusal(), ExitCode.REFUSED, "the model refused: I cannot."),
        (
            sse_body([f"[{GOOD}"], finish_reason="content_filter"),
            ExitCode.REFUSED,
            "a content filter stepped in: content_filter",
        ),
        (
            b'data: {"error":{"message":"too busy"}}\n\n',
            ExitCode.PROVIDER,
            "the provider sent an error: too busy",
        ),
        (
            '{\n"error": {"message": "no such key"}\n}',
            ExitCode.PROVIDER,
            "the provider sent an error: no such key",
        ),
        ("[" * 201, ExitCode.LIMIT, "more than 200 levels of nesting"),
    ],
)
def test_a_list_ends_with_a_message_and_an_exit_code(
    data: str | bytes, code: ExitCode, message: str, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    data = data.encode() if isinstance(data, str) else data
    assert parse_bytes(data, many=True) == code
    out, err = capfdbinary.readouterr()
    assert out == (
        b'{"name":"a","price":1.0}\n' if b'"price":1}' in data.replace(b"\\", b"") else b""
    )
    if message:
        assert err.decode().startswith(f"partialstream: {message}")
        assert err.count(b"\n") == 1
    else:
        assert err == b""


@pytest.mark.parametrize(
    ("data", "code", "message"),
    [
        (GOOD, ExitCode.COMPLETE, ""),
        (f"```json\n{GOOD}\n```", ExitCode.COMPLETE, ""),
        (
            '{"name":"a",\n"price":"x"}',
            ExitCode.INVALID,
            "invalid: price: Input should be a valid number, unable to parse string as a number; "
            'raw: {"name":"a", "price":"x"}',
        ),
        ('{"name" 1}', ExitCode.MALFORMED, "malformed: "),
        (
            '{"name":"a',
            ExitCode.INCOMPLETE,
            "truncated: the response ends before the document does; "
            """unfinished: '{"name":"a'; ends at line 1 column 11 (offset 10), in name""",
        ),
        # More than what a stream keeps of its text.
        ('{"name":"' + "a" * 1_200_000, ExitCode.INCOMPLETE, "truncated: the response ends before"),
        ("", ExitCode.INCOMPLETE, "empty: "),
        ("Sorry.", ExitCode.INCOMPLETE, "no_json: "),
        (refusal(), ExitCode.REFUSED, "the model refused: I cannot."),
    ],
)
def test_an_object_ends_with_a_message_and_an_exit_code(
    data: str | bytes, code: ExitCode, message: str, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    data = data.encode() if isinstance(data, str) else data
    assert parse_bytes(data) == code
    out, err = capfdbinary.readouterr()
    if message:
        assert out == b""
        assert err.decode().startswith(f"partialstream: {message}")
        assert err.count(b"\n") == 1
    else:
        assert (out, err) == (b'{"name":"a","price":1.0}\n', b"")


def test_a_bracket_too_many_behind_an_object(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert parse_bytes(f"{GOOD}}}".encode()) == ExitCode.MALFORMED
    assert b"unexpected '}' behind the document" in capfdbinary.readouterr().err


def test_bytes_that_are_no_utf_8_come_after_what_stands_before_them(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    data = f'[{GOOD},\n{{"name":"€'.encode() + b"\xff"
    assert parse_bytes(data, many=True) == ExitCode.MALFORMED
    out, err = capfdbinary.readouterr()
    assert out == b'{"name":"a","price":1.0}\n'
    assert b"malformed: byte 0xff is not valid UTF-8 at line 2 column 11 (offset 35)" in err


def test_a_character_that_the_end_cuts_is_a_truncation(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    assert parse_bytes('[{"name":"€'.encode()[:-1], many=True) == ExitCode.INCOMPLETE
    assert b"truncated: " in capfdbinary.readouterr().err


def test_a_failure_of_the_models_own_code_is_shown_whole(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    assert parse_bytes(b'[{"name":"a"}]', "cli_runs:Broken", many=True) == ExitCode.PROGRAM_ERROR
    err = capfdbinary.readouterr().err.decode()
    assert err.startswith("Traceback")
    assert err.endswith("KeyError: 'a'\n")


@pytest.mark.parametrize(
    ("target", "options", "message"),
    [
        ("Product", {}, "--model is module:Class"),
        (":Product", {}, "--model is module:Class"),
        (".shop:Product", {}, "--model is module:Class"),
        ("nowhere:Product", {}, "there is no module nowhere on the path or in "),
        ("cli_runs.nowhere:Product", {}, "there is no module cli_runs.nowhere "),
        ("cli_runs:Nothing", {}, "there is no Nothing in cli_runs"),
        ("cli_runs:Product.Nothing", {}, "there is no Product.Nothing in cli_runs"),
        ("datetime:date", {}, "datetime:date is not a pydantic model"),
        ("os:path", {"many": True}, "os:path is not a type that pydantic validates"),
        ("wrong_syntax:X", {}, "cannot import wrong_syntax: SyntaxError: "),
        ("wrong_import:X", {}, "cannot import wrong_import: ModuleNotFoundError: "),
        ("wrong_value:X", {}, "cannot import wrong_value: ZeroDivisionError: division by zero ("),
    ],
)
def test_a_model_that_cannot_be_had(
    target: str,
    options: dict[str, bool],
    message: str,
    tmp_path: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    for name, text in {"syntax": "x x", "import": "import missing", "value": "1 / 0"}.items():
        with open(f"wrong_{name}.py", "w") as module:
            module.write(text)
    assert parse_bytes(b"[]", target, **options) == ExitCode.USAGE
    out, err = capfdbinary.readouterr()
    assert out == b""
    assert err.decode().startswith(f"partialstream: {message}")
    assert err.count(b"\n") == 1
