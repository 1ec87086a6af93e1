"""Prose, fences and thoughts around a document: examples with names that say what they show."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel
from runs import run_items, run_partial, shown
from strategies import ends_of

from partialstream import (
    IncompleteStreamError,
    ItemParser,
    PartialParser,
    stream_items,
    stream_partial,
)
from partialstream.testing import every_cut, recut


class Named(BaseModel):
    name: str


class Report(BaseModel):
    name: str
    author: Named | None = None
    sections: list[Named] = []


def cuts(text: str) -> list[list[str]]:
    return [
        [text],
        list(text),
        ["", *(piece for char in text for piece in (char, ""))],
        recut(text, seed=len(text)),
        *([*halves] for halves in every_cut(text)),
    ]


RIGHT = '{"name": "right"}'

OBJECTS = {
    "a fence in prose, an unknown member first": (
        'Here you are:\n```json\n{"reasoning": "x", "name": "right"}\n```'
    ),
    "a fence in prose, the schema first": (
        'Here you are:\n```json\n{"$schema": "https://example.org/[x]", "name": "right"}\n```'
    ),
    "a fence in prose without a language": 'So:\n```\n{"reasoning": "{", "name": "right"}\n```',
    "a fence in prose that is never closed": 'So:\n```json\n{"reasoning": "x", "name": "right"}',
    "prose in a line before an unknown member": 'Here: {"reasoning": "x", "name": "right"}',
    "a nested object": 'Here: {"meta": {"name": "wrong"}, "name": "right"}',
    "nested objects": 'Here: {"a": {"name": "wrong", "b": {"name": "no"}}, "name": "right"}',
    "a nested object in a list": 'Here: {"notes": [{"name": "wrong"}], "name": "right"}',
    "a nested object in a fence": '```json\n{"meta": {"name": "wrong"}, "name": "right"}\n```',
    "a nested object at the start": '{"meta": {"name": "wrong"}, "name": "right"}',
    "an object of which only a nested one fits": f'A {{"meta": {{"name": "wrong"}}}} and {RIGHT}',
    "a number in brackets, a name in braces": f"See [1] {{x}}. {RIGHT}",
    "empty braces": f"A set is {{}} in Python. {RIGHT}",
    "empty brackets": f"A list is [] in Python, or [ ]. {RIGHT}",
    "an empty object with a blank": f"So {{ }}: {RIGHT}",
    "scalars in brackets": f'Some [1, 2] and ["a"]: {RIGHT}',
    "an object with nothing in common": f'Like {{"other": 1}} or so: {RIGHT}',
    "a list of objects with nothing in common": f'Like [{{"zzz": 1}}]: {RIGHT}',
    "a name without a value": f'Not {{"name"}} nor {{"name": }} nor {{"name": x}}: {RIGHT}',
    "an open bracket and quote": f'The prefix [" or {{" is open: {RIGHT}',
    "an odd number of quotes": f'A " and a [ " and: {RIGHT}',
    "code": f"```python\nx = {{}}\nprint(x[0])\n```\nSo: {RIGHT}",
    "inline code": f"Use `{{}}` or `[x]`: {RIGHT}",
    "prose behind": f"{RIGHT}\nSee [1] {{x}}, {{}} and [].",
    "an open bracket behind": f'{RIGHT} and so on [ {{ ["',
    "a full stop behind": f"{RIGHT}.",
    "code behind": f"{RIGHT}\nSo:\n```python\nx = {{}}\n```",
    "thoughts": f'<think>[1] {{x}} {{"name": "draft"}}</think>{RIGHT}',
    "thoughts in upper case": f'<THINK>{{"name": "draft"}}</THINK>\n{RIGHT}',
    "thoughts after prose": f'Sure. <think>{{"name": "draft"}}</think>{RIGHT}',
    "thoughts, then an unknown member": (
        '<think>a</think>{"reasoning": "</think>", "name": "right"}'
    ),
    "a draft in thoughts without an opening tag": (
        f'Let me think: {{"name": "draft"}}? No.\n</think>\n{RIGHT}'
    ),
    "brackets in thoughts without an opening tag": f"So [a] {{x}} it is</think>{RIGHT}",
    "a closing tag within a string": 'Here: {"reasoning": "a </think> b", "name": "right"}',
    "a guess per level that leads nowhere": 'x {"a":{"a":{"a": x ' + RIGHT,
}


@pytest.mark.parametrize("text", OBJECTS.values(), ids=list(OBJECTS))
def test_the_object(text: str) -> None:
    draft = "draft" in text and "<" not in text.split("draft")[0]
    for deltas in cuts(text):
        run = run_partial(Report, deltas)
        assert (run.error, run.status) == (None, "complete"), deltas
        assert run.values[-1].name == "right", deltas
        for snapshot in run.values:
            name = snapshot.name or ""
            assert "right".startswith(name) or (draft and "draft".startswith(name)), deltas
    assert stream_partial(Report, list(text)).final() == run.values[-1]


LIST = '[{"name":"a"},{"name":"b"}]'
WRAPPED = '{"items": [{"name":"a"},{"name":"b"}]}'

LISTS = {
    "a number in brackets, a name in braces": f"See [1] {{x}}. {WRAPPED}",
    "a number in brackets": f"Here are [2] items: {WRAPPED}",
    "a name in braces before a root array": f"Note {{x}}: {LIST}",
    "empty braces": f"A set is {{}} in Python. {WRAPPED}",
    "empty braces before a root array": f"A set is {{}} in Python. {LIST}",
    "empty brackets": f"Empty is [] or [ ]: {LIST}",
    "prose behind": f"{WRAPPED}\nSee [1] {{x}}.",
    "prose behind a root array": f"{LIST}\nSee [1] {{x}}, {{}} and [].",
    "empty braces behind": f"{LIST} and {{}}",
    "prose before and behind": f"See [1] {{x}}: {LIST}. See [2] and {{y}}.",
    "prose between": '[{"name":"a"}]\nSee [1] {x} and {}: [{"name":"b"}]',
    "a nested object": f'Like {{"meta": {{"name": "wrong"}}, "zzz": 1}}: {LIST}',
    "a list of objects with nothing in common": f'Like [{{"zzz": 1}}]: {LIST}',
    "an open bracket and quote": f'The prefix [" or {{" is open: {WRAPPED}',
    "a fence in prose": f"Here you are:\n```json\n{WRAPPED}\n```\nSee [1].",
    "code": f"```python\nx = {{}}\n```\nSo: {LIST}",
    "thoughts": f"<think>list [a] {{x}} {LIST}</think>{LIST}",
    "thoughts after prose": f"Sure. <think>{LIST}</think>{LIST}",
    "thoughts without an opening tag": f"list [a] {{x}}</think>{LIST}",
    "a closing tag within a string": f'So: {{"note": "</think>", "items": {LIST}}}',
    "rows in a fence": 'So:\n```json\n{"name":"a"}\n{"name":"b"}\n```',
    "a guess per level that leads nowhere": f'x {{"a":{{"a":{{"a": x {WRAPPED}',
}


@pytest.mark.parametrize("text", LISTS.values(), ids=list(LISTS))
def test_the_items(text: str) -> None:
    # The right ones are those behind thoughts.
    start = text.rindex("</think>") if "<think>" in text else 0
    due = [text.index(f'{{"name":"{name}"}}', start) + len('{"name":"a"}') for name in "ab"]
    for deltas in cuts(text):
        run = run_items(Named, deltas)
        assert (run.error, run.status) == (None, "complete"), deltas
        assert run.values == [Named(name="a"), Named(name="b")], deltas
        assert run.after == [sum(d <= arrived for d in due) for arrived in ends_of(deltas)], deltas
    assert list(stream_items(Named, list(text))) == run.values


SCALARS: list[tuple[Any, str, list[Any]]] = [
    (int, "[1,2]\nSee note [3].", [1, 2]),
    (int, "[1,2]\nSee note [3] and [4, 5].", [1, 2]),
    (int, "See {x} and {}: [1,2]\nSee note [3].", [1, 2]),
    (int, 'So: {"items": [1,2]}. See [3].', [1, 2]),
    (int, "```json\n[1,2]\n```\nSee note [3].", [1, 2]),
    (int, 'Say ["x"] or [x]: [1,2]', [1, 2]),
    (int, "Say [] or {}: [1,2]", [1, 2]),
    (str, '["a","b"]\nSee note ["c"], [1].', ["a", "b"]),
    (str, 'See [1] {x}: ["a","b"]', ["a", "b"]),
    (str, '{"scores": [1], "items": ["a","b"]} and ["c"]', ["a", "b"]),
]


@pytest.mark.parametrize(("type_", "text", "expected"), SCALARS, ids=[row[1] for row in SCALARS])
def test_behind_a_list_and_prose_brackets_of_scalars_are_prose(
    type_: Any, text: str, expected: list[Any]
) -> None:
    for deltas in cuts(text):
        run = run_items(type_, deltas)
        assert (run.error, run.status) == (None, "complete"), deltas
        assert shown(run.values) == shown(expected), deltas


NOTHING = ["Use {} here.", "Use { } here.", "See [1] {x}.", 'Like {"other": 1}.', 'So ["a"] [{}].']


@pytest.mark.parametrize("text", NOTHING)
def test_prose_alone_is_no_json(text: str) -> None:
    for deltas in cuts(text):
        for run in (run_items(Named, deltas), run_partial(Report, deltas)):
            assert run.status == "no_json", deltas
            assert isinstance(run.exception, IncompleteStreamError), deltas
            assert run.values == []
            assert run.rejected == []


@pytest.mark.parametrize("make", [ItemParser, PartialParser])
def test_the_error_of_prose_alone_quotes_it(make: Any) -> None:
    parser = make(Named)
    parser.feed("I am sorry, but I cannot list them.")
    with pytest.raises(IncompleteStreamError) as raised:
        parser.finish()
    assert "no JSON found in the response: 'I am sorry" in str(raised.value)


def chunk(**delta: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": None}
    return {"id": "c", "object": "chat.completion.chunk", "choices": [choice]}


@pytest.mark.parametrize("draft", [RIGHT.replace("right", "draft"), '{"meta": {"name": "draft"}}'])
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_behind_a_draft_in_thoughts_the_tool_call_is_the_document(draft: str, size: int) -> None:
    thoughts = f"Let me think: {draft}? No.\n</think>\n\n"
    call = {"index": 0, "id": "call", "type": "function"}
    chunks = [chunk(role="assistant", content="")]
    chunks += [chunk(content=thoughts[n : n + size]) for n in range(0, len(thoughts), size)]
    chunks.append(chunk(tool_calls=[{**call, "function": {"name": "Report", "arguments": ""}}]))
    chunks += [
        chunk(tool_calls=[{"index": 0, "function": {"arguments": RIGHT[n : n + size]}}])
        for n in range(0, len(RIGHT), size)
    ]
    ended = chunk()
    ended["choices"][0]["finish_reason"] = "tool_calls"
    stream = stream_partial(Report, [*chunks, ended])
    assert stream.final() == Report(name="right")
    assert stream.outcome is not None
    assert stream.outcome.ok
