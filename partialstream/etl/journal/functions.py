"""Describing a function, so that a journal can tell whether it is the same in another process."""

from __future__ import annotations

import dis
import inspect
from contextlib import suppress
from functools import partial
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def description_of(value: Any) -> str:
    """What a function does, the same in every process: its name, and what it consists of.

    That is its source, and the numbers and strings that it uses: constants of its module,
    arguments of a `functools.partial`, variables of the function around it, attributes of its
    object.

    Args:
        value: The function, or a value that one was made with.
    """
    if isinstance(value, partial):
        given = [value.func, *value.args, *sorted(value.keywords.items())]
        return f"partial({', '.join(map(description_of, given))})"
    if isinstance(value, _PLAIN):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(description_of, cast('Iterable[Any]', value)))}]"
    if inspect.isfunction(value):
        outer = {**_constants(value), **_closure(value)}
        return "\n".join(
            [f"{value.__module__}.{value.__qualname__}", _source(value), *_named(outer)]
        )
    if inspect.ismethod(value):
        return "\n".join([description_of(value.__func__), *_named(_attributes(value.__self__))])
    kind: type[Any] = value if isinstance(value, type) else type(value)
    name = f"{kind.__module__}.{kind.__qualname__}"
    call = getattr(kind, "__call__", None)  # noqa: B004 - its source, not whether there is one
    if isinstance(value, type) or not inspect.isfunction(call):
        return name
    return "\n".join([name, _source(call), *_named(_attributes(value))])


_PLAIN: Final = (str, bytes, int, float, bool, type(None))
_CONSTANT: Final = (*_PLAIN, tuple)


def _source(function: Any) -> str:
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):  # made in an interactive session
        return ""


def _closure(function: FunctionType) -> dict[str, Any]:
    """The variables of the functions around a function that it uses, as far as they are set."""
    found: dict[str, Any] = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        with suppress(ValueError):  # it is set later
            found[name] = cell.cell_contents
    return found


def _constants(function: FunctionType) -> dict[str, Any]:
    """The numbers and strings of its module that a function uses and does not assign."""
    used: set[str] = set()
    assigned: set[str] = set()
    codes = [function.__code__]
    while codes:
        code = codes.pop()
        codes += [each for each in code.co_consts if isinstance(each, CodeType)]
        # Not `co_names`: these have the names of attributes, too.
        for instruction in dis.get_instructions(code):
            if instruction.opname == "LOAD_GLOBAL":
                used.add(instruction.argval)
            elif instruction.opname == "STORE_GLOBAL":
                assigned.add(instruction.argval)
    variables = function.__globals__
    names = (used - assigned) & variables.keys()
    return {name: variables[name] for name in names if isinstance(variables[name], _CONSTANT)}


def _attributes(value: Any) -> dict[str, Any]:
    return getattr(value, "__dict__", {})


def _named(values: Mapping[str, Any]) -> list[str]:
    plain = (*_PLAIN, list, tuple)
    return [
        f"{name}={description_of(values[name])}"
        for name in sorted(values)
        if isinstance(values[name], plain)
    ]
