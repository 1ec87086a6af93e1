"""`partialstream extract`: what it writes, and its exit codes."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from etl_runs import PROMPT, Model, expected, lines, right_rows, rows_in
from extras import needs

from partialstream.cli.extract import run_extract
from partialstream.cli.options import Commit, ExtractOptions, OnRestart
from partialstream.cli.output import ExitCode, run
from partialstream.etl import journal_status
from partialstream.etl.journal.journal import Journal
from partialstream.etl.report.summary import Summary
from partialstream.testing import Answer, ReplayServer, faults

if TYPE_CHECKING:
    from pathlib import Path

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def write_documents(folder: Path, count: int, rows: int) -> None:
    folder.mkdir(exist_ok=True)
    for number in range(count):
        (folder / f"doc-{number:04}").write_text(f"{number}|{rows}")


def extract(server: ReplayServer | None = None, **options: Any) -> ExitCode:
    given: dict[str, Any] = {
        "documents": ["docs/*"],
        "journal": "run.db",
        "sink": "rows.jsonl",
        "model": "any",
        "model_class": "etl_runs:Row",
        "prompt": PROMPT,
        "endpoint": "test",
        "base_url": "http://127.0.0.1:9/v1" if server is None else server.base_url,
        "quiet": True,
        **options,
    }
    return run(lambda: run_extract(ExtractOptions(**given)))


def delivered(folder: Path) -> list[tuple[str, int, str, int]]:
    rows = lines(folder / "rows.jsonl")
    return rows_in([{**row, "document": row["document"].rpartition("/")[2]} for row in rows])


def test_rows_are_delivered_and_a_summary_is_printed(folder: Path, capfd: Captured) -> None:
    write_documents(folder / "docs", 5, rows=3)
    with ReplayServer(Model()) as server:
        assert extract(server) == ExitCode.COMPLETE
        first = capfd.readouterr()
        assert extract(server) == ExitCode.COMPLETE
        assert len(server.requests) == 5
    assert delivered(folder) == sorted(expected(5, rows=3))
    assert {row["document"] for row in lines(folder / "rows.jsonl")} == {
        f"docs/doc-{number:04}" for number in range(5)
    }
    assert first.err == ""
    assert re.search(r"^completed +5$", first.out, re.MULTILINE)
    assert re.search(r"^rows +15$", first.out, re.MULTILINE)
    second = capfd.readouterr().out
    assert re.search(r"^completed +0 +5$", second, re.MULTILINE)
    assert re.search(r"^completed before +5$", second, re.MULTILINE)


def test_the_summary_as_json(folder: Path, capfd: Captured) -> None:
    write_documents(folder / "docs", 2, rows=2)
    with ReplayServer(Model()) as server:
        assert extract(server, as_json=True) == ExitCode.COMPLETE
    out, err = capfd.readouterr()
    summary = json.loads(out)
    assert (summary["done"], summary["rows"], summary["job"]["delivered"], err) == (2, 4, 2, "")


def test_progress_and_failed_documents_are_written_to_standard_error(
    folder: Path, capfd: Captured
) -> None:
    write_documents(folder / "docs", 3, rows=2)
    with ReplayServer(Model(too_long)) as server:
        assert extract(server, quiet=False) == ExitCode.INVALID
    out, err = capfd.readouterr()
    failed, progress, end = err.splitlines()
    assert failed.startswith("partialstream: document 'docs/doc-0001' failed: ")
    assert "too long" in failed
    assert progress.startswith("partialstream: 3 of 3 documents; 4 rows, ")
    assert end == ("partialstream: 1 document failed; the reasons are in run.dead-letters.jsonl")
    assert re.search(r"^failed +1$", out, re.MULTILINE)


def too_long(number: int, asked: int, answer: Answer) -> Answer:
    return Answer(fault=faults.HTTPError(400, message="too long")) if number == 1 else answer


def test_many_failed_documents_are_not_reported_one_by_one(folder: Path, capfd: Captured) -> None:
    write_documents(folder / "docs", 30, rows=1)
    with ReplayServer(Answer(fault=faults.HTTPError(400)), repeat=True) as server:
        assert extract(server, quiet=False) == ExitCode.INVALID
    err = capfd.readouterr().err
    assert err.count("' failed: ") == 20
    assert err.count("further warnings are not shown") == 1


def test_a_warning_of_another_thread_does_not_take_the_place_of_a_failure(
    folder: Path, capfd: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_failure: Any = Summary.add_failure

    def add_and_warn(*given: Any) -> None:
        add_failure(*given)
        logging.getLogger("partialstream").warning("meanwhile")

    monkeypatch.setattr(Summary, "add_failure", add_and_warn)
    write_documents(folder / "docs", 3, rows=1)
    with ReplayServer(Model(too_long)) as server:
        assert extract(server, quiet=False) == ExitCode.INVALID
    other, failed, *_ = capfd.readouterr().err.splitlines()
    assert other == "partialstream: meanwhile"
    assert failed.startswith("partialstream: document 'docs/doc-0001' failed: ")
    assert "too long" in failed


def test_what_is_logged_of_a_failed_document_does_not_have_the_reason(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Not even in an attribute of the record, which a formatter may write."""
    write_documents(folder / "docs", 3, rows=1)
    with ReplayServer(Model(too_long)) as server:
        extract(server)
    [record] = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert record.getMessage() == "document 'docs/doc-0001' failed: BadRequestError"
    assert "too long" not in json.dumps(vars(record), default=repr) + repr(record.args)


def test_failed_documents_are_read_again_with_retry_failed(folder: Path, capfd: Captured) -> None:
    write_documents(folder / "docs", 3, rows=2)
    model = Model(too_long)
    with ReplayServer(model) as server:
        assert extract(server) == ExitCode.INVALID
        assert extract(server, quiet=False) == ExitCode.INVALID
        assert ": 1 document failed before; the reasons are in run." in capfd.readouterr().err
        model.spoil = None
        assert extract(server, retry_failed=True) == ExitCode.COMPLETE
        assert len(server.requests) == 4
        assert extract(server) == ExitCode.COMPLETE
    assert delivered(folder) == sorted(expected(3, rows=2))


def test_rejected_rows_are_an_exit_code_of_their_own(folder: Path, capfd: Captured) -> None:
    def spoil(number: int, asked: int, answer: Answer) -> Answer:
        return Answer(answer.text.replace('"count": 1}', '"count": -1}'), chunk_size=12)

    write_documents(folder / "docs", 1, rows=3)
    with ReplayServer(Model(spoil)) as server:
        assert extract(server, max_retries=1, quiet=False) == ExitCode.INVALID
        assert "1 row rejected; the reasons are in run.dead" in capfd.readouterr().err
        assert extract(server, max_retries=1) == ExitCode.INVALID
        capfd.readouterr()
        assert extract(server, max_retries=1, quiet=False) == ExitCode.INVALID
        assert ": 1 row rejected before; the reasons are in run.dead" in capfd.readouterr().err


def test_one_row_for_each_document_arguments_and_a_prompt_file(folder: Path) -> None:
    write_documents(folder / "docs", 2, rows=2)
    (folder / "prompt.txt").write_text("Äpfel in {text}, by {id}")
    with ReplayServer('{"article": "Lamp", "count": 2}', repeat=True) as server:
        code = extract(
            server,
            one=True,
            prompt=None,
            prompt_file="prompt.txt",
            arguments=["temperature=0.5", "user=me"],
            mode="tools",
            requests_per_minute=6000,
            on_restart=OnRestart.RESTART,
        )
        assert code == ExitCode.COMPLETE
        bodies = [request.body for request in server.requests]
    assert {body["messages"][0]["content"] for body in bodies} == {
        f"Äpfel in {number}|2, by docs/doc-000{number}" for number in range(2)
    }
    assert {(body["temperature"], body["user"]) for body in bodies} == {(0.5, "me")}
    assert all("tools" in body for body in bodies)
    assert len(lines(folder / "rows.jsonl")) == 2


def test_files_of_the_same_name_in_several_folders_have_different_ids(folder: Path) -> None:
    for name in ("a", "b"):
        (folder / "docs" / name).mkdir(parents=True)
        (folder / "docs" / name / "1.txt").write_text("1|1")
    with ReplayServer(Model()) as server:
        assert extract(server, documents=["docs/a/1.txt", "docs/b/1.txt"]) == ExitCode.COMPLETE
        assert len(server.requests) == 2
        # A pattern finds the same documents as the shell.
        assert extract(server, documents=["docs/*/*.txt"]) == ExitCode.COMPLETE
        assert len(server.requests) == 2
        assert extract(server, documents=[str(folder / "docs" / "a" / "*.txt")]) == 0
        assert len(server.requests) == 3
    ids = {row["document"] for row in lines(folder / "rows.jsonl")}
    outside = (folder / "docs" / "a" / "1.txt").relative_to(folder.anchor).as_posix()
    assert ids == {"docs/a/1.txt", "docs/b/1.txt", outside}


def test_the_home_folder_in_a_quoted_pattern(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: Captured
) -> None:
    write_documents(folder / "docs", 2, rows=1)
    monkeypatch.setenv("HOME", str(folder))
    with ReplayServer(Model()) as server:
        assert extract(server, documents=["~/docs/*"], quiet=False) == ExitCode.COMPLETE
    assert "2 of 2 documents" in capfd.readouterr().err
    assert delivered(folder) == sorted(expected(2, rows=1))


def test_documents_of_tables_are_counted_where_that_is_cheap(folder: Path, capfd: Captured) -> None:
    table = [{"key": str(number), "body": f"{number}|1"} for number in range(3)]
    (folder / "docs.jsonl").write_text("\n\n".join(map(json.dumps, table)))
    (folder / "docs.csv").write_text("key,body\n7,7|1\n")
    with ReplayServer(Model()) as server:
        names: dict[str, Any] = {"id_column": "key", "text_column": "body", "quiet": False}
        assert extract(server, documents=["docs.jsonl"], **names) == ExitCode.COMPLETE
        assert "partialstream: 3 of 3 documents; " in capfd.readouterr().err
        assert extract(server, documents=["docs.jsonl", "docs.csv"], **names) == 0
        assert "partialstream: 4 documents (total unknown); " in capfd.readouterr().err
        assert extract(server, documents=["docs.csv"], total=1, **names) == 0
        assert "partialstream: 1 of 1 documents; " in capfd.readouterr().err


def test_options_are_passed_to_the_extraction(
    folder: Path, capfd: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {}

    def refuse(client: Any, row: Any, **arguments: Any) -> Any:
        given.update(arguments)
        raise ValueError("commit='row' is refused\nand this is not shown")

    monkeypatch.setattr("partialstream.cli.extract.Extraction", refuse)
    write_documents(folder / "docs", 1, rows=1)
    options: dict[str, Any] = {
        "journal": "other.db",
        "sink": "other.jsonl",
        "model": "other",
        "prompt": "Other: {text}",
        "endpoint": "other",
        "dead_letters": "letters.jsonl",
        "concurrency": 3,
        "max_retries": 7,
        "max_cost": 0.5,
    }
    enums: dict[str, Any] = {"on_restart": OnRestart.RESTART, "commit": Commit.ROW}
    limits: dict[str, Any] = {"requests_per_minute": 50, "tokens_per_minute": 9000}
    code = extract(one=True, base_url="http://127.0.0.1:9", **options, **enums, **limits)
    assert code == ExitCode.USAGE
    assert capfd.readouterr().err == "partialstream: --commit row is refused\n"
    assert options.items() <= given.items()
    assert {name: given[name] for name in enums} == {"on_restart": "restart", "commit": "row"}
    assert {name: getattr(given["rate_limit"], name) for name in limits} == limits
    assert given["many"] is False
    extract()
    assert (given["many"], given["rate_limit"], given["on_restart"]) == (True, None, "resume")


def test_without_progress_documents_are_not_counted(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def count(source: str) -> Any:
        raise AssertionError(f"{source} was searched")

    monkeypatch.setattr("partialstream.cli.extract.matching_files", count)
    write_documents(folder / "docs", 1, rows=1)
    with ReplayServer(Model()) as server:
        assert extract(server, quiet=True) == ExitCode.COMPLETE


# -- the status ----------------------------------------------------------------------------


def test_the_status_needs_nothing_but_the_journal(folder: Path, capfd: Captured) -> None:
    write_documents(folder / "docs", 3, rows=2)
    with ReplayServer(Model(too_long)) as server:
        extract(server)
    shutil.rmtree(folder / "docs")
    capfd.readouterr()
    options = ExtractOptions(journal="run.db", status=True)
    assert run(lambda: run_extract(options)) == ExitCode.COMPLETE
    out, err = capfd.readouterr()
    assert err == ""
    assert out == f"{journal_status('run.db')}\n"
    assert re.search(r"^  failed +1$", out, re.MULTILINE)
    assert "\n  docs/doc-0001: " in out
    options = ExtractOptions(journal="run.db", status=True, as_json=True)
    with Journal("run.db"):
        assert run(lambda: run_extract(options)) == ExitCode.COMPLETE
    status = json.loads(capfd.readouterr().out)
    assert status["in_use"]
    assert status["totals"]["delivered"] == 2
    assert [each["id"] for each in status["failed"]] == ["docs/doc-0001"]


def test_the_status_of_a_file_that_is_not_a_journal_is_an_error(
    folder: Path, capfd: Captured
) -> None:
    (folder / "text.db").write_text("not a journal, but some text\n" * 99)
    for name, message in {"none.db": "there is no journal", "text.db": "is not a journal"}.items():
        options = ExtractOptions(journal=name, status=True)
        assert run(lambda options=options: run_extract(options)) == ExitCode.INPUT_OUTPUT
        out, err = capfd.readouterr()
        assert out == ""
        assert message in err
        assert err.count("\n") == 1


# -- errors --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"documents": None, "sink": None}, "missing: DOCUMENTS, --sink"),
        ({"prompt": None, "model": None}, "missing: --model, --prompt or --prompt-file"),
        ({"prompt_file": "x"}, "--prompt and --prompt-file exclude each other"),
        ({"prompt": "List them"}, "--prompt must contain {text}"),
        (
            {"prompt": "{metadata.by} {text}", "documents": ["docs/*.txt"]},
            "--prompt has {metadata.by}, but text files have no metadata",
        ),
        ({"model_class": "etl_runs:Nobody"}, "there is no Nobody in etl_runs"),
        ({"model_class": "Row"}, "--model-class is module:Class"),
        ({"model_class": "os:sep"}, "os:sep is not a type that pydantic validates"),
        ({"sink": "rows.txt"}, ": --sink must be a path that ends with .jsonl or .parquet, or a "),
        ({"sink": "sqlite:///rows.db"}, ": --sink names no table"),
        ({"journal": "a.jsonl", "sink": "a.jsonl"}, "--journal and --sink are the same file"),
        ({"dead_letters": "run.db"}, "--journal and --dead-letters are the same file"),
        ({"journal": ""}, ": --journal must be the path of a file"),
        ({"commit": Commit.ROW}, "--commit row needs a sink that can replace rows"),
        ({"max_cost": -1.0}, ": --max-cost must be a positive number"),
        ({"arguments": ["temperature"]}, "--argument is NAME=VALUE"),
        ({"arguments": ["max_retrys=3"]}, "did you mean --max-retries?"),
        ({"arguments": ["model=other"]}, "--argument model is not allowed: use --model\n"),
        ({"arguments": ["many=false"]}, "--argument many is not allowed: use --one\n"),
        ({"arguments": ["rate_limit=9"]}, "use --requests-per-minute and --tokens-per-minute\n"),
        ({"arguments": ["response_model=3"]}, "--argument response_model is not allowed: use"),
        ({"arguments": ["client=3"]}, "--argument client is not allowed: use --base-url\n"),
        ({"arguments": ["concurency=3"]}, "did you mean --concurrency?"),
        ({"arguments": ["temprature=3"]}, "did you mean temperature=?"),
        ({"arguments": ["take=x"]}, ": take= must be an integer, not 'x'\n"),
        ({"mode": "xml"}, "xml"),
        ({"encoding": "utf-99"}, "--encoding: unknown encoding"),
        ({"documents": ["docs/**.txt"]}, "'**' stands for folders"),
        ({"documents": ["table.csv"]}, "table.csv has no column 'id'"),
        ({"base_url": None}, "there is no API key: set OPENAI_API_KEY"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_wrong_command_line_is_reported_in_one_line(
    folder: Path, capfd: Captured, options: dict[str, Any], message: str
) -> None:
    write_documents(folder / "docs", 1, rows=1)
    (folder / "table.csv").write_text("a,b\n1,2\n")
    assert extract(**options) == ExitCode.USAGE
    out, err = capfd.readouterr()
    assert out == ""  # no summary of a run that has not begun
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"documents": ["none/*.txt"]}, "no file matches 'none/*.txt'"),
        ({"documents": ["docs"]}, "is a folder"),
        ({"prompt": None, "prompt_file": "none.txt"}, "cannot read none.txt: No such file"),
        ({"sink": "other.jsonl"}, "did not write it"),
        ({"journal": "none/run.db"}, "none/run.db cannot be used"),
        ({"journal": "other.jsonl"}, "not a database"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_files_that_cannot_be_used_are_reported_in_one_line(
    folder: Path, capfd: Captured, options: dict[str, Any], message: str
) -> None:
    write_documents(folder / "docs", 1, rows=1)
    (folder / "other.jsonl").write_text('{"somebody": "else"}\n' * 9)
    assert extract(**options) == ExitCode.INPUT_OUTPUT
    out, err = capfd.readouterr()
    assert out == ""
    assert message in err
    assert err.count("\n") == 1


def test_a_rejected_key_ends_the_run_and_is_not_shown(folder: Path, capfd: Captured) -> None:
    write_documents(folder / "docs", 9, rows=1)
    fault = faults.HTTPError(401, message="wrong key sk-very-secret-key-123")
    with ReplayServer(Answer(fault=fault), repeat=True) as server:
        code = extract(server, concurrency=2, api_key="sk-very-secret-key-123")
        assert code == ExitCode.PROVIDER
        assert len(server.requests) <= 2
    out, err = capfd.readouterr()
    assert "refuses the API key (HTTP 401)" in err
    assert "secret" not in out + err
    # The summary says how far it came.
    assert re.search(r"^completed +0$", out, re.MULTILINE)
    assert "all runs" not in out


def test_an_unknown_model_ends_the_run(folder: Path, capfd: Captured) -> None:
    write_documents(folder / "docs", 9, rows=1)
    fault = faults.HTTPError(404, message="no such model")
    with ReplayServer(Answer(fault=fault), repeat=True) as server:
        assert extract(server) == ExitCode.PROVIDER
    assert "responded with HTTP 404: no such model" in capfd.readouterr().err


def test_another_job_and_a_journal_in_use_are_exit_codes_of_their_own(
    folder: Path, capfd: Captured
) -> None:
    write_documents(folder / "docs", 2, rows=1)
    with ReplayServer(Model()) as server:
        extract(server)
        capfd.readouterr()
        assert extract(server, model="other") == ExitCode.JOURNAL
        out, err = capfd.readouterr()
        assert out == ""
        assert err == (
            "partialstream: run.db belongs to another job: different model: 'any' in the journal, "
            "'other' now; use another journal\n"
        )
        with Journal("run.db"):
            assert extract(server) == ExitCode.JOURNAL
        assert "another run uses the journal run.db" in capfd.readouterr().err
        assert len(server.requests) == 2


def test_a_journal_without_results_may_be_deleted_for_another_job(
    folder: Path, capfd: Captured
) -> None:
    write_documents(folder / "docs", 2, rows=1)
    fault = faults.HTTPError(404, message="no such model")
    with ReplayServer(Answer(fault=fault), repeat=True) as server:
        assert extract(server, model="wrong") == ExitCode.PROVIDER
    with ReplayServer(Model()) as server:
        capfd.readouterr()
        assert extract(server) == ExitCode.JOURNAL
        advice = "use another journal, or delete this one, which has no results"
        assert advice in capfd.readouterr().err
        (folder / "run.db").unlink()
        assert extract(server) == ExitCode.COMPLETE
        assert len(delivered(folder)) == 2


@needs("cost", "genai_prices")
def test_a_limit_of_cost_has_the_exit_code_of_a_limit(folder: Path, capfd: Captured) -> None:
    write_documents(folder / "docs", 9, rows=5)
    with ReplayServer(Model()) as server:
        options: dict[str, Any] = {"model": "gpt-4o", "concurrency": 1}
        assert extract(server, **options, max_cost=1e-9) == ExitCode.LIMIT
        out, err = capfd.readouterr()
        assert "could exceed --max-cost 1e-09" in err
        assert "documents" in out


@needs("sql", "sqlalchemy", "psycopg")
def test_the_password_of_a_database_is_not_shown(folder: Path, capfd: Captured) -> None:
    write_documents(folder / "docs", 1, rows=1)
    sink = "postgresql://me:hunter22@127.0.0.1:9/db#rows"
    with ReplayServer(Model()) as server:
        code = extract(server, sink=sink, quiet=False)
        assert code == ExitCode.INPUT_OUTPUT
        assert server.requests == []
    out, err = capfd.readouterr()
    assert "127.0.0.1" in err
    assert "hunter22" not in out + err
    assert err.count("\n") == 1
    assert b"hunter22" not in (folder / "run.db").read_bytes()


def test_a_module_that_is_missing_is_named_with_its_extra(
    folder: Path, capfd: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    write_documents(folder / "docs", 1, rows=1)
    for name in [name for name in sys.modules if name.startswith("partialstream.etl.sinks.")]:
        if name.endswith((".sql", ".parquet")):
            monkeypatch.delitem(sys.modules, name)
    for module, sink in {"sqlalchemy": "sqlite:///r.db#r", "pyarrow": "rows.parquet"}.items():
        monkeypatch.setitem(sys.modules, module, None)
        assert extract(sink=sink) == ExitCode.USAGE
        extra = "sql" if module == "sqlalchemy" else "parquet"
        assert f'pip install "partialstream[{extra}]"' in capfd.readouterr().err


def test_the_prompt_may_be_read_from_a_pipe(folder: Path) -> None:
    write_documents(folder / "docs", 1, rows=1)
    reading, writing = os.pipe()
    os.write(writing, PROMPT.encode())
    os.close(writing)
    with ReplayServer(Model()) as server:
        code = extract(server, prompt=None, prompt_file=f"/dev/fd/{reading}")
    os.close(reading)
    assert code == ExitCode.COMPLETE
    assert lines(folder / "rows.jsonl")[0]["article"] == right_rows(0, 1)[0]["article"]
