"""What is JSON and what is not: the rules of RFC 8259, one by one.

Each text gets its verdict whole, character by character and cut in two anywhere.
"""

from __future__ import annotations

import json

import pytest
from verdicts import engine_accepts, pydantic_accepts

from partialstream.testing import every_cut

ACCEPTED = {
    "containers": ["[]", "{}", "[[]]", '{"a":{}}', " [ ] ", "[{},[]]", '{"":0}'],
    "members": ['{"a":1,"b":2}', '{"a":1,"a":2}', '{"a" : 1 , "b":[2]}', '{"\\u0061":1}'],
    "elements": ["[1,2]", "[ 1 , 2 ]", '["",0,null,true,false,{},[]]'],
    "blanks": [" 1", "1 ", "\t[\n1\r,\r\n2 ]\n", "\n\n[]"],
    "words": ["true", "false", "null", "[true,false,null]"],
    "integers": ["0", "-0", "1", "-1", "10", "1234567890", "[0]", "[-0]", "1" * 100],
    "fractions": ["0.0", "-0.10", "1.5", "10.01", "[0.000]", "1." + "0" * 100],
    "exponents": ["0e0", "1E1", "1e+1", "1e-1", "1.5E+10", "-0e-0", "[1e01]", "1e400"],
    "strings": ['""', '"a"', '"\x7f"', '"\u2028\u2029\x85\ufeff"', '"\U0010ffff"', '"\'"'],
    "escapes": [r'"\"\\\/\b\f\n\r\t"', r'"\u0000"', r'"\uABcd\uefAB"', r'"\ud7ff\ue000"'],
    "surrogate pairs": [
        r'"\ud83d\ude00"',
        r'"\uD800\uDC00"',
        r'"\udbff\udfff"',
        r'"\ud83D\uDe00a"',
    ],
    "brackets in strings": ['["]"]', '{"}":"{"}', r'["\"]"]', r'["\\"]'],
}

REJECTED = {
    "nothing": ["", " ", "\n"],
    "open": ["[", "{", "[1", "[1,", '{"a"', '{"a":', '{"a":1', '{"a":1,', '"', '"a', "[[]", "["],
    "too many brackets": ["[]]", "{}}", "]", "}", "[]{}", "[][]"],
    "wrong brackets": ["[}", "{]", "[1}", '{"a":1]', '[{"a":1]}'],
    "commas": ["[,]", "[1,]", "[,1]", "[1,,2]", '{,"a":1}', '{"a":1,}', '{"a":1,,"b":2}', ","],
    "colons": ['{"a"}', '{"a",1}', '{"a"::1}', '{"a"1}', "{:1}", '["a":1]', ":"],
    "names": ["{a:1}", "{1:1}", "{'a':1}", "{null:1}", "{[]:1}", '{"a":1 b:2}', '{"a\n":1}'],
    "missing commas": ["[1 2]", '["a" "b"]', "[[][]]", '{"a":1 "b":2}', "[1true]"],
    "words": ["tru", "nul", "fals", "True", "NULL", "nulll", "truefalse", "[nul]", "none", "t"],
    "numbers that are none": ["NaN", "Infinity", "-Infinity", "[NaN]", "-NaN", "inf", "N", "I"],
    "signs": ["+1", "-", "--1", "-a", "- 1", "[-]", "1-", "1+1", "-I"],
    "zeros": ["01", "-01", "00", "-00", "[012]", "0x10", "0b1", "1_000"],
    "fractions": ["1.", ".5", "-.5", "1..5", "1.2.3", "1.e1", "[1.]", "0.", "1.x"],
    "exponents": [
        "1e",
        "1e+",
        "1E-",
        "1ee1",
        "1e1.5",
        "1e1e1",
        "e1",
        "[1e]",
        "1e +1",
        "1d5",
        "1.d",
    ],
    "other digits": ["\uff11", "[\u0661]", "1\u00b2"],
    "strings": ["'a'", "a", '"a', 'a"', '"a" b', '"a"b"', '["a]', "\u201ca\u201d"],
    "control characters": ['"\x00"', '"\n"', '"\t"', '"\r\n"', '"\x1f"', '["a\nb"]'],
    "escapes": [r'"\x41"', r'"\a"', r'"\0"', r'"\'"', '"\\\n"', r'"\U0001F600"', '"\\', r'"\""\\'],
    "unicode escapes": [r'"\u"', r'"\u12"', r'"\u123"', r'"\u123g"', r'"\u 123"', r'"\uu123"'],
    "lone surrogates": [
        *(rf'"\u{unit}"' for unit in ("d800", "dbff", "dc00", "dfff", "D83D")),
        r'"\ud83da"',
        r'"\ud83d\n"',
        r'"\ud83d\u0061"',
        r'"\ud83d\ud83d"',
        r'"\ude00\ud83d"',
        r'{"\ud83d":1}',
        '"\ud83d"',
        '"\ude00"',
        '"\ud83d\ude00"',  # not a character: two halves, as no decoder gives them
        '{"\udc00":1}',
    ],
    "blanks that are none": [
        "\u00a0[]",
        "[\f]",
        "[\v1]",
        "\u2060[]",
        "[1\u2028]",
        "\x00[]",
        "[]\x00",
    ],
    "comments": ["[1]//", "/**/[]", "[1/*,*/]", "# a\n[]"],
    "byte order marks": ["\ufeff[]", "[\ufeff]", "[]\ufeff"],
    "something behind": ["1 2", "[] x", '"a" "b"', "null,", "{} []", "1,", "true]"],
}


def flat(table: dict[str, list[str]]) -> list[object]:
    return [
        pytest.param(text, id=f"{rule} {number}")
        for rule, texts in table.items()
        for number, text in enumerate(texts)
    ]


def verdicts(text: str) -> set[bool]:
    return {
        engine_accepts([text]),
        engine_accepts(text),
        *(engine_accepts(halves) for halves in every_cut(text)),
        *(engine_accepts(["", *halves, ""]) for halves in every_cut(text)),
    }


@pytest.mark.parametrize("text", flat(ACCEPTED))
def test_accepted(text: str) -> None:
    assert verdicts(text) == {True}
    json.loads(text)
    assert pydantic_accepts(text)


@pytest.mark.parametrize("text", flat(REJECTED))
def test_rejected(text: str) -> None:
    assert verdicts(text) == {False}
    assert not pydantic_accepts(text, allow_nan=False)


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", '{"a":-Infinity}'])
def test_what_pydantic_takes_for_floats_passes_if_asked_to(text: str) -> None:
    for halves in every_cut(text):
        assert engine_accepts(halves, allow_nan=True)
    assert pydantic_accepts(text)
