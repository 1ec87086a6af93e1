"""Random answers of a model: prose, thoughts and fences around documents that are known.

A text is written piece by piece, so what is right is known from the writing and not from
reading it again.
"""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass, field
from typing import Any

from prose_audit import Wanted, settled
from prose_words import LISTINGS, STRINGS, TAGS, prose
from pydantic import BaseModel
from strategies import spell


class Product(BaseModel):
    name: str
    price: float | None = None
    tags: list[str] = []


class Service(BaseModel):
    hours: int
    place: str = ""


class Author(BaseModel):
    name: str
    born: int | None = None


class Section(BaseModel):
    title: str
    bullets: list[str] = []


class Report(BaseModel):
    name: str
    summary: str = ""
    score: float | None = None
    author: Author | None = None
    sections: list[Section] = []
    done: bool = False


@dataclass(frozen=True)
class Document:
    """A document within a text; all offsets are in characters.

    Attributes:
        start: Offset of its first character.
        end: Offset behind its last one.
        items: Start and end of each item, and how many characters have to arrive for it.
        begins_to_fit: How many characters have to arrive until a part of it fits.
        certain: Whether its place says that it is the document: at the very start, after an
            opening fence or after thoughts.
    """

    start: int
    end: int
    items: list[tuple[int, int, int]]
    begins_to_fit: int
    certain: bool


@dataclass
class Written:
    """A text, and what is right.

    Attributes:
        seed: What it was made of.
        type_: What is asked for.
        text: All of it.
        documents: The documents in it, in order.
        settled: For each document, how many characters have to arrive until all brackets
            before it have turned out to be prose.
        drafts: Start and end of drafts that fit, in thoughts whose opening tag is missing.
    """

    seed: int
    type_: Any
    text: str = ""
    documents: list[Document] = field(default_factory=list)
    settled: list[int] = field(default_factory=list)
    drafts: list[tuple[int, int]] = field(default_factory=list)

    @property
    def items(self) -> list[str]:
        """The items as they stand in the text."""
        return [self.text[a:b] for document in self.documents for a, b, _ in document.items]

    @property
    def due(self) -> list[int]:
        """How many characters have to arrive for each item."""
        return [due for document in self.documents for _, _, due in document.items]

    def __str__(self) -> str:
        found = [self.text[document.start : document.end] for document in self.documents]
        name = getattr(self.type_, "__name__", self.type_)
        return f"seed {self.seed}, for {name}:\n{self.text!r}\nin it: {found!r}\n{self.text}"


NAMES = {
    Product: Wanted(frozenset(Product.model_fields)),
    Product | Service: Wanted(frozenset({*Product.model_fields, *Service.model_fields})),
    int: Wanted(scalar=int),
    str: Wanted(scalar=str),
    Report: Wanted(frozenset(Report.model_fields)),
}


class Writer:
    """Writes one text.

    Args:
        seed: The source of chance.
        type_: What is asked for: an item type, or `Report` for a growing object.
    """

    def __init__(self, seed: int, type_: Any) -> None:
        self.chance = random.Random(seed)
        self.written = Written(seed, type_)
        self.wanted = NAMES[type_]
        self.grows = type_ is Report
        self._blocks: list[tuple[int, int]] = []  # what is not read at all
        self._certain = True  # whether what follows is the document by its place
        self._fenced = False

    @property
    def here(self) -> int:
        return len(self.written.text)

    def add(self, text: str) -> None:
        self.written.text += text

    def maybe(self, likelihood: float) -> bool:
        return self.chance.random() < likelihood

    def blanks(self) -> None:
        self.add(self.chance.choice(("", "", " ", "\n", "\n\n", "\r\n", " \t")))

    # -- the prose -------------------------------------------------------------------------

    def before(self) -> None:
        """What stands before the document."""
        if self.maybe(0.1):
            self.add("\ufeff")
        self.blanks()
        if self.maybe(0.25):
            self.thoughts()
        if self.maybe(0.15):
            self.thoughts_without_tag()
        if self.maybe(0.7):
            self.prose(8)

    def prose(self, most: int) -> None:
        """Prose, other fences and thoughts; then the gap to what follows."""
        self._certain = False
        self.add(prose(self.chance, most))
        while self.maybe(0.2):
            if self.maybe(0.5):
                self.add("\n" + self.chance.choice(LISTINGS) + "\n")
            else:
                self.gap()
                self.thoughts()
                if self.maybe(0.3):
                    return
            self._certain = False
            self.add(prose(self.chance, most // 2))
        self.gap()

    def gap(self) -> None:
        # Whatever precedes is a word or bracket: an empty gap joins it to what follows.
        self.add(self.chance.choice((" ", " ", ": ", "\n", "\n\n", ":\n", "")))

    def thoughts(self) -> None:
        """A closed block of thoughts, with drafts that fit."""
        start = self.here
        opening, closing = self.chance.choice(TAGS)
        self.add(opening)
        self.blanks()
        if self.maybe(0.8):
            self.add(prose(self.chance, 5))
        while self.maybe(0.5):
            self.add(self.chance.choice((" ", "\n", "\n```json\n")) + self.draft())
            self.add(" " + prose(self.chance, 3) if self.maybe(0.5) else "")
        self.add(self.chance.choice(("", "\n", " [", ' "', " {")))
        self.add(closing)
        self._blocks.append((start, self.here))
        self._certain = True
        self.blanks()

    def thoughts_without_tag(self) -> None:
        """Thoughts without their opening tag. Of a growing object they may hold a draft."""
        self.add(prose(self.chance, 5))
        if self.grows and self.maybe(0.5):
            self.add(self.chance.choice((" ", "\n", ": ")))
            start = self.here
            self.add(self.draft())
            self._blocks.append((start, self.here))
            self.written.drafts.append((start, self.here))
            self.add(self.chance.choice((" ", ". ", "\n")) + prose(self.chance, 3))
        self.add(self.chance.choice(("", "\n", " ")))
        self.add(self.chance.choice(TAGS)[1])
        self._certain = True
        self.blanks()

    def draft(self) -> str:
        """What fits, but does not count."""
        texts = [json.dumps(self.value("draft")) for _ in range(self.chance.randint(1, 2))]
        if self.grows:
            return texts[0]
        return self.chance.choice(('{"items": [%s]}', "[%s]", "[%s]")) % ", ".join(texts)

    def behind(self) -> None:
        """What stands behind a document: nothing, blanks, prose."""
        if self._fenced and self.maybe(0.9):
            self.add("\n```")
            self._fenced = False
            if self.maybe(0.6):
                self.add("\n")
                self.prose(6)
        elif not self._fenced and self.maybe(0.6):
            self.add(self.chance.choice((" ", ". ", "\n", "\n\n", " — ", "! ")))
            self.prose(6)
        else:
            self.blanks()

    # -- the documents ---------------------------------------------------------------------

    def value(self, word: str = "") -> Any:
        """A random item, or object."""
        chance = self.chance
        text = word or "".join(chance.choices(STRINGS, k=chance.randint(1, 2)))
        kind = self.written.type_
        if kind is int:
            return chance.choice((0, 7, -3, 12345, 10**20))
        if kind is str:
            return text
        if kind is Report:
            return {"name": text, "summary": word}
        if kind is not Product and self.maybe(0.5):
            return {"hours": chance.randint(-9, 99), "place": text}
        value: dict[str, Any] = {"name": text}
        if self.maybe(0.5):
            value["price"] = chance.choice((None, 1.5, 0, -2e10))
        if not word and self.maybe(0.3):
            value["tags"] = chance.choices(STRINGS, k=chance.randint(0, 2))
        members = list(value.items())
        chance.shuffle(members)
        return dict(members)

    def spelled(self, value: Any) -> str:
        if self.maybe(0.3):
            return json.dumps(value, ensure_ascii=False, indent=self.chance.choice((None, 2)))
        return spell(value, self.chance)

    def fence(self) -> None:
        """Open a fence around the next document, perhaps."""
        if not self.maybe(0.3):
            return
        if self.here and self.written.text[-1] != "\n":
            self.add("\n")
        self.add(
            self.chance.choice(("```json\n", "```\n", "```JSON\n", "```json\r\n", "```json5\n"))
        )
        self._fenced = self._certain = True

    def finished(self) -> Written | None:
        """The text, None if it has more than one reading."""
        written = self.written
        found = [(d.start, d.end, d.begins_to_fit) for d in written.documents]
        ends = settled(written.text, found, self._blocks, self.wanted)
        if ends is None:
            return None
        written.settled = ends
        return written

    def document(self, start: int, items: list[tuple[int, int, int]], first: int) -> None:
        """Note what has been written since `start`."""
        self.written.documents.append(Document(start, self.here, items, first, self._certain))
        self._certain = False


_EMPTY_LIST = re.compile(r"\[\s*\]")


def without_document(seed: int, type_: Any) -> Written:
    """Prose alone."""
    for attempt in range(1000):
        writer = Writer(seed + attempt * 1_000_003, type_)
        writer.prose(8)
        written = writer.finished()
        # Whether an empty list that stands in prose alone is an answer is left open.
        if written is not None and (type_ is Report or not _EMPTY_LIST.search(written.text)):
            return written
    raise AssertionError("chance never gives a text with one reading")
