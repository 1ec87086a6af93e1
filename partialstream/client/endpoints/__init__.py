"""Where requests are sent: how they are built, how they are sent, how their bytes are had.

base.py        what a client needs of an endpoint; time-outs; the bytes of a response
openai.py      the OpenAI SDK; the requests to its APIs are built by chat.py, and what these
               builders share is in builder.py
instructor.py  an instructor client; capture.py takes the responses out of its hands
providers.py   the name of the provider behind a client
"""
