"""From an open stream of chunks to items and growing objects.

response.py   one response: chunks to deltas, metadata, timing
reading.py    what a driver drives: the policy of a stream
flow.py       what both policies share: failures and the end
items.py      the policy of an item stream
partials.py   the policy of a partial stream
outcome.py    how a stream ended, and the error that says so
stopping.py   streams that end by wish, before the answer does
events.py     what `stream.events()` gives
confidence.py how likely the values were, by their tokens
watching.py   looks for words in the texts of events
transport.py  where chunks come from: opened and closed once, interrupted from other threads
deadline.py   a bound on how long a call may take
sync.py       what users iterate over; aio.py, the same with `async for`
sync_driver.py  fetches chunks, closes the response; async_driver.py, the same with `await`
"""
