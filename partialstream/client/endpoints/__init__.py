"""Where requests are sent: how they are built, how they are sent, how their bytes are had.

base.py        what a client needs of an endpoint; time-outs; the bytes of a response
openai.py      the OpenAI SDK, which sends the requests that these build:
builder.py     what they have in common, templates in messages among it
chat.py        requests to Chat Completions
responses.py   requests to Responses; responses_input.py turns messages into their input
instructor.py  an instructor client; capture.py takes the responses out of its hands
instructor_errors.py  the error of spent retries, which is instructor's as well
watched.py     clients that a tracer watches: found out, and read so that it sees all
providers.py   the name of the provider behind a client
"""
