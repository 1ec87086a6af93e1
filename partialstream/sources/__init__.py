r"""From what a provider sends to texts and metadata.

    bytes ──► framing ► JSON ┐
    dicts, SDK objects ──────┼──► the source of the wire format ──► (channel, text), metadata
    text ────────────────────┘

`source_for` picks the source by the first chunk; from then on `feed` takes each chunk and
gives its texts, and `finish` ends the response. No source does I/O or imports an SDK: chunks are
known by their shape.

    base.py            what every source and every framing promises; the envelope of the wire
                       formats; the source of text that has no wire format at all
    detect.py          which source reads a stream; the list of the wire formats
    body.py            a body of bytes: its framing, and from its events to chunks

The framings of a body:

    sse.py             server-sent events
    json_stream.py     lines of JSON, an array, or one document
    aws.py             Amazon's binary event stream

One source for each wire format, with what only it needs:

    chat.py            Chat Completions and the older Completions
    responses.py       OpenAI's Responses API; responses_items.py, the items of its output
    anthropic.py       Anthropic's Messages; blocks.py, what Bedrock's events share with them
    bedrock.py         Amazon's Converse and InvokeModel
    gemini.py          Gemini; gemini_args.py, the arguments of its function calls
    ollama.py, cohere.py

tool_calls.py finds the calls in chunks of Chat Completions and formats like it. common.py reads
the members of chunks: SDK objects as plain ones, errors. metadata.py reads and keeps what is said
beside the text: token counts, probabilities, reasoning, further members.
"""
