"""How a stream looks on the wire, one file for each format.

base.py    what they have in common: a wire takes events and gives text; values as JSON
sse.py     our own: server-sent events, for `EventSource` and for our module
ndjson.py  a line of JSON for each item, the last one says how it ended
ai_sdk.py  the UI message stream of the npm package `ai`: `useChat`
ag_ui.py   the AG-UI protocol: `HttpAgent`
object.py  one JSON document that grows: `useObject`; writer.py writes JSON that only grows
"""
