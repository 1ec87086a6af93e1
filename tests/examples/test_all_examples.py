from __future__ import annotations

import ast
import re

import pytest
from example_runs import EXAMPLES, each_example, run_here

NAMES = sorted(path.stem for path in EXAMPLES.glob("*.py"))
LONGEST = 110  # lines; a page
PUBLIC = {"partialstream", "partialstream.etl", "partialstream.testing"}


def parsed(name: str) -> ast.Module:
    return ast.parse((EXAMPLES / f"{name}.py").read_text(encoding="utf-8"))


def imports(name: str) -> list[tuple[str, list[str]]]:
    """Each module that is imported, and the names that are taken from it."""
    found: list[tuple[str, list[str]]] = []
    for node in ast.walk(parsed(name)):
        if isinstance(node, ast.Import):
            found += [(alias.name, []) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append((node.module or ".", [alias.name for alias in node.names]))
    return found


def packages(name: str) -> set[str]:
    return {module.partition(".")[0] for module, _ in imports(name)}


def test_all_of_them_are_found() -> None:
    assert len(NAMES) >= 5


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_a_page_with_a_main(name: str) -> None:
    tree = parsed(name)
    assert any(
        isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == "main"
        for node in tree.body
    )
    assert len((EXAMPLES / f"{name}.py").read_text(encoding="utf-8").splitlines()) <= LONGEST


@pytest.mark.parametrize("name", NAMES)
def test_its_first_line_says_in_a_sentence_what_it_shows(name: str) -> None:
    first, *rest = (ast.get_docstring(parsed(name)) or "").splitlines()
    assert re.fullmatch(r"[A-Z][^.?!]{20,}\.", first), first
    assert rest[:1] in ([], [""])


@pytest.mark.parametrize("name", NAMES)
def test_it_imports_nothing_private(name: str) -> None:
    for module, names in imports(name):
        if module.partition(".")[0] == "partialstream":
            assert module in PUBLIC
            assert not [each for each in names if each.startswith("_")]


@each_example(NAMES)
def test_its_help_tells_how_to_ask_a_real_endpoint(name: str) -> None:
    shown = run_here(name, "--help")
    assert "--live" in shown
    assert (ast.get_docstring(parsed(name)) or " ").splitlines()[0] in shown


@pytest.mark.parametrize("name", NAMES)
def test_the_readme_lists_it(name: str) -> None:
    readme = (EXAMPLES.parent / "README.md").read_text(encoding="utf-8")
    row = rf"^\| \[`examples/{name}\.py`\]\(examples/{name}\.py\) \| .*\S \|$"
    assert len(re.findall(row, readme, re.MULTILINE)) == 1


def test_the_readme_lists_no_other() -> None:
    readme = (EXAMPLES.parent / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"\(examples/(\w+)\.py\) \|", readme)
    assert set(listed) <= set(NAMES)
