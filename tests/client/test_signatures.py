"""Every option is in the signatures of the methods that take it, and in their docstrings."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields
from typing import Any

import pytest
from typing_extensions import get_overloads

from partialstream import AsyncClient, Client, Mode
from partialstream.client.options.options import _ONLY_FOR, Options

DEFAULTS: dict[str, Any] = {each.name: each.default for each in fields(Options)}
NOT_FOR = {"create_iterable": "object", "create_partial": "items"}
BEFORE = ["response_model", "model", "messages"]
METHODS = ["create", "create_iterable", "create_partial", "create_with_completion"]

every_method = pytest.mark.parametrize("name", METHODS)
both = pytest.mark.parametrize("client", [Client, AsyncClient])


def options_of(method: str) -> list[str]:
    return [name for name in DEFAULTS if _ONLY_FOR.get(name, "") != NOT_FOR.get(method)]


@both
@every_method
def test_each_option_is_a_parameter_with_its_default(client: Any, name: str) -> None:
    method = getattr(client, name)
    overloads = get_overloads(method)
    assert len(overloads) == {"create_partial": 0, "create": 7}.get(name, 3)
    for each in (method, *overloads):
        parameters = dict(inspect.signature(each).parameters)
        assert parameters.pop("self")
        assert parameters.pop("kwargs").kind is inspect.Parameter.VAR_KEYWORD
        assert (parameters.pop("stream", None) is not None) == (name == "create")
        assert {*parameters} == {*BEFORE, *options_of(name)}, each.__code__.co_firstlineno
        assert {one.kind for one in parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}
        for option in options_of(name):
            assert parameters[option].default == DEFAULTS[option], option


def described(text: str) -> dict[str, str]:
    """The entries of a docstring's list of arguments or attributes, each on one line."""
    _, _, entries = text.partition("Args:\n" if "Args:\n" in text else "Attributes:\n")
    entries = re.split(r"\n(?! )", entries)[0]
    split = [" ".join(each.split()) for each in re.split(r"\n(?=    \S)", "\n" + entries) if each]
    assert len(split) == len({each.partition(":")[0] for each in split})
    return {each.partition(":")[0]: each.partition(": ")[2] for each in split}


@both
@every_method
def test_each_option_is_in_the_docstring(client: Any, name: str) -> None:
    entries = described(inspect.getdoc(getattr(client, name)) or "")
    extra = {"stream"} if name == "create" else set()
    assert {*entries} == {*BEFORE, *options_of(name), "**kwargs", *extra}
    assert list(entries)[-1] == "**kwargs"


@pytest.mark.parametrize("name", DEFAULTS)
def test_each_option_says_its_default(name: str) -> None:
    entry = described(inspect.getdoc(Options) or "")[name]
    assert re.search(r"default|None for", entry), entry


def test_help_shows_no_addresses() -> None:
    assert "0x" not in str(inspect.signature(Client.create))


def test_modes_are_instructors() -> None:
    import instructor

    theirs = {member.name: member.value for member in instructor.Mode}
    ours = {member.name: member.value for member in Mode}
    assert {name: ours.get(name) for name in theirs} == theirs
