"""From a pydantic type to the nodes that say how its values grow.

Only what cannot be shown too early or changed by validation grows: models, TypedDicts, lists,
sets and the like, dicts with string keys, and strings without a pattern or a transformation.
Whatever else a schema says, and everything behind a validator function, shows when it is
complete and valid.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, TypeAdapter

from partialstream.engine.nodes import (
    ByKind,
    Container,
    Dependent,
    Entries,
    Items,
    Node,
    Opaque,
    Record,
    Tagged,
    Text,
    show_members,
)
from partialstream.validation.checks import (
    Check,
    HashableCheck,
    MemberCheck,
    Settings,
)
from partialstream.validation.locations import FieldLocations
from partialstream.validation.markers import Atomic, Gate, is_marked
from partialstream.validation.schema import (
    VALIDATORS,
    Definitions,
    Schema,
    changes_text,
    choices_of,
    is_constrained,
    names_of_field,
    reads_other_members,
    unfold,
    unwrapped,
    within,
)
from partialstream.validation.snapshots import root_snapshot, snapshot_maker
from partialstream.validation.types import shape_of, shape_of_elements
from partialstream.validation.writing import RecordSource, ValueSource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from partialstream.engine.nodes import Frame, OpenPath
    from partialstream.engine.route import Kind, Shape


@dataclass(frozen=True, slots=True)
class ModelPlan:
    """How a model is read.

    Attributes:
        node: How it grows.
        shape: What it looks like.
        elements: What the elements look like if it is an array, None if it cannot be one.
        validate: pydantic's `validate_json` for the whole.
        locations: Where its fields are in the text.
        source: What it is written as JSON by.
    """

    node: Node[Settings]
    shape: Shape
    elements: Shape | None
    validate: Callable[..., Any]
    locations: FieldLocations
    source: ValueSource


def plan_of(type_: Any) -> ModelPlan:
    """The plan of a model or another type; the last ones are remembered.

    As for `validator_for`, unions differ by the order of their members, too.

    Raises:
        PydanticUserError: It is not fully defined, or nothing that pydantic validates.
    """
    order = "" if isinstance(type_, type) else repr(type_)
    try:
        return _planned_once(type_, order)
    except TypeError:  # it cannot be hashed, or is no type; which of these, is found out here
        return _planned(type_)


@lru_cache(maxsize=512)
def _planned_once(type_: Any, order: str) -> ModelPlan:
    return _planned(type_)


def _planned(type_: Any) -> ModelPlan:
    adapter: TypeAdapter[Any] = TypeAdapter(type_)
    schema, definitions = unfold(adapter.core_schema)
    node = _Compiler(definitions).node(schema, {})
    takes_any = node.others is not None if isinstance(node, Record) else None
    return ModelPlan(
        node,
        shape_of(adapter.core_schema),
        shape_of_elements(adapter.core_schema),
        adapter.validator.validate_json,
        FieldLocations(schema, definitions, takes_any=takes_any),
        ValueSource(adapter),
    )


class _Compiler:
    """Makes nodes of the schemas that belong to one set of definitions."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._referred: dict[str, Node[Settings]] = {}
        # Whether validators inside of the field under way look at the members beside it; and
        # of which references that is known.
        self._reads = False
        self._reading: set[str] = set()

    def node(self, schema: Schema, config: Schema) -> Node[Settings]:
        """How values of a schema grow.

        Args:
            schema: A core schema.
            config: The configuration of the model around it.
        """
        node = self._node(schema, config)
        if isinstance(node, Opaque) and reads_other_members(schema):
            self._reads = True
        return node

    def _node(self, schema: Schema, config: Schema) -> Node[Settings]:
        check = Check(schema, self._definitions, config)
        if is_marked(schema, Atomic):
            return Opaque(check)
        kind = schema["type"]
        if kind == "definition-ref":
            return self._reference(schema["schema_ref"], check, config)
        if kind == "default":
            return self.node(schema["schema"], config)
        if kind in VALIDATORS:
            return self._wrapped(schema, check)
        compile_ = getattr(self, "_" + kind.replace("-", "_"), None)
        if compile_ is None:
            return Opaque(check)
        compiled: Node[Settings] = compile_(schema, check, config)
        return compiled

    def _reference(self, ref: str, check: Check, config: Schema) -> Node[Settings]:
        """A value whose schema stands elsewhere, because it occurs often, or inside of itself."""
        node = self._referred.get(ref)
        if node is None:
            nodes: dict[str, Node[Settings]] = {}
            self._referred[ref] = ByKind(check, nodes)  # what stands inside of it refers to this
            before, self._reads = self._reads, False
            node = self._referred[ref] = self.node(self._definitions[ref], config)
            nodes.update(node.nodes if isinstance(node, ByKind) else {node.opener: node})
            if self._reads:
                self._reading.add(ref)
            self._reads = before
        self._reads = self._reads or ref in self._reading
        return node

    def _wrapped(self, schema: Schema, check: Check) -> Node[Settings]:
        """A value behind validator functions; those of a model's own do not hide it."""
        inner, validators = unwrapped(schema)
        if inner["type"] != "model":
            return Opaque(check)
        own, _ = unfold(inner["cls"].__pydantic_core_schema__)
        if validators > unwrapped(own)[1]:
            return Opaque(check)
        return self._model(inner, check, {})

    def _str(self, schema: Schema, check: Check, config: Schema) -> Node[Settings]:
        if changes_text(schema, config):
            return Opaque(check)
        return Text(check, constrained=is_constrained(schema) or is_constrained(config, "str_"))

    def _any(self, schema: Schema, check: Check, config: Schema) -> Node[Settings]:
        nodes: dict[str, Node[Settings]] = {'"': Text(check)}
        node = ByKind(check, nodes)
        nodes["["] = Items(check, node)
        nodes["{"] = Entries(check, node)
        return node

    def _nullable(self, schema: Schema, check: Check, config: Schema) -> Node[Settings]:
        inner = self.node(schema["schema"], config)
        if isinstance(inner, ByKind):
            return ByKind(check, inner.nodes)
        return ByKind(check, {inner.opener: inner}) if inner.opener else Opaque(check)

    def _list(self, schema: Schema, check: Check, config: Schema) -> Node[Settings]:
        constrained = is_constrained(schema)
        return Items(check, self._items(schema, config), constrained=constrained)

    def _items(self, schema: Schema, config: Schema) -> Node[Settings]:
        return self.node(schema.get("items_schema", {"type": "any"}), config)

    def _set(self, schema: Schema, check: Check, config: Schema) -> Node[Settings]:
        # An unfinished element of a set would be another element a moment later.
        items = schema.get("items_schema", {"type": "any"})
        item = Opaque(HashableCheck(items, self._definitions, config))
        make = frozenset if schema["type"] == "frozenset" else set
        return Items(check, item, make=make, constrained=is_constrained(schema))

    _frozenset = _set

    def _tuple(self, schema: Schema, check: Check, config: Schema) -> Node[Settings]:
        items = schema["items_schema"]
        if len(items) != 1 or schema.get("variadic_item_index") != 0:
            return Opaque(check)
        item = self.node(items[0], config)
        return Items(check, item, make=tuple, constrained=is_constrained(schema))

    def _dict(self, schema: Schema, check: Check, config: Schema) -> Node[Settings]:
        keys = schema.get("keys_schema", {"type": "str"})
        key = self.node(keys, config)
        if keys["type"] != "any" and not isinstance(key, Text):
            return Opaque(check)
        constrained = is_constrained(schema) or (isinstance(key, Text) and key.constrained)
        values = self.node(schema.get("values_schema", {"type": "any"}), config)
        return Entries(check, values, constrained=constrained)

    def _union(self, schema: Schema, check: Check, config: Schema) -> Node[Settings]:
        """Where the first character leaves one choice, that one grows.

        pydantic prefers the choice that takes a value as it is (mode "smart"), so that a
        string stays one beside `int`; from left to right it may not.
        """
        if schema.get("mode", "smart") != "smart":
            return Opaque(check)
        takers: dict[str, list[Schema]] = {}
        for choice in choices_of(schema):
            for kind in shape_of(within(self._definitions, choice)).kinds:
                takers.setdefault(_OPENERS.get(kind, ""), []).append(choice)
        nodes: dict[str, Node[Settings]] = {}
        for opener, choices in takers.items():
            if opener and len(choices) == 1:
                node = self.node(choices[0], config)
                while isinstance(node, ByKind) and opener in node.nodes:
                    node = node.nodes[opener]
                # A string that is too long for its choice may be a number to another one.
                rejectable = isinstance(node, Text) and node.constrained
                # One that is still told apart by kind is the union itself, inside of itself.
                if isinstance(node, ByKind) or (node.opener == opener and not rejectable):
                    nodes[opener] = node
        return ByKind(check, nodes) if nodes else Opaque(check)

    def _tagged_union(self, schema: Schema, check: Check, config: Schema) -> Node[Settings]:
        discriminator = schema["discriminator"]
        if not isinstance(discriminator, str):
            return Opaque(check)
        choices = {
            getattr(tag, "value", tag): self.node(choice, config)
            for tag, choice in schema["choices"].items()
        }
        return Tagged(check, discriminator, choices)

    def _model(self, schema: Schema, check: Check, config: Schema) -> Node[Settings]:
        model = schema["cls"]
        inner, _ = unwrapped(schema["schema"])
        config = schema.get("config", {})
        if schema.get("root_model"):
            return self._root_model(model, inner, check, config)
        if inner["type"] != "model-fields":
            return Opaque(check)
        source = RecordSource(model, inner, self._definitions, config)
        record = Record[Settings](check, snapshot_maker(model), source)
        self._add_members(record, inner["fields"], config)
        if model.model_config.get("extra") == "allow":
            record.others = self.node(inner.get("extras_schema", {"type": "any"}), config)
        return record

    def _root_model(
        self, model: type[BaseModel], inner: Schema, check: Check, config: Schema
    ) -> Node[Settings]:
        if inner["type"] == "model-fields":  # and not a TypedDict, which has fields of its own
            inner = inner["fields"]["root"]["schema"]
        node = self.node(inner, config)
        if isinstance(node, Container):
            inside = node.wrap

            def wrap(value: Any, path: OpenPath) -> Any:
                root = value if inside is None else inside(value, path)
                return root_snapshot(model, root, path)

            return type(node)(check, node.inner, make=node.make, wrap=wrap)
        if isinstance(node, Record):
            show = node.show

            def show_root(frame: Frame[Any], child: Any, path: OpenPath) -> Any:
                return root_snapshot(model, show(frame, child, path), path)

            wrapped = Record[Settings](check, show_root, node.source)
            wrapped.members = node.members
            wrapped.others = node.others
            wrapped.gates = node.gates
            return wrapped
        return Opaque(check)

    def _typed_dict(self, schema: Schema, check: Check, config: Schema) -> Node[Settings]:
        config = schema.get("config", config)
        source = RecordSource(None, schema, self._definitions, config)
        record = Record[Settings](check, show_members, source)
        self._add_members(record, schema["fields"], config)
        return record

    def _add_members(
        self, record: Record[Settings], fields: Mapping[str, Schema], config: Schema
    ) -> None:
        earlier: list[str] = []
        before = self._reads
        for name, field in fields.items():
            schema = field["schema"]
            self._reads = False
            node = self.node(schema, config)
            if self._reads:
                check = MemberCheck(name, schema, tuple(earlier), self._definitions, config)
                node = Dependent(node.check, earlier, check)
            if _is_gate(schema):
                record.gates.add(name)
            for json_name in names_of_field(name, field, config, inside=False):
                record.members[json_name] = (name, node)
            earlier.append(name)
        self._reads = before
        for name, field in fields.items():
            # Not extra members: a field is read from inside of one, another has a field's name.
            for json_name in (name, *names_of_field(name, field, config)):
                record.members.setdefault(json_name, ("", None))  # left out


_OPENERS: dict[Kind, str] = {"object": "{", "array": "[", "string": '"'}


def _is_gate(schema: Schema) -> bool:
    """Whether a field's schema is a gate, also inside its default."""
    while not is_marked(schema, Gate):
        if schema["type"] not in ("default", "nullable", *VALIDATORS):
            return False
        schema = schema["schema"]
    return True
