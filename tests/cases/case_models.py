"""The types that cases are read as."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field


class Named(BaseModel):
    name: str


class Aged(BaseModel):
    name: str
    age: Annotated[int, Field(ge=0)]


class Optionally(BaseModel):
    name: str
    age: int | None = None


class Cat(BaseModel):
    kind: Literal["cat"]
    name: str


class Dog(BaseModel):
    kind: Literal["dog"]
    name: str


Pet = Annotated[Cat | Dog, Field(discriminator="kind")]
