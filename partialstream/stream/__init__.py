"""From an open stream of chunks to items and growing objects.

session.py    one stream: takes chunks, gives events; what is known of the stream as a whole
stopping.py   which item or snapshot is the last that is wanted: `take=`, `stop_when=`
steps.py      what a driver is to do: policy is a generator of steps
drive.py      the loop, written once, and the two drivers that run it
sync.py       what users iterate over; aio.py, the same with `async for`
response.py   one response: its deltas, metadata, timing; how it ended, as an outcome or error
reader.py     one response, read as a document; items.py, partials.py: as a list, as an object
events.py     what a session gives; a search for words in it
observer.py   what a session reports to its observer
changes.py    what lists gained; fewer changes where there are too many
confidence.py how likely the values were, by their tokens
loops.py      the running event loop, for other threads
transport.py  where chunks come from: opened and closed once, interrupted from other threads
deadline.py   a bound on how long a call may take
"""
