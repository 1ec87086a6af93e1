"""A folder of documents to rows in SQLite, sixteen at a time, each committed as it completes.

Run it with `python examples/documents_to_sqlite.py`; it needs `partialstream[server]` and rich.
With `--live` it asks a real endpoint, with the key in OPENAI_API_KEY.

Killed and started again with the same `--database`, it goes on. One run at a time: documents that
are not in `done`, the journal, are asked for anew, and their rows removed in one transaction. For
a model may answer differently the second time, and halves of two lists need not make one.
"""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from openai import AsyncOpenAI
from pydantic import BaseModel
from rich.console import Console
from rich.progress import Progress

import partialstream
from partialstream.testing import Answer, Endpoint, ReplayRequest, endpoint, endpoint_parser


class Row(BaseModel):
    """What each document has some of."""

    article: str
    count: int


TABLES = """
PRAGMA journal_mode = WAL;  -- others may read meanwhile
CREATE TABLE IF NOT EXISTS done (document PRIMARY KEY);
CREATE TABLE IF NOT EXISTS rows (document, place, article, count, UNIQUE (document, place));
DELETE FROM rows WHERE document NOT IN (SELECT document FROM done);
"""


async def extract(paths: list[Path], there: Endpoint, db: sqlite3.Connection) -> list[str]:
    """Read the documents; gives what went wrong with those that are left to the next run."""
    turn = asyncio.Semaphore(16)

    async def read(path: Path) -> None:
        async with turn:
            asked = [{"role": "user", "content": await asyncio.to_thread(path.read_text, "utf-8")}]
            async with client.create_iterable(
                response_model=Row, model=there.model, messages=asked, max_retries=2
            ) as stream:
                async for item in stream.detailed():
                    row = (path.name, item.index, item.value.article, item.value.count)
                    db.execute("INSERT INTO rows VALUES (?, ?, ?, ?)", row)
            db.execute("INSERT INTO done VALUES (?)", (path.name,))  # no error: it is complete
            bar.advance(task)

    async with AsyncOpenAI(base_url=there.base_url, api_key=there.api_key) as sdk:
        client = partialstream.from_openai(sdk)
        with Progress(console=Console(stderr=True, quiet=not sys.stderr.isatty())) as bar:
            task = bar.add_task("Documents", total=len(paths))
            ends = await asyncio.gather(*map(read, paths), return_exceptions=True)
    return [f"{path.name}: {end}" for path, end in zip(paths, ends, strict=True) if end]


def make_up(folder: Path) -> Path:
    """Write forty delivery notes."""
    for note in range(1, 41):
        things = enumerate(["Lamp", "Rug", "Shelf", "Vase", "Clock"], note)
        lines = [f"{count % 7 or 'a dozen'} x {thing}" for count, thing in things]
        Path(folder, f"note-{note:02}.txt").write_text("\n".join(lines), encoding="utf-8")
    return folder


def scripted(request: ReplayRequest) -> Answer:
    """Play the model: it writes "a dozen" for a number, and 12 when it is told of that."""
    note, *told = (message["content"] for message in request.body["messages"])
    found = re.findall("(a dozen) x (.+)" if told else "(.+) x (.+)", note)
    items = [{"article": name, "count": 12 if told else count} for count, name in found]
    return Answer(json.dumps({"items": items}), tokens_per_second=80)


def main() -> None:
    """Go on where the last run ended."""
    parser = endpoint_parser(__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="of *.txt; default: some made up")
    parser.add_argument("--database", type=Path, help="default: a temporary one")
    options = parser.parse_args()
    with TemporaryDirectory() as scratch, endpoint(options, scripted) as there:
        paths = sorted((options.folder or make_up(Path(scratch))).glob("*.txt"))
        db = sqlite3.connect(options.database or Path(scratch, "rows.db"), isolation_level=None)
        with closing(db):  # without an isolation level each statement is a transaction
            db.executescript(TABLES)
            done = {name for (name,) in db.execute("SELECT document FROM done")}
            try:
                todo = [path for path in paths if path.name not in done]
                failed = asyncio.run(extract(todo, there, db))
            except KeyboardInterrupt:
                sys.exit(130)
            (rows,) = db.execute("SELECT count(*) FROM rows").fetchone()
            print(f"{rows} rows; {len(done)} of {len(paths)} documents were done before")
    sys.exit("\n".join(failed) or 0)


if __name__ == "__main__":
    main()
