"""Packages that are not installed are named with their extra."""

from __future__ import annotations

import sys
from importlib import import_module

import pytest

from partialstream.extras import requires_extra


def test_the_error_names_the_package_and_the_extra() -> None:
    with (
        pytest.raises(ModuleNotFoundError) as caught,
        requires_extra("sql", "a database as a sink"),
    ):
        import_module("no_such_package.part")
    assert caught.value.name == "no_such_package"
    assert str(caught.value) == (
        'a database as a sink needs no_such_package: pip install "partialstream[sql]"'
    )


def test_a_module_of_the_package_is_of_no_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "partialstream.testing.app", None)
    with (
        pytest.raises(ModuleNotFoundError, match=r"import of partialstream\.testing\.app halted"),
        requires_extra("server", "ReplayServer"),
    ):
        import_module("partialstream.testing.app")
