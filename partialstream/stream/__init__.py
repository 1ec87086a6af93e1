"""From an open stream of chunks to items and growing objects.

answer.py     one answer: chunks to deltas, metadata, timing
reading.py    what a driver drives: the policy of a stream
flow.py       what both policies share: failures and the end
items.py      the policy of an item stream
partials.py   the policy of a partial stream
ending.py     how a stream ended, and the error that says so
stopping.py   streams that end by wish, before the answer does
events.py     what `stream.events()` gives
confidence.py how likely the values were, by their tokens
watching.py   looks for words in the texts of events
chunks.py     where chunks come from: opened and closed once
connection.py ends the connection below a stream
sync.py       what users iterate over; aio.py, the same with `async for`
sync_driver.py  fetches chunks, closes the response; async_driver.py, the same with `await`
"""
