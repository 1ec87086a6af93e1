"""How an answer ends: complete, cut off, refused, filtered, empty, without JSON."""

from __future__ import annotations

import pytest
from case_models import Aged, Named
from item_case import WAYS, Items, check_items
from partial_case import Grows, Same, check_partial
from pydantic import RootModel

Scalar = RootModel[float | bool | None]
A = '{"items":[⟨{"name":"a"}⟩,'

ITEMS = [
    *(
        Items(
            f"cut inside an item, finish reason {reason}",
            Named,
            A + '{"name·":"b',
            status="truncated",
            tail='{"name":"b',
            finish=reason,
        )
        for reason in ("length", "stop", "tool_calls")
    ),
    Items(
        "cut inside an item, no finish reason",
        Named,
        A + '{"name":"b',
        status="truncated",
        tail='{"name":"b',
    ),
    Items(
        "cut within a name",
        Named,
        '[{"foo":"bar","foo',
        status="truncated",
        tail='{"foo":"bar","foo',
    ),
    Items("cut behind a colon", Aged, '[{"age":', status="truncated", tail='{"age":'),
    Items("cut behind an escape", Named, '[{"name":"b\\', status="truncated", tail='{"name":"b\\'),
    Items("cut between items", Named, A, status="truncated"),
    Items("cut before the end of the list", Named, '{"items":[⟨{"name":"a"}⟩', status="truncated"),
    Items(
        "cut before the end of the wrapper", Named, '{"items":[⟨{"name":"a"}⟩]', status="truncated"
    ),
    Items("cut before the list", Named, '{"note":"x","it', status="truncated"),
    Items("cut inside a number", int, "[⟨1⟩,12", status="truncated", tail="12"),
    Items("cut inside a word", bool, "[⟨true⟩,tru", status="truncated", tail="tru"),
    Items("cut inside a string", str, '["x', status="truncated", tail='"x'),
    Items("cut behind the list's bracket", Named, "[", status="truncated"),
    Items("cut inside thinking", Named, "<think>[1]", status="no_json"),
    Items("cut inside a fence", Named, "```js", status="no_json"),
    Items(
        "the second of two documents is cut",
        Named,
        '⟨{"name":"a"}⟩{"name":"b',
        status="truncated",
        tail='{"name":"b',
    ),
    Items("nothing", Named, "", status="empty"),
    Items("blanks", Named, " ·\n·\t \r\n", status="empty"),
    Items("a byte order mark alone", Named, "\ufeff", status="empty"),
    Items("plain text", Named, "I can·not do that.", status="no_json"),
    Items("plain text with brackets", Named, "See [1] and {x}.", status="no_json"),
    Items("an object without a list", Named, '{"note":"x"}', status="no_json"),
    Items("a list of something else", Named, '{"tags":["x"]}', status="no_json"),
    Items("no list at the path", int, '{"a":[1]}', status="no_json", options={"path": "b"}),
    Items("a newline as a delta", Named, '[·\n·⟨{·\n·"name":·\n·"a"}⟩·\n·]·\n'),
]

GROWING = [
    Grows("nothing", Named, [("", Same)], status="empty", tail=""),
    Grows("blanks", Named, [(" ", Same), ("\n", Same)], status="empty", tail=""),
    Grows(
        "plain text", Named, [("I can", Same), ("not [1] {x}.", Same)], status="no_json", tail=""
    ),
    Grows("a list instead of an object", Named, [("[", Same), ("1]", Same)], status="invalid"),
    *(
        Grows(
            f"cut off, finish reason {reason}",
            Named,
            [('{"name":"T', {"name": "T"})],
            status="truncated",
            tail='{"name":"T',
            finish=reason,
        )
        for reason in ("length", "stop", "tool_calls")
    ),
    *(
        Grows(f"cut inside a root {text!r}", Scalar, [(text, Same)], status="truncated", tail=text)
        for text in ("-", "1.", "1e", "1e+", "tru", "N")
    ),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", ITEMS, ids=str)
def test_how_items_end(case: Items, way: str) -> None:
    check_items(case, way)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", GROWING, ids=str)
def test_how_objects_end(case: Grows, way: str) -> None:
    check_partial(case, way)
