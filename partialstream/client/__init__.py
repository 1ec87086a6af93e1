"""The complete call: the request, the stream, the validated response.

factories.py        `from_openai`, `from_instructor` and `from_provider`, which make a client
client.py           the sync client: its methods, and every option in their signatures
async_client.py     the async client
sync.py, aio.py     what they do with a call: the request, and the stream of its response
base.py             what the two clients have in common
call.py             a call made ready, and what reads each of its responses
routes.py           where the requests of a call go
response_model.py   what the caller asks for: items, or an object; how type checkers infer it
schema.py           the JSON schema in a request, in its strict form if it has one
prompts.py          every word that is said to a model, the schemas of follow-ups among them
budget.py           how often, and when, a request may be made again
spending.py         a bound on what a call may cost
retry_after.py      what a server says of that: `Retry-After` and its like
sdk_arguments.py    what the arguments of a request say, whichever SDK they are for
contender.py        one of several requests for the same: whether it has said something yet
hooks.py            handlers for the events of a call, by instructor's names

options             what a caller says of the reading, and not of the request
endpoints           where requests are sent: the OpenAI SDK, an instructor client
rate_limit          how many requests and tokens a minute, and how many responses at once
retries             several responses read as one: lists, objects
race                several requests for the same, of which the first to say something is read
"""

from __future__ import annotations

from partialstream.client.async_client import AsyncClient
from partialstream.client.client import Client
from partialstream.client.factories import from_instructor, from_openai, from_provider
from partialstream.client.options.mode import Mode
from partialstream.client.rate_limit import RateLimit
from partialstream.client.response_model import Partial

__all__ = [
    "AsyncClient",
    "Client",
    "Mode",
    "Partial",
    "RateLimit",
    "from_instructor",
    "from_openai",
    "from_provider",
]
