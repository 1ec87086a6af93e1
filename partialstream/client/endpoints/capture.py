"""The response of a request that instructor sends, captured before instructor reads it.

instructor turns a response model into a request, sends it, and hands the response to the model.
The model that it is given here does not read it: it keeps the SDK's stream, and is thrown away
with the call. The stream is then read as early as that can be done: as the bytes of the HTTP
response where the SDK's stream shows it, else as the SDK's objects, else as the texts that
instructor takes out of them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel, ConfigDict, Field, RootModel, create_model

from partialstream.client.endpoints.base import FullResponse
from partialstream.client.prompts import BESIDE
from partialstream.client.schema import VALUE, type_name, value_model
from partialstream.errors import ProviderError
from partialstream.sources.detect import source_for
from partialstream.stream.transport import aclose_chunks, aiter_of, close_chunks, no_chunks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from partialstream.client.response_model import ResponseShape
    from partialstream.results import Path

LIST = "tasks"
"""The member that instructor puts a list into."""


@dataclass(slots=True)
class CapturedResponse:
    """What a capturing model was handed."""

    # the SDK's stream or response, unread
    response: Any = None
    # what instructor has taken out of a stream already, unread; all there is with xAI's SDK
    texts: Any = None
    # a JSON text that was to be validated
    text: str | None = None
    # takes the texts out of a stream, where instructor can do that
    extract: Callable[[Any], Any] | None = None

    def __bool__(self) -> bool:
        """Whether there is anything to read."""
        return any(each is not None for each in (self.response, self.texts, self.text))

    @property
    def read_from(self) -> Any:
        """What is to be closed after reading."""
        return self.response if self.texts is None else self.texts

    def full(self) -> FullResponse:
        """A response that is not streamed: as the SDK's object if we know it, else as a text."""
        response = self.response
        if response is None or not (self.text is None or is_known(response)):
            return FullResponse([self.text or ""], lambda: response)
        return FullResponse([response], lambda: response)

    def http_response(self, read: str, idle_seconds: float) -> Any:
        """The HTTP response below the SDK's stream, None if its bytes cannot be had by `read`.

        No wait for them is longer than allowed; the request was sent without that.
        """
        response: Any = getattr(self.response, "response", None)
        if not hasattr(response, read) or getattr(response, "is_stream_consumed", True):
            return None
        if not str(response.headers.get("content-type", "")).startswith("text/event-stream"):
            return None
        request: Any = getattr(response, "_request", None)
        extensions: dict[str, Any] = getattr(request, "extensions", {})
        timeout: dict[str, float | None] | None = extensions.get("timeout")
        if timeout is not None:
            wait = timeout.get("read")
            timeout["read"] = idle_seconds if wait is None else min(wait, idle_seconds)
        return response


# -- the response model --------------------------------------------------------------------


def path_for(shape: ResponseShape, *, parallel: bool) -> Path:
    """Where the list or the value stands in the JSON that a capturing model asks for."""
    if shape.kind == "items":
        return () if parallel else (LIST,)
    return () if _is_object(shape.type_) else (VALUE,)


def tool_name_for(shape: ResponseShape) -> str | None:
    """What instructor calls the tool that it makes of a capturing model, None if not known."""
    # The tool for an object is named by the model's schema, which the model may change.
    return f"Iterable{type_name(shape.type_)}" if shape.kind == "items" else None


def capturing_model(
    shape: ResponseShape,
    captured: CapturedResponse,
    *,
    parallel: bool,
    carried: Sequence[str] = (),
    beside: str | None = None,
) -> Any:
    """Make the response model for one request.

    A new class each time: what instructor notes of a class must not outlive the request.

    Args:
        shape: What is asked for.
        captured: What the response is put into.
        parallel: Whether each item is to be a tool call of its own. Their model is
            `Iterable[T]`, which captures nothing.
        carried: Members of an object that need not come, by their names in the JSON.
        beside: A member that is to stand before the list; see `RequestBuilder.member_beside`.
    """
    from instructor import IterableModel
    from instructor.dsl.iterable import IterableBase

    if parallel:
        items: Any = Iterable
        return items[shape.type_]
    name = type_name(shape.type_)
    if shape.kind == "items":
        base: Any = IterableModel(shape.type_, name=name)
        name = base.__name__
    elif _is_object(shape.type_):
        base = _without(shape.type_, carried)
    else:
        base = value_model(shape.type_)
        name = base.__name__
    bases: tuple[Any, ...] = (_capturing(captured), base)
    if not issubclass(base, IterableBase):
        bases = (*bases, IterableBase)
    if shape.kind == "items" and beside is not None:
        bases = (*bases, _indexed(beside))  # the last, as pydantic puts its fields first
    create: Any = create_model
    return create(name, __base__=bases, __module__=base.__module__, __doc__=base.__doc__)


def _indexed(member: str) -> type[BaseModel]:
    """A base class with the member that says which items a response holds."""
    beside = BESIDE[member.rstrip("_")]
    type_ = int if beside["type"] == "integer" else str
    fields: Any = {member: (type_, Field(description=beside["description"]))}
    made: type[BaseModel] = create_model("Indexed", **fields)
    return made


def _is_object(type_: Any) -> bool:
    return (
        isinstance(type_, type)
        and issubclass(type_, BaseModel)
        and not issubclass(type_, RootModel)
    )


def _without(model: type[BaseModel], carried: Sequence[str]) -> type[BaseModel]:
    """The model without some of its fields; unchanged if it has none of them, or no others."""
    fields: dict[str, Any] = {
        name: (field.annotation, field)
        for name, field in model.model_fields.items()
        if (field.alias or name) not in carried and field.validation_alias not in carried
    }
    if not fields or len(fields) == len(model.model_fields):
        return model
    rest: type[BaseModel] = create_model(
        model.__name__,
        __config__=ConfigDict(arbitrary_types_allowed=True),
        __doc__=model.__doc__,
        **fields,
    )
    return rest


def _capturing(captured: CapturedResponse) -> type[Any]:
    """A base class whose methods keep what instructor's would read."""

    class Capturing:
        @classmethod
        def from_streaming_response(
            cls, completion: Any, stream_extractor: Any = None, **_: Any
        ) -> Iterator[Any]:
            captured.response, captured.extract = completion, stream_extractor
            return iter(())

        @classmethod
        def from_streaming_response_async(
            cls, completion: Any, stream_extractor: Any = None, **_: Any
        ) -> AsyncIterator[Any]:
            captured.response, captured.extract = completion, stream_extractor
            return no_chunks()

        @classmethod
        def tasks_from_chunks(cls, json_chunks: Any, **_: Any) -> Iterator[Any]:
            captured.texts = json_chunks
            return iter(())

        @classmethod
        def tasks_from_chunks_async(cls, json_chunks: Any, **_: Any) -> AsyncIterator[Any]:
            captured.texts = json_chunks
            return no_chunks()

        @classmethod
        def model_validate_json(cls, json_data: Any, **_: Any) -> Any:
            captured.text = json_data if isinstance(json_data, str) else json_data.decode()
            return _stand_in(cls)

        @classmethod
        def model_validate(cls, obj: Any, **_: Any) -> Any:
            del obj  # a part of the response, which was captured before
            return _stand_in(cls)

    return Capturing


def _stand_in(model: type[Any]) -> BaseModel:
    """What instructor is given for a validated response."""
    made = cast("type[BaseModel]", model).model_construct()
    # Where instructor takes it for a list, it logs an error if this is missing.
    vars(made).setdefault(LIST, [])
    return made


# -- its chunks ----------------------------------------------------------------------------


class _Captured:
    """An SDK's objects, or the texts in them: `as_tool` as pieces of a tool call's arguments."""

    def __init__(self, captured: CapturedResponse, *, as_tool: bool) -> None:
        self._captured = captured
        self._chunk: Callable[[str], Any] = _tool_chunk if as_tool else str


class CapturedChunks(_Captured):
    """The chunks of a streamed response; closed with the SDK's stream."""

    def __iter__(self) -> Iterator[Any]:
        captured = self._captured
        if captured.texts is not None:
            yield from map(self._chunk, captured.texts)
            return
        # An SDK's stream may be a context manager too, but is open already.
        chunks = iter(captured.response)
        for first in chunks:
            if captured.extract is None or is_known(first):
                yield first
                yield from chunks
                return
            found = False
            for text in captured.extract(chain([first], chunks)):
                found = True
                yield self._chunk(text)
            if not found:
                yield first  # nobody knows what it is, which its reader will say

    def close(self) -> None:
        """Close the SDK's stream."""
        close_chunks(self._captured.read_from)


class AsyncCapturedChunks(_Captured):
    """`CapturedChunks` for async streams."""

    async def __aiter__(self) -> AsyncIterator[Any]:
        captured = self._captured
        if captured.texts is not None:
            async for text in captured.texts:
                yield self._chunk(text)
            return
        chunks = aiter_of(captured.response)
        async for first in chunks:
            if captured.extract is None or is_known(first):
                yield first
                async for chunk in chunks:
                    yield chunk
                return
            found = False
            async for text in captured.extract(_chained(first, chunks)):
                found = True
                yield self._chunk(text)
            if not found:
                yield first

    async def aclose(self) -> None:
        """Close the SDK's stream."""
        await aclose_chunks(self._captured.read_from)


async def _chained(first: Any, chunks: AsyncIterator[Any]) -> AsyncIterator[Any]:
    yield first
    async for chunk in chunks:
        yield chunk


def is_known(chunk: Any) -> bool:
    """Whether a source of our own reads such chunks.

    Example:
        >>> is_known({"choices": []}), is_known(object())
        (True, False)
    """
    try:
        source_for(chunk)
    except ProviderError:
        return False
    return True


def _tool_chunk(text: str) -> dict[str, Any]:
    call = {"index": 0, "function": {"arguments": text}}
    return {"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]}
