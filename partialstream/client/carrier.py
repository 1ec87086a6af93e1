"""The response model that is given to instructor: it shapes the request and takes the answer.

instructor turns the model into a request, sends it, and hands the answer to the model. Ours does
not read it there: it keeps the SDK's stream, unread, and is thrown away with the call.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel, ConfigDict, Field, RootModel, create_model

from partialstream.client.follow_up import BESIDE
from partialstream.client.schemas import VALUE, type_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from partialstream.client.response_model import ResponseShape
    from partialstream.results import Path

LIST = "tasks"
"""The member that instructor puts a list into."""


@dataclass(slots=True)
class Taken:
    """What a carrier was handed.

    Attributes:
        answer: The SDK's stream or answer, unread; None if there was none.
        texts: Texts that instructor has taken out of a stream already, unread. Of xAI's SDK
            nothing else is to be had.
        text: A JSON text that was to be validated, None if there was none.
        extract: Takes the texts out of a stream, where instructor can do that.
    """

    answer: Any = None
    texts: Any = None
    text: str | None = None
    extract: Callable[[Any], Any] | None = None


def path_for(shape: ResponseShape, *, parallel: bool) -> Path:
    """Where the list or the value stands in the answer that a carrier asks for.

    Example:
        >>> from partialstream.client.response_model import ResponseShape
        >>> path_for(ResponseShape("items", int), parallel=False)
        ('tasks',)
    """
    if shape.kind == "items":
        return () if parallel else (LIST,)
    return () if _is_object(shape.type_) else (VALUE,)


def tool_name_for(shape: ResponseShape) -> str | None:
    """What instructor calls the tool that a carrier makes, None if that is not known.

    The tool for an object is named by the model's schema, which the model may change.

    Example:
        >>> from partialstream.client.response_model import ResponseShape
        >>> tool_name_for(ResponseShape("items", int))
        'IterableInt'
    """
    return f"Iterable{type_name(shape.type_)}" if shape.kind == "items" else None


def carrier_for(
    shape: ResponseShape,
    taken: Taken,
    *,
    parallel: bool,
    carried: Sequence[str] = (),
    beside: str | None = None,
) -> Any:
    """Make the response model for one request.

    A new class each time: what instructor notes of a class must not outlive the request.

    Args:
        shape: What is asked for.
        taken: What the answer is put into.
        parallel: Whether each item is to be a tool call of its own.
        carried: Members of an object that need not come, by their names in the answer.
        beside: A member that is to stand before the list; see `Shaping.member_beside`.

    Returns:
        A class; for tool calls of their own, `Iterable[T]`, which takes no answer.
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
        name = "Answer"
        base = _create(name, VALUE, shape.type_)
    bases = (
        (_taking(taken), base)
        if issubclass(base, IterableBase)
        else (_taking(taken), base, IterableBase)
    )
    if shape.kind == "items" and beside is not None:
        bases = (*bases, _indexed(beside))  # the last, as pydantic puts its fields first
    create: Any = create_model
    return create(name, __base__=bases, __module__=base.__module__, __doc__=base.__doc__)


def _create(name: str, member: str, type_: Any) -> type[BaseModel]:
    create: Any = create_model
    config = ConfigDict(arbitrary_types_allowed=True)
    made: type[BaseModel] = create(name, __config__=config, **{member: (type_, ...)})
    return made


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
    """The model without some of its members; as it is if none of them can be told."""
    fields = {
        name: (field.annotation, field)
        for name, field in model.model_fields.items()
        if (field.alias or name) not in carried and field.validation_alias not in carried
    }
    if not fields or len(fields) == len(model.model_fields):
        return model
    definitions: Any = fields
    rest: type[BaseModel] = create_model(
        model.__name__,
        __config__=ConfigDict(arbitrary_types_allowed=True),
        __doc__=model.__doc__,
        **definitions,
    )
    return rest


def _taking(taken: Taken) -> type[Any]:
    """A base class whose methods take what instructor's would read."""

    class Taking:
        @classmethod
        def from_streaming_response(
            cls, completion: Any, stream_extractor: Any = None, **_: Any
        ) -> Iterator[Any]:
            taken.answer, taken.extract = completion, stream_extractor
            return iter(())

        @classmethod
        def from_streaming_response_async(
            cls, completion: Any, stream_extractor: Any = None, **_: Any
        ) -> AsyncIterator[Any]:
            taken.answer, taken.extract = completion, stream_extractor
            return _nothing()

        @classmethod
        def tasks_from_chunks(cls, json_chunks: Any, **_: Any) -> Iterator[Any]:
            taken.texts = json_chunks
            return iter(())

        @classmethod
        def tasks_from_chunks_async(cls, json_chunks: Any, **_: Any) -> AsyncIterator[Any]:
            taken.texts = json_chunks
            return _nothing()

        @classmethod
        def model_validate_json(cls, json_data: Any, **_: Any) -> Any:
            taken.text = json_data if isinstance(json_data, str) else json_data.decode()
            return _stand_in(cls)

        @classmethod
        def model_validate(cls, obj: Any, **_: Any) -> Any:
            del obj  # a part of the answer, which was taken before
            return _stand_in(cls)

    return Taking


def _stand_in(carrier: type[Any]) -> BaseModel:
    """What instructor is given for a validated answer."""
    made = cast("type[BaseModel]", carrier).model_construct()
    # Where instructor takes it for a list, it logs an error if this is missing.
    vars(made).setdefault(LIST, [])
    return made


async def _nothing() -> AsyncIterator[Any]:
    nothing: tuple[Any, ...] = ()
    for each in nothing:
        yield each
