"""The texts that are read, and their types. The same in every process."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Callable

DELTA = 4
"""Characters of a delta: about a token."""

_WORDS = (
    "solid oak dining table with rounded edges seats six brass reading lamp warm light café "
    "style cotton rug woven by hand in Liège washable at thirty degrees ships flat packed"
).split()

_MARKS = ["{size}", '"L"', "{}", '{"w": 2}', "[1]", "}", '"']
"""What makes a scanner look twice, within strings."""


@dataclass(frozen=True)
class Document:
    """A text and what it holds.

    Attributes:
        type: The type of one item, or of the growing object.
        text: The JSON text.
        deltas: The text, cut into deltas.
    """

    type: Any
    text: str
    deltas: list[str]

    @property
    def encoded(self) -> list[bytes]:
        """The deltas as bytes."""
        return [delta.encode() for delta in self.deltas]


class Product(BaseModel):
    """A flat item."""

    name: str
    description: str
    price: float
    rating: float
    tags: list[str]


class Offer(BaseModel):
    """An item of what is sent over HTTP."""

    name: str
    description: str
    price: float
    in_stock: bool


class Offers(BaseModel):
    """All that is sent over HTTP, as one object."""

    items: list[Offer]


class Maker(BaseModel):
    """Part of a nested item."""

    name: str
    country: str


class Variant(BaseModel):
    """Part of a nested item."""

    sku: str
    price: float
    sizes: list[int]


class NestedProduct(BaseModel):
    """A nested item."""

    name: str
    maker: Maker
    variants: list[Variant]
    notes: dict[str, str]


class Lines(BaseModel):
    """A growing object that is one long list."""

    entries: list[str]


class Index(BaseModel):
    """A growing object that is one long dict."""

    entries: dict[str, str]


class Section(BaseModel):
    """Part of a report."""

    title: str
    text: str
    bullets: list[str]
    score: float


class Report(BaseModel):
    """A growing object of many sections."""

    title: str
    sections: list[Section]


class Essay(BaseModel):
    """A growing object that is one long string."""

    title: str
    body: str


class Catalog(BaseModel):
    """A growing object that is one long list of objects."""

    title: str
    products: list[Product]


class _Writer:
    """Makes up texts; the same ones each time.

    Args:
        marks: Whether strings hold braces, brackets and quotes.
    """

    def __init__(self, *, marks: bool = False) -> None:
        self._random = random.Random(7)
        self._words = _WORDS + _MARKS * (len(_WORDS) // len(_MARKS)) if marks else _WORDS

    def words(self, count: int) -> str:
        return " ".join(self._random.choice(self._words) for _ in range(count))

    def flat(self, number: int) -> dict[str, Any]:
        return {
            "name": self.words(3).title(),
            "description": f'{self.words(9)}: "{self.words(3)}"\n{self.words(5)}.',
            "price": round(self._random.uniform(5, 900), 2),
            "rating": number % 50 / 10,
            "tags": [self.words(1) for _ in range(3)],
        }

    def long(self, number: int) -> dict[str, Any]:
        return self.flat(number) | {"description": self.words(20_000 // 6)}

    def nested(self, number: int) -> dict[str, Any]:
        variants = [
            {"sku": f"P{number}-{variant}", "price": 9.5 * variant, "sizes": [1, 2, 3]}
            for variant in range(3)
        ]
        return {
            "name": self.words(3).title(),
            "maker": {"name": self.words(2), "country": "BE"},
            "variants": variants,
            "notes": {"care": self.words(5), "use": self.words(6)},
        }

    def section(self, number: int) -> dict[str, Any]:
        return {
            "title": self.words(4).title(),
            "text": self.words(40),
            "bullets": [self.words(5) for _ in range(4)],
            "score": number % 50 / 10,
        }


def items(kind: str, count: int, delta: int = DELTA) -> Document:
    """A list of items in a wrapper object.

    Args:
        kind: `"flat"` (230 characters an item), `"nested"` (350) or `"long"` (20,000); with
            `", braces in strings"` after it, about every second word of their strings is a
            brace, a bracket or an escaped quote.
        count: How many.
        delta: Characters of a delta.
    """
    name, _, marks = kind.partition(", ")
    writer = _Writer(marks=bool(marks))
    type_, write = {
        "flat": (Product, writer.flat),
        "nested": (NestedProduct, writer.nested),
        "long": (Product, writer.long),
    }[name]
    text = _dump({"items": [write(number) for number in range(count)]})
    return Document(type_, text, cut(text, delta))


def growing(shape: str, size: int, delta: int = DELTA) -> Document:
    """An object.

    Args:
        shape: `"report"` (many sections), `"essay"` (one long string) or `"catalog"` (one long
            list of objects).
        size: About how many characters.
        delta: Characters of a delta.
    """
    writer = _Writer()
    title = writer.words(4)
    if shape == "essay":
        text = _dump({"title": title, "body": writer.words(size // 6)})
        return Document(Essay, text, cut(text, delta))
    if shape == "report":
        sections = _fill(writer.section, size)
        text = _dump({"title": title, "sections": sections})
        return Document(Report, text, cut(text, delta))
    text = _dump({"title": title, "products": _fill(writer.flat, size)})
    return Document(Catalog, text, cut(text, delta))


def offers(count: int) -> str:
    """The text of a list of `Offer`, of 140 characters each."""
    return _dump(
        {
            "items": [
                {
                    "name": f"Oak table {number}",
                    "description": "Seats six, rounded edges, oiled by hand, ships flat packed.",
                    "price": 100 + number / 4,
                    "in_stock": number % 3 > 0,
                }
                for number in range(count)
            ]
        }
    )


def entries(shape: str, count: int, more: int) -> tuple[type[Lines] | type[Index], str, list[str]]:
    """An object that is one long `"list"` or `"dict"`: its type, its beginning, more entries.

    Args:
        shape: Which of the two.
        count: Entries in the beginning.
        more: Entries after them, each a delta of its own.
    """
    numbers = range(count + more)
    if shape == "list":
        written = [f'"entry {number}"' for number in numbers]
        start, type_ = '{"entries": [', Lines
    else:
        written = [f'"key {number}": "entry {number}"' for number in numbers]
        start, type_ = '{"entries": {', Index
    return type_, start + ", ".join(written[:count]), [f", {entry}" for entry in written[count:]]


def ends(text: str) -> list[int]:
    """How many characters of a text it takes until each item of its list is closed."""
    decoder = json.JSONDecoder()
    found: list[int] = []
    place = text.index("[") + 1
    while text[place] != "]":
        _, place = decoder.raw_decode(text, place)
        found.append(place)
        while text[place] in ", ":
            place += 1
    return found


def cut(text: str, size: int = DELTA) -> list[str]:
    """Cut a text into deltas."""
    return [text[start : start + size] for start in range(0, len(text), size)]


def _fill(write: Callable[[int], dict[str, Any]], size: int) -> list[dict[str, Any]]:
    members: list[dict[str, Any]] = []
    written = 0
    while written < size:
        members.append(write(len(members)))
        written += len(_dump(members[-1])) + 2
    return members


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
