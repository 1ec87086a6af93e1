"""The options of retries for lists, and the calls that do not stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from client_runs import conversation, instruction
from pydantic import ValidationError
from retry_lists import (
    BOOK,
    LAMP,
    REPAIR,
    RUG,
    SHELF,
    VASE,
    Product,
    bad,
    follow_up,
    listed,
    read,
    row,
    text_of,
    within,
)

from partialstream import (
    AttemptFailed,
    AttemptStarted,
    IncompleteStreamError,
    Item,
    LimitExceededError,
    Limits,
    OutputValidationError,
    Prompts,
    RetriesExhaustedError,
)
from partialstream.testing import Answer, ReplayServer, faults
from partialstream.usage import Usage

if TYPE_CHECKING:
    from retry_runs import Caller

    from partialstream import RejectedItem

pytestmark = pytest.mark.usefixtures("no_waits")

NEGATIVE = "price: Input should be greater than or equal to 0"
THREE = text_of(LAMP, RUG, SHELF)
CUT = Answer(THREE, fault=faults.Reset(within(THREE, "Rug")))


def placed(run: Any) -> list[tuple[int, Product]]:
    return [(item.index, item.value) for item in run.all(Item)]


# -- on_invalid ----------------------------------------------------------------------------


def test_an_invalid_item_can_end_the_stream(caller: Caller) -> None:
    answers = [listed(LAMP, bad(RUG), SHELF)]
    run, requests = read(caller, answers, max_retries=2, on_invalid="raise")
    assert placed(run) == [(0, LAMP)]
    assert type(run.error) is OutputValidationError
    assert (run.error.index, run.error.raw, run.error.delivered) == (1, bad(RUG), 1)
    assert isinstance(run.error.__cause__, ValidationError)
    assert len(requests) == 1


def test_an_invalid_item_can_be_left_out(caller: Caller) -> None:
    answers = [listed(LAMP, bad(RUG), SHELF)]
    run, requests = read(caller, answers, max_retries=2, on_invalid="skip")
    assert run.error is None
    assert placed(run) == [(0, LAMP), (2, SHELF)]
    assert [(each.index, each.raw) for each in run.stream.rejected] == [(1, bad(RUG))]
    assert len(requests) == 1


def test_a_skipped_item_does_not_come_back_with_the_rest(caller: Caller) -> None:
    cut = text_of(bad(LAMP), RUG, SHELF)
    answers = [
        Answer(cut, fault=faults.Reset(within(cut, "Shelf"))),
        text_of(bad(LAMP), RUG, SHELF),
    ]
    run, _ = read(caller, answers, max_retries=1, on_invalid="skip")
    assert placed(run) == [(1, RUG), (2, SHELF)]
    assert [each.index for each in run.stream.rejected] == [0]


def test_a_function_decides_for_each_invalid_item(caller: Caller) -> None:
    asked: list[RejectedItem] = []

    def decide(item: RejectedItem) -> Any:
        asked.append(item)
        return "repair" if item.index == 1 else "skip"

    answers = [listed(bad(LAMP), bad(RUG), SHELF), listed(RUG)]
    run, requests = read(caller, answers, max_retries=1, on_invalid=decide)
    assert [(each.index, each.raw) for each in asked] == [(0, bad(LAMP)), (1, bad(RUG))]
    assert placed(run) == [(2, SHELF), (1, RUG)]
    assert [each.index for each in run.stream.rejected] == [0]
    assert bad(LAMP) not in instruction(requests[1].body)


def test_a_function_may_end_the_stream(caller: Caller) -> None:
    answers = [listed(LAMP, bad(RUG), SHELF)]
    run, requests = read(caller, answers, max_retries=1, on_invalid=lambda _: "raise")
    assert placed(run) == [(0, LAMP)]
    assert isinstance(run.error, OutputValidationError)
    assert len(requests) == 1


def test_a_function_that_says_nothing_is_a_mistake(caller: Caller) -> None:
    answers = [listed(LAMP, bad(RUG), SHELF)]
    run, requests = read(caller, answers, max_retries=1, on_invalid=lambda _: None)
    assert isinstance(run.error, ValueError)
    assert "on_invalid gave None" in str(run.error)
    assert requests[0].wait_finished(10.0) or requests[0].wait_hung_up()


# -- on_interrupt, key, prompts ------------------------------------------------------------


def test_an_answer_that_breaks_off_can_be_an_error(caller: Caller) -> None:
    run, requests = read(caller, [CUT], max_retries=2, on_interrupt="raise")
    assert placed(run) == [(0, LAMP)]
    assert type(run.error) is IncompleteStreamError
    assert run.error.outcome.status == "disconnected"
    assert run.error.delivered == 1
    assert run.error.tail.startswith('{"name": "R')
    assert len(requests) == 1


@pytest.mark.parametrize("key", ["name", lambda product: product.name], ids=["member", "function"])
def test_an_item_that_comes_again_in_other_words_is_known_by_its_key(
    caller: Caller, key: Any
) -> None:
    again = listed(Product(name="Lamp", price=99), RUG, SHELF)
    run, _ = read(caller, [CUT, again], max_retries=1, key=key)
    assert placed(run) == [(0, LAMP), (1, RUG), (2, SHELF)]
    run, _ = read(caller, [CUT, again], max_retries=1)
    assert len(placed(run)) == 4, "without a key it is another item"


def test_an_item_that_comes_again_in_another_form_is_known_by_its_text(caller: Caller) -> None:
    again = text_of('{"price":1,"name":"\\u004camp"}', RUG, SHELF)
    run, _ = read(caller, [CUT, again], max_retries=1)
    assert placed(run) == [(0, LAMP), (1, RUG), (2, SHELF)]


def test_the_prompts_can_be_replaced(caller: Caller, mode: str) -> None:
    prompts = Prompts(
        repair=lambda rejected: f"Bitte berichtigen: {[each.index for each in rejected]}",
        resume=lambda count, shown: f"Bitte weiter nach {count}, davon {shown} gezeigt",
    )
    cut = text_of(bad(LAMP), RUG, SHELF)
    answers = [Answer(cut, fault=faults.Reset(within(cut, "Shelf"))), listed(SHELF), listed(LAMP)]
    _, requests = read(caller, answers, mode=mode, prompts=prompts, max_retries=1)
    said = [conversation(request.body)[1:] for request in requests]
    assert said == [
        [],
        follow_up(caller, mode, text_of(bad(LAMP), RUG), "Bitte weiter nach 2, davon 2 gezeigt"),
        follow_up(caller, mode, text_of(bad(LAMP)), "Bitte berichtigen: [0]"),
    ]


# -- when it is enough ---------------------------------------------------------------------


def test_the_same_failure_twice_is_not_paid_for_again(caller: Caller) -> None:
    answers = [
        listed(LAMP, bad(RUG), usage=Usage(1, 2)),
        *[listed(bad(RUG), usage=Usage(3, 4))] * 5,
    ]
    run, requests = read(caller, answers, max_retries=5, temperature=0)
    error = run.error
    assert type(error) is RetriesExhaustedError
    assert "the same failure came twice" in str(error)
    assert len(requests) == 2
    assert isinstance(error.__cause__, OutputValidationError)
    assert isinstance(error.__cause__.__cause__, ValidationError)
    assert error.delivered == 1
    assert error.usage == Usage(4, 6)
    assert error.outcome is run.stream.outcome
    assert error.outcome.status == "invalid"
    assert [(each.number, each.cause, each.usage) for each in error.attempts] == [
        (1, "request", Usage(1, 2)),
        (2, "repair", Usage(3, 4)),
    ]
    assert [(each.index, each.attempt) for each in run.stream.rejected] == [(1, 2)]
    assert [event.number for event in run.all(AttemptFailed)] == [1, 2]


def test_different_failures_are_retried_until_the_retries_are_spent(caller: Caller) -> None:
    prices = iter(range(1, 100))

    def worse(request: Any) -> Answer:
        return listed(row("Rug", -next(prices)))

    with ReplayServer(worse) as server:
        run = caller(server).events("create_iterable", response_model=Product, max_retries=3)
    assert isinstance(run.error, RetriesExhaustedError)
    assert "no more retries, after 4 request(s)" in str(run.error)
    assert len(server.requests) == 4
    assert run.stream.outcome.status == "invalid"


def test_each_item_renews_the_retries_under_a_total_of_requests(caller: Caller) -> None:
    names = iter(range(100))

    def one_more(request: Any) -> Answer:
        number = next(names)
        text = text_of(row(f"Lamp {number}", 1), row("next", 2))
        return Answer(text, fault=faults.LengthCut(within(text, '"next"')))

    with ReplayServer(one_more) as server:
        run = caller(server).events(
            "create_iterable", response_model=Product, max_retries=1, max_requests=6
        )
        assert len(server.requests) == 6
        assert [item.index for item in run.all(Item)] == list(range(6))
        assert isinstance(run.error, RetriesExhaustedError)
        assert "6 requests were made, and no more are allowed" in str(run.error)
        assert run.stream.outcome.status == "truncated"
        run = caller(server).events("create_iterable", response_model=Product, max_retries=1)
        assert len(run.all(AttemptStarted)) == 10, "by default"


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (CUT, "disconnected"),
        (listed(LAMP, bad(RUG)), "invalid"),
        (Answer(THREE, fault=faults.LengthCut(12)), "truncated"),
    ],
    ids=["reset", "invalid", "length"],
)
def test_no_retries_are_as_no_word_of_retries(caller: Caller, answer: Answer, status: str) -> None:
    with_, requests = read(caller, [answer], max_retries=0)
    without, _ = read(caller, [answer])
    assert len(requests) == 1
    assert type(with_.error) is type(without.error)
    assert with_.stream.outcome == without.stream.outcome
    assert with_.stream.outcome.status == status
    assert placed(with_) == placed(without) == [(0, LAMP)]
    assert [type(event) for event in with_.values] == [type(event) for event in without.values]
    assert len(with_.stream.attempts) == 1


def test_items_that_wait_for_a_repair_are_handed_over_when_it_fails(caller: Caller) -> None:
    answers = [listed(LAMP, bad(RUG), SHELF), listed(bad(RUG))]
    run, _ = read(caller, answers, ordered=True, max_retries=3, temperature=0)
    assert placed(run) == [(0, LAMP), (2, SHELF)]
    assert isinstance(run.error, RetriesExhaustedError)
    assert run.error.delivered == 2


# -- without a stream ----------------------------------------------------------------------


def test_a_list_that_is_not_streamed_is_repaired_too(caller: Caller, mode: str) -> None:
    answers = [listed(LAMP, bad(RUG), SHELF), listed(RUG)]
    with ReplayServer(answers) as server:
        products = caller(server).whole(response_model=list[Product], mode=mode, max_retries=1)
    assert products == [LAMP, RUG, SHELF], "in their order, as nobody has seen one before"
    first, second = server.requests
    assert "stream" not in second.body or not second.body["stream"]
    assert conversation(second.body) == conversation(first.body) + follow_up(
        caller, mode, text_of(bad(RUG)), REPAIR.format(index=1, raw=bad(RUG), error=NEGATIVE)
    )


def test_a_list_that_is_not_streamed_is_resumed_at_the_token_limit(caller: Caller) -> None:
    text = text_of(LAMP, RUG, BOOK)
    answers = [Answer(text, fault=faults.LengthCut(within(text, "Rug"))), listed(RUG, BOOK)]
    with ReplayServer(answers) as server:
        products = caller(server).whole(response_model=list[Product], max_retries=1)
    assert products == [LAMP, RUG, BOOK]


def test_an_object_that_is_not_streamed_is_asked_for_again(caller: Caller, mode: str) -> None:
    with ReplayServer([bad(LAMP), row("Lamp", 1)]) as server:
        product = caller(server).whole(response_model=Product, mode=mode, max_retries=1)
    assert product == LAMP
    assert NEGATIVE in instruction(server.requests[1].body)


def test_what_is_not_streamed_fails_in_the_same_way(caller: Caller) -> None:
    with ReplayServer([bad(LAMP)] * 4) as server:
        with pytest.raises(RetriesExhaustedError, match="the same failure came twice") as caught:
            caller(server).whole(response_model=Product, max_retries=3, temperature=0)
    assert len(caught.value.attempts) == len(server.requests) == 2
    with ReplayServer([listed(LAMP, bad(RUG))]) as server:
        with pytest.raises(OutputValidationError, match="item 1 does not validate"):
            caller(server).whole(response_model=list[Product])


def test_items_are_counted_over_all_answers(caller: Caller) -> None:
    rest = listed(RUG, SHELF, VASE)
    run, requests = read(caller, [CUT, rest], max_retries=1, limits=Limits(item_count=3))
    assert placed(run) == [(0, LAMP), (1, RUG), (2, SHELF)]
    assert isinstance(run.error, LimitExceededError)
    assert (run.error.limit, run.error.delivered, len(requests)) == ("item_count", 3, 2)
