"""The HTTP library below OpenAI's SDK: httpx2, or httpx below version 3 of the SDK."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import openai

httpx: Any = import_module("httpx" if openai.__version__.startswith("2.") else "httpx2")
