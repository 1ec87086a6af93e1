"""Where an element ends: strings full of brackets and escapes, cut anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from runs import run_items
from strategies import Cut, cuts, json_containers, json_texts

from partialstream.engine.items import ItemScanner
from partialstream.engine.position import Position
from partialstream.engine.route import ANYTHING
from partialstream.engine.scan import END
from partialstream.errors import LimitExceededError
from partialstream.limits import Limits
from partialstream.testing import every_cut

if TYPE_CHECKING:
    from collections.abc import Iterator

BATCH = 64  # deltas after which a scanner looks at the limits


def elements(deltas: list[str], limits: Limits | None = None) -> list[str]:
    scanner = ItemScanner(ANYTHING, limits=limits or Limits())
    found = [item.text for delta in deltas for item in scanner.feed(delta)]
    scanner.finish()
    assert not scanner.take_completed(), "nothing is completed by the end"
    return found


TRICKY = [
    r'"}"',
    r'"\""',
    r'"\\"',
    r'"\\\""',
    r'"\\\\"',
    r'"\"}\"{"',
    r'"]\\"',
    r'"\u005c\u0022"',
    '{"a":"}"}',
    '{"a":"{"}',
    '{"}":"{"}',
    r'{"a":"\"}"}',
    r'{"a":"\\"}',
    r'{"a":"\\\"}"}',
    r'{"a":"x\\","b":"}"}',
    r'{"a\"}":1}',
    '{"a":["}",{"]":"[{"}]}',
    '{"a":{"b":{"c":"}}}"}}}',
    '["]","[",["]"]]',
    r'["\"]",["\\"],"]"]',
    "[[[]],[[],[]]]",
    "{}",
    "[]",
    '""',
    "0",
    "-1.5e-3",
    "null",
    '{"a":"\\n\\u00e9😀","b":[1,2,{"c":null}]}',
    '{\n"a"\t:\r[ ]\n}',
]


@pytest.mark.parametrize("element", TRICKY)
def test_an_element_in_any_place_and_any_cut(element: str) -> None:
    for before in ("[", '["a",', "[{} , ", "[1,\n", '[[0],{"x":1},'):
        text = before + element
        count = len(elements([text + ","])) - 1
        for behind in ("]", ",1]", " , {}]", ',{"y":2},{"z":3}]', "\n]"):
            for deltas in ([text + behind], [*text, *behind]):
                assert elements(deltas)[count] == element
            for halves in every_cut(text + behind):
                assert elements([*halves])[count] == element


@given(st.lists(st.sampled_from(TRICKY) | json_texts, max_size=5), cuts)
def test_elements_in_a_row(parts: list[str], cut: Cut) -> None:
    text = "[" + ",\n".join(parts) + " ]"
    assert elements(cut(text)) == parts


@given(st.lists(st.sampled_from([t for t in TRICKY if t[0] == "{"]), max_size=5), cuts)
def test_objects_in_a_row(parts: list[str], cut: Cut) -> None:
    for between in (",", " ,\n ", ",  "):
        assert elements(cut("[" + between.join(parts) + "]")) == parts


@pytest.mark.parametrize("filler", ["x", "}", "{", "]", '\\"', "\\\\", "\\u007d", ", {", "é"])
@pytest.mark.parametrize("size", [1, 4, 63, 5000])
def test_long_strings_full_of_what_looks_like_structure(filler: str, size: int) -> None:
    parts = [f'{{"a":"{filler * 3000}"}}', f'["{filler * 3000}"]', f'"{filler * 3000}"', "{}"]
    text = "[" + ",".join(parts) + "]"
    assert elements([text[n : n + size] for n in range(0, len(text), size)]) == parts


SUB_OBJECTS = ",".join(f'{{"n":{number},\n"s":"x"}}' for number in range(150))


@pytest.mark.parametrize("size", [1, 4, 63, 700, 5000])
@pytest.mark.parametrize("behind", ["", ',"t":"}"', ',"t":"\\"}{"', f',"t":"{"y" * 3000}"'])
def test_long_objects_of_small_ones(behind: str, size: int) -> None:
    parts = [f'{{"a":[{SUB_OBJECTS}]{behind}}}', '{"b":1}', f'{{"c":[{SUB_OBJECTS}]}}']
    text = "[" + ",".join(parts) + "]"
    deltas = [text[n : n + size] for n in range(0, len(text), size)]
    assert elements(deltas) == parts
    error = run_items(Any, deltas, limits=Limits(item_size=2500)).exception
    assert isinstance(error, LimitExceededError)
    assert error.limit == "item_size"
    tail = parts[0][:-40]
    run = run_items(Any, ["[", *(tail[n : n + size] for n in range(0, len(tail), size))])
    assert (run.status, run.exception and run.exception.tail) == ("truncated", tail)


def test_long_objects_that_nest_too_deeply() -> None:
    deep = '{"a":' * 5 + "1" + "}" * 5
    text = f'[{{"a":[{SUB_OBJECTS},{deep}]}}]'
    for size in (1, 4, 5000):
        deltas = [text[n : n + size] for n in range(0, len(text), size)]
        error = run_items(Any, deltas, limits=Limits(depth=6)).exception
        assert isinstance(error, LimitExceededError)
        assert error.limit == "depth"


@given(json_containers, cuts)
def test_positions_are_those_of_the_text(element: str, cut: Cut) -> None:
    text = f'\n{{"a":"x",\n"items": [1,{element},\n {element}\t, {{"b":\n2}}, 3]}}'
    scanner = ItemScanner(ANYTHING, path=("items",))
    found = [item for delta in cut(text) for item in scanner.feed(delta)]
    assert [item.text for item in found] == ["1", element, element, '{"b":\n2}', "3"]
    end = 0
    for item in found:
        place = Position(*item.position)
        assert place == Position().after(text[: text.index(item.text, end)])
        end = place.offset + len(item.text)


@pytest.mark.parametrize(
    ("text", "limits", "limit"),
    [
        ('[{"a":[[1]]}]', Limits(depth=3), "depth"),
        ('[{"a":{"b":{}}}]', Limits(depth=3), "depth"),
        ('[{"a":"[[","b":[[1]]}]', Limits(depth=3), "depth"),
        ("[[[[1]]]]", Limits(depth=3), "depth"),
        ('{"a":{"b":[{"c":1}]}}', Limits(depth=3), "depth"),
        ('[{"a":1},{"a":12}]', Limits(item_size=7), "item_size"),
        ('["aaaaa","aaaaaa"]', Limits(item_size=7), "item_size"),
        ("[[1,2,3],[1,2,34]]", Limits(item_size=7), "item_size"),
        ("[{},{},{}]", Limits(item_count=2), "item_count"),
        ("[[1,  2,     3]]", Limits(whitespace_run=4), "whitespace_run"),
        ('[["    \\"     ",     1]]', Limits(whitespace_run=4), "whitespace_run"),
        ('[{"a":{}    ,"b":     1}]', Limits(whitespace_run=4), "whitespace_run"),
    ],
)
def test_limits_on_elements(text: str, limits: Limits, limit: str) -> None:
    for deltas in ([text], list(text), *map(list, every_cut(text))):
        error = run_items(Any, deltas, limits=limits).exception
        assert isinstance(error, LimitExceededError)
        assert error.limit == limit


def test_a_limit_inside_the_limit_of_another_does_not_hide_items() -> None:
    for cut in (list, lambda text: [text]):
        run = run_items(Any, cut('[{"a":1},{"a":2},{"a":[[1]]}]'), limits=Limits(depth=3))
        assert run.values == [{"a": 1}, {"a": 2}]
        assert isinstance(run.exception, LimitExceededError)
        assert run.exception.delivered == 2


def test_the_text_so_far_can_be_had_up_to_a_limit() -> None:
    text = '[{"name":"a"}, {"name":"b"}, 3, "x"]'
    for size in (1, 3, 100):
        scanner = ItemScanner(ANYTHING, limits=Limits(text_kept=len(text)))
        for start in range(0, len(text), size):
            scanner.feed(text[start : start + size])
            assert scanner.text == text[: start + size]
            assert scanner.size == len(scanner.text)
        scanner.feed(" \n")
        assert scanner.size == len(text) + 2
        with pytest.raises(LimitExceededError, match="characters of text are kept"):
            _ = scanner.text


class NoText:
    pass


def test_pulling_from_chunks_stops_at_items_and_at_what_is_no_text() -> None:
    odd = NoText()
    chunks = iter(['[{"a":', '1}, {"', 'a":2}', odd, ", ", "3", "]", "", " "])
    scanner = ItemScanner(ANYTHING)
    pulled: list[Any] = []
    while not pulled or pulled[-1][1] is not END:
        items, chunk = scanner.pull(chunks)
        pulled.append(([item.text for item in items], chunk))
    assert pulled == [
        (['{"a":1}'], None),
        (['{"a":2}'], None),
        ([], odd),
        (["3"], None),
        ([], ""),  # so that the caller may look at the clock
        ([], END),
    ]
    assert scanner.finish().status == "complete"
    assert not scanner.take_completed()


def test_what_only_looks_like_text_is_found_when_it_is_to_be_joined() -> None:
    odd = {"choices": 1}  # `in` goes with a dict, `join` does not
    scanner = ItemScanner(ANYTHING)
    assert scanner.pull(iter(['[{"a":', odd, "1}]"])) == ((), odd)


def test_a_type_error_of_the_chunks_is_their_own() -> None:
    def chunks() -> Iterator[str]:
        yield '[{"a":'
        raise TypeError("of the caller's generator")

    with pytest.raises(TypeError, match="of the caller's generator"):
        ItemScanner(ANYTHING).pull(chunks())


def test_many_deltas_that_complete_nothing_are_looked_at_now_and_then() -> None:
    text = '[{"a":"' + "x" * (3 * BATCH)
    scanner = ItemScanner(ANYTHING, limits=Limits(item_size=2 * BATCH))
    with pytest.raises(LimitExceededError):
        scanner.pull(iter(text + '"}]'))
    scanner = ItemScanner(ANYTHING)
    items, _ = scanner.pull(iter(text + '"}]'))
    assert len(items) == 1
    assert scanner.finish().status == "truncated"
    assert not scanner.take_completed()
