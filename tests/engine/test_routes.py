"""Where the list is: told by a path, or found on the way."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel
from runs import feed

from partialstream import ItemParser, JSONSyntaxError, PartialStreamError
from partialstream.engine.items import ItemScanner
from partialstream.engine.parser import SyntaxReader
from partialstream.engine.route import ANYTHING, Found, Router, Shape, parse_path, path_matches
from partialstream.testing import every_cut


class Named(BaseModel):
    name: str


@pytest.mark.parametrize(
    ("written", "path"),
    [
        (None, None),
        ("", ()),
        ("items", ("items",)),
        ("a.*.b", ("a", "*", "b")),
        ("a.0", ("a", "0")),
        (("v1.2", "items"), ("v1.2", "items")),
        (["a", 0, "*"], ("a", 0, "*")),
        ((), ()),
    ],
)
def test_a_path_is_written_with_dots_or_as_steps(written: Any, path: Any) -> None:
    assert parse_path(written) == path


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ((), (), True),
        (("a",), ("a",), True),
        (("a",), ("b",), False),
        (("a",), ("a", 0), False),
        (("a", "*"), ("a", 0), True),
        (("*",), ("a",), True),
        (("a", "0"), ("a", 0), True),
        (("a", 0), ("a", "0"), True),
        (("a", 1), ("a", 0), False),
        (("*",), (), False),
    ],
)
def test_which_places_a_path_names(pattern: Any, path: Any, matches: bool) -> None:
    assert path_matches(pattern, path) == matches


def scan(text: str, path: Any = None, shape: Shape = ANYTHING, cut: Any = None) -> list[Any]:
    scanner = ItemScanner(shape, path=parse_path(path))
    items = [item for delta in cut or [text] for item in scanner.feed(delta)]
    scanner.finish()
    items += scanner.take_completed()
    return [(item.number, item.path, item.text, tuple(item.position)) for item in items]


ROUTES = [
    ('{"items":[1,2]}', "items", [(("items", 0), "1"), (("items", 1), "2")]),
    ('{"a":{"b":[1]},"b":[2]}', "a.b", [(("a", "b", 0), "1")]),
    ('{"a":{"b":[1]},"b":[2]}', "b", [(("b", 0), "2")]),
    (
        '{"s":[{"b":[1]},{"c":[2]},{"b":[3,4]}]}',
        "s.*.b",
        [(("s", 0, "b", 0), "1"), (("s", 2, "b", 0), "3"), (("s", 2, "b", 1), "4")],
    ),
    ('{"s":[[1],[2],[3]]}', "s.1", [(("s", 1, 0), "2")]),
    ('{"s":[[1],[2],[3]]}', ("s", 2), [(("s", 2, 0), "3")]),
    ('{"s":[[1],[2]]}', "s.*", [(("s", 0, 0), "1"), (("s", 1, 0), "2")]),
    ('{"v1.2":{"x":[5]}}', ("v1.2", "x"), [(("v1.2", "x", 0), "5")]),
    ('{"a":{"x":[1]},"b":{"x":[2]}}', "*.x", [(("a", "x", 0), "1"), (("b", "x", 0), "2")]),
    ('{"a":{"x":1},"b":{"x":{"y":2}}}', "*.x", [(("b", "x"), '{"y":2}')]),
    ('{"rows":{"k1":{"n":1},"k2":{"n":2}}}', "rows.*", None),
    ("[1,2]", "", [((0,), "1"), ((1,), "2")]),
    ("[[1],[2]]", "*", [((0, 0), "1"), ((1, 0), "2")]),
    ('[{"x":[1]}]', "*.x", [((0, "x", 0), "1")]),
    ('{"x":[1]}{"x":[2]}', "x", [(("x", 0), "1"), (("x", 0), "2")]),
    ('so {x}: {"x":[1]}', "x", [(("x", 0), "1")]),
    ('so [1]: {"x":[1]}', "x", [(("x", 0), "1")]),
    ('so {}: {"x":[1]}', "x", [(("x", 0), "1")]),
    ('{"x":[[1],[2]]}', "x", [(("x", 0), "[1]"), (("x", 1), "[2]")]),
    ('{"x":[1,2],"x":[3]}', "x", [(("x", 0), "1"), (("x", 1), "2"), (("x", 0), "3")]),
    ('{"x":[],"y":[1]}', "x", []),
]


@pytest.mark.parametrize(("text", "path", "items"), ROUTES)
def test_the_items_at_a_path(text: str, path: Any, items: Any) -> None:
    if items is None:
        items = [(("rows", "k1"), '{"n":1}'), (("rows", "k2"), '{"n":2}')]
    for cut in ([text], list(text), *map(list, every_cut(text))):
        found = scan(text, path, cut=cut)
        assert [(at, raw) for _, at, raw, _ in found] == items
        assert [number for number, *_ in found] == list(range(len(items)))
        for _, _, raw, (offset, line, line_start) in found:
            assert text[offset : offset + len(raw)] == raw
            assert (line, line_start) == (1, 0)


def test_positions_count_lines() -> None:
    text = '\n{"a":\n\n [1,\n {"b":\n2},\n\n3\n],\n"c":[4]}\n'
    for cut in ([text], list(text)):
        found = scan(text, "*", cut=cut)
        assert [raw for _, _, raw, _ in found] == ["1", '{"b":\n2}', "3", "4"]
        for _, _, raw, (offset, line, line_start) in found:
            before = text[:offset]
            assert text[offset:].startswith(raw)
            assert line == before.count("\n") + 1
            assert line_start == before.rfind("\n") + 1


@pytest.mark.parametrize(
    ("text", "path", "detail"),
    [
        ('{"b":[1]}', "a", "no list found at a in the response: "),
        ('{"a":1}', "a", "no list found at a in the response: "),
        ('{"a":{"b":[]}}', "a.c", "no list found at a.c in the response: "),
        ('{"a":[]}', "", "no list found at the root in the response: "),
        ("{}", None, "no list found that fits the type in the response: "),
        ("prose", "a", "no JSON found in the response: "),
    ],
)
def test_what_is_missing_is_said(text: str, path: Any, detail: str) -> None:
    parser = ItemParser(int, path=path)
    with pytest.raises(PartialStreamError):
        parser.feed(text) or parser.finish()
    assert parser.outcome is not None
    assert parser.outcome.status == "no_json"
    assert parser.outcome.detail == f"{detail}{text!r}"


NAMED = Shape(frozenset({"object"}), frozenset({"name"}))
NUMBER = Shape(frozenset({"number"}), None)
LISTS = Shape(frozenset({"array"}), None)

FOUND = [
    (NAMED, '{"note":"[1]","items":[{"name":"a"}]}', ['{"name":"a"}']),
    (NAMED, '{"meta":[{"k":1}],"items":[{"name":"a"}],"o":[{"z":1}]}', ['{"name":"a"}']),
    (NAMED, '{"meta":[1],"x":["y"],"items":[{"name":"a"}]}', ['{"name":"a"}']),
    (NAMED, '{"empty":[],"items":[{"name":"a"}]}', ['{"name":"a"}']),
    (NAMED, '{"items":[{"name":"a"}],"empty":[]}', ['{"name":"a"}']),
    (NAMED, '{"deep":{"er":[{"name":"a"}]}}', ['{"name":"a"}']),
    (NAMED, '{"deep":[[{"name":"no"}]],"items":[{"name":"a"}]}', ['{"name":"a"}']),
    (NAMED, '{"d":[{"k":[{"name":"no"}]}],"i":[{"name":"a"}]}', ['{"name":"a"}']),
    (NAMED, '{"items":[{},{"name":"a"}]}', ["{}", '{"name":"a"}']),
    (NAMED, '{"name":"a"} {"name":"b"}', ['{"name":"a"}', '{"name":"b"}']),
    (NAMED, '[{"name":"a"}][{"name":"b"}]', ['{"name":"a"}', '{"name":"b"}']),
    (NAMED, '{"i":[{"name":"a"}]}{"i":[{"name":"b"}]}', ['{"name":"a"}', '{"name":"b"}']),
    (NAMED, 'is it {"name": "a"}?', ['{"name": "a"}']),
    (NAMED, 'see [{"k":1}], so [{"name":"a"}]', ['{"name":"a"}']),
    (NAMED, 'see {"k":1}, so {"i":[{"name":"a"}]}', ['{"name":"a"}']),
    (NAMED, 'see ["x"] and {x} [] [{"name":"a"}]', ['{"name":"a"}']),
    (NAMED, "[1]", ["1"]),
    (NUMBER, '{"a":["x"],"b":[1,2]}', ["1", "2"]),
    (NUMBER, "so [1,2]", ["1", "2"]),
    (NUMBER, 'so ["x"] or [-1]', ["-1"]),
    (NUMBER, '{"n":1,"b":[1]}', ["1"]),
    (NUMBER, 'so {"n":1} and [2]', ["2"]),
    (LISTS, "[[1],[2]]", ["[1]", "[2]"]),
    (LISTS, '{"a":[1],"b":[[2]]}', ["[2]"]),
    (LISTS, "so [[[1]],[2]]", ["[[1]]", "[2]"]),
    (ANYTHING, '{"a":[1]}', ["1"]),
    (ANYTHING, '{"a":1}{"a":2}', ['{"a":1}', '{"a":2}']),
    (ANYTHING, '{"a":"x","b":[1]}', ['{"a":"x","b":[1]}']),
    (ANYTHING, "{}", ["{}"]),
    (ANYTHING, 'so {"a":"x"}', ['{"a":"x"}']),
    (ANYTHING, 'so {"a":[1]}', ["1"]),
    (ANYTHING, 'so {"a":{"b":1}}', ['{"a":{"b":1}}']),
    (ANYTHING, "so {}", ["{}"]),
    (ANYTHING, "so []", []),
    (NUMBER, "so {}, [1]", ["1"]),
]


@pytest.mark.parametrize(("shape", "text", "items"), FOUND)
def test_the_list_that_is_found(shape: Shape, text: str, items: list[str]) -> None:
    for cut in ([text], list(text), *map(list, every_cut(text))):
        assert [raw for _, _, raw, _ in scan(text, None, shape, cut)] == items


@pytest.mark.parametrize(
    ("text", "offset", "path"),
    [
        ('{"items":[1 2', 12, ("items",)),
        ('{"items":[1,]', 12, ("items", 1)),
        ('{"items":[,', 10, ("items",)),
        ('{"items":[1}', 11, ("items",)),
        ('{"items":[1];', 12, ()),
        ('{"items" [', 9, ()),
        ('{"items":[{"a":tru}]', 18, ("items", 0, "a")),
        ('{"i":{"x":[[1,{"a":[1}', 21, ("i", "x", 0, 1, "a")),
        ("[1]]", 3, ()),
        ('{"decoy":[tru}', 13, ("decoy", 0)),
    ],
)
def test_what_is_malformed_outside_and_inside_items(
    text: str, offset: int, path: tuple[str | int, ...]
) -> None:
    for deltas in ([text + " "], list(text)):
        with pytest.raises(JSONSyntaxError) as raised:
            feed(ItemParser(Any), deltas, finish=True)  # type: ignore[arg-type]
        assert (raised.value.offset, raised.value.path) == (offset, path)


def test_a_router_halts_where_the_list_may_begin() -> None:
    router = Router(("a", "*"), ANYTHING)
    reader = router.reader = SyntaxReader(router)
    text = '{"b":[1],"a":[{"x":1},[2]]}'
    assert router.feed(text, 0) == (Found.ITEM, 15)
    assert reader.path == ("a", 0)
    assert router.feed(text, 15) == (Found.LIST, 23)
    assert router.feed(text, 23) == (None, len(text))
    assert reader.done


def test_a_list_that_is_found_may_be_skipped_and_ends_the_search() -> None:
    router = Router(None, NUMBER)
    router.reader = SyntaxReader(router)
    text = '{"a":[[1],{"b":[2]}],"c":[3],"d":[4]}'
    assert router.feed(text, 0) == (Found.CANDIDATE, 6)
    router.skip_array()
    found, pos = router.feed(text, 6)
    assert (found, pos) == (Found.CANDIDATE, text.index("3"))
    router.list_read()
    assert router.feed(text, pos) == (None, len(text))


@pytest.mark.parametrize("path", [None, ("items",)])
def test_scalars_beside_the_list_are_known_when_its_first_item_is(path: Any) -> None:
    text = (
        '{"first": 12, "deep": {"first": 7, "n": "x"}, "note": "a\\u00e9 [", "on": true,'
        '"items": [{"n": 3}, {"n": 4}], "last": -1.5e2, "first": 13}'
    )
    before = {"first": "12", "note": "aé [", "on": "true"}
    for deltas in ([text], list(text), [text[:40], text[40:]]):
        scanner = ItemScanner(Shape(frozenset({"object"}), frozenset({"n", "y"})), path=path)
        members: list[dict[str, str]] = []
        for delta in deltas:
            members += [dict(scanner.members) for _ in scanner.feed(delta)]
        if deltas == list(text):
            assert members == [before, before]
        assert dict(scanner.members) == {**before, "last": "-1.5e2", "first": "13"}


def test_no_more_of_them_is_kept_than_is_of_use() -> None:
    text = "{" + "".join(f'"m{n}": "{"x" * 5000}", "n{n}": {n}, ' for n in range(100))
    scanner = ItemScanner(ANYTHING, path=("items",))
    for char in text:
        scanner.feed(char)
    assert sum(map(len, scanner.members.values())) < 20 * 4096
    assert dict(scanner.members) == {f"n{n}": str(n) for n in range(16)}
