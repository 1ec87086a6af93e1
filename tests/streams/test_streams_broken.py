"""What the iterator of chunks raises: translated where it is the connection's, else unchanged."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING, Any

import openai
import pytest
from drivers import DRIVERS, KINDS, Driver, Kind, as_chunks
from extras import needs
from http_library import httpx as sdk_httpx
from pydantic import BaseModel

from partialstream import (
    IncompleteStreamError,
    Item,
    PartialStreamError,
    ProviderError,
    TextDelta,
)

if TYPE_CHECKING:
    from collections.abc import Callable


class Product(BaseModel):
    name: str


REQUEST = sdk_httpx.Request("POST", "http://127.0.0.1/v1")
OPEN = ['[{"name":"La', 'mp"},', '{"name":"Ru']
CLOSED = ['[{"name":"La', 'mp"}', "]"]


def of_httpx(name: str, *args: str) -> Exception:
    """An exception of the library that OpenAI's SDK was built on before; others still are."""
    import httpx

    error: Exception = getattr(httpx, name)(*args)
    return error


def of_google(name: str, code: int, body: Any) -> Exception:
    from google.genai import errors

    return getattr(errors, name)(code, body)


def of_botocore(code: str) -> Exception:
    from botocore import exceptions as errors

    return errors.EventStreamError({"Error": {"Code": code, "Message": "wait"}}, "ConverseStream")


def of_aiohttp(text: str) -> Exception:
    import aiohttp

    return aiohttp.ClientPayloadError(text)


# What is raised, what becomes of it, and the status.
TRANSLATED: dict[str, tuple[Callable[[], Exception], type[PartialStreamError], str]] = {
    "ConnectionResetError": (
        lambda: ConnectionResetError("reset"),
        IncompleteStreamError,
        "disconnected",
    ),
    "BrokenPipeError": (lambda: BrokenPipeError("reset"), IncompleteStreamError, "disconnected"),
    "EOFError": (lambda: EOFError(), IncompleteStreamError, "disconnected"),
    "IncompleteRead": (
        lambda: http.client.IncompleteRead(b"ab", 3),
        IncompleteStreamError,
        "disconnected",
    ),
    "TimeoutError": (lambda: TimeoutError("too long"), IncompleteStreamError, "stalled"),
    "httpx.ReadError": (
        lambda: of_httpx("ReadError", "gone"),
        IncompleteStreamError,
        "disconnected",
    ),
    "httpx.RemoteProtocolError": (
        lambda: of_httpx("RemoteProtocolError", "cut"),
        IncompleteStreamError,
        "disconnected",
    ),
    "httpx.StreamClosed": (lambda: of_httpx("StreamClosed"), IncompleteStreamError, "disconnected"),
    "httpx.ReadTimeout": (
        lambda: of_httpx("ReadTimeout", "too long"),
        IncompleteStreamError,
        "stalled",
    ),
    "the SDK's httpx.ReadError": (
        lambda: sdk_httpx.ReadError("gone"),
        IncompleteStreamError,
        "disconnected",
    ),
    "the SDK's httpx.RemoteProtocolError": (
        lambda: sdk_httpx.RemoteProtocolError("cut"),
        IncompleteStreamError,
        "disconnected",
    ),
    "the SDK's httpx.ReadTimeout": (
        lambda: sdk_httpx.ReadTimeout("too long"),
        IncompleteStreamError,
        "stalled",
    ),
    "openai.APIConnectionError": (
        lambda: openai.APIConnectionError(request=REQUEST),
        IncompleteStreamError,
        "disconnected",
    ),
    "openai.APITimeoutError": (
        lambda: openai.APITimeoutError(request=REQUEST),
        IncompleteStreamError,
        "stalled",
    ),
    "openai.APIError": (
        lambda: openai.APIError("overloaded", REQUEST, body={"code": "busy"}),
        ProviderError,
        "disconnected",
    ),
    # Both are called ClientError as well, as a lost connection is by aiohttp.
    "google.genai.errors.ServerError": (
        lambda: of_google("ServerError", 503, {"error": {"message": "overloaded"}}),
        ProviderError,
        "disconnected",
    ),
    "google.genai.errors.ClientError": (
        lambda: of_google("ClientError", 429, {"error": {"message": "too many"}}),
        ProviderError,
        "disconnected",
    ),
    "botocore.exceptions.EventStreamError": (
        lambda: of_botocore("throttlingException"),
        ProviderError,
        "disconnected",
    ),
    "aiohttp.ClientPayloadError": (
        lambda: of_aiohttp("not all of it"),
        IncompleteStreamError,
        "disconnected",
    ),
}
PROVIDERS = ("google.genai", "botocore")

each_translated = pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[needs("providers", module)] if module in PROVIDERS else [])
        for name in TRANSLATED
        for module in [name.partition(".errors.")[0].partition(".exceptions.")[0]]
    ],
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.name)
@each_translated
def test_a_connection_that_fails(name: str, driver: Driver, kind: Kind) -> None:
    make, error, status = TRANSLATED[name]
    chunks = as_chunks(kind, OPEN, finish=None)
    chunks = chunks[:-1] if kind == "bytes" else chunks  # [DONE] is in the last
    for reading in ("values", "detailed", "events"):
        raised = make()
        told = driver.read(Product, chunks, reading=reading, fails=raised)
        values = [value for value in told.values if isinstance(value, Product | Item)]
        assert len(values) == 1
        assert type(told.error) is error
        assert isinstance(told.error, PartialStreamError)
        assert told.error.__cause__ is raised
        assert told.error.delivered == 1
        assert told.outcome is not None
        assert told.outcome.status == status
        assert told.error.outcome == told.outcome
        assert '{"name":"Ru'.startswith(told.outcome.tail)
        assert told.outcome.tail or kind == "bytes"
        assert str(raised) in told.outcome.detail
        assert told.closed


@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.name)
def test_the_provider_s_code_is_kept(driver: Driver) -> None:
    error = openai.APIError("overloaded", REQUEST, body={"code": "busy", "message": "overloaded"})
    told = driver.read(Product, OPEN, fails=error)
    assert isinstance(told.error, ProviderError)
    assert (told.error.code, told.error.chunk) == (
        "busy",
        {"code": "busy", "message": "overloaded"},
    )
    assert "overloaded" in str(told.error)


@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.name)
@each_translated
def test_a_connection_that_fails_in_a_growing_object(name: str, driver: Driver) -> None:
    make, error, status = TRANSLATED[name]
    told = driver.read(Product, ['{"name":"La', "mp"], partial=True, fails=make())
    assert [value.name for value in told.values] == ["La", "Lamp"]
    assert type(told.error) is error
    assert isinstance(told.error, PartialStreamError)
    assert told.error.snapshot is told.values[-1]
    assert told.outcome is not None
    assert (told.outcome.status, told.outcome.tail) == (status, '{"name":"Lamp')


@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.name)
@each_translated
def test_a_connection_that_fails_behind_the_document(name: str, driver: Driver) -> None:
    # Everything is here: what is missing is the goodbye. An error that the provider tells of is
    # another matter.
    make, error, _ = TRANSLATED[name]
    expected = (ProviderError, "disconnected") if error is ProviderError else (None, "complete")
    for partial, deltas in ((False, CLOSED), (True, ['{"name":"Lamp"}'])):
        told = driver.read(Product, deltas, partial=partial, fails=make())
        assert told.values == [Product(name="Lamp")]
        assert told.outcome is not None
        assert (told.error and type(told.error), told.outcome.status) == expected


@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.name)
def test_documents_in_a_row_may_go_on_when_the_connection_fails(driver: Driver) -> None:
    told = driver.read(Product, ['{"name":"Lamp"}'], fails=ConnectionResetError("reset"))
    assert told.values == [Product(name="Lamp")]
    assert isinstance(told.error, IncompleteStreamError)
    assert told.outcome is not None
    assert told.outcome.status == "disconnected"


@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.name)
def test_a_connection_that_fails_before_the_first_chunk(driver: Driver) -> None:
    told = driver.read(Product, [], fails=ConnectionResetError("reset"))
    assert told.values == []
    assert isinstance(told.error, IncompleteStreamError)
    assert told.outcome is not None
    assert (told.outcome.status, told.outcome.tail) == ("disconnected", "")
    assert told.closed


class UserError(RuntimeError):
    """An exception that only the user's program knows."""


@pytest.mark.parametrize("deltas", [OPEN, CLOSED, []], ids=["open", "closed", "nothing"])
@pytest.mark.parametrize("reading", ["values", "detailed", "events"])
@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.name)
def test_an_unknown_exception_is_raised_unchanged(
    driver: Driver, reading: Any, deltas: list[str]
) -> None:
    raised = UserError("mine")
    told = driver.read(Product, deltas, reading=reading, fails=raised)
    assert told.error is raised
    assert raised.__cause__ is None
    assert sum(isinstance(value, Product | Item) for value in told.values) == bool(deltas)
    assert told.closed


@pytest.mark.parametrize("reading", ["values", "detailed", "events"])
@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.name)
def test_an_interrupt_is_raised_unchanged(driver: Driver, reading: Any) -> None:
    raised = KeyboardInterrupt()
    told = driver.read(Product, OPEN, reading=reading, fails=raised)
    assert told.error is raised
    assert told.closed
    assert told.outcome is not None
    assert told.outcome.status == "cancelled"


@pytest.mark.parametrize("partial", [False, True])
@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.name)
def test_an_exception_of_the_user_s_validator_is_raised_unchanged(
    driver: Driver, partial: bool
) -> None:
    raised = UserError("in a validator")

    class Failing(BaseModel):
        name: str

        def model_post_init(self, context: Any) -> None:
            if self.name == "b":
                raise raised

    text = '{"name":"b"}' if partial else '[{"name":"a"},{"name":"b"}]'
    told = driver.read(Failing, list(text), partial=partial)
    assert told.error is raised
    assert told.closed
    assert partial or [value.name for value in told.values] == ["a"]


@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.name)
def test_the_events_before_the_failure_are_all_told(driver: Driver) -> None:
    told = driver.read(Product, OPEN, reading="events", fails=ConnectionResetError("reset"))
    texts = [event.text for event in told.values if isinstance(event, TextDelta)]
    assert "".join(texts) == "".join(OPEN)


@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.name)
@pytest.mark.parametrize(
    ("first", "message"),
    [(7, "a int"), ({"type": "ping?"}, "type='ping?'"), (object(), "object"), (["x"], "a list")],
    ids=["a number", "an unknown dict", "an object", "a list"],
)
def test_a_chunk_of_unknown_shape(driver: Driver, first: Any, message: str) -> None:
    told = driver.read(Product, [first])
    assert isinstance(told.error, ProviderError)
    assert message in str(told.error)
    assert told.closed


@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.name)
def test_chunks_that_change_their_kind(driver: Driver) -> None:
    told = driver.read(Product, ['[{"name":"Lamp"}', b"]"])
    assert told.values == [Product(name="Lamp")]
    assert isinstance(told.error, ProviderError)
    assert "expected a str, as before" in str(told.error)
