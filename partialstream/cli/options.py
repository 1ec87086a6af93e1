"""The options of the commands, and the type that `module:Class` names."""

from __future__ import annotations

import importlib
import sys
import traceback
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, PydanticUndefinedAnnotation, PydanticUserError, TypeAdapter

from partialstream.cli.output import UsageError


class InputFormat(str, Enum):
    """The format of standard input."""

    AUTO = "auto"
    TEXT = "text"
    BODY = "body"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointOptions:
    """Where requests are sent: to the built-in server if the first three are None.

    Attributes:
        base_url: A real endpoint; None: OPENAI_BASE_URL, or OpenAI's.
        model: The model there; None: a small one of OpenAI's.
        api_key: The key there; None: OPENAI_API_KEY.
        tokens_per_second: Pace of the built-in server; None: 50.
    """

    base_url: str | None = None
    model: str | None = None
    api_key: str | None = None
    tokens_per_second: float | None = None

    @property
    def built_in(self) -> bool:
        """Whether the built-in server is used."""
        return self.base_url is None and self.model is None and self.api_key is None


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions(EndpointOptions):
    """The options of `partialstream demo`.

    Attributes:
        items: How many products to rank.
        as_json: Whether to print the final figures only, as JSON.
    """

    items: int = 10
    as_json: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchOptions(EndpointOptions):
    """The options of `partialstream bench`.

    Attributes:
        model_class: The type of one item, as `module:Class`; None: the demo's ranking.
        prompt: The user message; None: the demo's ranking.
        mode: See `from_openai`; None: its default.
        runs: How many runs of each kind.
        warm_up: How many runs before them, which are not counted.
        items: How many products to rank; None: 5.
        json_file: Where the figures go; `-` is standard output, in place of the table.
        chart_file: Where the chart goes.
    """

    model_class: str | None = None
    prompt: str | None = None
    mode: str | None = None
    runs: int = 5
    warm_up: int = 1
    items: int | None = None
    json_file: str | None = None
    chart_file: str | None = None


def load_type(target: str, *, option: str = "--model") -> Any:
    """Import a type; modules in the current directory can be imported.

    Args:
        target: `module:Class`; the module may be dotted, and so may the class.
        option: The option that gave it.

    Raises:
        UsageError: There is no such type, or its module cannot be imported.

    Example:
        >>> load_type("datetime:date")
        <class 'datetime.date'>
    """
    module_name, colon, name = target.partition(":")
    if not (colon and module_name and name) or module_name.startswith("."):
        raise UsageError(f"{option} is module:Class, as in shop:Product, not {target!r}")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    found: Any = _load_module(module_name)
    for step in name.split("."):
        try:
            found = getattr(found, step)
        except AttributeError:
            raise UsageError(f"there is no {name} in {module_name}") from None
    return found


def item_adapter(type_: Any, target: str) -> TypeAdapter[Any]:
    """What validates and writes items of a type.

    Raises:
        UsageError: pydantic cannot validate it.
    """
    try:
        return TypeAdapter(type_)
    except (PydanticUserError, PydanticUndefinedAnnotation, TypeError) as error:
        reason = str(error).partition("\n")[0]
        raise UsageError(f"{target} is not a type that pydantic validates: {reason}") from error


def check_model(type_: Any, target: str) -> type[BaseModel]:
    """Make sure that a type is a model, which a growing object must be.

    Raises:
        UsageError: It is not.
    """
    if isinstance(type_, type) and issubclass(type_, BaseModel):
        return type_
    raise UsageError(f"{target} is not a pydantic model; other types can be read with --many")


def _load_module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and error.name is not None:
            if name == error.name or name.startswith(f"{error.name}."):
                raise UsageError(
                    f"there is no module {error.name} on the path or in {Path.cwd()}"
                ) from None
        where = ""
        frames = traceback.extract_tb(error.__traceback__)
        if frames and Path(frames[-1].filename).is_file() and frames[-1].filename != __file__:
            where = f" ({frames[-1].filename}:{frames[-1].lineno})"
        raise UsageError(f"cannot import {name}: {type(error).__name__}: {error}{where}") from error
