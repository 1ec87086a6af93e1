"""What is said of each option, in the docstrings of the methods that take it.

It is written once, in the docstring of `Options`.
"""

from __future__ import annotations

import re
from inspect import cleandoc, signature
from textwrap import dedent
from typing import Final

from partialstream.client.options.options import Options

_METHODS: Final = ("create", "create_iterable", "create_partial", "create_with_completion")

_REQUEST: Final = {
    "model": "model: The name of the model. None (the default) for the client's default.",
    "messages": "messages: The conversation, as the SDK takes it. None where it takes it by\n"
    "    another name (`input`, `contents`).",
}
"""Parameters that are no options."""


def describe_options(client: type) -> None:
    """Add the options to the docstrings of a client's methods, before `**kwargs`."""
    described = {**_REQUEST, **_described()}
    for name in _METHODS:
        method = getattr(client, name)
        before, kwargs, after = (method.__doc__ or "").partition("**kwargs:")
        if not kwargs:  # Python runs without docstrings
            continue
        indent = before[before.rindex("\n") :]  # with the line break; none is left by Python 3.13
        taken = [described[each] for each in signature(method).parameters if each in described]
        options = "\n".join(taken).replace("\n", indent)
        method.__doc__ = f"{before}{options}{indent}{kwargs}{after}"


def _described() -> dict[str, str]:
    """What the docstring of `Options` says of each, by its name; further lines are indented."""
    _, _, text = cleandoc(Options.__doc__ or "").partition("Attributes:\n")
    entries = re.split(r"\n(?=\w)", dedent(text).strip())
    return {entry.partition(":")[0]: entry for entry in entries}
