"""The identity of a job: a run continues an earlier one only if these parts are equal."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter

from partialstream.etl.journal.functions import description_of

if TYPE_CHECKING:
    from collections.abc import Mapping

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
        "different model: 'gpt-5' in the journal, 'gpt-5-mini' now"
    """
    start = next(
        (place for place, pair in enumerate(zip(before, now, strict=False)) if len(set(pair)) > 1),
        min(len(before), len(now)),
    )
    start = 0 if max(len(before), len(now)) <= _SHOWN else max(0, start - _SHOWN // 2)
    return f"different {name}: {_part(before, start)} in the journal, {_part(now, start)} now"


def _part(text: str, start: int) -> str:
    part = repr(text[start : start + _SHOWN])
    return f"{'…' if start else ''}{part}{'…' if len(text) > start + _SHOWN else ''}"
