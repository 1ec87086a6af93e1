"""`web.Replay`: a page that reloads goes on; the same for each store."""

from __future__ import annotations

import json
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest
from replay_runs import SOON, at_once, read_by_two, site_of, until
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient
from web_runs import HOWS, Report, products
from wire_readers import READERS, read_sse, sse_events

from partialstream import Finished, Item, Outcome, web
from partialstream.testing import Answer, ReplayServer, faults
from partialstream.web.encode import Encoding

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    Make = Callable[..., web.Replay]

WIRES = list(READERS)
STEADY: dict[str, Any] = {"tokens_per_second": 60}


def names(text: str) -> list[str]:
    return [value["name"] for value in read_sse(text).values]


# -- the response, and the same again ---------------------------------------------------------


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("wire", WIRES)
def test_it_is_sent_as_without_replay(make: Make, how: str, wire: str) -> None:
    with (
        ReplayServer(Answer(products(5))) as provider,
        site_of(make, provider, how, wire=wire) as site,
    ):
        response = site.begin()
        again = site.again()
    page = READERS[wire](response.text)
    assert page.ok
    assert [value["name"] for value in page.values] == ["p0", "p1", "p2", "p3", "p4"]
    assert again.status_code == 200
    assert again.text == response.text
    for name in ("content-type", "cache-control", "x-accel-buffering"):
        assert again.headers[name] == response.headers[name]
    assert again.headers.get("x-vercel-ai-ui-message-stream") == response.headers.get(
        "x-vercel-ai-ui-message-stream"
    )


@pytest.mark.parametrize("wire", [wire for wire in WIRES if wire != "ai-sdk"])
def test_a_known_key_is_not_asked_for_again(make: Make, wire: str) -> None:
    with (
        ReplayServer(Answer(products(5))) as provider,
        site_of(make, provider, wire=wire) as site,
    ):
        texts = {site.begin().text for _ in range(3)}
        assert len(texts) == 1
        assert site.calls == ["k"]
        assert len(provider.requests) == 1


@pytest.mark.parametrize("wire", [wire for wire in WIRES if wire != "ai-sdk"])
def test_requests_that_arrive_at_once_are_one(make: Make, wire: str) -> None:
    answer = Answer(products(10), **STEADY)
    with ReplayServer(answer) as provider, site_of(make, provider, wire=wire) as site:
        texts = {response.text for response in at_once(5, lambda _: site.begin())}
        assert len(texts) == 1
        assert READERS[wire](texts.pop()).ok
        assert site.calls == ["k"]
        assert len(provider.requests) == 1


@pytest.mark.parametrize("how", ["async", "sync"])
def test_a_stream_that_was_made_for_a_known_key_is_closed(make: Make, how: str) -> None:
    answer = Answer(products(200), **STEADY)
    with (
        ReplayServer(answer, repeat=True) as provider,
        site_of(partial(make, linger=60), provider, how) as site,
    ):
        site.begin_and_leave("p1")
        site.begin_and_leave("p2")
        for request in provider.requests[1:]:
            assert request.wait_hung_up(SOON)
        assert not provider.requests[0].hung_up


def test_keys_are_apart(make: Make) -> None:
    answers = [Answer(products(2, name="a")), Answer(products(2, name="b"))]
    with ReplayServer(answers) as provider, site_of(make, provider) as site:
        assert names(site.begin("one").text) == ["a0", "a1"]
        assert names(site.begin("two").text) == ["b0", "b1"]
        assert names(site.again("one").text) == ["a0", "a1"]
        assert site.again("three").status_code == 204


def test_any_text_is_a_key(make: Make) -> None:
    keys = ["%00", "a:log", "*", "{x}", "%F0%9F%98%80" * 99, "..", "log:k", "../k", "k%0A", "K"]
    answers = [Answer(products(2, name=f"{n}-")) for n in range(len(keys))]
    with ReplayServer(answers) as provider, site_of(make, provider) as site:
        texts = [site.begin(key).text for key in keys]
        assert len(set(texts)) == len(keys)
        assert [site.again(key).text for key in keys] == texts
        assert site.again("k").status_code == 204


# -- going on ------------------------------------------------------------------------------------


def test_who_comes_again_goes_on_after_the_last_event(make: Make) -> None:
    answer = Answer(products(30), **STEADY)
    with ReplayServer(answer) as provider, site_of(make, provider) as site:
        before = sse_events(site.begin_and_leave("p3").rpartition("\n\n")[0] + "\n\n")
        after = sse_events(site.again(last=before[-1][0]).text)
        assert [id_ for id_, _, _ in before + after] == [str(n) for n in range(1, 32)]
        assert after[-1][1] == "done"
        assert len(provider.requests) == 1
        assert sse_events(site.again().text) == before + after


def test_a_request_with_the_header_goes_on_too(make: Make) -> None:
    """As `EventSource` connects again by itself, to the same address."""
    answer = Answer(products(30), **STEADY)
    with ReplayServer(answer) as provider, site_of(make, provider) as site:
        site.begin_and_leave("p3")
        events = sse_events(site.begin(headers={"Last-Event-ID": "2"}).text)
        assert [id_ for id_, _, _ in events] == [str(n) for n in range(3, 32)]
        assert site.calls == ["k"]
        last = events[-1][0]
        assert site.begin(headers={"Last-Event-ID": last}).status_code == 204
        assert site.begin("other", headers={"Last-Event-ID": "2"}).status_code == 204
        assert site.calls == ["k"]


@pytest.mark.parametrize("wire", [wire for wire in WIRES if wire != "sse"])
def test_other_wires_begin_again(make: Make, wire: str) -> None:
    answer = Answer(products(20), **STEADY)
    with ReplayServer(answer) as provider, site_of(make, provider, wire=wire) as site:
        site.begin_and_leave("p2")
        page = READERS[wire](site.again(last="3").text)
        assert page.ok
        assert len(page.values) == 20
        assert len(provider.requests) == 1


NO_NUMBERS: list[Any] = [
    *("-1", "x", "999", "1.5", "1e1", "%31", "\u0661".encode(), "9" * 5000, "1_0", "+1")
]


@pytest.mark.parametrize("running", [True, False])
def test_numbers_of_no_event(make: Make, running: bool) -> None:
    fault = faults.Stall(60) if running else None
    with (
        ReplayServer(Answer(products(12), fault=fault)) as provider,
        site_of(make, provider) as site,
    ):
        site.begin_and_leave("p2")
        if not running:
            assert read_sse(site.begin().text).ok
        for last in NO_NUMBERS:
            assert site.again(last=last).status_code == 204
            assert site.begin(headers={"Last-Event-ID": last}).status_code == 204


def test_the_number_nought_is_the_beginning(make: Make) -> None:
    with ReplayServer(Answer(products(2))) as provider, site_of(make, provider) as site:
        text = site.begin().text
        assert site.again(last="0").text == text
        assert site.again(last="").text == text
        assert site.again(last="3").status_code == 204
        assert site.again(last="2").text.startswith("id: 3\nevent: done")


def test_a_growing_object_goes_on(make: Make) -> None:
    value = {"title": "On paper", "text": "word " * 60}
    answer = Answer(json.dumps(value), tokens_per_second=100)
    ask = {"response_model": Report}
    with (
        ReplayServer(answer) as provider,
        site_of(make, provider, method="create_partial", ask=ask) as site,
    ):
        text = site.begin_and_leave("word").rpartition("\n\n")[0] + "\n\n"
        last = sse_events(text)[-1][0]
        page = read_sse(text + site.again(last=last).text)
    assert page.ok
    assert page.state == value


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("end", [faults.LengthCut(20), faults.Reset(20)])
def test_no_end_is_silent(make: Make, wire: str, end: Any) -> None:
    with (
        ReplayServer(Answer(products(20), fault=end)) as provider,
        site_of(make, provider, wire=wire) as site,
    ):
        for get in (site.begin, site.again):
            if wire == "object":
                with pytest.raises(httpx.RemoteProtocolError):
                    get()
            else:
                page = READERS[wire](get().text)
                assert not page.ok
                assert page.error
                assert page.values


def test_what_cannot_be_made_is_told(make: Make) -> None:
    answer = Answer(fault=faults.HTTPError(401, message="SECRET"))
    with ReplayServer(answer) as provider, site_of(make, provider, "sync callable") as site:
        page = read_sse(site.begin().text)
        assert page.error == "The request failed."
        assert read_sse(site.again().text).error == page.error
        assert site.calls == ["k"]


@pytest.mark.parametrize(("wire", "beat"), [("sse", ": \n\n"), ("ndjson", " ")])
def test_signs_of_life(make: Make, wire: str, beat: str) -> None:
    answer = Answer(products(2), first_delay=1.0)
    with (
        ReplayServer(answer) as provider,
        site_of(make, provider, wire=wire, heartbeat=0.02) as site,
    ):
        text = site.begin().text
        assert text.count(beat) >= 3
        assert READERS[wire](text).ok
        assert beat not in site.again().text.replace(", ", ",")


def test_no_sign_of_life_stands_in_a_text(make: Make) -> None:
    answer = Answer('{"title": "On paper", "text": "abc"}', tokens_per_second=20)
    with (
        ReplayServer(answer) as provider,
        site_of(
            make,
            provider,
            wire="object",
            method="create_partial",
            ask={"response_model": Report},
            heartbeat=0.01,
        ) as site,
    ):
        text = site.begin().text
    assert json.loads(text) == {"title": "On paper", "text": "abc"}


@pytest.mark.parametrize("how", ["async callable", "sync callable"])
def test_what_is_held_back_passes_when_its_time_has_come(make: Make, how: str) -> None:
    answer = Answer('{"title": "On paper", "text": "abcdefgh', fault=faults.Stall(9))
    with (
        ReplayServer(answer) as provider,
        site_of(
            make,
            provider,
            how,
            method="create_partial",
            ask={"response_model": Report},
            throttle=0.2,
        ) as site,
    ):
        assert "abcd" in site.begin_and_leave("abcd")


# -- chats: many runs of one key --------------------------------------------------------------


def test_a_message_after_the_end_is_a_new_run(make: Make) -> None:
    answers = [Answer(products(2, name="a")), Answer(products(2, name="b"))]
    with ReplayServer(answers) as provider, site_of(make, provider, wire="ai-sdk") as site:
        assert '"a1"' in site.begin().text
        assert '"a1"' in site.again().text
        text = site.begin().text
        assert '"b1"' in text
        assert '"a1"' not in text
        assert site.again().text == text


def test_a_message_of_who_has_stopped_is_a_new_run(make: Make) -> None:
    """`stop()` of `useChat` only leaves: what it asked for then is not the next answer."""
    answers = [Answer(products(500, name="a"), **STEADY), Answer(products(2, name="b"))]
    with (
        ReplayServer(answers) as provider,
        site_of(partial(make, linger=60, lease=4.5), provider, wire="ai-sdk") as site,
    ):
        site.begin_and_leave('"a1"')
        text = site.begin().text
        assert '"b1"' in text
        assert '"a1"' not in text
        assert provider.requests[0].wait_hung_up(SOON)  # which nobody can read any more


def test_who_reads_the_run_before_is_not_cut_off(make: Make) -> None:
    answers = [Answer(products(20, name="a"), **STEADY), Answer(products(2, name="b"))]
    with (
        ReplayServer(answers) as provider,
        site_of(partial(make, lease=4.5), provider, wire="ai-sdk") as site,
        httpx.stream("POST", f"{site.url}/?key=k", timeout=30) as response,
    ):
        pieces = response.iter_text()
        seen = next(pieces)
        until(lambda: provider.requests)  # what has come may be older than the request
        assert '"b1"' in site.begin().text
        page = READERS["ai-sdk"](seen + "".join(pieces))
        assert page.ok
        assert len(page.values) == 20


@pytest.mark.parametrize("same", [True, False])
def test_the_same_message_at_once_is_one_run(make: Make, same: bool) -> None:
    wire = web.AiSdk(message_id="m1") if same else "ai-sdk"
    with (
        ReplayServer(Answer(products(10), **STEADY), repeat=True) as provider,
        site_of(make, provider, wire=wire) as site,
    ):
        at_once(4, lambda _: site.begin())
        assert len(provider.requests) == (1 if same else 4)
        site.begin()  # regenerated: after the end it is a new one
        assert len(provider.requests) == (2 if same else 5)


# -- nobody, and many ----------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["async", "sync callable", "coroutine function"])
def test_it_goes_on_without_readers(make: Make, how: str) -> None:
    answer = Answer(products(20), tokens_per_second=200)
    with ReplayServer(answer) as provider, site_of(make, provider, how) as site:
        site.begin_and_leave("p1")
        (request,) = provider.requests
        assert until(lambda: request.finished)
        assert not request.hung_up
        assert len(names(site.again().text)) == 20


@pytest.mark.parametrize("how", ["async", "sync callable"])
@pytest.mark.parametrize("wire", ["sse", "object", "ai-sdk"])
def test_without_readers_for_long_it_is_closed(make: Make, how: str, wire: str) -> None:
    answer = Answer(products(3000), tokens_per_second=50)
    with (
        ReplayServer(answer) as provider,
        site_of(partial(make, linger=0.3), provider, how, wire=wire) as site,
    ):
        site.begin_and_leave("p1")
        (request,) = provider.requests
        assert request.wait_hung_up(SOON)
        if wire == "object":
            with pytest.raises(httpx.RemoteProtocolError):
                site.again()
        else:
            page = READERS[wire](site.again().text)
            assert page.error == "The response was cancelled."
            assert page.values


def test_a_silent_stream_without_readers_is_closed(make: Make) -> None:
    answer = Answer(products(30), fault=faults.Stall(20))
    with (
        ReplayServer(answer) as provider,
        site_of(partial(make, linger=0.2), provider, "sync callable") as site,
    ):
        site.begin_and_leave("p0")
        assert provider.requests[0].wait_hung_up(SOON)


def test_each_reader_counts(make: Make) -> None:
    answer = Answer(products(30), tokens_per_second=100)
    with (
        ReplayServer(answer) as provider,
        site_of(partial(make, linger=0.2), provider) as site,
    ):
        seen = read_by_two(f"{site.url}/?key=k", f"{site.url}/again?key=k")
        assert len(names(seen)) == 30


def test_many_readers_one_of_them_slow(make: Make) -> None:
    answer = Answer(products(100, name="x" * 500), tokens_per_second=4000)
    with ReplayServer(answer) as provider, site_of(make, provider) as site:

        def read(n: int) -> tuple[str, float]:
            seen: list[str] = []
            with httpx.stream("POST", f"{site.url}/?key=k", timeout=60) as response:
                for text in response.iter_text():
                    seen.append(text)
                    if n == 0 and len(seen) < 10:
                        time.sleep(0.1)
            return "".join(seen), time.monotonic()

        texts = [text for text, _ in at_once(8, read)]
        assert len(set(texts)) == 1
        assert len(names(texts[0])) == 100
        assert len(provider.requests) == 1


# -- bounds --------------------------------------------------------------------------------------


def test_it_is_kept_for_a_time(make: Make) -> None:
    with (
        ReplayServer(Answer(products(2)), repeat=True) as provider,
        site_of(partial(make, keep=2), provider) as site,
    ):
        site.begin()
        assert site.again().status_code == 200
        until(lambda: site.again().status_code == 204)
        assert site.again(last="1").status_code == 204
        assert read_sse(site.begin().text).ok
        assert site.calls == ["k", "k"]


def test_the_oldest_frames_make_room(make: Make) -> None:
    """Who keeps up has all; who comes later has nothing, rather than a part."""
    answer = Answer(products(100), tokens_per_second=500)
    with (
        ReplayServer(answer) as provider,
        site_of(partial(make, max_bytes=4000), provider) as site,
    ):
        assert len(names(site.begin().text)) == 100
        assert site.again().status_code == 204
        assert site.begin().status_code == 204
        assert site.again(last="1").status_code == 204
        events = sse_events(site.again(last="95").text)
        assert [id_ for id_, _, _ in events] == [str(n) for n in range(96, 102)]
        assert site.calls == ["k"]


def test_a_reader_who_is_far_behind_is_told(make: Make) -> None:
    answer = Answer(products(6000, name="x" * 2000), chunk_size=20_000)
    with (
        ReplayServer(answer) as provider,
        site_of(partial(make, max_bytes=100_000, linger=60), provider) as site,
        httpx.stream("POST", f"{site.url}/?key=k", timeout=30) as response,
    ):
        seen = []
        for n, text in enumerate(response.iter_text()):
            seen.append(text)
            if n == 0:
                until(lambda: provider.requests[0].finished, 120)
        page = read_sse("".join(seen))
        assert page.error == "The request failed."
        assert 0 < len(page.values) < 6000


def test_the_log_that_ended_first_makes_room(make: Make) -> None:
    with (
        ReplayServer(Answer(products(1)), repeat=True) as provider,
        site_of(partial(make, max_logs=2), provider) as site,
    ):
        for key in "abc":
            assert read_sse(site.begin(key).text).ok
        assert [site.again(key).status_code for key in "abc"] == [204, 200, 200]


def test_where_all_run_a_stream_is_not_kept(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    answers = [Answer(products(30), fault=faults.Stall(20)), Answer(products(2))]
    with (
        ReplayServer(answers) as provider,
        site_of(partial(make, max_logs=1), provider) as site,
    ):
        site.begin_and_leave("p0", "a")
        assert read_sse(site.begin("b").text).ok
        assert site.again("b").status_code == 204
    assert "without being kept" in caplog.text


# -- the end of the application --------------------------------------------------------------


@pytest.mark.parametrize("how", ["async", "sync callable"])
def test_streams_are_closed_with_the_application(make: Make, how: str) -> None:
    answer = Answer(products(3000), tokens_per_second=50)
    with ReplayServer(answer) as provider:
        with site_of(make, provider, how) as site:
            site.begin_and_leave("p1")
        assert provider.requests[0].wait_hung_up(SOON)


# -- what does not fit together -----------------------------------------------------------------


def test_arguments_that_make_no_sense(make: Make) -> None:
    for options in ({"linger": -1}, {"keep": -1}, {"max_bytes": 0}, {"max_logs": 0}):
        with pytest.raises(ValueError, match=next(iter(options))):
            make(**options)
    with pytest.raises(ValueError, match="key="):
        web.respond([], replay=make())
    with pytest.raises(ValueError, match="replay="):
        web.respond([], key="k")


def test_a_key_on_another_wire_is_a_clear_error(make: Make) -> None:
    with ReplayServer(Answer(products(2))) as provider, site_of(make, provider) as site:
        site.begin()
        assert httpx.get(f"{site.url}/again?key=k&wire=ai-sdk", timeout=30).status_code == 500
        assert httpx.get(f"{site.url}/again?key=k&wire=sse", timeout=30).status_code == 200


def test_without_a_lifespan_and_with_an_event_loop_for_each_request() -> None:
    """As in tests of applications."""
    replay = web.Replay()

    async def events() -> AsyncIterator[Any]:
        for n in range(3):
            yield Item(n, n, (n,), "")
        yield Finished(Outcome("complete"))

    async def begin(_: Any) -> Any:
        return web.respond(events(), replay=replay, key="k")

    async def again(_: Any) -> Any:
        return await replay.response("k")

    client = TestClient(Starlette(routes=[Route("/", begin), Route("/again", again)]))
    text = client.get("/").text
    assert read_sse(text).values == [0, 1, 2]
    assert client.get("/again").text == text
    assert client.get("/").text == text


def test_a_writer_that_fails_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever the reason: nobody waits for a log without a writer."""

    def fail(*_: Any) -> Any:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Encoding, "end", fail)

    async def ask() -> list[str]:
        replay = web.Replay()
        response = web.respond([Item(1, 0, (0,), "")], replay=replay, key="k")
        sent: list[dict[str, Any]] = []

        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            await anyio.sleep_forever()

        await response({"type": "http", "headers": []}, receive, send)
        return [message["body"].decode() for message in sent[1:]]

    events = sse_events("".join(anyio.run(ask)))
    assert [name for _, name, _ in events] == ["item", "error"]
    assert "a bug" in caplog.text
