"""How pydantic writes values as JSON, field by field: for those that are not complete yet.

`Model.model_dump(mode="json")` is the authority, also for a single field: its serializers, alias,
exclusion and the model's configuration all count. A field is written by writing a record that
holds this field alone.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, TypeAdapter
from pydantic_core import SchemaSerializer, core_schema
from typing_extensions import override

from partialstream.engine.changes import UNSET
from partialstream.engine.recorder import RecordWriter, Writer
from partialstream.validation.schema import choices_of, unfold, within
from partialstream.validation.snapshots import single_field

if TYPE_CHECKING:
    from collections.abc import Callable

    from partialstream.engine.nodes import Record
    from partialstream.validation.schema import Definitions, Schema

_BY_CLASS: Final = SchemaSerializer(core_schema.any_schema()).to_python

_OWNERS: Final = ("model-fields", "typed-dict", "dataclass")
"""Those whose fields are looked at one by one."""


def json_of(value: Any, *, by_alias: bool | None = None) -> Any:
    """A complete value as JSON, by its own class.

    Args:
        value: A value of any type that pydantic can write.
        by_alias: Whether fields have their aliases; None leaves that to the model.
    """
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=by_alias, warnings=False)
    if type(value) in (str, int):
        return value
    json: Any = _BY_CLASS(value, mode="json", by_alias=by_alias, warnings=False)
    return json


class ValueSource:
    """What a value as a whole is written by.

    Args:
        adapter: Its type.
    """

    def __init__(self, adapter: TypeAdapter[Any]) -> None:
        self._adapter = adapter

    @cached_property
    def is_custom(self) -> bool:
        """Whether its JSON is made by a function."""
        return is_custom(*unfold(self._adapter.core_schema))

    def write(self, value: Any, by_alias: bool | None) -> Any:
        """Its JSON, by aliases or not; None leaves that to the model."""
        return self._adapter.dump_python(value, mode="json", by_alias=by_alias, warnings=False)


class RecordSource:
    """What the fields of a record are written by.

    Args:
        model: The model; None for a TypedDict.
        schema: Its core schema: model-fields or typed-dict.
        definitions: Those that it refers to.
        config: The model's configuration.
    """

    def __init__(
        self,
        model: type[BaseModel] | None,
        schema: Schema,
        definitions: Definitions,
        config: Schema,
    ) -> None:
        self._model = model
        self._schema = schema
        self._definitions = definitions
        self._config = config
        self._dump: Callable[..., Any] | None = None
        self._writers: dict[bool | None, _FieldWriter] = {}

    def writer(self, by_alias: bool | None) -> RecordWriter:
        """What writes the fields, by their aliases or not; None leaves that to the model."""
        writer = self._writers.get(by_alias)
        if writer is None:
            writer = self._writers[by_alias] = _FieldWriter(self, by_alias)
        return writer

    def field(self, name: str, by_alias: bool | None) -> tuple[str | None, bool]:
        """The name of a field in JSON, None if it is left out; whether a function writes it."""
        field = self._schema["fields"].get(name)
        if field is None:
            extras = self._schema.get("extras_schema")
            return name, extras is not None and is_custom(extras, self._definitions)
        if field.get("serialization_exclude"):
            return None, False
        alias = field.get("serialization_alias")
        if by_alias is None:
            by_alias = self._config.get("serialize_by_alias", False)
        custom = "serialization_exclude_if" in field or is_custom(
            field["schema"], self._definitions
        )
        return (alias if by_alias and isinstance(alias, str) else name), custom

    def write(self, name: str, value: Any, by_alias: bool | None) -> Any:
        """The JSON of a field's value; `UNSET` if it needs what is not there yet."""
        dump = self._dump
        if dump is None:
            if self._model is None:
                schema: Any = within(self._definitions, self._schema)
                config: Any = self._config
                dump = SchemaSerializer(schema, config).to_python
            else:
                dump = self._model.__pydantic_serializer__.to_python
            self._dump = dump
        record = {name: value} if self._model is None else single_field(self._model, name, value)
        try:
            written: dict[str, Any] = dump(
                record, mode="json", include={name}, by_alias=by_alias, warnings=False
            )
        except Exception:  # noqa: BLE001 - a serializer of the user's that looks at other fields
            return UNSET
        return next(iter(written.values()), UNSET)


class _FieldWriter:
    """Writes the fields of a record, by alias or not."""

    def __init__(self, source: RecordSource, by_alias: bool | None) -> None:
        self._source = source
        self._by_alias = by_alias
        self._fields: dict[str, tuple[str | None, bool]] = {}

    def _field(self, name: str) -> tuple[str | None, bool]:
        field = self._fields.get(name)
        if field is None:
            field = self._source.field(name, self._by_alias)
            if len(self._fields) < 1000:  # extra fields have any names
                self._fields[name] = field
        return field

    def key(self, name: str) -> str | None:
        return self._field(name)[0]

    def is_custom(self, name: str) -> bool:
        return self._field(name)[1]

    def write(self, name: str, value: Any) -> Any:
        return self._source.write(name, value, self._by_alias)


class ModelWriter(Writer):
    """Writes a value and the records inside of it.

    Args:
        source: What the value as a whole is written by.
        by_alias: Whether fields have their aliases; None leaves that to the model.
    """

    def __init__(self, source: ValueSource, by_alias: bool | None = None) -> None:
        self._source = source
        self._by_alias = by_alias

    @override
    def of(self, record: Record[Any]) -> RecordWriter:
        source: RecordSource = record.source
        return source.writer(self._by_alias)

    @override
    def is_custom(self) -> bool:
        return self._source.is_custom

    @override
    def write(self, value: Any) -> Any:
        return self._source.write(value, self._by_alias)


def is_custom(
    schema: Schema, definitions: Definitions, known: frozenset[str] = frozenset()
) -> bool:
    """Whether a function writes a value, or a part of it that is no field of a record.

    Args:
        schema: Its schema.
        definitions: Those that it refers to.
        known: The references that are being looked at.
    """
    kind = schema["type"]
    if "serialization" in schema:
        return True
    if kind == "definition-ref":
        ref = schema["schema_ref"]
        return ref not in known and is_custom(definitions[ref], definitions, known | {ref})
    if kind in _OWNERS:
        return False
    inner: list[Schema] = []
    if kind in ("union", "tagged-union"):
        inner = choices_of(schema)
    else:
        for key in ("schema", "items_schema", "keys_schema", "values_schema"):
            part: Any = schema.get(key)
            if part is not None:
                inner += part if isinstance(part, list) else [part]
    return any(is_custom(each, definitions, known) for each in inner)
