from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from example_runs import run_example
from extras import needs

from partialstream.testing import Answer, ReplayRequest, ReplayServer

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs("examples", "pyarrow", "sqlalchemy")


def test_killed_it_goes_on_and_the_lines_add_up_to_the_totals() -> None:
    killed, totals, lines, sums = run_example("invoices").splitlines()
    assert re.fullmatch(r"Killed after \d+ requests", killed)
    assert totals == "30 documents were done before, 0 are now"
    found = re.fullmatch(r"(\d+) documents were done before, (\d+) are now", lines)
    assert found is not None
    before, now = int(found[1]), int(found[2])
    assert before + now == 30
    assert now > 0
    found = re.fullmatch(r"(.+) in totals, (.+) in 120 lines", sums)
    assert found is not None
    assert found[1] == found[2]


def test_a_folder_of_ones_own_against_an_endpoint(tmp_path: Path) -> None:
    import pyarrow.parquet

    def model(request: ReplayRequest) -> Answer:
        prompt = request.body["messages"][0]["content"]
        name = prompt.rpartition("\n")[2]
        rows = [{"article": name, "quantity": 2, "price": "1.50"}]
        invoice = {"number": name, "total": "3.00"}
        return Answer(json.dumps(invoice if prompt.startswith("Read") else {"items": rows}))

    for name in ("a", "b"):
        (tmp_path / f"{name}.txt").write_text(name)
    with ReplayServer(model) as server:
        live = ("--live", "--base-url", server.base_url)
        for before, now in ((0, 2), (2, 0)):
            shown = run_example("invoices", str(tmp_path), *live, OPENAI_API_KEY=f"test{before}")
            line = f"{before} documents were done before, {now} are now\n"
            assert shown == line + line + "6.00 in totals, 6.00 in 2 lines\n"
        assert len(server.requests) == 4
    with closing(sqlite3.connect(tmp_path / "invoices.db")) as db:
        found = sorted(db.execute("SELECT document, row, number, total FROM invoices"))
    assert found == [("a.txt", 0, "a", "3.00"), ("b.txt", 0, "b", "3.00")]
    rows: list[dict[str, Any]] = pyarrow.parquet.read_table(tmp_path / "lines.parquet").to_pylist()
    assert sorted((row["document"], row["article"], Decimal(row["price"])) for row in rows) == [
        ("a.txt", "a", Decimal("1.50")),
        ("b.txt", "b", Decimal("1.50")),
    ]
