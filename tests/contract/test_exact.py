"""Items and objects are what pydantic makes of the same text; no character is changed."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from runs import run_items, run_partial, shown
from strategies import Cut, chances, cut_everywhere, cuts, json_texts, spell
from typed_documents import Flat, item_texts, typed_texts, validate

from partialstream import ItemParser, OutputValidationError, PartialParser, stream_items


@given(item_texts(), cuts)
def test_an_item_equals_what_pydantic_makes_of_its_text(
    typed: tuple[Any, list[str]], cut: Cut
) -> None:
    type_, items = typed
    run = run_items(type_, cut("[" + ", ".join(items) + "]"))
    assert shown(run.values) == shown([validate(type_, item) for item in items])
    assert run.status == "complete"


@given(item_texts(), st.lists(json_texts, max_size=3), chances, cuts)
def test_items_and_rejected_items_are_told_apart_as_pydantic_does(
    typed: tuple[Any, list[str]], others: list[str], chance: Any, cut: Cut
) -> None:
    type_, items = typed
    raws = [*items, *others]
    chance.shuffle(raws)
    run = run_items(type_, cut("[" + ",".join(raws) + "]"), on_invalid="skip")
    expected: list[Any] = []
    rejected: list[tuple[int, str]] = []
    for index, raw in enumerate(raws):
        try:
            expected.append(validate(type_, raw))
        except ValidationError:
            rejected.append((index, raw))
    assert shown(run.values) == shown(expected)
    assert run.rejected == rejected
    assert run.status == "complete"


@given(st.lists(json_texts, max_size=4), cuts)
def test_what_an_item_came_from_is_told_character_for_character(raws: list[str], cut: Cut) -> None:
    details = list(stream_items(Any, cut("[" + " , ".join(raws) + "\n]")).detailed())  # type: ignore[arg-type]
    assert [item.raw for item in details] == raws
    assert [item.index for item in details] == list(range(len(raws)))
    assert [item.path for item in details] == [(index,) for index in range(len(raws))]


@given(typed_texts(), cuts)
def test_the_object_equals_what_pydantic_makes_of_the_text(
    typed: tuple[type[BaseModel], str], cut: Cut
) -> None:
    model, text = typed
    run = run_partial(model, cut(text))
    assert run.error is None
    assert shown(run.values[-1]) == shown(model.model_validate_json(text))
    assert run.values[-1] == model.model_validate_json(text)


class Anything(BaseModel):
    v: Any


@given(json_texts, cuts)
def test_a_document_of_any_kind_is_what_json_makes_of_it(text: str, cut: Cut) -> None:
    run = run_partial(Anything, cut(f'{{"v":{text}}}'))
    assert shown(run.values[-1].v) == shown(json.loads(text))
    assert shown(run_items(Any, cut(f"[{text}]")).values) == shown([json.loads(text)])


@given(st.characters(codec="utf-8"), chances)
def test_every_character_arrives(char: str, chance: Any) -> None:
    text = spell({"v": f"a{char}b{char}"}, chance)
    run = run_partial(Anything, cut_everywhere(text))
    assert run.values[-1].v == f"a{char}b{char}"
    shown_texts = [value.v for value in run.values if isinstance(value.v, str)]
    assert all(f"a{char}b{char}".startswith(part) for part in shown_texts)


@pytest.mark.parametrize("number", ["12.5e3", "1e+23", "1E-7", "-0", "-0.0", "0.1", "1e400"])
def test_numbers_are_not_rounded_on_the_way(number: str) -> None:
    run = run_partial(Anything, cut_everywhere(f'{{"v": {number}}}'))
    assert shown(run.values[-1].v) == shown(json.loads(number))


@pytest.mark.parametrize("digits", [20, 400, 4300])
def test_large_integers_are_exact(digits: int) -> None:
    run = run_items(int, cut_everywhere("[" + "7" * digits + "]"))
    assert run.values == [(10**digits - 1) // 9 * 7]


def test_a_number_beyond_pydantics_own_limit_does_not_validate() -> None:
    # jiter takes 4300 digits, as Python's int() does; longer ones are JSON all the same.
    text = "7" * 4301
    assert run_items(int, [f"[{text}]"]).error == ("OutputValidationError", 0, text)
    with pytest.raises(OutputValidationError):
        PartialParser(Anything).feed(f'{{"v":{text}}}')


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_words_for_floats_that_are_no_json_pass_as_in_pydantic(word: str) -> None:
    expected = validate(float, word)
    for value in (
        *run_items(float, list(f"[{word}]")).values,
        run_partial(Anything, list(f'{{"v":{word}}}')).values[-1].v,
    ):
        assert value == expected or (math.isnan(value) and math.isnan(expected))


@pytest.mark.parametrize("strict", [None, True, False])
@pytest.mark.parametrize("count", ["1", '"1"', "1.0", "true"])
def test_strict_mode_is_pydantics(strict: bool | None, count: str) -> None:
    text = f'{{"name": "a", "price": 1, "count": {count}}}'
    try:
        expected = [Flat.model_validate_json(text, strict=strict)]
    except ValidationError:
        expected = []
    run = run_items(Flat, list(f"[{text}]"), strict=strict, on_invalid="skip")
    assert run.values == expected
    run = run_partial(Flat, list(text), strict=strict)
    assert run.values[-1:] == expected if expected else run.status == "invalid"


def test_the_context_reaches_the_validators() -> None:
    from pydantic import ValidationInfo, field_validator

    class Scaled(BaseModel):
        n: int

        @field_validator("n")
        @classmethod
        def scale(cls, n: int, info: ValidationInfo) -> int:
            return n * info.context

    assert ItemParser(Scaled, context=3).feed('[{"n": 2}') == [Scaled.model_construct(n=6)]
    parser = PartialParser(Scaled, context=5)
    snapshot = parser.feed('{"n": 2 ')
    assert snapshot is not None
    assert snapshot.n == 10
    parser.feed("}")
    assert parser.finish().n == 10
