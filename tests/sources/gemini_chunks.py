"""Chunks of Gemini in short."""

from __future__ import annotations

from typing import Any


def candidate(*parts: Any, **members: Any) -> dict[str, Any]:
    return {"content": {"role": "model", "parts": list(parts)}, **members}


def says(*parts: Any, **members: Any) -> dict[str, Any]:
    """A chunk of one candidate."""
    return {"candidates": [candidate(*parts, **members)]}


def text(text: str, **members: Any) -> dict[str, Any]:
    return {"text": text, **members}


def call(name: str | None = None, **members: Any) -> dict[str, Any]:
    return {"functionCall": members if name is None else {"name": name, **members}}
