"""`max_cost` of a job: whether another document may start."""

from __future__ import annotations

import pytest

from partialstream.etl.budget import Budget


@pytest.mark.parametrize(
    ("spent", "largest", "open_documents", "allowed"),
    [
        (0.0, 0.0, 0, True),
        (0.0, 0.0, 1, False),  # the first is read alone
        (0.75, 0.0, 0, True),
        (1.0, 0.0, 0, False),
        (0.5, 0.25, 0, True),
        (0.5, 0.25, 1, True),  # to the cent
        (0.5, 0.25, 2, False),
        (0.5, 0.625, 0, False),
        (2.0, 0.25, 0, False),
    ],
)
def test_each_document_may_cost_as_much_as_the_most_expensive_one(
    spent: float, largest: float, open_documents: int, allowed: bool
) -> None:
    assert Budget(1.0, spent, largest).allows(open_documents) == allowed


def test_the_most_expensive_document_counts() -> None:
    budget = Budget(1.0, 0.0, 0.0)
    budget.spend(0.25)
    assert budget.allows(2)
    budget.spend(0.5)
    budget.spend(0.0)
    assert not budget.allows(0)
    assert "so far cost $0.5, and $0.75 are spent" in budget.error().message
