from __future__ import annotations

import re
import runpy

import httpx
import pytest
from example_runs import EXAMPLES, run_example, run_live

from partialstream.testing import Answer, ReplayRequest, ReplayServer

ENDPOINTS = ["Chat Completions", "Responses", "An OpenRouter-like gateway"]
PHAROS = "Place(name='Pharos', at=Coordinates(latitude=31.2139, longitude=29.8856))"
TRIP = (
    "Trip(title='To the end of the land',"
    " start=Place(name='Lisbon', at=Coordinates(latitude=38.7223, longitude=-9.1393)),"
    " stops=[Place(name='Sintra', at=Coordinates(latitude=38.8029, longitude=-9.3817)),"
    " Place(name='Cabo da Roca', at=Coordinates(latitude=38.7804, longitude=-9.4989))])"
)
OBJECT = re.compile(
    r"  (?P<first>[\d.]+) s to (?P<total>[\d.]+) s, (?P<count>\d+) snapshots, the last of them\n"
    r"    (?P<last>.+)\n"
    r"  (?P<waited>[\d.]+) s, not streamed\n"
    r"    (?P<whole>.+)\n"
)


def objects(shown: str) -> dict[str, list[dict[str, str]]]:
    """By endpoint, what is said of each object."""
    titles = re.findall(r"^\S.+$", shown, re.MULTILINE)
    texts = re.split(r"^\S.+\n", shown, flags=re.MULTILINE)[1:]
    found = [[match.groupdict() for match in OBJECT.finditer(text)] for text in texts]
    assert all(OBJECT.sub("", text) == "" for text in texts), shown
    return dict(zip(titles, found, strict=True))


def test_every_endpoint_gives_the_same_objects_streamed_and_not() -> None:
    found = objects(run_example("structured_output"))
    assert list(found) == ENDPOINTS
    for place, trip in found.values():
        assert place["last"] == place["whole"] == PHAROS
        assert trip["last"] == trip["whole"] == TRIP
        assert 2 < int(place["count"]) < int(trip["count"])
        # It grows while the model writes, which takes the same time without streaming.
        assert float(trip["first"]) < float(trip["total"]) / 2
        assert float(trip["first"]) < float(trip["waited"]) / 2


def test_real_endpoints_are_asked_by_both_apis_and_without_a_key_no_gateway(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OPENROUTER_API_KEY", raising=False)
    place = '{"name": "Here", "at": {"latitude": 1, "longitude": 2}}'
    trip = f'{{"title": "Round", "start": {place}, "stops": []}}'

    def script(request: ReplayRequest) -> Answer:
        return Answer(trip if "A trip from" in str(request.body) else place)

    with ReplayServer(script) as server:
        shown = run_live("structured_output", server.base_url)
        asked = [(request.path, request.body.get("stream", False)) for request in server.requests]
    found = objects(shown)
    assert list(found) == ENDPOINTS[:2]
    assert found["Responses"][0]["whole"].startswith("Place(name='Here'")
    assert found["Responses"][1]["whole"].startswith("Trip(title='Round'")
    paths = ["/v1/chat/completions", "/v1/responses"]
    assert asked == [(path, stream) for path in paths for stream in (True, False) * 2]


@pytest.mark.parametrize(("prefix", "told"), [("/api/v1", True), ("/v1", False)])
def test_the_gateways_stream_has_lines_of_comment(prefix: str, told: bool) -> None:
    example = runpy.run_path(str(EXAMPLES / "structured_output.py"))
    message = {"role": "user", "content": next(iter(example["WISHES"]))}
    with ReplayServer(example["scripted"]) as server, httpx.Client() as client:
        body = {"messages": [message], "stream": True}
        shown = client.post(server.url + prefix + "/chat/completions", json=body).text
    assert shown.count("data: ") > 10
    assert (shown.count("\n: OPENROUTER PROCESSING\n\n") > 10) == told
