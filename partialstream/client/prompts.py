"""What we say to the model. All of it is here, and nowhere else."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Final, cast

from pydantic import ValidationError

from partialstream.errors import OutputValidationError, format_path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from partialstream.client.schema import RequestSchema
    from partialstream.results import Path, RejectedItem

FIRST_INDEX: Final = "first_index"
INDEXES: Final = "indexes"
"""Members beside the list in responses to follow-ups: which elements of the list these are."""

BESIDE: Final[dict[str, dict[str, Any]]] = {
    FIRST_INDEX: {
        "type": "integer",
        "description": "The index of the first item that you send, counted from 0.",
    },
    # A text, because a list of numbers could be taken for the list itself.
    INDEXES: {
        "type": "string",
        "description": 'The indexes of the items that you send, in their order, as "0, 2, 5".',
    },
}

TOOL_DESCRIPTION: Final = "Takes your answer. Call it once, with the complete answer."
"""Describes the function that the model has to call, where the type has no docstring."""


def schema_prompt(schema: RequestSchema) -> str:
    """Ask for JSON of one schema, where the request has no other place for it.

    OpenAI demands the word JSON in a message if the answer is to be a JSON object.
    """
    text = json.dumps(schema.schema, ensure_ascii=False, separators=(",", ":"))
    return (
        "Answer with one JSON object and nothing else: no prose, no Markdown. "
        f"The object must match this JSON schema:\n{text}"
    )


def errors_of(error: Exception) -> list[tuple[Path, str]]:
    """Say what is wrong, value by value: where and what, by pydantic's own paths and messages.

    Without its links and without the values, which the model has before it. Any exception but
    pydantic's is one pair: its text, and the empty path.

    Example:
        >>> errors_of(ValueError("no such product"))
        [((), 'no such product')]
    """
    if isinstance(error, OutputValidationError) and isinstance(error.__cause__, ValidationError):
        error = error.__cause__
    if not isinstance(error, ValidationError):
        return [((), str(error))]
    details = error.errors(include_url=False, include_context=False, include_input=False)
    return [(detail["loc"], detail["msg"]) for detail in details]


def repair_prompt(rejected: Sequence[RejectedItem]) -> str:
    """Ask for the items again that did not validate, and for nothing else.

    Args:
        rejected: The items, at least one, in the order in which they are to come back.

    Returns:
        An instruction with each item's text as the model wrote it, and its errors.

    Example:
        >>> from partialstream import RejectedItem
        >>> error = ValueError("a price is missing")
        >>> print(repair_prompt([RejectedItem(3, '{"name": "saw"}', error)]))
        1 item of your list is not valid. Send exactly this 1 item again, corrected, as a list \
of 1, and no other items.
        <BLANKLINE>
        The item at index 3:
        {"name": "saw"}
        - a price is missing
    """
    count = len(rejected)
    if count == 1:
        request = (
            "1 item of your list is not valid. Send exactly this 1 item again, corrected, "
            "as a list of 1, and no other items."
        )
    else:
        request = (
            f"{count} items of your list are not valid. Send exactly these {count} items again, "
            f"corrected, in this order, as a list of {count}, and no other items."
        )
    quotes = (
        f"The item at index {item.index}:\n{item.raw}\n{_listed(errors_of(item.error))}"
        for item in rejected
    )
    return "\n\n".join([request, *quotes])


def resume_prompt(count: int, shown: int) -> str:
    """Ask for the rest of a list that was cut off.

    Args:
        count: How many complete items have arrived.
        shown: How many of them, the last ones, the model sees quoted as its own words.

    Returns:
        The instruction.

    Example:
        >>> print(resume_prompt(3, 3))
        Your answer was cut off after 3 complete items, which are quoted above. Continue with \
the items that follow them: send only the rest, as a list, and repeat none of those. If nothing \
is left, send an empty list.
    """
    if count == 0:
        return (
            "Your answer was cut off before its first item was complete. Send the list again, "
            "from its first item. If there is nothing to list, send an empty list."
        )
    items, follow = ("item", "it") if count == 1 else ("items", "them")
    if shown == 0:
        quoted = ""
    elif shown == count:
        quoted = f", which {'is' if count == 1 else 'are'} quoted above"
    elif shown == 1:
        quoted = ", the last of which is quoted above"
    else:
        quoted = f", the last {shown} of which are quoted above"
    return (
        f"Your answer was cut off after {count} complete {items}{quoted}. Continue with the "
        f"items that follow {follow}: send only the rest, as a list, and repeat none of those. "
        "If nothing is left, send an empty list."
    )


def first_index_prompt(name: str, count: int) -> str:
    """Ask for the index of the first item that is sent, so that items that come twice show.

    It is to be the member `name`, before the list.
    """
    return (
        f'Begin your answer with the member "{name}", before the list: the index of the first '
        "item that you send, counted from 0. The first item that is missing has the index "
        f"{count}."
    )


def indexes_prompt(name: str, indexes: Sequence[int]) -> str:
    """Ask for the indexes of items that are sent again, as the member `name` before the list."""
    example = ", ".join(map(str, indexes))
    return (
        f'Begin your answer with the member "{name}", before the list: the indexes of the items '
        f'that you send, in their order, as a text: "{example}".'
    )


def reask_prompt(errors: list[tuple[Path, str]], carried: Sequence[str], raw: str | None) -> str:
    """Ask for an object again, or for those of its members that do not stand.

    Args:
        errors: What is wrong, as `errors_of` tells it; empty if the answer was cut off.
        carried: The names of the members that stand and are not asked for again.
        raw: What was refused, as the model wrote it; None if it stands above as its own words.

    Returns:
        The instruction.

    Example:
        >>> print(reask_prompt([(("price",), "Input should be a valid number")], ["name"], None))
        Your answer is not valid:
        - price: Input should be a valid number
        <BLANKLINE>
        These members are accepted, do not send them again: "name". Answer with the other \
members, corrected.
    """
    corrected = ", corrected" if errors else ""
    parts = [f"Your answer is not valid:\n{_listed(errors)}" if errors else _CUT_OFF]
    if raw is not None:
        parts.append(f"This was refused:\n{raw}")
    if carried:
        names = ", ".join(json.dumps(name, ensure_ascii=False) for name in carried)
        parts.append(
            f"These members are accepted, do not send them again: {names}. "
            f"Answer with the other members{corrected}."
        )
    else:
        parts.append(f"Answer again with the complete object{corrected}.")
    return "\n\n".join(parts)


_CUT_OFF: Final = "Your answer was cut off before it was complete."


def _listed(errors: Sequence[tuple[Path, str]]) -> str:
    return "\n".join(
        f"- {format_path(path)}: {message}" if path else f"- {message}" for path, message in errors
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompts:
    """Prompts for repair and resume requests.

    Each is a function that returns the text; replace those that should speak otherwise, in
    another language for instance. The answer is read as if the default had been said, so a
    replacement must ask for the same. The schema of a request for items asks for their indexes;
    to the defaults of `repair` and `resume` a paragraph is added that does so in words.

    Attributes:
        repair: Asks for rejected items again: `(rejected) -> str`, see `repair_prompt`.
        resume: Asks for the rest of a list: `(count, shown) -> str`, see `resume_prompt`.
        reask: Asks for an object, or the rest of it, again: `(errors, carried, raw) -> str`,
            see `reask_prompt`.

    Example:
        >>> prompts = Prompts(resume=lambda count, shown: f"Weiter nach dem {count}. Eintrag.")
        >>> prompts.resume(2, 2)
        'Weiter nach dem 2. Eintrag.'
        >>> prompts.repair is repair_prompt
        True
    """

    repair: Callable[[Sequence[RejectedItem]], str] = repair_prompt
    resume: Callable[[int, int], str] = resume_prompt
    reask: Callable[[list[tuple[Path, str]], Sequence[str], str | None], str] = reask_prompt

    def __repr__(self) -> str:
        replaced = [
            f"{each.name}={getattr(self, each.name)!r}"
            for each in fields(self)
            if getattr(self, each.name) is not each.default
        ]
        return f"Prompts({', '.join(replaced)})"


# -- the schemas of follow-ups -------------------------------------------------------------


def free_name(name: str, schema: RequestSchema) -> str:
    """Find a name for a member beside the list that no member of an item has.

    Example:
        >>> from partialstream.client.schema import RequestSchema
        >>> taken = {"type": "object", "properties": {"indexes": {"type": "string"}}}
        >>> free_name("indexes", RequestSchema("Tool", taken, strict=True))
        'indexes_'
    """
    names = _member_names(schema.schema)
    while name in names:
        name += "_"
    return name


def _member_names(schema: Any) -> set[str]:
    """All names of members in a schema."""
    if isinstance(schema, list):
        return set[str]().union(*map(_member_names, cast("Sequence[Any]", schema)))
    if not isinstance(schema, dict):
        return set()
    words = cast("dict[str, Any]", schema)
    inner = set[str]().union(*map(_member_names, words.values()))
    return inner.union(cast("dict[str, Any]", words.get("properties") or {}))


def indexed_schema(schema: RequestSchema, name: str) -> RequestSchema:
    """Add the member that says which items a response holds, by what `free_name` gave."""
    beside = dict(BESIDE[name.rstrip("_")])
    properties: Mapping[str, Any] = schema.schema.get("properties", {})
    larger = {**schema.schema, "properties": {name: beside, **properties}}
    larger["required"] = [name, *schema.schema.get("required", ())]
    return replace(schema, schema=larger)


def rest_schema(schema: RequestSchema, carried: Sequence[str]) -> RequestSchema:
    """Make the schema for those members of an object that are still asked for.

    It is the given one if there is no such part of it: it wraps a list or a value, it names no
    members, or all of them are `carried`.

    Example:
        >>> from partialstream.client.schema import RequestSchema
        >>> members = {"name": {"type": "string"}, "price": {"type": "number"}}
        >>> whole = {"type": "object", "properties": members, "required": ["name", "price"]}
        >>> rest_schema(RequestSchema("Tool", whole, strict=True), ["name"]).schema
        {'type': 'object', 'properties': {'price': {'type': 'number'}}, 'required': ['price']}
    """
    if schema.path:
        return schema
    properties: Mapping[str, Any] = schema.schema.get("properties", {})
    rest = {name: member for name, member in properties.items() if name not in carried}
    if not rest or len(rest) == len(properties):
        return schema
    smaller = {**schema.schema, "properties": rest}
    if "required" in smaller:
        smaller["required"] = [name for name in smaller["required"] if name not in carried]
    return replace(schema, schema=smaller)
