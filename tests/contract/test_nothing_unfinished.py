"""Nothing unfinished looks finished: each prefix shows what it certainly says, no more, no less.

An independent reader of the same prefix is the oracle.
"""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
import reference
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, RootModel
from runs import feed, run_items, run_partial, shown
from strategies import json_containers, json_texts
from typed_documents import Mapped, Parsed, Report, Unions, item_texts, typed_texts

from partialstream import JSONSyntaxError, PartialParser
from partialstream.validation.locations import complete_members


class Anything(BaseModel):
    v: Any


def members(reading: reference.Reading) -> Any:
    return {} if reading.value is reference.HIDDEN else reading.value


@given(json_texts)
@example('{"a": 1, "a": "x"}')
@example('"\\ud83d\\ude00\\u00e9\\\\"')
@example("[12.5e+3, -0, true, [false], null]")
def test_a_value_of_any_type_shows_what_its_prefix_says(text: str) -> None:
    text = f'{{"v":{text}}}'
    parser = PartialParser(Anything)
    for end in range(1, len(text)):
        parser.feed(text[end - 1])
        prefix = text[:end]
        arrived = members(reference.read(prefix))
        snapshot = parser.snapshot
        assert (snapshot is not None and "v" in snapshot.model_fields_set) == ("v" in arrived)
        if snapshot is not None and "v" in arrived:
            assert shown(snapshot.v) == shown(arrived["v"]), prefix


def names_of(value: Any) -> set[str]:
    if isinstance(value, BaseModel):
        named = {**value.__dict__, **(value.model_extra or {})}
        arrived = {name: named[name] for name in value.model_fields_set}
        return set(arrived) | set().union(*map(names_of, arrived.values()))
    if isinstance(value, dict):
        return set(value) | set().union(*map(names_of, value.values()))
    if isinstance(value, list | tuple):
        return set().union(*map(names_of, value))
    return set()


def scalars_of(value: Any) -> list[Any]:
    if isinstance(value, BaseModel):
        named = {**value.__dict__, **(value.model_extra or {})}
        return [s for name in value.model_fields_set for s in scalars_of(named[name])]
    if isinstance(value, dict):
        return [s for member in value.values() for s in scalars_of(member)]
    if isinstance(value, list | tuple | set):
        return [s for element in value for s in scalars_of(element)]
    return [value]


@given(typed_texts())
def test_no_name_and_no_scalar_shows_that_is_not_in_the_final_object(
    typed: tuple[type[BaseModel], str],
) -> None:
    model, text = typed
    run = run_partial(model, list(text))
    final_names = names_of(run.values[-1])
    final_scalars = {repr(scalar) for scalar in scalars_of(run.values[-1])}
    final_texts = [scalar for scalar in scalars_of(run.values[-1]) if isinstance(scalar, str)]
    for snapshot in run.values:
        assert names_of(snapshot) <= final_names
        for scalar in scalars_of(snapshot):
            if isinstance(scalar, str) and not hasattr(scalar, "name"):
                assert any(final.startswith(scalar) for final in final_texts)
            else:
                assert repr(scalar) in final_scalars


@pytest.mark.parametrize(
    ("field", "text", "closing"),
    [
        ("day", '"2024-02-29"', 0),
        ("at", '"2024-02-29T12:00:00.5"', 0),
        ("id", '"12345678-1234-5678-1234-567812345678"', 0),
        ("cost", '"12.50"', 0),
        ("cost", "12.50", 1),
        ("colour", '"red"', 0),
        ("size", '"small"', 0),
        ("size", "3", 1),
    ],
)
def test_parsed_scalars_are_absent_until_they_are_closed(
    field: str, text: str, closing: int
) -> None:
    text = f'{{"{field}": {text},'
    parser = PartialParser(Parsed)
    known = len(text) - 1 + closing
    for end, char in enumerate(text, 1):
        parser.feed(char)
        arrived = parser.snapshot is not None and field in parser.snapshot.model_fields_set
        assert arrived == (end >= known)
        assert parser.snapshot is None or (getattr(parser.snapshot, field) is not None) == arrived


@pytest.mark.parametrize("number", ["12.5e3", "-0.5", "1E+2", "100", "-7"])
def test_a_number_shows_at_its_delimiter(number: str) -> None:
    for delimiter in (",", "}", " ", "\n"):
        run = run_partial(Anything, list(f'{{"v":{number}{delimiter}'))
        shown_values = [s.v for s in run.values if "v" in s.model_fields_set]
        assert [repr(value) for value in shown_values] == [repr(eval(number))]
        assert run.after[:-1] == [1] * (len(run.after) - 1)  # the object itself, at its brace


@pytest.mark.parametrize("word", ["true", "false", "null"])
@pytest.mark.parametrize("delimiter", [",", "}", " "])
def test_a_word_shows_at_its_delimiter(word: str, delimiter: str) -> None:
    text = f'{{"v":{word}{delimiter}'
    run = run_partial(Anything, list(text))
    assert run.after == [1] * (len(text) - 1) + [2]
    assert "v" in run.values[-1].model_fields_set


class Open(Anything):
    a: str = ""


SCALARS = ["1", "-0.5", "12e3", "true", "false", "null"]


@pytest.mark.parametrize("scalar", SCALARS)
@pytest.mark.parametrize(
    ("opening", "wrong"),
    [
        ('{"a":"x","v":', "]"),
        ('{"a":"x","v":', "]]"),
        ('{"a":"x","v":[', "}"),
        ('{"a":"x","v":{"w":', "]"),
        ('{"a":"x","v":[[', "}]"),
        ('{"a":"x","v":', "x"),
    ],
)
def test_a_scalar_closed_by_the_wrong_bracket_neither_shows_nor_stands(
    opening: str, scalar: str, wrong: str
) -> None:
    text = opening + scalar + wrong
    for deltas in (list(text), [text], [opening, scalar + wrong], [opening + scalar, wrong]):
        run = run_partial(Open, deltas)
        assert isinstance(run.exception, JSONSyntaxError)
        assert run.exception.offset == len(opening + scalar)
        for snapshot in [*run.values, run.exception.snapshot]:
            if snapshot is not None:
                assert scalars_of(snapshot) in ([], ["x"], [""])
        parser = PartialParser(Open)
        with pytest.raises(JSONSyntaxError):
            feed(parser, deltas)
        assert parser.standing == {"a": '"x"'}
    assert complete_members(text) == {"a": '"x"'}


@pytest.mark.parametrize("value", ['"s"', "[1]", '{"w":1}', "[]", '"]"'])
def test_a_value_that_closed_itself_stands_before_a_wrong_bracket(value: str) -> None:
    text = f'{{"v":{value}]'
    run = run_partial(Anything, list(text))
    assert isinstance(run.exception, JSONSyntaxError)
    assert complete_members(text) == {"v": value}


@pytest.mark.parametrize("text", ['["a"}', "[[1]}", '[{"w":1}}', "[true}", "[1,2}", "{]", "[}"])
def test_an_array_or_object_closed_by_the_wrong_bracket_does_not_stand(text: str) -> None:
    assert complete_members(f'{{"v":{text}') == {}
    assert complete_members(f'{{"u":0,"v":{text}}}}}') == {"u": "0"}


ROOTS = RootModel[bool | float | None]


@pytest.mark.parametrize(
    "text", ["trueble", "truetrue", "nullable", "null0", "false_", "NaNa", "Infinity8", "12abc"]
)
def test_a_root_word_that_goes_on_is_malformed_wherever_it_is_cut(text: str) -> None:
    for cut in range(len(text)):
        run = run_partial(ROOTS, [text[:cut], text[cut:]])
        assert run.values == []
        assert isinstance(run.exception, JSONSyntaxError), cut
    run = run_partial(ROOTS, list(text))
    assert run.values == []
    assert isinstance(run.exception, JSONSyntaxError)


@pytest.mark.parametrize("word", ["true", "false", "null", "12"])
@pytest.mark.parametrize("rest", ["", " ", "\n", " is what I think.", ", I think", "\n```\n"])
def test_a_root_word_ends_with_the_text_or_a_delimiter(word: str, rest: str) -> None:
    for deltas in (list(word + rest), [word + rest], [word, rest]):
        parser = PartialParser(ROOTS)
        for delta in deltas:
            parser.feed(delta)
        assert parser.finish() == ROOTS(json.loads(word))


@pytest.mark.parametrize("scalar", SCALARS)
def test_an_element_closed_by_the_wrong_bracket_is_not_delivered(scalar: str) -> None:
    for text in (f"[{scalar}}}", f'{{"items":[0,{scalar}}}', f"[0,{scalar}}}]"):
        for deltas in (list(text), [text]):
            run = run_items(Any, deltas)
            assert isinstance(run.exception, JSONSyntaxError)
            assert run.exception.offset == text.index(scalar) + len(scalar)
            assert run.values == [0] * text.count("0,")


@pytest.mark.parametrize(
    "text", ['"\\ud83d\\ude00!"', '"a\\u00e9\\n"', '"\\\\\\""', '"😀€"', '"\\u0000"']
)
def test_half_an_escape_is_held_back(text: str) -> None:
    run = run_partial(Anything, list(f'{{"v":{text}}}'))
    for old, new in itertools.pairwise(run.values):
        if "v" in old.model_fields_set:
            assert new.v.startswith(old.v)
            old.v.encode()  # no lone surrogate


@given(item_texts())
def test_an_item_is_delivered_only_when_it_is_closed(typed: tuple[Any, list[str]]) -> None:
    type_, items = typed
    text = "["
    for number, item in enumerate(items):
        run = run_items(type_, [text + item])
        assert len(run.values) == number + (item[-1] in '}]"')
        assert run.status == "truncated"
        text += item + ","
        assert len(run_items(type_, [text]).values) == number + 1


@given(json_containers, st.sampled_from([Report, Mapped, Unions]))
def test_a_document_of_another_kind_shows_nothing_false(text: str, model: type[BaseModel]) -> None:
    """Values that do not fit stay hidden: what shows has the type of its field."""
    run = run_partial(model, list(text))
    for snapshot in run.values:
        for name in snapshot.model_fields_set & set(model.model_fields):
            value = getattr(snapshot, name)
            assert isinstance(value, str | int | list | dict | BaseModel) or value is None
