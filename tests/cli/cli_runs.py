"""Models for the command line to import, and ways to run it."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, computed_field, field_serializer, field_validator

from partialstream.cli.options import ParseOptions
from partialstream.cli.output import run
from partialstream.cli.parse import parse_input

if TYPE_CHECKING:
    from partialstream.cli.output import ExitCode

HERE = Path(__file__).parent


class Product(BaseModel):
    name: str
    price: float


class Report(BaseModel):
    title: str
    pages: int

    @computed_field
    def label(self) -> str:
        return f"{self.title}, {self.pages + 0} pages"


class Text(BaseModel):
    kind: Literal["text"]
    text: str


class Picture(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: Literal["picture"]
    url: str


Block = Text | Picture


class Unwritable(BaseModel):
    name: str

    @field_serializer("name")
    def refuse(self, name: str) -> str:
        if name == "no":
            raise ValueError("not this one")
        return name


class Broken(BaseModel):
    name: str

    @field_validator("name")
    @classmethod
    def fail(cls, name: str) -> str:
        raise KeyError(name)


def parse_bytes(data: bytes, target: str = "cli_runs:Product", **options: Any) -> ExitCode:
    """Run `partialstream parse` in this process on an input that is all there."""
    reading, writing = os.pipe()
    chosen = ParseOptions(model=target, **options)

    def write() -> None:
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(data)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        return run(lambda: parse_input(chosen, reading))
    finally:
        for _ in iter(lambda: os.read(reading, 65536), b""):
            pass
        os.close(reading)
        writer.join()


def start(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    """Start the command line in a process of its own, its three streams being pipes."""
    options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, **options}
    options = {"stderr": subprocess.PIPE, "cwd": HERE, "bufsize": 0, **options}
    return subprocess.Popen([sys.executable, "-m", "partialstream.cli", *arguments], **options)


def read_line(process: subprocess.Popen[bytes], timeout: float = 200.0) -> bytes:
    """Read a line of its output, or fail if none comes in time."""
    assert process.stdout is not None
    line = b""
    while not line.endswith(b"\n"):
        readable, _, _ = select.select([process.stdout], [], [], timeout)
        assert readable, f"no line within {timeout} seconds, only {line!r}"
        byte = process.stdout.read(1)
        assert byte, f"the output ended after {line!r}"
        line += byte
    return line
