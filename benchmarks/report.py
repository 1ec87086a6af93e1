"""The table, and what is judged in it."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_PACKAGES = ("pydantic", "pydantic-core", "jiter", "openai", "instructor", "ijson")


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes:
        subject: What it is about.
        what: What was measured.
        value: The figure.
        unit: Its unit; `"x"` for a ratio.
        target: The largest value that is good, None if it is only told.
    """

    subject: str
    what: str
    value: float
    unit: str = "x"
    target: float | None = None

    @property
    def missed(self) -> bool:
        """Whether there is a target and it is missed."""
        return self.target is not None and self.value > self.target


def machine() -> dict[str, str]:
    """Where the figures are from."""
    known = {
        "processor": _processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "partialstream": version("partialstream"),
    }
    return known | {package: version(package) for package in _PACKAGES}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:  # not Linux
        lines = []
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.processor() or "unknown"


def table(rows: Sequence[Row]) -> str:
    """The rows as text, a block for each subject."""
    width = max(len(row.what) for row in rows)
    lines: list[str] = []
    subject = ""
    for row in rows:
        if row.subject != subject:
            subject = row.subject
            lines += ["", subject]
        lines.append(f"  {row.what:<{width}}  {_figure(row.value)} {row.unit:<8}{_verdict(row)}")
    return "\n".join(lines).rstrip()


def as_json(rows: Sequence[Row]) -> dict[str, Any]:
    """The rows and the machine, for `json.dump`."""
    return {
        "machine": machine(),
        "rows": [asdict(row) | {"missed": row.missed} for row in rows],
    }


def _figure(value: float) -> str:
    return f"{value:9.3f}" if value < 100 else f"{value:9.0f}"


def _verdict(row: Row) -> str:
    if row.target is None:
        return ""
    return f"{'MISSED' if row.missed else 'ok':>6}  (target <= {row.target:.3g})"
