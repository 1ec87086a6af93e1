"""The whole call: the request, the stream, the validated answer.

from_sdk.py         `from_openai`, `from_instructor`, `from_provider`: which client for whom
sync.py, aio.py     the two clients
call.py             what they share: a call made ready, and the policy that reads its responses
conversation.py     its requests, and what reads the response to each
options.py          what a caller says of the reading, not of the request
endpoint.py         what a client needs of whoever answers; there are two kinds:
chat_endpoint.py        the OpenAI SDK's Chat Completions; chat_shaping.py makes the requests
instructor_endpoint.py  whom instructor asks; instructor_shaping.py makes the requests
carrier.py          the response model that takes the answer out of instructor's hands
taken_chunks.py     the chunks of an answer taken so: bytes, an SDK's objects, or texts
body.py             the bytes of an answer: where they end, how they are left
templating.py       templates in messages
inference.py        how type checkers tell what a call gives
response_model.py   what the caller asks for: items, or an object
modes.py            how the provider is made to answer in JSON
requests.py         the arguments for the SDK
schemas.py          the JSON schema in them; strict_schema.py its strict form
prompts.py          every word that is said to a model
follow_up.py        the messages and the schema of a request that follows up on an answer
retries.py          several answers read as one: what lists and objects have in common
item_policy.py      lists: which items are delivered, which are asked for again
elements.py         the elements of a list that have come
partial_policy.py   objects: which members stand, which are asked for again
budget.py           how often, and when, a request may be made again
hooks.py            handlers that are told what happens, by instructor's names
markers.py          `Partial[...]`
"""

from partialstream.client.aio import AsyncClient
from partialstream.client.from_sdk import from_instructor, from_openai, from_provider
from partialstream.client.markers import Partial
from partialstream.client.sync import Client

__all__ = [
    "AsyncClient",
    "Client",
    "Partial",
    "from_instructor",
    "from_openai",
    "from_provider",
]
