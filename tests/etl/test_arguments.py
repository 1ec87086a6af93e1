"""What is refused before a request, and how a run is stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Any

import pytest
from etl_runs import PROMPT, Driver, Model, Row, expected, extraction_of, job, lines, rows_in
from extras import needs
from openai import OpenAI
from pydantic import BaseModel

from partialstream import LimitExceededError, RateLimit, Usage, from_openai
from partialstream.etl import Document, Extraction, JournalMismatchError, journal_status
from partialstream.testing import ReplayServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from partialstream.testing import Answer


def sdk(base_url: str = "http://127.0.0.1:9/v1") -> OpenAI:
    return OpenAI(base_url=base_url, api_key="test")


def priced(*case: Any) -> Any:
    return pytest.param(*case, marks=needs("cost", "genai_prices"))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"max_retires": 3}, TypeError, "did you mean max_retries="),
        ({"concurency": 3}, TypeError, "did you mean concurrency="),
        ({"on_restarts": "resume"}, TypeError, "did you mean on_restart="),
        ({"on_restart": "again"}, ValueError, "'resume' or 'restart'"),
        ({"concurrency": 0}, ValueError, "at least 1"),
        ({"concurrency": True}, TypeError, "number of documents"),
        priced({"max_cost": -1.0}, ValueError, "positive"),
        priced({"max_cost": 1.0, "model": "no-such-model"}, ValueError, "price"),
        ({"rate_limit": 5}, TypeError, "RateLimit"),
        ({"prompt": "no place"}, ValueError, "{text}"),
        ({"messages": []}, TypeError, "prompt="),
        ({"tools": []}, TypeError, "response_model"),
        ({"on_invalid": "ignore"}, ValueError, "on_invalid"),
        ({"sink": "rows.txt"}, ValueError, "sink="),
        ({"many": False, "take": 3}, TypeError, "take="),
        ({"take": "three"}, TypeError, "take= must be an integer"),
        ({"take": 0}, ValueError, "take= must be at least 1"),
        ({"stop_when": "total"}, TypeError, "stop_when= must be a function"),
    ],
)
def test_arguments_that_are_refused(
    tmp_path: Path, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with sdk() as client, pytest.raises(error, match=message):
        extraction_of(client, {"journal": tmp_path / "run.db", **options})
    assert list(tmp_path.iterdir()) == []


def test_a_client_of_the_sdk_is_refused() -> None:
    wrong: Any = sdk()
    with (
        wrong,
        pytest.raises(
            TypeError, match=r"a client of partialstream, as from .*from_openai.*, not OpenAI"
        ),
    ):
        Extraction(wrong, Row, prompt=PROMPT, journal="run.db")


def test_a_field_called_row_is_refused() -> None:
    class Wrong(BaseModel):
        row: int

    with sdk() as client, pytest.raises(ValueError, match="'row'"):
        extraction_of(client, {"journal": "run.db", "response_model": Wrong})


def test_two_rate_limits_are_refused(tmp_path: Path) -> None:
    limit = RateLimit(concurrent=2)
    with sdk() as client, pytest.raises(TypeError, match="given twice"):
        Extraction(
            from_openai(client, rate_limit=limit),
            Row,
            prompt=PROMPT,
            journal=tmp_path / "run.db",
            rate_limit=limit,
        )


def test_a_rate_limit_of_the_job_is_not_one_of_the_client(tmp_path: Path) -> None:
    limit = RateLimit(concurrent=2)
    most = 0

    def watch(number: int, asked: int, answer: Answer) -> Answer:
        nonlocal most
        most = max(most, limit.open)
        return answer

    with ReplayServer(Model(watch)) as server, sdk(server.base_url) as openai:
        client = from_openai(openai)
        extraction = Extraction(
            client,
            Row,
            prompt=PROMPT,
            model="any",
            journal=tmp_path / "run.db",
            rate_limit=limit,
        )
        assert client.rate_limit is None
        assert len(list(extraction.rows(job(10, rows=2)))) == 20
    assert most == 2


# -- stopping ------------------------------------------------------------------------------


def test_after_stop_the_open_documents_are_read_to_their_end(tmp_path: Path) -> None:
    sink = tmp_path / "rows.jsonl"
    with ReplayServer(Model()) as server, sdk(server.base_url) as openai:
        options = {"journal": tmp_path / "run.db", "sink": sink, "concurrency": 2}
        extraction = extraction_of(openai, options)

        def documents() -> Iterator[Document]:
            for number, document in enumerate(job(50, rows=2)):
                if number == 7:
                    extraction.stop()
                yield document

        summary = extraction.run(documents())
        assert summary.interrupted
        assert not summary.ok
        assert 6 <= summary.done <= 8
        assert summary.done == summary.documents == len(server.requests)
        assert len(lines(sink)) == 2 * summary.done
        extraction.run(job(50, rows=2))
        assert len(server.requests) == 50
    assert rows_in(lines(sink)) == sorted(expected(50, rows=2))


def test_a_run_that_is_cancelled_leaves_what_was_under_way_to_the_next(tmp_path: Path) -> None:
    from openai import AsyncOpenAI

    sink = tmp_path / "rows.jsonl"
    options = {"journal": tmp_path / "run.db", "sink": sink, "concurrency": 4}

    async def main(server: ReplayServer) -> None:
        async with AsyncOpenAI(base_url=server.base_url, api_key="test") as openai:
            extraction = extraction_of(openai, options)
            run = asyncio.create_task(extraction.arun(job(20, rows=20)))
            asked = server.requests
            while not any(each.deltas_sent for each in asked):  # noqa: ASYNC110 - a thread counts
                await asyncio.sleep(0.01)
            model.tokens_per_second = None
            run.cancel()
            with pytest.raises(asyncio.CancelledError):
                await run
            under_way = [each for each in asked if each.deltas_sent < each.deltas_planned]
            assert under_way
            assert all(each.wait_hung_up(30) for each in under_way)
            await extraction.arun(job(20, rows=20))

    model = Model(tokens_per_second=20)
    with ReplayServer(model) as server:
        asyncio.run(main(server))
        assert 20 < len(server.requests) <= 20 + 4
    assert rows_in(lines(sink)) == sorted(expected(20, rows=20))


PROGRAM = """
import sys
from openai import OpenAI
from etl_runs import extraction_of, job
from partialstream.etl import extraction as module

run_until_interrupted = module.run_until_interrupted

def telling(work, stop):
    def stop_and_tell():
        stop()
        print("noticed", file=sys.stderr, flush=True)

    return run_until_interrupted(work, stop_and_tell)

module.run_until_interrupted = telling
with OpenAI(base_url=sys.argv[1], api_key="test") as sdk:
    extraction = extraction_of(sdk, {"journal": sys.argv[2], "sink": sys.argv[3], "concurrency": 4})
    try:
        extraction.run(job(40, rows=12))
    except KeyboardInterrupt:
        print(extraction.summary.done, extraction.summary.documents)
"""


SIGNALS = pytest.mark.skipif(
    sys.platform == "win32", reason="there, a signal is not sent to one process"
)


def started(base_url: str, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, base_url, folder / "run.db", folder / "rows.jsonl"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, str(Path(__file__).parent)])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def interrupt(process: subprocess.Popen[str], times: int) -> None:
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    assert process.stderr.readline() == "noticed\n"  # before the next one: two at once are one
    if times == 2:
        process.send_signal(signal.SIGINT)


@SIGNALS
@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_lets_documents_end_and_a_second_one_stops(tmp_path: Path, times: int) -> None:
    def spoil(number: int, asked: int, answer: Answer) -> Answer:
        # The last ones that are asked for are under way until the second Ctrl-C.
        return replace(answer, tokens_per_second=50 if times == 1 or number < 2 else 2)

    with (
        ReplayServer(Model(spoil)) as server,
        started(server.base_url, tmp_path) as process,
    ):
        while len(server.requests) < 6:
            assert process.poll() is None
            sleep(0.01)
        interrupt(process, times)
        shown, _ = process.communicate(timeout=60)
        done, documents = map(int, shown.split())
        if times == 1:
            assert done == documents == len(server.requests)
            assert len(lines(tmp_path / "rows.jsonl")) == 12 * done
        else:
            assert done < documents < 40
            assert any(request.wait_hung_up(30) for request in server.requests)


@SIGNALS
def test_a_second_ctrl_c_does_not_wait_for_responses_to_begin(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, ExitStack() as connections:
        server.settimeout(60)
        base_url = f"http://127.0.0.1:{server.getsockname()[1]}/v1"
        with started(base_url, tmp_path) as process:
            try:
                for _ in range(4):
                    connections.enter_context(server.accept()[0])
                interrupt(process, 2)
                shown, _ = process.communicate(timeout=60)
            finally:
                process.kill()
        assert shown.split() == ["0", "4"]
    totals = journal_status(tmp_path / "run.db").totals
    assert (totals.open, totals.failed) == (4, 0)


# -- money ---------------------------------------------------------------------------------


@needs("cost", "genai_prices")
def test_a_job_ends_before_it_costs_more_than_it_may(tmp_path: Path) -> None:
    def spoil(number: int, asked: int, answer: Answer) -> Answer:
        return replace(answer, usage=Usage(input_tokens=1000, output_tokens=1000))

    with ReplayServer(Model(spoil)) as server, sdk(server.base_url) as openai:
        options = {"journal": tmp_path / "run.db", "sink": tmp_path / "rows.jsonl"}
        extraction = extraction_of(openai, {**options, "model": "gpt-4o", "max_cost": 0.205})
        with pytest.raises(LimitExceededError, match="max_cost=") as caught:
            extraction.run(job(100, rows=1))
        assert caught.value.limit == "max_cost"
        summary = extraction.summary
        assert summary.cost is not None
        each = summary.cost / summary.done
        assert 0.205 - 2 * each <= summary.cost <= 0.205
        assert len(server.requests) == summary.done == len(lines(tmp_path / "rows.jsonl"))
        done = summary.done
        with pytest.raises(LimitExceededError):  # what was paid before counts
            extraction.run(job(100, rows=1))
        assert len(server.requests) == done


@needs("cost", "genai_prices")
def test_the_repairs_of_one_document_may_not_exceed_the_cost_of_the_job(tmp_path: Path) -> None:
    def spoil(number: int, asked: int, answer: Answer) -> Answer:
        text = answer.text.replace('"count": 1}', '"count": -1}')
        return replace(answer, text=text, usage=Usage(input_tokens=1000, output_tokens=1000))

    with ReplayServer(Model(spoil)) as server, sdk(server.base_url) as openai:
        options = {"journal": tmp_path / "run.db", "model": "gpt-4o", "max_retries": 5}
        extraction = extraction_of(openai, {**options, "max_cost": 0.02})
        with pytest.raises(LimitExceededError, match="max_cost"):
            extraction.run(job(1, rows=3))
        assert extraction.summary.cost is not None
        assert extraction.summary.cost <= 0.02 < 2 * extraction.summary.cost
        assert len(server.requests) == 1


WRONG_DOCUMENTS: list[tuple[Any, str]] = [
    ("docs/*.txt", r"use documents\('docs/\*\.txt'\)"),
    (Path("docs"), r"use documents\('docs'\)"),
    (Document("a", "text"), r"use \[document\]"),
    ({"a": "text"}, r"not of type dict; as \[Document"),
    (None, "not None"),
    (["text"], "number 1 is of type str"),
    ([Document("a", "1|1"), {"id": "b", "text": ""}], "number 2 is of type dict"),
    ([Document("a", "1|1"), None, Document("b", "2|1")], "number 2 is None"),
]


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize(("documents", "message"), WRONG_DOCUMENTS, ids=lambda each: str(each)[:30])
def test_values_that_are_not_documents_are_an_error(
    driver: Driver, documents: Any, message: str, concurrency: int, tmp_path: Path
) -> None:
    files = {"journal": tmp_path / "run.db", "sink": tmp_path / "rows.jsonl"}
    with ReplayServer(Model()) as server, pytest.raises(TypeError, match=message):
        driver.run(server, documents, **files, concurrency=concurrency)


def test_without_a_sink_rows_stay_in_the_journal(driver: Driver, tmp_path: Path) -> None:
    files = {"journal": tmp_path / "run.db"}
    with ReplayServer(Model()) as server, sdk(server.base_url) as client:
        summary = driver.run(server, job(40, rows=3), **files, concurrency=3)
        assert (summary.done, summary.rows, summary.delivered) == (40, 120, 0)
        assert summary.job is not None
        assert summary.job.done == 40
        rows = extraction_of(client, files).rows(job(41, rows=3))
        found = [(row.document, row.index, row.value.article, row.value.count) for row in rows]
        assert len(server.requests) == 41
    assert sorted(found) == sorted(expected(41, rows=3))


def test_run_in_a_running_event_loop_names_arun(tmp_path: Path) -> None:
    async def main() -> None:
        with OpenAI(base_url="http://127.0.0.1:9/v1", api_key="test") as sdk:
            extraction = extraction_of(
                sdk, {"journal": tmp_path / "run.db", "sink": tmp_path / "rows.jsonl"}
            )
            with pytest.raises(RuntimeError, match=r"await extraction\.arun"):
                extraction.run(job(1))

    asyncio.run(main())


def test_the_same_file_cannot_have_two_purposes(tmp_path: Path) -> None:
    rows, run = tmp_path / "rows.jsonl", tmp_path / "run.db"
    for given, message in (
        ({"journal": run, "sink": rows, "dead_letters": rows}, "dead_letters= and sink="),
        ({"journal": run, "sink": rows, "dead_letters": run}, "journal= and dead_letters="),
        ({"journal": rows, "sink": tmp_path / "." / "rows.jsonl"}, "journal= and sink="),
        ({"journal": ":memory:", "sink": rows}, "path of a file"),
        ({"journal": "", "sink": rows}, "path of a file"),
    ):
        with pytest.raises(ValueError, match=message):
            extraction_of(sdk(), given)
    with pytest.raises(TypeError, match="path of a file"):
        extraction_of(sdk(), {"journal": None})


class Prompter:
    def __init__(self, question: str) -> None:
        self.question = question

    def __call__(self, document: Document) -> str:
        return self.question + document.text

    def ask(self, document: Document) -> str:
        return self.question + document.text


def asking(question: str, document: Document) -> str:
    return question + document.text


def asking_with(document: Document, *, question: str) -> str:
    return question + document.text


def closure(question: str) -> Any:
    return lambda document: question + document.text


@pytest.mark.parametrize(
    "make",
    [
        lambda question: partial(asking, question),
        lambda question: partial(asking_with, question=question),
        Prompter,
        lambda question: Prompter(question).ask,
        closure,
    ],
    ids=["partial", "keyword", "object", "method", "closure"],
)
def test_a_function_is_another_prompt_if_it_was_made_with_other_words(
    make: Any, tmp_path: Path
) -> None:
    files = {"journal": tmp_path / "run.db", "sink": tmp_path / "rows.jsonl"}
    with ReplayServer(Model(), repeat=True) as server, sdk(server.base_url) as client:
        extraction_of(client, {**files, "prompt": make("Which?\n")}).run(job(1, rows=2))
        again = extraction_of(client, {**files, "prompt": make("Which?\n")}).run(job(1, rows=2))
        assert again.known == 1
        with pytest.raises(JournalMismatchError, match="prompt"):
            extraction_of(client, {**files, "prompt": make("What?\n")}).run(job(1, rows=2))


QUESTION = "Which?\n"
text = "one of the documents"


def question_of_the_module(document: Document) -> str:
    return "".join(each for each in (QUESTION, document.text))


def test_a_constant_of_its_module_belongs_to_a_function(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    files = {"journal": tmp_path / "run.db", "sink": tmp_path / "rows.jsonl"}
    given = {**files, "prompt": question_of_the_module}
    with ReplayServer(Model(), repeat=True) as server, sdk(server.base_url) as client:
        extraction_of(client, given).run(job(1, rows=2))
        monkeypatch.setitem(globals(), "text", "another one")  # only the name of an attribute
        assert extraction_of(client, given).run(job(1, rows=2)).known == 1
        monkeypatch.setitem(globals(), "QUESTION", "What?\n")
        with pytest.raises(JournalMismatchError, match=r"What\?"):
            extraction_of(client, given).run(job(1, rows=2))


def test_a_function_may_use_what_is_not_there_yet(tmp_path: Path) -> None:
    def prompt(document: Document) -> str:
        return later(document)

    files = {"journal": tmp_path / "run.db", "sink": tmp_path / "rows.jsonl"}
    with ReplayServer(Model()) as server, sdk(server.base_url) as client:
        extraction = extraction_of(client, {**files, "prompt": prompt})

        def later(document: Document) -> str:
            return f"\n{document.text}"

        assert extraction.run(job(1, rows=2)).done == 1


def test_a_function_as_an_option_is_the_same_in_the_next_process(tmp_path: Path) -> None:
    def skip() -> Any:
        return lambda rejected: "skip"

    files = {"journal": tmp_path / "run.db", "sink": tmp_path / "rows.jsonl"}
    with ReplayServer(Model()) as server, sdk(server.base_url) as client:
        first, second = skip(), skip()
        extraction_of(client, {**files, "on_invalid": first}).run(job(1, rows=2))
        again = extraction_of(client, {**files, "on_invalid": second}).run(job(1, rows=2))
        assert again.known == 1
        with pytest.raises(JournalMismatchError, match="different options"):
            extraction_of(client, {**files, "on_invalid": "raise"}).run(job(1, rows=2))


async def async_prompt(document: Document) -> str:
    return document.text


class AsyncPrompter:
    async def __call__(self, document: Document) -> str:
        return document.text


@pytest.mark.parametrize("prompt", [async_prompt, AsyncPrompter()])
def test_an_async_prompt_is_refused(prompt: Any, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="async function"):
        extraction_of(sdk(), {"journal": tmp_path / "run.db", "prompt": prompt})


def test_a_prompt_that_raises_is_not_counted_as_a_request(driver: Driver, tmp_path: Path) -> None:
    files = {"journal": tmp_path / "run.db", "sink": tmp_path / "rows.jsonl"}

    def prompt(document: Document) -> str:
        raise KeyError(document.id)

    with ReplayServer(Model()) as server:
        summary = driver.run(server, job(2), **files, prompt=prompt)
        assert server.requests == []
    assert (summary.requests, summary.failed) == (0, 2)
    letters = lines(tmp_path / "run.dead-letters.jsonl")
    reasons = {letter["document"]: letter["reason"] for letter in letters}
    assert reasons["doc-0000"] == "KeyError: 'doc-0000'"


@pytest.mark.parametrize(
    ("returned", "kind"), [(None, "None"), (7, "int"), ({"role": "user"}, "dict"), (["Hi"], "str")]
)
def test_a_prompt_function_that_returns_no_prompt_ends_the_run(
    driver: Driver, tmp_path: Path, returned: Any, kind: str
) -> None:
    files = {"journal": tmp_path / "run.db", "sink": tmp_path / "rows.jsonl"}
    message = f"prompt= must return a text or a list of messages, not (a list with )?{kind}"
    with ReplayServer(Model()) as server:
        with pytest.raises(TypeError, match=message):
            driver.run(server, job(9), **files, prompt=lambda _: returned)
        assert server.requests == []
    assert not (tmp_path / "run.dead-letters.jsonl").exists()
    assert journal_status(tmp_path / "run.db").totals.failed == 0


def test_retry_failed_counts_the_documents_that_it_does_not_read(
    driver: Driver, tmp_path: Path
) -> None:
    files = {"journal": tmp_path / "run.db", "sink": tmp_path / "rows.jsonl"}
    with ReplayServer(Model()) as server:
        driver.run(server, job(2, rows=1), **files)
        summary = driver.run(server, job(3, rows=1), **files, retry_failed=True)
        assert len(server.requests) == 2
    assert (summary.documents, summary.known, summary.not_read) == (3, 2, 1)
    assert not summary.ok
