"""Where the items are: documents in a row, wrappers, decoys, prose, fences, thinking."""

from __future__ import annotations

from typing import Any

import pytest
from case_models import Aged, Cat, Dog, Named, Optionally, Pet
from item_case import WAYS, Items, check_items

SKIP = {"on_invalid": "skip"}

ROWS = [
    # Documents in a row.
    Items("two objects in a row", Named, '⟨{"name":"a"}⟩·⟨{"name":"b"}⟩'),
    Items("two objects on lines", Named, '⟨{"name":"a"}⟩\n·⟨{"name":"b"}⟩\n'),
    Items(
        "two calls run together",
        Named,
        '{"items":[⟨{"name":"a"}⟩,⟨{"name":"b"}⟩]}·{"items":[⟨{"name":"c"}⟩]}',
    ),
    Items("two lists run together", int, "[⟨1⟩,⟨2⟩]·[⟨3⟩]"),
    Items(
        "the same document twice",
        Named,
        '{"items":[⟨{"name":"a"}⟩]}·{"items":[⟨{"name":"a"}⟩]}',
    ),
    # Wrappers and decoys.
    Items(
        "a wrapper with brackets in a string", Named, '{"note":"see [1]","items":[⟨{"name":"a"}⟩]}'
    ),
    Items(
        "other lists before and behind",
        Named,
        '{"meta":[{"k":1}],·"items":[⟨{"name":"a"}⟩,⟨{"name":"b"}⟩],·"other":[{"z":1}]}',
    ),
    Items(
        "a list of another kind before",
        Named,
        '{"tags":["x","y"],"scores":[1.5,-2e3],"flags":[true],"rows":[⟨{"name":"a"}⟩]}',
    ),
    Items("an empty list before", Named, '{"errors":[],"items":[⟨{"name":"a"}⟩]}'),
    Items("the list deep inside", Named, '{"data":{"page":{"rows":[⟨{"name":"a"}⟩]}}}'),
    Items("a decoy inside an object", Named, '{"meta":{"tags":["x"]},"items":[⟨{"name":"a"}⟩]}'),
    Items(
        "every list at a path",
        str,
        '{"sections":[{"bullets":[⟨"a"⟩,⟨"b"⟩]},{"bullets":[]},{"bullets":[⟨"c"⟩]}]}',
        options={"path": "sections.*.bullets"},
    ),
    Items(
        "a path past a list that would fit",
        Named,
        '{"drafts":[{"name":"x"}],"report":{"rows":[⟨{"name":"a"}⟩]}}',
        options={"path": "report.rows"},
    ),
    Items(
        "a path with a dot in a name",
        Named,
        '{"v1.2":{"items":[⟨{"name":"a"}⟩]}}',
        options={"path": ["v1.2", "items"]},
    ),
    # Prose.
    Items("a bracket in prose", Named, 'Here are [2] items: ·{"items":[⟨{"name":"a"}⟩]}'),
    Items("a brace in prose", Named, 'Note {x}: ·[⟨{"name":"a"}⟩]'),
    Items("prose behind", Named, '[⟨{"name":"a"}⟩]· That was [1] of {many}.'),
    Items("prose behind an item", Named, '⟨{"name":"a"}⟩· done'),
    Items("a quotation mark in prose", Named, 'The 5" lamp: [⟨{"name":"a"}⟩]'),
    Items("a link in prose", Named, 'See [here](https://e.example/{id}): [⟨{"name":"a"}⟩]'),
    Items("a byte order mark", Named, '\ufeff[⟨{"name":"a"}⟩]'),
    # Thinking.
    Items("brackets in thinking", Named, '<think>list [a] {x}</think>·[⟨{"name":"a"}⟩]'),
    Items("a list in thinking", Named, '<think>[{"name":"x"}]</think>·[⟨{"name":"a"}⟩]'),
    Items("thinking without its opening tag", Named, 'list [a] {x}·</think>·[⟨{"name":"a"}⟩]'),
    Items("a cut tag", Named, '<th·ink>[1]</thi·nk>·[⟨{"name":"a"}⟩]'),
    Items("a tag inside a string", Named, '[⟨{"name":"</think>"}⟩,⟨{"name":"<think>"}⟩]'),
    Items("thinking before a fence", Named, '<think>hm</think>\n\n```json\n[⟨{"name":"a"}⟩]\n```'),
    # Fences.
    Items(
        "a fence in tiny chunks",
        Named,
        '`·``·json·\n·{·"·items·":[·⟨{·"name·":"·a·"}⟩·,·⟨{"name":"b"}⟩·]·}·\n·```\nThat is [all].',
    ),
    Items("a fence without a language", Named, '```\n[⟨{"name":"a"}⟩]\n```'),
    Items("prose, then a fence", Named, 'Sure:\n```json\n[⟨{"name":"a"}⟩]\n```\n'),
    Items("a fence inside a string", Named, '[⟨{"name":"```json\\n[1]"}⟩,⟨{"name":"b"}⟩]'),
    # The end of the list.
    Items(
        "the last item before its list ends", Named, '{"items":[⟨{"name":"a"}⟩·,·⟨{"name":"b"}⟩·]·}'
    ),
    Items("an empty list", Named, "[]"),
    Items("an empty list in a wrapper", Named, '{"items":·[·]·}'),
    Items("an empty list and a decoy", Named, '{"items":[],"tags":["x"]}'),
    # Elements of any type.
    Items("strings", str, '[⟨"x"⟩,⟨"y"⟩]'),
    Items("scalars", Any, "[⟨1⟩,⟨2.5⟩,⟨null⟩,⟨true⟩]"),
    Items("numbers", float, "[⟨1⟩·,⟨2·.5⟩,⟨-0⟩,⟨1e+2·3⟩]"),
    Items("booleans", bool, "[⟨tr·ue⟩,⟨false⟩]"),
    Items("lists", list[int], "[⟨[1]⟩,⟨[2·,3]⟩,⟨[]⟩]"),
    Items("dicts", dict[str, int], '[⟨{"a":1}⟩,⟨{}⟩]'),
    Items("null or an object", Named | None, '[⟨null⟩,⟨{"name":"a"}⟩]'),
    Items("strings in a wrapper", str, '{"title":"T","words":[⟨"x"⟩,⟨"y"⟩]}'),
    Items(
        "members in any order, and blanks",
        Aged,
        '[ ⟨{ "age" : 1 , "name" : "a" }⟩ , ⟨{"name":"b","age":2}⟩\n]',
    ),
    Items("nested brackets", dict[str, Any], '[⟨{"a":{"b":[{},[]]}}⟩,⟨{"c":[[1]]}⟩]'),
    # Unions.
    Items("the better member of a union", Named | Aged, '[⟨{"name":"a","age":1}⟩,⟨{"name":"b"}⟩]'),
    Items("the first member of a tie", Named | Optionally, '[⟨{"name":"a"}⟩]'),
    Items("a discriminator", Pet, '[⟨{"kind":"dog","name":"a"}⟩,⟨{"name":"b","kind":"cat"}⟩]'),
    Items("a union without a discriminator", Cat | Dog, '[⟨{"kind":"dog","name":"a"}⟩]'),
    # Items that do not validate.
    Items(
        "an invalid item is left out",
        Aged,
        '[⟨{"name":"a","age":1}⟩,·⟪{"name":"b","age":-2}⟫,⟨{"name":"c","age":3}⟩]',
        options=SKIP,
    ),
    Items(
        "an invalid item ends the stream",
        Aged,
        '[⟨{"name":"a","age":1}⟩,·⟪{"name":"b","age":-2}⟫,{"name":"c","age":3}]',
        status="invalid",
    ),
    Items("an item of another kind", Named, '[⟨{"name":"a"}⟩,⟪7⟫,⟪"b"⟫,⟪[]⟫,⟪null⟫]', options=SKIP),
    Items("a half instead of an int", int, "[⟨1⟩,⟪2.5⟫,⟨3⟩]", options=SKIP),
    Items("an item without members", Named, "[⟪{}⟫,⟪{}⟫]", options=SKIP),
    Items(
        "an unknown tag",
        Pet,
        '[⟪{"kind":"cow","name":"a"}⟫,⟨{"kind":"cat","name":"b"}⟩]',
        options=SKIP,
    ),
    # Strings that look like structure.
    Items(
        "brackets inside strings",
        Named,
        r'[⟨{"name":"}"}⟩,⟨{"name":"{"}⟩,⟨{"name":"]"}⟩,⟨{"name":"[{}]"}⟩,⟨{"name":","}⟩]',
    ),
    Items(
        "escapes inside strings",
        Named,
        r'[⟨{"name":"\""}⟩,⟨{"name":"\\"}⟩,⟨{"name":"\\\""}⟩,⟨{"name":"a\\"}⟩,⟨{"name":"\\}"}⟩]',
    ),
    Items(
        "a delta that ends in a brace inside a string",
        Named,
        '[⟨{"name":"a}·b}·"}⟩,⟨{"name":"]}·"}⟩]',
    ),
    Items("structure as names", dict[str, Any], r'[⟨{"}":1,"\"":"{"}⟩,⟨{"a\\":[]}⟩]'),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", ROWS, ids=str)
def test_items(case: Items, way: str) -> None:
    check_items(case, way)
