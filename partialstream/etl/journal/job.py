"""The identity of a job: a run continues an earlier one only if these parts are equal."""

from __future__ import annotations

import dis
import inspect
import json
import re
from contextlib import suppress
from functools import partial
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, Final, cast

from pydantic import TypeAdapter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Identity = dict[str, str]
"""The parts of a job by name, as the journal stores them."""

_SHOWN: Final = 60
"""Characters of each side that an error message shows."""

_IGNORED: Final = frozenset({"timeout", "extra_headers", "stream_options"})
"""SDK arguments that do not change what the model is asked."""


def schema_text(type_: Any) -> str:
    """The JSON schema of a type, serialized with sorted keys."""
    return json.dumps(TypeAdapter(type_).json_schema(), sort_keys=True, ensure_ascii=False)


def arguments_text(arguments: Mapping[str, Any]) -> str:
    """The other arguments of a request, serialized with sorted keys; the same in every process."""
    kept = {name: value for name, value in arguments.items() if name not in _IGNORED}
    return json.dumps(kept, sort_keys=True, ensure_ascii=False, default=_other)


def _other(value: Any) -> str:
    """A value that is not JSON."""
    if callable(value) and not isinstance(value, type):
        return description_of(value)
    return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value))  # where it is in this process


def differences(journal: Identity, now: Identity) -> dict[str, tuple[str, str]]:
    """The parts that differ between two jobs, as (journal, now) by name."""
    names = [*now, *(name for name in journal if name not in now)]
    return {
        name: (journal.get(name, ""), now.get(name, ""))
        for name in names
        if journal.get(name, "") != now.get(name, "")
    }


def describe(name: str, before: str, now: str) -> str:
    """Describe how a part differs, with an excerpt around the first difference.

    Example:
        >>> describe("model", "gpt-5", "gpt-5-mini")
        "another model: 'gpt-5' in the journal, 'gpt-5-mini' now"
    """
    start = next(
        (place for place, pair in enumerate(zip(before, now, strict=False)) if len(set(pair)) > 1),
        min(len(before), len(now)),
    )
    start = 0 if max(len(before), len(now)) <= _SHOWN else max(0, start - _SHOWN // 2)
    return f"another {name}: {_part(before, start)} in the journal, {_part(now, start)} now"


def _part(text: str, start: int) -> str:
    part = repr(text[start : start + _SHOWN])
    return f"{'…' if start else ''}{part}{'…' if len(text) > start + _SHOWN else ''}"


# -- functions -----------------------------------------------------------------------------


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
