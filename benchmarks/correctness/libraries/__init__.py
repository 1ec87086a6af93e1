"""How each library is asked, in a small file each. A file is a column of the table.

A file has functions for those tasks that the library has something for; a task without one is
`n/a`. Each takes the type and a `Source`, and is a generator of items, or of snapshots that
returns the final object:

    items           items from texts
    growing         a growing object from texts; snapshots may be dicts
    typed           the same, where a snapshot's values have the types of the model
    sync_growing    `growing` without asyncio
    calls           items from tool calls, chunk by chunk
    chunks          items from chunks whose texts are not only content
    growing_chunks  a growing object from such chunks
    served          items from a server of the API
    served_growing  a growing object from a server of the API
    left, left_async    the first item from such a server, where the loop is left
    anthropic       items from a server of Anthropic's API, from the input of a tool
    responses       items from a server of OpenAI's Responses API

What the library does not do but each of its users would, the adapter does: it encodes texts,
skips an item that pydantic refuses and tells of it afterwards, validates the final dict. A
failure that the library tells without raising is raised as `Reported`; a type that it does not
have as `Unavailable`, which makes the cell `n/a`.
"""

from __future__ import annotations

LIBRARIES = {
    "partialstream_": ("partialstream", "partialstream"),
    "instructor_": ("instructor", "instructor"),
    "instructor_md_": ("instructor, MD_JSON", "instructor"),
    "openai_": ("openai", "openai"),
    "pydantic_ai_": ("pydantic-ai", "pydantic-ai-slim"),
    "langchain_": ("langchain-core", "langchain-core"),
    "baml_": ("BAML", "baml-py"),
    "ijson_": ("ijson", "ijson"),
    "json_stream_": ("json-stream", "json-stream"),
    "jiter_": ("jiter", "jiter"),
    "partial_json_parser_": ("partial-json-parser", "partial-json-parser"),
    "json_repair_": ("json_repair", "json-repair"),
}
"""The name of each file's column, and the package whose version is told."""
