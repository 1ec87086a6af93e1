"""What prose around an answer's JSON is made of: words, and brackets that are not the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

WORDS = (
    *("Here", "the", "list", "is", "so", "Sure", "note", "see", "that", "of", "true", "null"),
    *(
        "don't",
        "it\u2019s",
        "“quoted”",
        "\u201aso\u2018",
        "\u2039x\u203a",
        "“",
        "Ärger",
        "名前",
        "😀",
        "👩‍🚀",
        "…",
        "—",
    ),
    *('"', '"quoted"', 'a "word', '"two" and "three"', "'", "'single'", "5", "1.", "-", "*", "#"),
    *("\\", "\\\\", "C:\\new", '\\"', "\\u12", "\\n", "&amp;", "%s", ":", ",", ".", "!", "(x)"),
    *("<", "a < b", "a > b", "</", "<b>bold</b>", "<br/>", "<thin", "<thinker>", "< think >"),
    *("**bold**", "_so_", "~~~", "``", "`code`", "| a | b |", "> said", "---", "$x^2$", "\\alpha"),
)
"""Tokens without brackets."""

DECOYS = (
    *("{}", "[]", "[ ]", "{ }", "{\n}", "[\n]", "[[]]", "[{}]", "{x}", "[x]", "{name}", "{ name }"),
    *("[1]", "[2] and [3]", "[1, 2]", "[1][2]", "[see {a}]", "{see [b]}", "[^1]", "[^note]: so"),
    *('{"a"}', '{"name"', '{"name"}', '{"name": }', '{"name": x}', '{"name": {x}}', '{"items": }'),
    *('["', '{"', '{"a": ["', '[{"a', "[", "{", "]", "}", "[[", "{{x}}", "{{", "}}", "]]", "[}"),
    *('{"other": 1}', '{"other": "name"}', '{"other": null, "more": {}}', '[{"zzz": 1}]', "[{]}"),
    *('{"meta": {"name": "wrong"}, "zzz": 1}', '{"meta": {"name": "wrong"}}', '{"a": {"a": {}}}'),
    *('["a"]', '["name"]', "['name']", "{'name': 'wrong'}", "[true]", "[null]", "{1}", "{1: 2}"),
    *("[text](https://example.org/a_[b])", "![an image](x.png)", "- [x] done", "- [ ] open"),
    *("\\frac{a}{b}", "\\[ x_{1} \\]", "$\\{x\\}$", "\\begin{align}", "f[i] = {0}", "${x}", "{%s}"),
    *("`{x}`", "`[1]`", "``{}``", "`{", '`{"name": `', "<a href='{x}'>", "<[", "[<b>", "[a, b, c]"),
    *("[1, 2", "[1, x]", "{,}", "[,]", "{:}", '{"a" 1}', '{"a": 1,}', '{"a": 1x}'),
)
"""Tokens with brackets: they fit no object that is asked for."""

AROUND = (
    *("[see %s]", "(%s)", '"%s"', "`%s`", "{%s}", "[%s", "%s]", "{ %s", "%s }", "<b>%s</b>"),
    *("**%s**", "“%s”", "[%s](https://example.org/{x})", "- %s", "\\frac{%s}{b}", "[x, %s]"),
)
"""What may stand around another token."""

LISTINGS = (
    "```python\nx = {}\nprint(x[0])\n```",
    "```sh\necho ${x} [y]\n```",
    "```yaml\nkeys:\n  - {name: x}\n  - [a, b]\n```",
    "```ts\ntype A = { name: string }\nconst b = [];\n```",
    "```\nplain {x} and [y]\n```",
    '```text\nso "it" is\n```',
    '```python\ndef f():\n    return {"name": x}\n```',
)
"""Markdown fences around what is not JSON, on lines of their own."""

TAGS = (("<think>", "</think>"), ("<THINK>", "</THINK>"), ("<Thinking>", "</thinking>"))

STRINGS = (
    *("", "a", "some words", "a }", '] "', "{", "[1]", "\\", 'C:\\new "x"', "😀", "é\n", "\u2028"),
    *("</think>", "<think>", '{"name": "wrong"}', '```json\n{"name": "wrong"}\n```', "```", "</"),
    *("App\\Http {x}", "[{", '"', "a long text of quite some words, and a full stop at its end."),
)
"""Contents of strings in the document."""


def token(chance: random.Random, depth: int = 0) -> str:
    """One piece of prose."""
    kind = chance.random()
    if kind < 0.5:
        return " ".join(chance.choices(WORDS, k=chance.randint(1, 3)))
    if kind < 0.85 or depth > 1:
        return chance.choice(DECOYS)
    text = chance.choice(AROUND) % token(chance, depth + 1)
    while "```" in text:  # code within code would be a fence
        text = text.replace("```", "``")
    return text


def prose(chance: random.Random, most: int) -> str:
    """Some prose that begins with a word: what stands at a start, or after a fence, counts."""
    text = chance.choice(("Here you are", "Sure", "Well", "I think", "Done", "The list"))
    for _ in range(chance.randint(0, most)):
        piece = token(chance)
        gap = chance.choice((" ", " ", " ", "\n", "  ", "\n\n", ", ", ": ", ""))
        if not gap and "`" in (text[-1], piece[0]):
            gap = " "  # or inline code becomes a fence
        text += gap + piece
    return text
