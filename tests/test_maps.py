"""The maps at the top of the packages name the files that there are."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import partialstream

ROOT = Path(partialstream.__file__).parent
PACKAGES = sorted(path.parent for path in ROOT.glob("*/**/__init__.py"))
TOP = sorted(path.parent for path in ROOT.glob("*/__init__.py"))


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_package_says_what_is_in_which_file(package: Path) -> None:
    docstring = ast.get_docstring(ast.parse((package / "__init__.py").read_text("utf-8"))) or ""
    named = set(re.findall(r"\b(\w+\.py)\b", docstring))
    files = {path.name for path in package.glob("*.py")} - {"__init__.py", "__main__.py"}
    assert named == files


def test_the_map_of_the_whole_names_each_package() -> None:
    assert partialstream.__doc__ is not None
    missing = [path.name for path in TOP if path.name not in partialstream.__doc__]
    assert missing == []
