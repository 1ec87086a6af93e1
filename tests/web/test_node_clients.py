"""The clients that the wires are for, from npm, read an application on a server."""

from __future__ import annotations

import asyncio
import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from app_server import serving
from change_sequences import sequences
from hypothesis import given, settings
from hypothesis import strategies as st
from node_runs import MODULE, NODE, Clients, needs_clients, run
from pydantic import BaseModel, field_serializer
from pydantic_core import to_json
from starlette.applications import Starlette
from starlette.routing import Route
from strategies import Cut, cuts
from typed_documents import typed_texts
from web_runs import Clients as Endpoints
from web_runs import Product, Report, app_of, page_of, products
from wire_readers import read_ag_ui

from partialstream import Change, Limits, stream_partial, web
from partialstream.engine.changes import GrowingState
from partialstream.testing import Answer, ReplayServer, faults

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = needs_clients

CLIENTS = {
    "sse": "sse",
    "module": "sse",
    "ai-sdk": "ai-sdk",
    "chat": "ai-sdk",
    "object": "object",
    "ag-ui": "ag-ui",
}
"""By client: the wire that it reads."""

STEADY = {"tokens_per_second": 200}

clients = Clients()


@pytest.fixture(scope="module", autouse=True)
def one_process() -> Iterator[None]:
    yield
    clients.close()


def read(client: str, answers: Any, how: str = "async", **options: Any) -> dict[str, Any]:
    with (
        ReplayServer(answers) as replay,
        page_of(replay, how, wire=options.pop("wire", CLIENTS[client]), **options) as url,
    ):
        return clients.read(client, url)


@pytest.mark.parametrize("how", ["async", "sync callable"])
@pytest.mark.parametrize("client", CLIENTS)
def test_items_arrive_one_by_one(client: str, how: str) -> None:
    seen = read(client, Answer(products(5), tokens_per_second=60), how)
    assert seen["ok"], seen
    assert seen["error"] is None
    assert [index for index, _ in seen["items"]] == [0, 1, 2, 3, 4]
    assert [value for _, value in seen["items"]] == json.loads(products(5))["items"]
    # And not all at once.
    assert seen["states" if client in ("chat", "object") else "moments"] >= 4


def test_our_module_reads_lines() -> None:
    seen = read("module", Answer(products(3)), wire="ndjson")
    assert seen["ok"]
    assert [index for index, _ in seen["items"]] == [0, 1, 2]


@pytest.mark.parametrize("client", CLIENTS)
def test_a_growing_object(client: str) -> None:
    value = {"title": 'On "paper" 😀', "text": "word\n" * 60}
    answer = Answer(json.dumps(value), **STEADY)
    seen = read(client, answer, method="create_partial", ask={"response_model": Report})
    assert seen["ok"], seen
    assert seen["state"] == value
    assert client == "chat" or seen["states"] >= 3


@pytest.mark.parametrize("client", [c for c in CLIENTS if c != "object"])
def test_a_repaired_item_replaces_its_card(client: str) -> None:
    items = [{"name": "a", "score": 1}, {"name": "b", "score": 840}, {"name": "c", "score": 3}]
    repaired = {"items": [{"index": 1, "name": "b", "score": 84}]}
    answers = [Answer(json.dumps({"items": items})), Answer(json.dumps(repaired))]
    seen = read(client, answers, ask={"max_retries": 1})
    assert seen["ok"], seen
    assert {index: value["score"] for index, value in seen["items"]} == {0: 1, 1: 84, 2: 3}


def test_a_repaired_item_keeps_its_place_in_a_document() -> None:
    items = [{"name": "a", "score": 1}, {"name": "b", "score": 840}, {"name": "c", "score": 3}]
    repaired = {"items": [{"index": 1, "name": "b", "score": 84}]}
    answers = [Answer(json.dumps({"items": items})), Answer(json.dumps(repaired))]
    seen = read("object", answers, ask={"max_retries": 1})
    assert seen["ok"], seen
    assert [value["score"] for value in seen["state"]] == [1, 84, 3]


ENDS: dict[str, tuple[Answer, str]] = {
    "length": (Answer(products(9), fault=faults.LengthCut(30)), "truncated"),
    "filtered": (Answer(products(9), fault=faults.ContentFilter(30)), "filtered"),
    "refused": (Answer(products(9), fault=faults.Refusal(30)), "refused"),
    "lost": (Answer(products(9), fault=faults.Reset(30)), "disconnected"),
    "early": (Answer(products(9), fault=faults.EndEarly(30)), "disconnected"),
    "error": (Answer(products(9), fault=faults.ErrorEvent(30)), "disconnected"),
    "stalled": (Answer(products(9), fault=faults.Stall(30)), "stalled"),
    "malformed": (Answer(products(9)[:-3] + "x]}"), "invalid"),
    "invalid": (Answer(products(3)[:-2] + ', {"name": 5}]}'), "invalid"),
    "cut": (Answer(products(9)[:60]), "truncated"),
    "empty": (Answer(""), "empty"),
    "prose": (Answer("I am sorry."), "no_json"),
    "refused request": (Answer(fault=faults.HTTPError(401)), "failed"),
}
"""How a response goes wrong, and the status that the page is told."""


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("end", ENDS)
def test_a_cut_list_is_never_taken_for_success(client: str, end: str) -> None:
    answer, status = ENDS[end]
    ask = {"limits": Limits(idle_seconds=0.2)} if end == "stalled" else {}
    seen = read(client, answer, ask=ask)
    assert not seen["ok"], seen
    assert seen["error"], seen
    if client == "module":
        assert seen["status"] == status


@pytest.mark.parametrize("client", CLIENTS)
def test_an_object_that_is_not_complete_is_an_error(client: str) -> None:
    answer = Answer('{"title": "abc", "text": "word ', **STEADY)
    seen = read(client, answer, method="create_partial", ask={"response_model": Report})
    assert not seen["ok"], seen
    assert seen["error"], seen
    assert client == "object" or seen["state"] == {"title": "abc", "text": "word "}


class Unwritable(Product):
    @field_serializer("name")
    def write(self, name: str) -> str:
        raise LookupError(name)


def fail() -> Any:
    raise LookupError("SECRET")


@pytest.mark.parametrize("client", CLIENTS)
def test_what_the_program_does_wrong_is_an_error(client: str) -> None:
    seen = read(client, Answer(products(3)), ask={"response_model": Unwritable})
    assert not seen["ok"], seen
    assert seen["error"], seen
    with serving(app_of(lambda: web.respond(fail, wire=CLIENTS[client]))) as url:
        seen = clients.read(client, url)
    assert not seen["ok"], seen
    assert seen["error"], seen
    assert "SECRET" not in str(seen)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_stream_that_the_server_closes_is_an_error(client: str) -> None:
    opened: list[Any] = []

    async def endpoint(replayed: Any) -> Any:
        stream = replayed.stream("async")
        opened.append(stream)
        asyncio.get_running_loop().call_later(0.3, lambda: asyncio.ensure_future(stream.close()))
        return web.respond(stream, wire=CLIENTS[client])

    with ReplayServer(Answer(products(20), tokens_per_second=20)) as replay:
        ours = Endpoints(replay)

        async def page(_: Any) -> Any:
            return await endpoint(ours)

        routes = [Route("/", page, methods=["POST"])]
        with serving(Starlette(routes=routes, lifespan=ours.lifespan)) as url:
            seen = clients.read(client, url)
    assert opened[0].outcome.status == "cancelled"
    assert not seen["ok"], seen
    assert seen["error"], seen


class Mapped(BaseModel):
    names: dict[str, dict[str, str]]


@pytest.mark.parametrize("client", ["sse", "module", "ag-ui"])
def test_names_that_patches_may_not_have(client: str) -> None:
    """The JSON readers of `ai` refuse such documents as a whole, loudly."""
    value = {"names": {"__proto__": {"a~b/c": "x"}, "constructor": {"prototype": "yz"}}}
    answer = Answer(json.dumps(value), **STEADY)
    ask = {"response_model": Mapped}
    seen = read(client, answer, method="create_partial", ask=ask, throttle=0)
    assert seen["ok"], seen
    assert "warning" not in seen, seen
    assert seen["state"] == value


@pytest.mark.parametrize("client", ["ai-sdk", "chat"])
def test_names_that_a_client_refuses_are_an_error(client: str) -> None:
    answer = Answer('{"names": {"__proto__": {"a": "x"}}}')
    ask = {"response_model": Mapped}
    seen = read(client, answer, method="create_partial", ask=ask)
    assert not seen["ok"]
    assert seen["error"]


def test_patches_and_changes_lead_to_the_final_object(tmp_path: Path) -> None:
    """Of 2,000 random documents, cut at random, and of 500 random sequences of changes.

    The sequences have what documents have not: new attempts, repairs, values that are taken back,
    gaps in lists. Patches are applied by `jsonpatch` here, by `fast-json-patch` on Node, and
    changes by the module.
    """
    file = tmp_path / "streams.jsonl"
    written = 0
    with file.open("w", encoding="utf-8") as lines:

        def write(events: list[Any], final: Any, throttle: float) -> None:
            nonlocal written
            written += 1
            bodies = [
                "".join(web.encode(events, w, throttle=throttle)) for w in ("ag-ui", "ndjson")
            ]
            line = to_json([*bodies, final], inf_nan_mode="null").decode()
            assert read_ag_ui(bodies[0]).state == json.loads(line)[-1]
            lines.write(line + "\n")

        @settings(max_examples=2000, database=None)
        @given(typed_texts(), cuts, st.sampled_from([0.0, 60.0]))
        def documents(typed: tuple[type[BaseModel], str], cut: Cut, throttle: float) -> None:
            model, text = typed
            stream = stream_partial(model, cut(text))
            events = list(stream.events(text=False, changes=True))
            write(events, model.model_validate_json(text).model_dump(mode="json"), throttle)

        @settings(max_examples=500, database=None)
        @given(sequences(), st.sampled_from([0.0, 60.0]))
        def attempts(changes: list[Change], throttle: float) -> None:
            state = GrowingState()
            for change in changes:
                state.apply(change)
            write([*changes, Change((), "complete")], state.value, throttle)

        documents()
        attempts()
    assert written >= 2500
    seen = run("patches.mjs", str(file), str(MODULE))
    assert seen["documents"] == written
    assert seen["wrong"] == []


def test_the_types_of_the_module(tmp_path: Path) -> None:
    page = tmp_path / "page.mts"
    folder = MODULE.parent.as_posix()
    page.write_text(
        f"""import {{ apply, connect, read, type Growing }} from "{folder}/partialstream.mjs";
interface Report {{ title: string; tags: string[] }}
let report: Growing<Report> | undefined;
for await (const event of read<Report>(await fetch("/report"))) {{
  if (event.type === "change") report = apply<Report>(report, event);
  else if (event.type === "item") event.value.title.toUpperCase();
  else if (event.type === "done") console.log(event.usage?.output_tokens);
}}
for await (const event of connect("/report", {{ method: "POST", retries: 2 }})) event.type;
const title: string | undefined = report?.title;
// @ts-expect-error - there is no such field
report?.pages;
""",
        "utf-8",
    )
    tsc = NODE / "node_modules" / ".bin" / "tsc"
    if not tsc.exists():
        pytest.skip("no TypeScript in tests/web/node")
    options = ["--noEmit", "--strict", "--target", "es2022", "--module", "nodenext"]
    lib = ["--lib", "es2023,dom,dom.iterable,dom.asynciterable", "--types", ""]
    done = subprocess.run(
        [str(tsc), *options, *lib, str(page)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_our_module_connects_again_where_it_was() -> None:
    seen = run("connect.mjs", "again", str(MODULE))
    assert seen["error"] is None
    assert seen["values"] == ["v0", "v1", "v2", "v3"]
    assert seen["last"] == "done"
    assert seen["requests"] == [["POST", None], ["GET", "2"], ["GET", "4"]]


def test_our_module_does_not_take_a_lost_stream_for_a_complete_one() -> None:
    gone = run("connect.mjs", "gone", str(MODULE))
    assert gone["error"] == "disconnected"
    assert gone["requests"] == [["POST", None], ["GET", "2"]]
    down = run("connect.mjs", "down", str(MODULE))
    assert down["error"]
    assert len(down["requests"]) == 3
    assert gone["values"] == down["values"] == ["v0", "v1"]


def test_our_module_does_not_ask_again_for_an_error_that_it_was_told() -> None:
    """Also for one that is called as the loss of its own connection is."""
    told = run("connect.mjs", "told", str(MODULE))
    assert told["error"] == "disconnected"
    assert told["values"] == ["v0"]
    assert told["requests"] == [["POST", None]]
