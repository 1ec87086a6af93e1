"""Where the JSON begins: behind prose, fences and thinking, cut anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, RootModel
from runs import feed
from strategies import Cut, cuts

from partialstream import ItemParser, JSONSyntaxError, Limits, PartialParser, PartialStreamError
from partialstream.engine.locate import Certainty, RootFinder
from partialstream.engine.probe import ObjectProbe, Probe, Root
from partialstream.engine.route import ANYTHING, Shape
from partialstream.engine.seek import DocumentSeeker
from partialstream.testing import every_cut

if TYPE_CHECKING:
    from partialstream.engine.position import Position

OBJECT = Shape(frozenset({"object"}), frozenset({"name"}))


class Named(BaseModel):
    name: str


class Open(BaseModel):
    anything: dict[str, list[int]]


def judge_object(bracket: str, certainty: Certainty, position: Position) -> Probe | Root:
    if certainty is Certainty.CERTAIN:
        return Root.ITEM
    shape = OBJECT if bracket == "{" else ANYTHING
    return ObjectProbe(shape, certainty=certainty, limits=Limits(), position=position)


def root_of(deltas: list[str], finder: RootFinder) -> tuple[int, bool] | None:
    """Where the first root begins, and whether it is a guess."""
    unread = ""
    done = 0
    for delta in deltas:
        text = unread + delta
        found, end = finder.find(text, 0)
        if found:
            return done + end, finder.certainty is Certainty.GUESS
        unread = text[end:]
        assert len(unread) < 60, "what is kept is bounded"
        done += end
    return None


DOCUMENTS = [
    "",
    " \t\r\n",
    "\ufeff",
    "\ufeff \n",
    "```",
    "```json\n",
    "```json",
    "````JSON5\n",
    "```c++ \n",
    "<think></think>",
    "<think>a < b, [1], {x}, </thin, </thinker></think>",
    "<THINKING>\n</Thinking>\n\n",
    "<think>one</think> <thinking>two</thinking>```\n",
    "</think>",
    "so [x] it {is}</think>\n",
    "a<b</thinking> ",
    "`" * 40 + "\n",
]

GUESSES = [
    "Sure: ",
    "<b>bold</b> ",
    "<",
    "<thin",
    "``",
    "`x` ",
    "``` title=x\n",
    "a </thought>",
    "~~~\n",
    "1. ",
    "```" + "a" * 33 + "\n",
    "</",
    "]",
]


@pytest.mark.parametrize("opener", ["{", "["])
@pytest.mark.parametrize(
    ("before", "guessing"),
    [*((text, False) for text in DOCUMENTS), *((text, True) for text in GUESSES)],
)
def test_the_place_of_a_root(before: str, guessing: bool, opener: str) -> None:
    text = before + opener
    # In prose the brackets on the way are guesses too: they are skipped here.
    if any(bracket in before.replace("</think>", "") for bracket in "[{") and "<think>" not in text:
        text = before.replace("[", "(").replace("{", "(") + opener
    expected = (len(before), guessing)
    assert root_of([text], RootFinder()) == expected
    assert root_of(list(text), RootFinder()) == expected
    for halves in every_cut(text):
        assert root_of(["", *halves], RootFinder()) == expected


@given(st.text(st.sampled_from("`<>/thinkg{[]}ax \n\ufeff"), max_size=30), cuts)
def test_the_place_of_a_root_does_not_depend_on_the_cut(text: str, cut: Cut) -> None:
    assert root_of(cut(text), RootFinder()) == root_of([text], RootFinder())


def test_a_scalar_begins_a_document_where_that_may_be_one() -> None:
    assert root_of(list("\ufeff```\n 5"), RootFinder("5")) == (6, False)
    assert root_of(list("it is 5 [1]"), RootFinder("5")) == (8, True)
    assert root_of(list("5 [1]"), RootFinder()) == (2, True)


def test_whether_there_was_nothing_but_blanks() -> None:
    for text, blank in (("", True), (" \n\ufeff", True), ("<", False), ("x", False), ("`", False)):
        finder = RootFinder()
        finder.find(text, 0)
        assert finder.blank == blank


BEHIND = [
    ('{"name":"a"}', "}", 12),
    ('{"name":"a"}', " \n ]", 15),
    ('\n{"name":"a"}\n', "}", 14),
    ('<think>{</think>{"name":"a"}', "]", 28),
]


@pytest.mark.parametrize(("text", "behind", "offset"), BEHIND)
def test_a_bracket_too_many_is_malformed(text: str, behind: str, offset: int) -> None:
    for deltas in ([text + behind], [*text, *behind], [text, "", behind]):
        parser = PartialParser(Named)
        with pytest.raises(JSONSyntaxError) as raised:
            feed(parser, deltas)
        error = raised.value
        assert (error.offset, error.path) == (offset, ())
        assert error.line == 1 + (text + behind)[:offset].count("\n")
        with pytest.raises(JSONSyntaxError):
            feed(ItemParser(Named), ["".join(deltas), ""])


@pytest.mark.parametrize(
    "behind",
    ["", " \n", " done", " done ]", "\n```", "\n```\n}", "<think>]</think>", "{", ' {"x":[', " [}"],
)
def test_what_else_follows_the_object_is_no_data(behind: str) -> None:
    text = '{"name":"a"}' + behind
    for deltas in ([text], list(text)):
        parser = PartialParser(Named)
        for delta in deltas:
            parser.feed(delta)
        assert parser.finish() == Named(name="a")


FOUND = [
    ("see {x} and [1]: ", '{"name":"a"}'),
    ('a {"title": 1} b ', '{"name":"a"}'),
    ("a [{", '{"name":"a"}'),
    ("the list [", '{"name":"a"}'),
    ('so {x} {"', '{"name":"a"}'),
]


@pytest.mark.parametrize(("before", "document"), FOUND)
def test_a_guess_that_fails_was_prose(before: str, document: str) -> None:
    text = before + document
    for deltas in ([text], list(text), *map(list, every_cut(text))):
        parser = PartialParser(Named)
        for delta in deltas:
            parser.feed(delta)
        assert parser.finish() == Named(name="a")


def test_a_bracket_behind_an_object_in_prose_is_prose() -> None:
    parser = PartialParser(Named)
    assert parser.feed('the list [{"name":"a"}] has one item }') == Named(name="a")
    assert parser.finish() == Named(name="a")


@pytest.mark.parametrize(
    ("root", "document"),
    [
        (RootModel[list[Named]], '[{"name":"a"}]'),
        (RootModel[list[int]], "[1, 2]"),
        (RootModel[set[str]], '["a"]'),
        (RootModel[tuple[int, str]], '[1, "a"]'),
        (RootModel[dict[str, list[int]]], '{"a":[1]}'),
        (RootModel[dict[str, int]], "{}"),
        (RootModel[Named], '{"name":"a"}'),
        (RootModel[Named | list[Named]], '[{"name":"a"}]'),
        (Open, '{"anything":{"a":[1]}}'),
    ],
)
@pytest.mark.parametrize("before", ["", "so: ", "so {this} is it: "])
def test_root_models_are_found_in_prose_too(
    root: type[BaseModel], document: str, before: str
) -> None:
    expected = root.model_validate_json(document)
    for deltas in ([before + document], list(before + document)):
        parser = PartialParser(root)
        for delta in deltas:
            parser.feed(delta)
        assert parser.finish() == expected


@pytest.mark.parametrize(
    ("root", "text", "value"),
    [
        (int, "5", 5),
        (int, " \n-12 ", -12),
        (int, "\ufeff5", 5),
        (int, "```json\n5\n```", 5),
        (int, "<think>6?</think>7", 7),
        (str, '"a"', "a"),
        (bool, "true and so on", True),
        (float | None, "null", None),
    ],
)
def test_a_root_may_be_a_scalar(root: object, text: str, value: object) -> None:
    model = RootModel[root]  # type: ignore[valid-type]
    for deltas in ([text], list(text), *map(list, every_cut(text))):
        parser = PartialParser(model)
        for delta in deltas:
            parser.feed(delta)
        assert parser.finish().root == value


def test_a_number_in_prose_is_prose() -> None:
    parser = PartialParser(RootModel[int])
    parser.feed("it is 5 ")
    with pytest.raises(PartialStreamError):
        parser.finish()
    assert parser.outcome is not None
    assert parser.outcome.status == "no_json"


@given(st.text(st.sampled_from('[{"}],: ax1<`\n'), max_size=40), cuts)
def test_the_document_of_a_text_does_not_depend_on_the_cut(text: str, cut: Cut) -> None:
    def seek(deltas: list[str]) -> object:
        seeker = DocumentSeeker(judge_object, (), Limits())
        for number, delta in enumerate(deltas):
            found = seeker.feed(delta)
            if found is not None:
                return found + "".join(deltas[number + 1 :]), seeker.position
        return seeker.finish(), seeker.position, seeker.unfinished, seeker.blank

    assert seek(cut(text)) == seek([text])


def test_prose_longer_than_what_is_taken_at_once() -> None:
    for size in (4090, 4096, 4100, 9000):
        text = "so " + "{no} " * (size // 5) + '<think>{"name": </think>' + '{"name":"b"}'
        parser = PartialParser(Named)
        assert parser.feed(text) == Named(name="b")
        guess = "so {" + " " * 4000 + '"name": "' + "x" * size + '"} '
        assert PartialParser(Named).feed(guess) == Named(name="x" * size)
        failed = 'so {"' + "[" * size + '": [}' + '{"name":"b"}'
        assert PartialParser(Named).feed(failed) == Named(name="b")
