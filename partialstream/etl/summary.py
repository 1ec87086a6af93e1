"""What a run has done."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(slots=True)
class Summary:
    """What a run has done. It counts while the run lasts.

    Attributes:
        documents: Documents that were given, those that were left out included.
        done: Documents whose rows are complete.
        known: Documents that earlier runs had done, or that were given twice.
        resumed: Documents that went on after rows of an earlier run; a part of `done` or `failed`.
        failed: Documents that have failed in this run; the reasons are in the dead letters.
        failed_before: Documents that have failed in an earlier run, and were left out.
        refused: Documents that were left out because their id stands for another text; the
            reasons are in the dead letters.
        rows: Rows of the documents that are done.
        rejected: Rows that did not validate, and are in the dead letters.
        delivered: Documents that the sink has got.
        requests: Requests that were sent, over all documents.
        input_tokens: Tokens paid for.
        output_tokens: Tokens paid for.
        cost: US dollars, None if the price of the model is not known.
        seconds: From the start of the run to now.
        interrupted: Whether the run was stopped before the last document.
    """

    documents: int = 0
    done: int = 0
    known: int = 0
    resumed: int = 0
    failed: int = 0
    failed_before: int = 0
    refused: int = 0
    rows: int = 0
    rejected: int = 0
    delivered: int = 0
    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None
    seconds: float = 0.0
    interrupted: bool = False

    @property
    def ok(self) -> bool:
        """Whether every document is done, now or in an earlier run."""
        return not (self.failed or self.failed_before or self.refused or self.interrupted)

    def as_dict(self) -> dict[str, Any]:
        """All of it, for JSON."""
        return asdict(self)
