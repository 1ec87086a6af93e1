"""Single values, validated from their text as pydantic would inside the whole."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError
from pydantic_core import (
    CoreConfig,
    InitErrorDetails,
    PydanticCustomError,
    SchemaError,
    SchemaValidator,
    core_schema,
)
from typing_extensions import override

from partialstream.engine.nodes import Rejected

if TYPE_CHECKING:
    from collections.abc import Mapping

    from partialstream.results import Path
    from partialstream.validation.schema import Definitions, Schema


@dataclass(frozen=True, slots=True)
class Settings:
    """What a user passes to pydantic for one stream.

    Attributes:
        strict: pydantic's strict mode; None leaves it to the model.
        context: Handed to validators as `info.context`.
    """

    strict: bool | None = None
    context: Any = None


def located(error: ValidationError, path: Path, *, below: int = 0) -> ValidationError:
    """The error for a value at `path`, made of one for the value `below` levels deep in another."""
    lines: list[InitErrorDetails] = []
    for detail in error.errors(include_url=False, include_context=False):
        # A custom error, because those of other types want their details again, not the message.
        what = PydanticCustomError(cast("Any", detail["type"]), cast("Any", detail["msg"]))
        loc = (*path, *detail["loc"][below:])
        lines.append(InitErrorDetails(type=what, loc=loc, input=detail["input"]))
    return ValidationError.from_exception_data(error.title, lines, "json")


def check_flag(name: str, value: Any) -> None:
    """Refuse what is neither True nor False.

    Raises:
        TypeError: It is not.
    """
    if not isinstance(value, bool):
        raise TypeError(f"{name}= must be True or False, not {value!r}")


def check_text(name: str, value: Any) -> None:
    """Refuse what is neither a str nor None.

    Raises:
        TypeError: It is not.
    """
    if not (value is None or isinstance(value, str)):
        raise TypeError(f"{name}= must be a str, not {type(value).__name__}")


class Check:
    """Validates the text of values of one schema. Its validator is built on first use."""

    __slots__ = ("_config", "_definitions", "_schema", "_validator")

    def __init__(self, schema: Schema, definitions: Definitions, config: Schema) -> None:
        self._schema = schema
        self._definitions = definitions
        self._config = config
        self._validator: SchemaValidator | None = None

    def __call__(self, raw: str, settings: Settings) -> Any:
        """Validate `raw`; raises `Rejected`."""
        validator = self._validator
        if validator is None:
            validator = self._validator = _build(self._schema, self._definitions, self._config)
        try:
            return validator.validate_json(raw, strict=settings.strict, context=settings.context)
        except ValidationError as error:
            raise Rejected from error
        except SchemaError:
            # A validator asks for the default, or to be left out (`PydanticUseDefault`,
            # `PydanticOmit`), which is for what stands around the value.
            raise Rejected from None


class HashableCheck(Check):
    """Validates an element of a set."""

    __slots__ = ()

    @override
    def __call__(self, raw: str, settings: Settings) -> Any:
        value = super().__call__(raw, settings)
        try:
            hash(value)
        except TypeError:
            line = InitErrorDetails(type="set_item_not_hashable", loc=(), input=value)
            raise Rejected from ValidationError.from_exception_data("set", [line], "json")
        return value


class MemberCheck:
    """Validates a member whose validators read `info.data`.

    The members before it are given to pydantic as fields that take any JSON and yield the
    value that is known already, so that the validators run exactly as in the whole model.
    """

    __slots__ = ("_config", "_definitions", "_earlier", "_field", "_known", "_schema", "_validator")

    def __init__(
        self,
        field: str,
        schema: Schema,
        earlier: tuple[str, ...],
        definitions: Definitions,
        config: Schema,
    ) -> None:
        self._field = field
        self._schema = schema
        self._earlier = earlier
        self._definitions = definitions
        self._config = config
        self._known = threading.local()  # one plan serves streams in several threads
        self._validator: SchemaValidator | None = None

    def __call__(self, raw: str, settings: Settings, values: Mapping[str, Any]) -> Any:
        """Validate `raw`, given the members before it; raises `Rejected`."""
        validator = self._validator
        if validator is None:
            validator = self._validator = self._build()
        places = "".join(f"{json.dumps(name)}:0," for name in self._earlier)
        text = f"{{{places}{json.dumps(self._field)}:{raw}}}"
        self._known.values = values
        try:
            members, _, _ = validator.validate_json(
                text, strict=settings.strict, context=settings.context
            )
        except ValidationError as error:
            raise Rejected from located(error, (), below=1)
        except SchemaError:
            raise Rejected from None  # see `Check`
        finally:
            self._known.values = {}
        return members[self._field]

    def _build(self) -> SchemaValidator:
        fields = {name: core_schema.model_field(self._given(name)) for name in self._earlier}
        inner: Any = self._schema
        fields[self._field] = core_schema.model_field(inner)
        return _build(core_schema.model_fields_schema(fields), self._definitions, self._config)

    def _given(self, name: str) -> core_schema.CoreSchema:
        known = self._known
        return core_schema.no_info_plain_validator_function(lambda _: known.values[name])


def _build(schema: Schema, definitions: Definitions, config: Schema) -> SchemaValidator:
    inner: Any = schema
    if definitions:
        known: list[Any] = list(definitions.values())
        inner = core_schema.definitions_schema(inner, known)
    return SchemaValidator(inner, cast("CoreConfig", dict(config)))


_NO_JSON = ("json_invalid", "string_unicode")
"""pydantic's words for text that is not valid JSON, or that holds half a surrogate pair."""


def is_malformed(error: ValidationError) -> bool:
    """Whether a text is not valid JSON."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return first["type"] in _NO_JSON and not first["loc"]
