"""Invoices become rows, totals in SQLite and lines in Parquet, by a run that is killed halfway.

Run it with `python examples/invoices.py`; it needs `partialstream[server,sql,parquet]`. Offline,
the first run is a process that gets killed, and a second one goes on where that was. With `--live`
it asks a real endpoint, with the key in OPENAI_API_KEY, and kills nothing.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.parquet
from openai import OpenAI
from pydantic import BaseModel

import partialstream
from partialstream.etl import Extraction, documents
from partialstream.testing import Answer, Endpoint, ReplayRequest, endpoint, endpoint_parser

GOODS = {"Desk lamp": "39.50", "Shelf": "64.00", "Office chair": "189.00", "Clock": "12.90"}


class Invoice(BaseModel):
    """What each document is one of."""

    number: str
    total: Decimal


class Line(BaseModel):
    """What each document has some of."""

    article: str
    quantity: int
    price: Decimal


def extract(there: Endpoint, folder: Path) -> None:
    """Do both jobs, or what is left of them."""
    with OpenAI(base_url=there.base_url, api_key=there.api_key) as sdk:
        client = partialstream.from_openai(sdk)
        totals = Extraction(
            client, Invoice, many=False, model=there.model, prompt="Read this invoice:\n{text}",
            journal=folder / "totals.journal", sink=f"sqlite:///{folder}/invoices.db#invoices",
        )  # fmt: skip
        lines = Extraction(
            client, Line, model=there.model, prompt="List the lines of this invoice:\n{text}",
            journal=folder / "lines.journal", sink=folder / "lines.parquet",
        )  # fmt: skip
        for extraction in (totals, lines):
            summary = extraction.run(documents(folder / "*.txt"))
            print(f"{summary.known} documents were done before, {summary.done} are now")


def write_invoices(folder: Path) -> Path:
    """Write the invoices of an office supplier."""
    for count in range(1, 31):
        text = "\n".join(f"{count} x {article} at {price}" for article, price in GOODS.items())
        total = count * sum(map(Decimal, GOODS.values()))
        (folder / f"{count:02}.txt").write_text(f"Invoice {count}\n\n{text}\n\nTotal: {total}\n")
    return folder


def scripted(request: ReplayRequest) -> Answer:
    """Play the model, which may be asked for the rest of a list."""
    prompt, *more = (message["content"] for message in request.body["messages"])
    if prompt.startswith("Read"):
        number, total = re.findall("(?:Invoice|Total:) (.+)", prompt)
        return Answer(json.dumps({"number": number, "total": total}), tokens_per_second=120)
    goods = re.findall(r"(\d+) x (.+) at (.+)", prompt)
    items = [{"article": name, "quantity": int(n), "price": price} for n, name, price in goods]
    first = int("".join(re.findall(r"after (\d+) complete item", "".join(more))) or 0)
    return Answer(json.dumps({"first_index": first, "items": items[first:]}), tokens_per_second=120)


def main() -> None:
    """Go on where the last run ended."""
    parser = endpoint_parser(__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="of *.txt (default: some made up)")
    options = parser.parse_args()
    with TemporaryDirectory() as scratch, endpoint(options, scripted) as there:
        folder = options.folder or write_invoices(Path(scratch))
        if there.server is not None:
            command = [sys.executable, __file__, folder, "--live", "--base-url", there.base_url]
            env = {**os.environ, "OPENAI_API_KEY": "none"}
            with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL) as process:
                while process.poll() is None and len(there.server.requests) < 50:
                    time.sleep(0.01)
                process.kill()
            print(f"Killed after {len(there.server.requests)} requests")
        extract(there, folder)
        db = sqlite3.connect(folder / "invoices.db")
        (total,) = db.execute("SELECT sum(total) FROM invoices").fetchone()
        db.close()
        rows = pyarrow.parquet.read_table(folder / "lines.parquet").to_pylist()
        lines = sum(row["quantity"] * Decimal(row["price"]) for row in rows)
        print(f"{total:.2f} in totals, {lines} in {len(rows)} lines")


if __name__ == "__main__":
    main()
