"""Where requests are sent: how they are built, how they are sent, how their bytes are had.

base.py        what a client needs of an endpoint; time-outs; the bytes of a response
chat.py        the OpenAI SDK's Chat Completions
instructor.py  an instructor client; capture.py takes the responses out of its hands
"""
