"""Cases of items in texts."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from benchmarks.correctness.case import items


class Named(BaseModel):
    """An item."""

    name: str


class Aged(BaseModel):
    """An item that may be invalid."""

    name: str
    age: Annotated[int, Field(ge=0)]


AB = '{"items":[⟨{"name":"a"}⟩·,⟨{"name":"b"}⟩·]}'

CASES = [
    items(
        "items on time",
        Named,
        '{"items"·:[⟨{"name"·:"a"}⟩·,⟨{"na·me":"b"}⟩·,·⟨{"name":"c"}⟩]}',
    ),
    items("the last item comes before ]}", Named, '{"items":[⟨{"name":"a"}⟩·,⟨{"name":"b"}⟩·]·}'),
    items("several items in a delta", Named, '{"items":[·⟨{"name":"a"}⟩,⟨{"name":"b"}⟩·]}'),
    items(
        "two documents run together",
        Named,
        '{"items":[⟨{"name":"a"}⟩]·}{"items":[·⟨{"name":"b"}⟩]}',
    ),
    items("prose with brackets before", Named, "Here are [2] {i·tems}: ·" + AB),
    items("prose behind", Named, AB + "· Let me know [if] {more}!"),
    items("a Markdown fence", Named, "`·``·json·\n·" + AB + "\n·```"),
    items("a think block before", Named, '<th·ink>a list [a] or {"name":"x"}?</th·ink>' + AB),
    items(
        "other arrays beside the list",
        Named,
        '{"meta":[{"k":1}],·"items":[⟨{"name":"a"}⟩·,⟨{"name":"b"}⟩],·"other":[{"z":1}]}',
    ),
    items("a bracket in a string before", Named, '{"note":"see [1]",·"items":[⟨{"name":"a"}⟩·]}'),
    items("strings as items", str, '{"items":[⟨"x"⟩·,⟨"y·z"⟩·]}'),
    items("numbers as items", int, '{"items":[⟨1⟩,·⟨2·0⟩,·⟨3⟩·]}'),
    items("lists as items", list[int], "[⟨[1,2]⟩·,⟨[·3]⟩·]", path=""),
    items(
        "a union whose members overlap",
        Named | Aged,
        '{"items":[⟨{"name":"a","age":1}⟩·,⟨{"name":"b"}⟩·]}',
    ),
    items(
        "an invalid item in the middle",
        Aged,
        '{"items":[⟨{"name":"a","age":1}⟩·,{"name":"b","age":-2},·⟨{"name":"c","age":3}⟩·]}',
        fails=True,
    ),
    items(
        "braces and escapes in strings",
        Named,
        r'{"items":[⟨{"name":"}·{]\"\\"}⟩·,⟨{"name":"\\·\"}"}⟩·,⟨{"name":"[,"}⟩]}',
    ),
    items(
        "a surrogate pair, cut",
        Named,
        r'{"items":[⟨{"name":"\ud83d·\ude00"}⟩·,⟨{"name":"\u00·e9"}⟩·]}',
    ),
    items("U+0085 in a string", Named, '{"items":[⟨{"name":"a\x85b"}⟩·,⟨{"name":"\u2028"}⟩·]}'),
    items(
        "cut off by length",
        Named,
        '{"items":[⟨{"name":"a"}⟩·,{"name":"b',
        fails=True,
        finish="length",
    ),
    items("cut off between two items", Named, '{"items":[⟨{"name":"a"}⟩·,', fails=True),
    items("an empty answer", Named, "", fails=True),
    items("nothing but prose", Named, "I cannot ·help with that.", fails=True),
    items("an empty list is no failure", Named, '{"items"·:[]·}'),
    items(
        "an invalid escape",
        Named,
        '{"items":[⟨{"name":"a"}⟩·,{"name":"App\\Http"},{"name":"c"}·]}',
        fails=True,
    ),
    items(
        "malformed, not incomplete",
        Aged,
        '{"items":[⟨{"name":"a","age":1}⟩·,{"name":"b","age":4x9·}]}',
        fails=True,
    ),
    items("10,000 brackets", Named, "·".join(["[" * 100] * 100), fails=True, path=""),
]
