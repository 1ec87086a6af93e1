"""The tasks with BAML's parser, without generated code: it parses all of the text at each delta.

Its types are written in BAML's own language, and its classes are looked up in a module.
"""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any

from baml_py import BamlRuntime
from pydantic import BaseModel

from benchmarks import documents
from benchmarks.libraries import growing_task

if TYPE_CHECKING:
    from collections.abc import Iterator

_SOURCE = """
class Section {
    title string
    text string
    bullets string[]
    score float
}
class Report {
    title string
    sections Section[]
}
function Write() -> Report {
    client "openai/benchmark"
    prompt #"Write a report."#
}
"""


class Section(BaseModel):
    """A section of which parts may be missing, as BAML generates for streams."""

    title: str | None = None
    text: str | None = None
    bullets: list[str] = []
    score: float | None = None


class Report(BaseModel):
    """A report of which parts may be missing."""

    title: str | None = None
    sections: list[Section] = []


def _snapshots(type_: Any, deltas: list[str]) -> Iterator[Any]:
    if type_ is not documents.Report:
        raise ValueError(f"{type_.__name__} is not written in BAML's language here")
    classes = types.ModuleType("classes")
    classes.Section, classes.Report = Section, Report
    runtime = BamlRuntime.from_files("benchmark", {"report.baml": _SOURCE}, {})
    context = runtime.create_context_manager()
    text = ""
    for delta in deltas:
        text += delta
        # The function, the text, its modules of enums, classes and partial classes, and whether
        # the text may be unfinished.
        yield runtime.parse_llm_response(
            "Write", text, classes, classes, classes, True, context, None, None, {}
        )


growing = growing_task(_snapshots)
