"""A program that traces the OpenAI SDK: python traced_program.py TRACER API, prints JSON.

For each way to call it says what the tracer saw: of the SDK's own `create(stream=True)`, and of the
same request made by this library. Each tracer changes the SDK for the process, hence the process.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
from typing import Any

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import BaseModel

from partialstream import Usage, from_instructor, from_openai
from partialstream.testing import Answer, ReplayServer

ITEMS = 40
LAST = f"Lamp {ITEMS - 1}"
FIRST = "Lamp 0"


class Product(BaseModel):
    name: str


def answer(member: str) -> Answer:
    items = ", ".join(f'{{"name": "Lamp {number}"}}' for number in range(ITEMS))
    usage = Usage(input_tokens=321, output_tokens=654)
    return Answer(f'{{"{member}": [{items}]}}', usage=usage, tokens_per_second=4000)


def start_tracer(name: str, exporter: InMemorySpanExporter) -> None:
    """Trace as the tracer's documentation says, into `exporter`."""
    processor = SimpleSpanProcessor(exporter)
    provider = TracerProvider(shutdown_on_exit=False)
    if name == "logfire":
        import logfire

        logfire.configure(
            send_to_logfire=False, console=False, additional_span_processors=[processor]
        )
        return
    provider.add_span_processor(processor)
    if name == "openinference":
        from openinference.instrumentation.openai import OpenAIInstrumentor as OpenInference

        OpenInference().instrument(tracer_provider=provider)
    elif name == "traceloop":
        from opentelemetry.instrumentation.openai import OpenAIInstrumentor as Traceloop

        Traceloop().instrument(tracer_provider=provider)
    elif name == "langfuse":
        os.environ["LANGFUSE_HOST"] = "http://127.0.0.1:9"  # nobody listens there
        from langfuse import Langfuse

        Langfuse(
            public_key="pk-lf-test",
            secret_key="sk-lf-test",
            tracer_provider=provider,
            span_exporter=InMemorySpanExporter(),
        )
        import langfuse.openai  # noqa: F401  # it changes the SDK's module


def seen(exporter: InMemorySpanExporter) -> dict[str, Any]:
    """What a tracer has seen since the last time."""
    gc.collect()  # some end their spans when nobody holds the stream any more
    spans = [
        span
        for span in exporter.get_finished_spans()
        if span.instrumentation_scope is not None
        and span.instrumentation_scope.name != "partialstream"
    ]
    exporter.clear()
    texts = [json.dumps(dict(span.attributes or {}), default=str) for span in spans]
    tokens: dict[str, Any] = {}
    for span in spans:
        attributes = span.attributes or {}
        tokens |= {n: attributes[n] for n in attributes if "token" in n or "usage" in n}
    return {
        "spans": sorted(span.name for span in spans),
        "tokens": tokens,
        "first": any(FIRST in text for text in texts),
        "last": any(LAST in text for text in texts),
        "ends": sorted(span.status.status_code.name for span in spans),
    }


def main(tracer: str, api: Any) -> dict[str, Any]:
    """Call in all ways."""
    exporter = InMemorySpanExporter()
    start_tracer(tracer, exporter)
    from openai import AsyncOpenAI, OpenAI

    found: dict[str, Any] = {}
    ask: dict[str, Any] = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Lamps"}]}
    plain: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}
    if api == "responses":
        ask, plain = {"model": "gpt-4o", "input": "Lamps"}, {"stream": True}

    def create(sdk: Any) -> Any:
        return (sdk.chat.completions if api == "chat" else sdk.responses).create

    with ReplayServer(answer("items"), repeat=True) as server:
        options: dict[str, Any] = {"base_url": server.base_url, "api_key": "test"}
        sdk, async_sdk = OpenAI(**options), AsyncOpenAI(**options)
        ours, async_ours = from_openai(sdk, api=api), from_openai(async_sdk, api=api)
        if tracer == "logfire":
            import logfire

            logfire.instrument_openai(sdk)
            logfire.instrument_openai(async_sdk)

        def read(chunks: Any, most: int) -> None:
            with chunks as stream:
                for number, _ in enumerate(stream, 1):
                    if number == most:
                        break

        async def read_async(chunks: Any, most: int) -> None:
            async with chunks as stream:
                number = 0
                async for _ in stream:
                    number += 1
                    if number == most:
                        break

        async def plain_async(most: int) -> None:
            await read_async(await create(async_sdk)(**ask, **plain), most)

        async def ours_async(most: int) -> None:
            stream = async_ours.create_iterable(response_model=Product, **ask)
            await read_async(stream, most)

        for end, most_chunks, most_items in (("end", -1, -1), ("early", 60, 8)):
            read(create(sdk)(**ask, **plain), most_chunks)
            found[f"sync {end}"] = [seen(exporter)]
            read(ours.create_iterable(response_model=Product, **ask), most_items)
            found[f"sync {end}"].append(seen(exporter))
            asyncio.run(plain_async(most_chunks))
            found[f"async {end}"] = [seen(exporter)]
            asyncio.run(ours_async(most_items))
            found[f"async {end}"].append(seen(exporter))
        create(sdk)(**ask)
        found["not streamed"] = [seen(exporter)]
        ours.create(response_model=list[Product], **ask)
        found["not streamed"].append(seen(exporter))
        list(
            from_openai(sdk, api=api, raw_chunks=True).create_iterable(
                response_model=Product, **ask
            )
        )
        found["bytes"] = [seen(exporter)]
    if api == "chat":
        import instructor

        with ReplayServer(answer("tasks"), repeat=True) as server:
            with OpenAI(base_url=server.base_url, api_key="test") as sdk:
                if tracer == "logfire":
                    import logfire

                    logfire.instrument_openai(sdk)
                client = instructor.from_openai(sdk, mode=instructor.Mode.JSON_SCHEMA)
                list(from_instructor(client).create_iterable(response_model=Product, **ask))
                found["instructor"] = [seen(exporter)]
    return found


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
