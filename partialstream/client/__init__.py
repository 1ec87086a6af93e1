"""The whole call: the request, the stream, the validated response.

from_sdk.py         `from_openai`, `from_instructor`, `from_provider`: which client for whom
sync.py, aio.py     the two clients
call.py             what they share: a call made ready, and the policy that reads its responses
conversation.py     its requests, and what reads the response to each
options.py          what a caller says of the reading, and not of the request
response_model.py   what the caller asks for: items, or an object; how type checkers infer it
schema.py           the JSON schema in a request; strict_schema.py its strict form
endpoint.py         what a client needs of a provider; there are two kinds:
chat.py                 the OpenAI SDK's Chat Completions
instructor.py           an instructor client; capture.py takes the responses out of its hands
prompts.py          every word that is said to a model
follow_up.py        the messages and the schema of a request that follows up on a response
retries.py          several responses read as one: what lists and objects have in common
item_policy.py      lists: which items are delivered, which are asked for again
elements.py         the elements of a list that have come
partial_policy.py   objects: which fields are accepted, which are asked for again
budget.py           how often, and when, a request may be made again
hooks.py            handlers that are told what happens, by instructor's names
"""

from partialstream.client.aio import AsyncClient
from partialstream.client.from_sdk import from_instructor, from_openai, from_provider
from partialstream.client.response_model import Partial
from partialstream.client.sync import Client

__all__ = [
    "AsyncClient",
    "Client",
    "Partial",
    "from_instructor",
    "from_openai",
    "from_provider",
]
