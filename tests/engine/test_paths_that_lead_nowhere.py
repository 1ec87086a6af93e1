"""`completeness` and `confidence` refuse a path that no value of the model can have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Generic, Literal, Optional, TypeVar

import pytest
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    RootModel,
    computed_field,
    model_validator,
)
from pydantic.fields import FieldInfo
from typing_extensions import TypedDict

from partialstream import PartialParser, completeness, confidence

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


@dataclass
class Row:
    width: int
    label: str = ""


class Entry(TypedDict, total=False):
    size: int


class Circle(BaseModel):
    kind: Literal["circle"]
    radius: float


class Square(BaseModel):
    kind: Literal["square"]
    side: float


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    known: int


class Tags(RootModel[list[str]]): ...


class Tree(BaseModel):
    name: str
    children: list[Tree] = []


class Box(BaseModel, Generic[T]):
    inside: T


class Report(BaseModel):
    title: str = Field(alias="heading")
    shape: Annotated[Circle | Square, Field(discriminator="kind")]
    either: Circle | list[Square] | None = None
    tags: Tags
    pairs: tuple[int, Row]
    many: tuple[Row, ...] = ()
    names: dict[str, Circle]
    entry: Entry
    row: Row
    rows: list[Row]
    open: Open
    anything: Any = None
    tree: Tree
    box: Box[Square]
    made: Annotated[str, AfterValidator(str.split)] = ""
    maybe: Optional[Circle] = None  # noqa: UP045  # as older code spells it

    @computed_field
    def length(self) -> int:
        return 1

    @model_validator(mode="after")
    def nothing_is_wrong(self) -> Report:
        return self


EMPTY: Any = PartialParser(Report).feed("{")

POSSIBLE = [
    "title",
    "shape.radius",
    "shape.side",
    "either.radius",
    "either.3.side",
    "tags.0",
    "pairs.1.width",
    "many.7.label",
    "names.whatever.radius",
    ("names", "a.b", "radius"),
    "entry.size",
    "row.width",
    "rows.0.label",
    "open.known",
    "open.unknown.further",
    "anything.at.all",
    "tree.children.0.children.1.name",
    "box.inside.side",
    "made.0",
    "maybe.radius",
    "length",
    ("rows", 2),
]


@pytest.mark.parametrize("path", POSSIBLE)
@pytest.mark.parametrize("look", [completeness, confidence])
def test_what_may_still_come_is_missing(look: Callable[[Any, Any], Any], path: Any) -> None:
    assert look(EMPTY, path) == ("missing" if look is completeness else None)


REFUSED = [
    ("titel", "Report has no field 'titel'; did you mean 'title'?"),
    ("heading", "Report has no field 'heading'; "),
    ("shape.raduis", "Circle or Square has no field 'raduis' (in 'shape.raduis'); did you mean "),
    ("shape.width", "'shape.width'); its fields are 'kind', 'radius', 'side'"),
    ("tags.first", "there is no 'first' in a value of type list (in 'tags.first')"),
    ("tags.root", "there is no 'root' in a value of type list"),
    ("tags.0.0", "there is no '0' in a value of type str"),
    ("title.0", "there is no '0' in a value of type str"),
    ("pairs.2", "there is no '2' in a value of type tuple"),
    ("pairs.1.height", "Row has no field 'height'"),
    ("names.a.side", "Circle has no field 'side'"),
    ("entry.sise", "Entry has no field 'sise' (in 'entry.sise'); did you mean 'size'?"),
    ("rows.-1", "there is no '-1' in a value of type list"),
    ("rows.0.wdth", "did you mean 'width'?"),
    ("tree.children.0.nam", "did you mean 'name'?"),
    ("box.inside.radius", "Square has no field 'radius'"),
    ("maybe.side", "Circle has no field 'side'"),
    (3, "Report has no field 3"),
    (("tags", "x"), "no 'x' in a value of type list (in 'tags.x')"),
]


@pytest.mark.parametrize(("path", "message"), REFUSED)
@pytest.mark.parametrize("look", [completeness, confidence])
def test_what_can_never_come_is_refused(
    look: Callable[[Any, Any], Any], path: Any, message: str
) -> None:
    for _ in range(2):  # the second time from memory
        with pytest.raises(ValueError) as caught:  # noqa: PT011 - its message is compared here
            look(EMPTY, path)
        assert message in str(caught.value)


def test_a_finished_object_is_looked_at_the_same_way() -> None:
    finished = Circle(kind="circle", radius=1)
    assert completeness(finished, "radius") == "complete"
    with pytest.raises(ValueError, match="did you mean 'radius'"):
        completeness(finished, "radus")


def test_what_is_there_is_found_whatever_the_type_says() -> None:
    snapshot = Open.model_validate({"known": 1, "other": {"a": 1}})
    assert completeness(snapshot, "other.a") == "complete"
    assert completeness(snapshot, "other.b") == "missing"


def test_a_field_of_a_dataclass_is_found() -> None:
    parser = PartialParser(Box[Row])
    snapshot: Any = parser.feed('{"inside":{"width":1}')
    assert snapshot.inside == Row(1)
    assert completeness(snapshot, "inside.width") == "complete"
    with pytest.raises(ValueError, match="Row has no field 'height'"):
        completeness(snapshot, "inside.height")


def test_a_list_that_grows_has_nothing_to_compare_with() -> None:
    growing: Any = ["a"]
    assert completeness(growing, "0") == "complete"
    assert completeness(growing, "x") == "missing"


def test_a_model_that_is_completed_later_is_another_one() -> None:
    class Later(BaseModel):
        one: int

    snapshot: Any = PartialParser(Later).feed("{")
    with pytest.raises(ValueError, match="no field 'two'"):
        completeness(snapshot, "two")
    Later.model_fields["two"] = FieldInfo(default=1, annotation=int)
    Later.model_rebuild(force=True)
    assert completeness(snapshot, "two") == "missing"
