"""The type that `module:Class` names."""

from __future__ import annotations

import importlib
import sys
import traceback
from pathlib import Path
from typing import Any

from pydantic import BaseModel, PydanticUndefinedAnnotation, PydanticUserError, TypeAdapter

from partialstream.cli.output import UsageError


def load_type(target: str, *, option: str = "--model") -> Any:
    """Import a type; modules in the current directory can be imported."""
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
    """What validates and writes items of a type."""
    try:
        return TypeAdapter(type_)
    # SyntaxError: a str is taken for the name of a type.
    except (PydanticUserError, PydanticUndefinedAnnotation, TypeError, SyntaxError) as error:
        reason = str(error).partition("\n")[0]
        raise UsageError(f"{target} is not a type that pydantic validates: {reason}") from error


def check_model(type_: Any, target: str) -> type[BaseModel]:
    """Make sure that a type is a model, which a growing object must be."""
    if isinstance(type_, type) and issubclass(type_, BaseModel):
        return type_
    raise UsageError(f"{target} is not a pydantic model; other types can be read with --many")


def _load_module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except Exception as error:  # importing runs the user's code, which may raise anything
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing is not None and f"{name}.".startswith(f"{missing}."):
            where = f"on the path or in {Path.cwd()}"
            raise UsageError(f"there is no module {missing} {where}") from None
        frames = traceback.extract_tb(error.__traceback__)
        where = ""
        if frames and Path(frames[-1].filename).is_file() and frames[-1].filename != __file__:
            where = f" ({frames[-1].filename}:{frames[-1].lineno})"
        raise UsageError(f"cannot import {name}: {type(error).__name__}: {error}{where}") from error
