"""What makes two runs the same job, so that one goes on where the other ended."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter

if TYPE_CHECKING:
    from collections.abc import Mapping

Identity = dict[str, str]
"""The parts of a job, by their names, as they are written in the journal."""

_SHOWN: Final = 60
"""Characters of a difference that an error shows from either side."""

_LEFT_OUT: Final = frozenset({"timeout", "extra_headers", "stream_options"})
"""Arguments of the SDK that say nothing of what the model is asked."""


def schema_text(type_: Any) -> str:
    """The JSON schema of a type, as a text that is the same for the same schema."""
    return json.dumps(TypeAdapter(type_).json_schema(), sort_keys=True, ensure_ascii=False)


def arguments_text(arguments: Mapping[str, Any]) -> str:
    """What else a request says to the SDK, as a text."""
    kept = {name: value for name, value in arguments.items() if name not in _LEFT_OUT}
    return json.dumps(kept, sort_keys=True, ensure_ascii=False, default=repr)


def differences(journal: Identity, now: Identity) -> dict[str, tuple[str, str]]:
    """What differs between two jobs, by its name."""
    names = [*now, *(name for name in journal if name not in now)]
    return {
        name: (journal.get(name, ""), now.get(name, ""))
        for name in names
        if journal.get(name, "") != now.get(name, "")
    }


def describe(name: str, before: str, now: str) -> str:
    """Say how a part differs, by what surrounds the first difference.

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
