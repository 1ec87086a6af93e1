r"""From what a provider sends to texts and metadata.

    bytes ──► framing ► JSON ┐
    dicts, SDK objects ──────┼──► the source of the wire format ──► (channel, text), metadata
    text ────────────────────┘

`source_for` picks the source by the first chunk; from then on `feed` takes each chunk and
gives its texts, and `finish` ends the response. No source does I/O or imports an SDK: chunks are
known by their shape.

    base.py            what every source and every framing promises
    detect.py          which source reads a stream; the list of the wire formats
    body.py            a body of bytes: its framing, and from its events to chunks

The framings of a body:

    sse.py             server-sent events
    json_stream.py     lines of JSON, an array, or one document
    aws.py             Amazon's binary event stream

One source for each wire format, with what only it needs:

    chat.py            Chat Completions and the older Completions; chat_choice.py, tool_calls.py,
                       content_filter.py
    responses.py       OpenAI's Responses API; responses_item.py, responses_output.py
    anthropic.py       Anthropic's Messages; blocks.py, with Bedrock
    bedrock.py         Amazon's Converse and InvokeModel
    gemini.py          Gemini; gemini_fields.py, gemini_reasons.py, gemini_calls.py,
                       leaf_arguments.py
    ollama.py, cohere.py
    text.py            no wire format at all

What several need: objects.py (SDK objects as plain ones), shapes.py, surrogates.py, usage.py,
logprobs.py, side_texts.py (reasoning and refusals), provider_errors.py.
"""
