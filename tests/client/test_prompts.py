from __future__ import annotations

import dataclasses
import json
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, TypeAdapter, ValidationError, field_validator

from partialstream import ItemParser, OutputValidationError, PartialParser, RejectedItem
from partialstream.client.prompts import (
    Prompts,
    errors_of,
    reask_prompt,
    repair_prompt,
    resume_prompt,
    schema_prompt,
)
from partialstream.client.response_model import ResponseShape
from partialstream.client.schema import request_schema


class Size(BaseModel):
    width: int


class Product(BaseModel):
    name: str
    price: Annotated[float, Field(ge=0)]
    sizes: list[Size] = []

    @field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        if name == "?":
            raise ValueError("no such product")
        return name


def rejected_in(text: str) -> list[RejectedItem]:
    parser = ItemParser(Product, on_invalid="skip")
    parser.feed(text)
    parser.finish()
    return parser.rejected


def error_of(text: str) -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Product).validate_json(text)
    return caught.value


def read_object(text: str) -> Product:
    parser = PartialParser(Product)
    parser.feed(text)
    return parser.finish()


ONE_BAD = '[{"name": "saw", "price": 1}, {"name":  "?", "price": -1.50}]'
TWO_BAD = '[{"name":"a","price":1,"sizes":[{"width":2},{}]},{"name":"b","price":2},7]'


def test_a_schema_is_told_word_for_word() -> None:
    schema = request_schema(ResponseShape("items", Product))
    prompt = schema_prompt(schema)
    assert "JSON object" in prompt
    assert json.loads(prompt.partition("schema:\n")[2]) == schema.schema


def test_a_repair_asks_for_the_one_item_that_is_rejected() -> None:
    assert repair_prompt(rejected_in(ONE_BAD)) == (
        "1 item of your list is not valid. Send exactly this 1 item again, corrected, "
        "as a list of 1, and no other items.\n"
        "\n"
        "The item at index 1:\n"
        '{"name":  "?", "price": -1.50}\n'
        "- name: Value error, no such product\n"
        "- price: Input should be greater than or equal to 0"
    )


def test_a_repair_asks_for_several_items_in_their_order() -> None:
    assert repair_prompt(rejected_in(TWO_BAD)) == (
        "2 items of your list are not valid. Send exactly these 2 items again, corrected, "
        "in this order, as a list of 2, and no other items.\n"
        "\n"
        "The item at index 0:\n"
        '{"name":"a","price":1,"sizes":[{"width":2},{}]}\n'
        "- sizes[1].width: Field required\n"
        "\n"
        "The item at index 2:\n"
        "7\n"
        "- Input should be an object"
    )


@given(st.lists(st.tuples(st.integers(0), st.text(min_size=1), st.text()), min_size=1))
def test_a_repair_quotes_every_text_and_every_error(items: list[tuple[int, str, str]]) -> None:
    rejected = [RejectedItem(index, raw, ValueError(text)) for index, raw, text in items]
    head, *quotes = [f"The item at index {index}:\n{raw}\n- {text}" for index, raw, text in items]
    prompt = repair_prompt(rejected)
    assert prompt.endswith("\n\n".join([head, *quotes]))
    assert f"as a list of {len(items)}, and no other items.\n\n" in prompt


@pytest.mark.parametrize(
    ("count", "shown", "told"),
    [
        (
            1,
            1,
            "after 1 complete item, which is quoted above. Continue with the items that follow it:",
        ),
        (1, 0, "after 1 complete item. Continue with the items that follow it:"),
        (
            3,
            3,
            "after 3 complete items, which are quoted above. Continue with the items that "
            "follow them:",
        ),
        (
            40,
            10,
            "after 40 complete items, the last 10 of which are quoted above. Continue with "
            "the items that follow them:",
        ),
        (
            40,
            1,
            "after 40 complete items, the last of which is quoted above. Continue with the "
            "items that follow them:",
        ),
        (40, 0, "after 40 complete items. Continue with the items that follow them:"),
    ],
)
def test_a_resume_asks_for_the_rest_alone(count: int, shown: int, told: str) -> None:
    assert resume_prompt(count, shown) == (
        f"Your answer was cut off {told} send only the rest, as a list, "
        "and repeat none of those. If nothing is left, send an empty list."
    )


def test_a_resume_of_nothing_asks_for_the_list_from_its_start() -> None:
    assert resume_prompt(0, 0) == (
        "Your answer was cut off before its first item was complete. Send the list again, "
        "from its first item. If there is nothing to list, send an empty list."
    )


WRONG: list[tuple[tuple[str | int, ...], str]] = [
    (("sizes", 1, "width"), "Field required"),
    ((), "Value error, too dear"),
]
TOLD = "Your answer is not valid:\n- sizes[1].width: Field required\n- Value error, too dear\n\n"
CUT = "Your answer was cut off before it was complete.\n\n"
KEPT = "are accepted, do not send them again"


@pytest.mark.parametrize(
    ("errors", "carried", "raw", "prompt"),
    [
        (WRONG, [], None, TOLD + "Answer again with the complete object, corrected."),
        (
            WRONG,
            ["name", 'a "b", c', "größe"],
            None,
            f'{TOLD}These members {KEPT}: "name", "a \\"b\\", c", "größe". '
            "Answer with the other members, corrected.",
        ),
        (
            WRONG,
            ["name"],
            '{"name":  "a",\n "sizes": [1.50',
            f'{TOLD}This was refused:\n{{"name":  "a",\n "sizes": [1.50\n\n'
            f'These members {KEPT}: "name". Answer with the other members, corrected.',
        ),
        ([], [], None, f"{CUT}Answer again with the complete object."),
        ([], ["a"], None, f'{CUT}These members {KEPT}: "a". Answer with the other members.'),
        ([], [], "{", f"{CUT}This was refused:\n{{\n\nAnswer again with the complete object."),
    ],
)
def test_a_reask_tells_what_is_wrong_and_what_stands(
    errors: Any, carried: list[str], raw: str | None, prompt: str
) -> None:
    assert reask_prompt(errors, carried, raw) == prompt


@given(st.lists(st.text()), st.text(), st.lists(st.tuples(st.tuples(st.text()), st.text())))
def test_a_reask_holds_every_word(carried: list[str], raw: str, errors: Any) -> None:
    prompt = reask_prompt(errors, carried, raw)
    assert f"\n{raw}\n" in prompt
    assert all(json.dumps(name, ensure_ascii=False) in prompt for name in carried)
    assert all(message in prompt for _, message in errors)


def test_errors_are_pydantics_own_paths_and_messages() -> None:
    error = error_of('{"name":"?","price":"x","sizes":[{"width":1},{"width":2.5}]}')
    told = errors_of(error)
    assert told == [(each["loc"], each["msg"]) for each in error.errors()]
    assert [path for path, _ in told] == [("name",), ("price",), ("sizes", 1, "width")]


def test_errors_hold_neither_links_nor_the_values_again() -> None:
    secret = "a value that stands in the quote already"
    text = json.dumps({"name": "a", "price": secret})
    prompt = repair_prompt([RejectedItem(0, text, error_of(text))])
    assert prompt.count(secret) == 1
    assert "http" not in prompt
    assert "input_value" not in prompt


def test_the_errors_of_a_refused_item_or_object_are_those_of_its_cause() -> None:
    text = '{"name":"?","price":1}'
    causes = errors_of(error_of(text))
    with pytest.raises(OutputValidationError) as of_item:
        ItemParser(Product).feed(f"[{text}]")
    with pytest.raises(OutputValidationError) as of_object:
        read_object(text)
    assert errors_of(of_item.value) == errors_of(of_object.value) == causes


@pytest.mark.parametrize("text", ["", "no such product", "two\nlines"])
def test_the_error_of_any_other_exception_is_its_text(text: str) -> None:
    assert errors_of(ValueError(text)) == [((), text)]
    assert errors_of(OutputValidationError(text, raw="{}")) == [((), text)]


def test_each_prompt_can_be_replaced_and_no_other_changes() -> None:
    def counted(rejected: Any) -> str:
        return f"noch {len(rejected)}"

    prompts = Prompts(repair=counted)
    assert prompts.repair(rejected_in(TWO_BAD)) == "noch 2"
    assert (prompts.resume, prompts.reask) == (resume_prompt, reask_prompt)
    assert Prompts().repair is repair_prompt


def test_prompts_do_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Prompts().repair = repair_prompt  # type: ignore[misc]  # what is refused here
