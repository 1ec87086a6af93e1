"""The documents in random answers: lists of items in all their forms, and growing objects."""

from __future__ import annotations

import json
from typing import Any

from prose_texts import Product, Report, Service, Writer, Written
from prose_words import STRINGS

ITEM_TYPES: tuple[Any, ...] = (Product, Product, Product | Service, int, str)

_SCALARS = (int, str)


class ItemsWriter(Writer):
    """Writes a text with lists of items."""

    def write(self) -> Written | None:
        """Write it all; None if it has more than one reading."""
        self.before()
        self.fence()
        self.form()
        # Behind a list, and prose, only objects are told from prose.
        while self.written.type_ not in _SCALARS and self.written.items and self.maybe(0.2):
            if self.maybe(0.5) and not self._fenced:
                self.add(self.chance.choice(("", "\n", " ", "\r\n\r\n")))
            else:
                if self._fenced:
                    self.add("\n```\n")
                    self._fenced = False
                else:
                    self.add(" ")
                self.prose(4)
                self.fence()
            self.form(empty=False)
        self.behind()
        return self.finished()

    def form(self, *, empty: bool = True) -> None:
        """Write a root array, a wrapper, a bare item or NDJSON."""
        forms = ["array", "array", "wrapper", "wrapper"]
        if self.written.type_ not in _SCALARS:
            forms.append("bare")
            if self._certain:
                forms.append("rows")
        count = self.chance.randint(1, 4)
        if empty and self._certain and self.maybe(0.1):
            count, forms = 0, ["array", "wrapper"]
        start = self.here
        items: list[tuple[int, int, int]] = []
        form = self.chance.choice(forms)
        if form == "array":
            self.array(items, count)
        elif form == "wrapper":
            self.wrapper(items, count)
        else:
            for number in range(1 if form == "bare" else count):
                self.add(self.chance.choice(("\n", "\n", "\r\n", "\n\n")) if number else "")
                self.item(items, json.dumps(self.value()))
        self.document(start, items, items[0][2] if items else self.here)

    def array(self, items: list[tuple[int, int, int]], count: int) -> None:
        """Write the list."""
        self.add("[")
        for number in range(count):
            self.add(self.chance.choice((",", ", ", ",\n  ", " , ")) if number else "")
            value = self.value()
            if isinstance(value, dict) and self.maybe(0.2):
                value = {"zzz": self.chance.choice(STRINGS), **value}
            self.item(items, self.spelled(value))
        self.add(self.chance.choice(("]", "]", "\n]", " ]")))

    def item(self, items: list[tuple[int, int, int]], text: str) -> None:
        """Write an item; the end of a number shows one character later."""
        start = self.here
        self.add(text)
        items.append((start, self.here, self.here + (text[-1] not in '"]}')))

    def wrapper(self, items: list[tuple[int, int, int]], count: int) -> None:
        """Write the list as a member of an object, among others that are not the list."""
        self.add(self.chance.choice(("{", "{ ", "{\n  ")))
        deep = self.maybe(0.1)
        for member in self.others(before=True, emptiness=count > 0):
            self.add(member + self.chance.choice((",", ", ", ",\n  ")))
        name = self.chance.choice(("items", "items", "products", "list", "[", "data"))
        self.add('"%s":' % ("result" if deep else name))
        self.add(self.chance.choice(("", " ")))
        self.add('{"items": ' if deep else "")
        self.array(items, count)
        self.add("}" if deep else "")
        for member in self.others(before=False, emptiness=False):
            self.add(self.chance.choice((",", ", ", ",\n  ")) + member)
        self.add(self.chance.choice(("}", " }", "\n}")))

    def others(self, *, before: bool, emptiness: bool) -> list[str]:
        """Members that hold no list of items."""
        made: list[tuple[str, Any]] = [
            ("note", "see [1] {x}"),
            ("$schema", "https://example.org/[schema]"),
            ("reasoning", self.chance.choice(STRINGS)),
            ("meta", {"name": "wrong"}),
            ("count", 3),
            ("found", True),
            ("other", [{"zz": 1}, {"zz": {"name": "wrong"}}]),
            ("deep", {"k": {"k": [{"zz": 1}]}}),
        ]
        if self.written.type_ is not int:
            made.append(("scores", [1, 2.5]))
        if self.written.type_ is not str:
            made.append(("words", ["[", "a } b"]))
        if emptiness and before:
            made.append(("none", []))
        chosen = self.chance.sample(made, self.chance.choice((0, 0, 1, 2, 3)))
        return [
            f"{json.dumps(name)}: {self.spelled(value)}"
            for name, value in chosen
            if before or name != "none"
        ]


class ReportWriter(Writer):
    """Writes a text with one growing object."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed, Report)

    def write(self) -> Written | None:
        """Write it all; None if it has more than one reading."""
        self.before()
        self.fence()
        start = self.here
        first = 0
        self.add(self.chance.choice(("{", "{ ", "{\n  ")))
        for number, (name, value) in enumerate(self.members()):
            self.add(self.chance.choice((",", ", ", ",\n  ")) if number else "")
            self.add(json.dumps(name) + self.chance.choice((":", ": ")))
            text = self.spelled(value)
            self.add(text)
            if not first and name in Report.model_fields:
                first = self.here + (text[-1] not in '"]}')
        self.add(self.chance.choice(("}", " }", "\n}")))
        self.document(start, [], first)
        self.behind()
        return self.finished()

    def members(self) -> list[tuple[str, Any]]:
        """The members in any order, with unknown ones between and before."""
        chance = self.chance
        known: list[tuple[str, Any]] = [
            ("name", chance.choice(STRINGS)),
            ("summary", "".join(chance.choices(STRINGS, k=3))),
            ("score", chance.choice((1, -2.5, 1e3, None))),
            ("author", chance.choice((None, {"name": "a"}, {"born": 1, "name": "b {"}))),
            ("sections", [{"title": "a ]", "bullets": chance.choices(STRINGS, k=2)}]),
            ("sections", []),
            ("done", chance.choice((True, False))),
        ]
        unknown: list[tuple[str, Any]] = [
            ("$schema", "https://example.org/{schema}"),
            ("reasoning", chance.choice(STRINGS)),
            ("meta", {"name": "wrong", "summary": "wrong"}),
            ("notes", ["[1]", {"name": "wrong"}]),
            ("count", 3),
            ("none", chance.choice(([], {}, None))),
        ]
        kept = chance.sample(known[1:], chance.randint(0, 3))
        members = [known[0], *dict(kept).items()]
        chance.shuffle(members)
        extra = chance.sample(unknown, chance.choice((0, 1, 2)))
        if self.maybe(0.5):
            return [*extra, *members]
        members += extra
        chance.shuffle(members)
        return members


def items_text(seed: int) -> Written:
    """The text of a number, with lists of items."""
    for attempt in range(1000):
        type_ = ITEM_TYPES[seed % len(ITEM_TYPES)]
        written = ItemsWriter(seed + attempt * 1_000_003, type_).write()
        if written is not None:
            return written
    raise AssertionError("chance never gives a text with one reading")


def report_text(seed: int) -> Written:
    """The text of a number, with one growing object."""
    for attempt in range(1000):
        written = ReportWriter(seed + attempt * 1_000_003).write()
        if written is not None:
            return written
    raise AssertionError("chance never gives a text with one reading")
