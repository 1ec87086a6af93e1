"""BAML's parser, without generated code: it parses all of the text again at each delta.

Its types are written in BAML's own language, here from the pydantic ones. What that language
does not have (dates, validators, free members) a case with it is not asked.
"""

from __future__ import annotations

import types
from contextlib import suppress
from typing import TYPE_CHECKING, Any, get_args, get_origin

from baml_py import BamlRuntime
from baml_py.errors import BamlError
from pydantic import BaseModel, RootModel, TypeAdapter, ValidationError, create_model

from benchmarks.correctness.source import Reported, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.correctness.source import Source

_SCALARS = {str: "string", int: "int", float: "float", bool: "bool", type(None): "null"}


class _Schema:
    """Types of BAML, and the classes that it makes of what it reads.

    Args:
        done: Whether an object is to be shown only when it is whole.
    """

    def __init__(self, *, done: bool) -> None:
        self.source = ""
        self.classes = types.ModuleType("classes")
        self._done = "@@stream.done" if done else ""

    def write(self, type_: Any) -> str:
        """How BAML writes a type; the classes in it are added."""
        if type_ in _SCALARS:
            return _SCALARS[type_]
        if get_origin(type_) is list:
            return f"({self.write(get_args(type_)[0])})[]"
        if get_origin(type_) is types.UnionType:
            return f"({' | '.join(map(self.write, get_args(type_)))})"
        if not isinstance(type_, type) or not issubclass(type_, BaseModel):
            raise Unavailable(f"BAML has no type for {type_}")
        return self._add(type_)

    def _add(self, model: type[BaseModel]) -> str:
        decorated = model.__pydantic_decorators__
        looks = decorated.field_validators or decorated.model_validators
        plain = not looks and not model.__pydantic_generic_metadata__["args"]
        aliases = any(field.validation_alias for field in model.model_fields.values())
        if issubclass(model, RootModel) or not plain or aliases or model.model_config:
            raise Unavailable(f"BAML cannot write {model.__name__}")
        name = model.__name__
        if not hasattr(self.classes, name):
            setattr(self.classes, name, None)  # a recursive one comes by here again
            fields = {key: self.write(each.annotation) for key, each in model.model_fields.items()}
            members = "\n".join(f"  {key} {type_}" for key, type_ in fields.items())
            self.source += f"class {name} {{\n{members}\n{self._done}\n}}\n"
            parts: dict[str, Any] = dict.fromkeys(fields, (Any, None))
            setattr(self.classes, name, create_model(name, **parts))
        return name


class _Parser:
    """BAML's parser for one type."""

    def __init__(self, type_: Any, *, done: bool, around: str = "{}") -> None:
        schema = _Schema(done=done)
        written = around.format(schema.write(type_))
        source = schema.source
        if "items" in around:
            source += f"class Items {{\n  items {written.removeprefix('items ')}\n}}\n"
            written = "Items"
            schema.classes.Items = create_model("Items", items=(Any, None))
        source += f'function Write() -> {written} {{ client "openai/m"\n prompt #"Go."# }}\n'
        self._classes = schema.classes
        self._runtime = BamlRuntime.from_files("table", {"table.baml": source}, {})
        self._context = self._runtime.create_context_manager()

    def parse(self, text: str, *, partial: bool) -> Any:
        """What a text holds."""
        places = (self._classes,) * 3
        return self._runtime.parse_llm_response(
            "Write", text, *places, partial, self._context, None, None, {}
        )


def items(type_: Any, source: Source) -> Iterator[Any]:
    """The elements of a list that is asked for with `@stream.done`; pydantic validates each."""
    around = "items ({} @stream.done)[]" if source.path else "({} @stream.done)[]"
    parser = _Parser(type_, done=True, around=around)
    adapter = TypeAdapter(type_)
    refused: list[ValidationError] = []
    text, given = "", 0
    for delta in _and_the_end(source.texts()):
        text += delta or ""
        try:
            value = parser.parse(text, partial=delta is not None)
        except BamlError:
            if delta is None:
                raise
            continue  # its own streams leave out what does not parse yet
        found = (value if isinstance(value, list) else value.items) or []
        for element in found[given:]:
            try:
                yield adapter.validate_python(_plain(element))
            except ValidationError as error:
                refused.append(error)
        given = max(given, len(found))
    if refused:
        raise Reported(str(refused[0]))


def growing(type_: Any, source: Source) -> Iterator[Any]:
    """The partial objects; pydantic validates the last one."""
    parser = _Parser(type_, done=False)
    text = ""
    for delta in source.texts():
        text += delta
        with suppress(BamlError):  # its own streams leave out what does not parse yet
            yield _plain(parser.parse(text, partial=True))
    return type_.model_validate(_plain(parser.parse(text, partial=False)))


def _and_the_end(deltas: Iterator[str]) -> Iterator[str | None]:
    yield from deltas
    yield None


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return {name: _plain(member) for name, member in value}
    if isinstance(value, list):
        return [_plain(element) for element in value]
    return value


sync_growing = growing
