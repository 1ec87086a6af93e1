"""What a stream may ask of its reader has limits, whatever the cut."""

from __future__ import annotations

import itertools
import weakref
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, RootModel
from runs import run_items, run_partial
from strategies import cut_between_tokens, cut_by, cut_everywhere, cut_whole

from partialstream import ItemParser, LimitExceededError, Limits, PartialParser, stream_items

if TYPE_CHECKING:
    from collections.abc import Iterator

CUTS = [cut_whole, cut_everywhere, cut_between_tokens, cut_by(3), cut_by(7)]


class Anything(BaseModel):
    v: Any = None


def limit_of(error: BaseException | None) -> tuple[str, float]:
    assert isinstance(error, LimitExceededError), error
    assert error.outcome is not None
    assert error.outcome.status == "invalid"
    return error.limit, error.allowed


ITEM_LIMITS = [
    # the limits, a text that is just allowed, one that is not
    (Limits(depth=3), "[[[1]]]", "[[[[1]]]]"),
    (Limits(depth=3), '[{"a":[1]}]', '[{"a":[[1]]}]'),
    (Limits(depth=3), '{"a":{"b":{}},"c":[]}', '{"a":{"b":{"c":{}}},"c":[]}'),
    (Limits(depth=3), '{"a":[[1]]}', '{"a":[[[1]]]}'),
    (Limits(item_size=9), '[{"a":"b"}]', '[{"a":"bc"}]'),
    (Limits(item_size=9), "[[1,2,3,4]]", "[[1,2,3,4,5]]"),
    (Limits(item_size=9), '["1234567"]', '["12345678"]'),
    (Limits(item_size=9), "[123456789]", "[1234567890]"),
    (Limits(item_size=9), '{"a":"b"}', '{"a":"bc"}'),
    (Limits(item_count=2), "[1,2]", "[1,2,3]"),
    (Limits(item_count=2), '{"a":1}{"a":2}', '{"a":1}{"a":2}{"a":3}'),
    (Limits(total_size=10), "[1,2,3,44]", "[1,2,3,444]"),
    (Limits(total_size=10), "abcdefg []", "abcdefgh []"),
    (Limits(whitespace_run=4), "[    1    ,    2    ]    ", "[1,     2]"),
    (Limits(whitespace_run=4), "    []    ", "     []"),
    (Limits(whitespace_run=4), "[]    ", "[]     "),
    (Limits(whitespace_run=4), 'a    b {"a":\n\n\n\n[    ]    }', "a     b []"),
    (Limits(whitespace_run=4), '[{    "a"    :    1    }]', '[{"a":     1}]'),
    (Limits(whitespace_run=4), '[["        ",    1    ]]', '[["        ",     1]]'),
    (Limits(whitespace_run=4), '{"b":[],    "a":[1]}', '{"b":[],     "a":[1]}'),
]


@pytest.mark.parametrize(("limits", "allowed", "refused"), ITEM_LIMITS)
@pytest.mark.parametrize("cut", CUTS)
def test_each_limit_of_items(limits: Limits, allowed: str, refused: str, cut: Any) -> None:
    assert run_items(Any, cut(allowed), limits=limits).status in ("complete", "no_json")
    name, value = limit_of(run_items(Any, cut(refused), limits=limits).exception)
    assert value == getattr(limits, name) != getattr(Limits(), name)


OBJECT_LIMITS = [
    (Limits(depth=3), '{"v":[[1]]}', '{"v":[[[1]]]}'),
    (Limits(depth=3), '{"w":{"a":{}}}', '{"w":{"a":[[]]}}'),
    (Limits(item_size=10), '{"v":1234}', '{"v":12345}'),
    (Limits(item_size=10), 'so {x}: {"v":1234}', 'so {x}: {"v":12345}'),
    (Limits(item_size=10), 'so {"v":"123"', 'so {"v":"12345678'),
    (Limits(item_size=10), 'so ["abcdefgh', 'so {"abcdefghij'),
    (Limits(item_size=10), '{"v":1234} and prose', '{"v": 1234 } and prose'),
    (Limits(total_size=10), '{"v":1234}', '{"v":1234} '),
    (Limits(total_size=10), "abcdefghij", "abcdefghijk"),
    (Limits(whitespace_run=4), '    {    "v"    :    1    }    ', '     {"v":1}'),
    (Limits(whitespace_run=4), '{"v":"     "}', '{"v":     1}'),
    (Limits(whitespace_run=4), 'a    b {"v":1}', 'a     b {"v":1}'),
    (Limits(whitespace_run=4), '{"v":1}    ', '{"v":1}     '),
    (Limits(whitespace_run=4), '{"v":1} so    so', '{"v":1} so     so'),
    (Limits(whitespace_run=4), "<think>    </think>", "<think>     </think>"),
]


@pytest.mark.parametrize(("limits", "allowed", "refused"), OBJECT_LIMITS)
@pytest.mark.parametrize("cut", CUTS)
def test_each_limit_of_objects(limits: Limits, allowed: str, refused: str, cut: Any) -> None:
    run = run_partial(Anything, cut(allowed), limits=limits)
    assert run.exception is None or run.status in ("truncated", "no_json")
    name, value = limit_of(run_partial(Anything, cut(refused), limits=limits).exception)
    assert value == getattr(limits, name) != getattr(Limits(), name)


@given(st.integers(1, 40), st.integers(1, 60), st.sampled_from(["a", " ", "\\\\", "{", "]"]))
def test_a_limit_on_size_is_exact_under_any_cut(allowed: int, size: int, char: str) -> None:
    item = f'["{char * size}"]'
    limits = Limits(item_size=allowed)
    for cut in CUTS:
        run = run_items(Any, cut(f"[{item}]"), limits=limits)
        assert (run.status == "complete") == (len(item) <= allowed)
        growing = run_partial(RootModel[Any], cut(item), limits=limits)
        assert (growing.status == "complete") == (len(item) <= allowed)


@pytest.mark.parametrize("name", [name for name in Limits.__slots__ if name != "idle_seconds"])
@pytest.mark.parametrize("value", [0, -1])
def test_a_limit_is_positive(name: str, value: int) -> None:
    with pytest.raises(ValueError, match=rf"Limits\.{name} must be positive"):
        Limits(**{name: value})


@pytest.mark.parametrize("prefix", ["", "[", '{"v":', '{"v":1', '{"v":1}', '[{"v":1}', "[1"])
@pytest.mark.parametrize("size", [1, 4, 10_000])
def test_ten_kilobytes_of_blanks(prefix: str, size: int) -> None:
    deltas = [prefix, *cut_by(size)(" \n" * 5000)]
    assert limit_of(run_items(Any, deltas).exception) == ("whitespace_run", 4096)
    if not prefix.startswith("["):
        assert limit_of(run_partial(Anything, deltas).exception) == ("whitespace_run", 4096)


@pytest.mark.parametrize("size", [1, 4, 10_000])
@pytest.mark.parametrize("opening", ["[", '{"v":', '[{"v":'])
def test_ten_thousand_brackets(size: int, opening: str) -> None:
    deltas = cut_by(size)(opening * 10_000)
    assert limit_of(run_items(Any, deltas).exception) == ("depth", 200)
    assert limit_of(run_partial(RootModel[Any], deltas).exception) == ("depth", 200)


def test_the_depth_at_which_pydantic_stops_is_beyond_the_limit() -> None:
    deep = "[" * 200 + "]" * 200
    assert run_items(Any, [deep]).status == run_partial(RootModel[Any], [deep]).status == "complete"
    deeper = f"[{deep}]"
    assert limit_of(run_items(Any, [deeper]).exception) == ("depth", 200)
    assert limit_of(run_partial(RootModel[Any], [deeper]).exception) == ("depth", 200)
    # Past 201 levels pydantic itself does not validate.
    limits = Limits(depth=1000)
    too_deep = "[" * 202 + "]" * 202
    assert run_items(Any, [f"[{too_deep}]"], limits=limits).error is not None
    assert run_partial(RootModel[Any], [too_deep], limits=limits).error is not None


LONG = 20 * 1024 * 1024
BEGINNINGS = {"item": '[{"v": "', "element": '["', "object": '{"v": "', "prose": 'so: {"v": "'}


@pytest.mark.parametrize("beginning", BEGINNINGS.values(), ids=BEGINNINGS)
@pytest.mark.parametrize("size", [LONG, 64 * 1024])
def test_a_string_of_twenty_megabytes(beginning: str, size: int) -> None:
    deltas = [beginning, *["x" * size] * (LONG // size)]
    assert limit_of(run_items(Any, deltas).exception) == ("item_size", 16 * 1024 * 1024)
    if beginning.endswith('{"v": "') and not beginning.startswith("["):
        error = run_partial(Anything, deltas).exception
        assert limit_of(error) == ("item_size", 16 * 1024 * 1024)


def held_by(root: object) -> int:
    """Characters of all the strings that an object of this package holds on to."""
    seen: set[int] = set()
    total = 0
    stack = [root]
    while stack:
        value = stack.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, str):
            total += len(value)
        elif isinstance(value, list | tuple | set):
            stack.extend(value)
        elif isinstance(value, dict):
            stack.extend(itertools.chain.from_iterable(value.items()))
        elif type(value).__module__.startswith("partialstream"):
            slots = [getattr(cls, "__slots__", ()) for cls in type(value).__mro__]
            names = {*itertools.chain.from_iterable(slots), *getattr(value, "__dict__", {})}
            stack.extend(getattr(value, name, None) for name in names)
    return total


@pytest.mark.parametrize("size", [4, 60, 5000])
def test_item_streaming_holds_the_open_item_only(size: int) -> None:
    item = '{"name": "' + "x" * 50 + '", "price": 1}, '
    parser: ItemParser[Any] = ItemParser(Any, limits=Limits(text_kept=100))
    most = 0
    for number, delta in enumerate(cut_by(size)("[" + item * 600)):
        parser.feed(delta)
        if number % 50 == 0:
            most = max(most, held_by(parser))
    assert 0 < most < 8 * (size + 2048)


def test_what_is_delivered_is_let_go() -> None:
    class Tracked(BaseModel):
        v: int

    def source() -> Iterator[str]:
        yield "["
        for number in range(50):
            yield f'{{"v": {number}}}, '

    stream = stream_items(Tracked, source())
    seen = [weakref.ref(item) for item in itertools.islice(stream, 50)]
    alive = [number for number, item in enumerate(seen) if item() is not None]
    stream.close()
    assert all(number >= 48 for number in alive)


def test_a_parser_whose_limit_is_reached_raises_it_again() -> None:
    parsers: list[Any] = [
        ItemParser(Anything, limits=Limits(depth=1)),
        PartialParser(Anything, limits=Limits(depth=1)),
    ]
    for parser, text in zip(parsers, ('[{"v":1}', '{"v":[1'), strict=True):
        for _ in range(2):
            with pytest.raises(LimitExceededError):
                parser.feed(text)
        with pytest.raises(LimitExceededError):
            parser.finish()
