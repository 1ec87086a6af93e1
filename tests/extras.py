"""Tests that need a package of an extra other than `test`: they skip where it is missing."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec

import pytest


def needs(extra: str, *modules: str) -> pytest.MarkDecorator:
    """Mark a test, a case, or as `pytestmark` a file; `pytest -m extra` runs what is marked."""
    return pytest.mark.extra(extra, *modules)


def missing_extra(item: pytest.Item) -> str | None:
    """Why a test cannot run in this environment, or None."""
    for mark in item.iter_markers("extra"):
        extra, *modules = mark.args
        for module in modules:
            if not is_installed(module):
                return f'needs the extra "{extra}": no module {module}'
    return None


@cache
def is_installed(module: str) -> bool:
    """Whether a module, which may be in a package, is there; only the package is imported."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # its package
        return False
