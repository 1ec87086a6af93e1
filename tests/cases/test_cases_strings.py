"""Strings: escapes and characters that are cut, control characters, surrogates."""

from __future__ import annotations

import pytest
from case_models import Named
from item_case import WAYS, Items, check_items
from partial_case import Grows, Same, check_partial

SMILE = "\U0001f600"

ITEMS = [
    Items("an escape cut after its backslash", str, r'[⟨"a\·n"⟩,⟨"\·""⟩,⟨"\·\"⟩]'),
    Items("a unicode escape cut everywhere", str, r'[⟨"\·u·0·0·e·9"⟩,⟨"\u20AC"⟩]'),
    Items("a surrogate pair cut everywhere", str, r'[⟨"\ud83d·\ude00"⟩,⟨"\ud83d\·ude·00x"⟩]'),
    Items("characters of many bytes", str, f'[⟨"é€{SMILE}"⟩,⟨"{SMILE}·{SMILE}"⟩]'),
    Items(
        "line separators inside strings are kept",
        str,
        '[⟨"a\x85b"⟩,⟨"a\u2028b"⟩,⟨"\x7f"⟩,⟨"\xa0"⟩]',
    ),
    Items("escaped control characters", str, r'[⟨"\n\t\r\b\f\/"⟩,⟨"\u0000"⟩,⟨"\u001f"⟩]'),
    Items("escapes in names", dict[str, int], r'[⟨{"\u0061\"}":1}⟩,⟨{"é":2}⟩]'),
    Items(
        "a raw newline inside a string",
        Named,
        '[⟨{"name":"a"}⟩,{"name":"b\nc"}†]',
        status="invalid",
        place=(24, 1, 25, (1, "name")),
    ),
    Items(
        "a raw tab inside a string of a wrapper",
        Named,
        '{"note":"a\t†b","items":[]}',
        status="invalid",
        place=(10, 1, 11, ("note",)),
    ),
    Items(
        "an invalid escape",
        Named,
        '[\n⟨{"name":"a"}⟩,\n{"name":"App\\·Http"}†]',
        status="invalid",
        place=(28, 3, 13, (1, "name")),
    ),
    Items("a lone first half", str, r'["\ud83dx"†]', status="invalid", place=(2, 1, 3, (0,))),
    Items("a lone second half", str, r'[⟨"a"⟩,"\ude00"†]', status="invalid", place=(6, 1, 7, (1,))),
    Items("two first halves", str, r'["\ud83d\ud83d"†]', status="invalid", place=(2, 1, 3, (0,))),
    Items(
        "a unicode escape of three digits",
        str,
        r'["\u12"†]',
        status="invalid",
        place=(2, 1, 3, (0,)),
    ),
]

GROWING = [
    Grows(
        "an escape shows when it is complete",
        Named,
        [
            (r'{"name":"a', {"name": "a"}),
            ("\\", Same),
            ("n", {"name": "a\n"}),
            (r"\u", Same),
            ("12", Same),
            ("3", Same),
            ("4b", {"name": "a\n\u1234b"}),
            ('"}', {"name": "a\n\u1234b"}),
        ],
    ),
    Grows(
        "a surrogate pair shows when it is complete",
        Named,
        [
            (r'{"name":"a', {"name": "a"}),
            (r"\ud83d", Same),
            (r"\ude0", Same),
            ("0", {"name": f"a{SMILE}"}),
            (r"\ud8", Same),
            (r"3d\u", Same),
            (r'de00"}', {"name": f"a{SMILE}{SMILE}"}),
        ],
    ),
    Grows(
        "characters of many bytes",
        Named,
        [
            ('{"name":"€', {"name": "€"}),
            (SMILE, {"name": f"€{SMILE}"}),
            ('é"}', {"name": f"€{SMILE}é"}),
        ],
    ),
    Grows(
        "a text that ends within an escape",
        Named,
        [('{"name":"a', {"name": "a"}), (r"\ud83d", Same)],
        status="truncated",
        tail=r'{"name":"a\ud83d',
    ),
    Grows(
        "a line separator is kept",
        Named,
        [('{"name":"a\x85', {"name": "a\x85"}), ('\u2028"}', {"name": "a\x85\u2028"})],
    ),
    Grows(
        "a raw newline",
        Named,
        [('{"name":"a', {"name": "a"}), ("\n", {"name": "a"})],
        status="invalid",
        place=(10, 1, 11, ("name",)),
    ),
    Grows(
        "an invalid escape, noticed one character later",
        Named,
        [('{"name":"App', {"name": "App"}), ("\\", Same), ('H†ttp"}', {"name": "App"})],
        status="invalid",
        place=(12, 1, 13, ("name",)),
    ),
    Grows(
        "a lone first half",
        Named,
        [(r'{"name":"\ud83d', {"name": ""}), ('"†}', {"name": ""})],
        status="invalid",
        place=(9, 1, 10, ("name",)),
    ),
    Grows(
        "a lone second half",
        Named,
        [(r'{"name":"\ud', {"name": ""}), ('e†00"}', {"name": ""})],
        status="invalid",
        place=(9, 1, 10, ("name",)),
    ),
    Grows(
        "a malformed string in a member that the model does not know",
        Named,
        [('{"x":"', {}), ('\\q†"}', {})],
        status="invalid",
        place=(6, 1, 7, ("x",)),
    ),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", ITEMS, ids=str)
def test_strings_in_items(case: Items, way: str) -> None:
    check_items(case, way)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", GROWING, ids=str)
def test_growing_strings(case: Grows, way: str) -> None:
    check_partial(case, way)
