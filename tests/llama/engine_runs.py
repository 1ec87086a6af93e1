"""Calls to the engine, what came of them, and what should have: an oracle without our code."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from client_runs import async_sdk, sync_sdk
from pydantic import create_model
from vocabulary import NO_STRAY_BYTES

from partialstream import AttemptStarted, Hooks, Item, Snapshot, TextDelta, from_openai

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pydantic import BaseModel

E = TypeVar("E")

Method = Literal["create_iterable", "create_partial"]

MODES: Final = ["tools", "json_object"]
"""What the engine understands. Under `json_schema` it answers HTTP 500."""

# Everything that the grammar allows has a chance.
SAMPLING: Final[dict[str, Any]] = {"top_k": 0, "min_p": 0.0, "repeat_penalty": 1.0}
_FIRST_REQUEST: Final = AttemptStarted(1, "request")


@dataclass(frozen=True)
class Engine:
    """The engine under test.

    Attributes:
        base_url: Where it answers.
        log: The file it writes to.
    """

    base_url: str
    log: Path

    def log_text(self) -> str:
        """What it has written so far."""
        return self.log.read_text("utf-8", errors="replace")


def asking(
    type_: type[BaseModel],
    method: Method,
    mode: str,
    *,
    bias: dict[str, float] | None = None,
    **kwargs: Any,
) -> dict[str, Any]:
    """The arguments of a call.

    `bias` is for tokens of the vocabulary, by default against bytes that are no UTF-8. Under
    `json_object` the engine takes a schema beside the type, which is its own invention
    and so goes through `extra_body`, as its users do it.
    """
    body: dict[str, Any] = dict(SAMPLING)
    if mode == "json_object":
        asked = type_
        if method == "create_iterable":
            asked = create_model("Answer", items=(list[type_], ...))  # type: ignore[valid-type]  # known at run time
        body["response_format"] = {"type": "json_object", "schema": asked.model_json_schema()}
    return {
        "response_model": type_,
        "mode": mode,
        "model": "tiny",
        "messages": [{"role": "user", "content": "Some products, please."}],
        "temperature": 1.0,
        "logit_bias": NO_STRAY_BYTES if bias is None else bias,
        "extra_body": body,
        **kwargs,
    }


def seeds_until_twice(seen: list[int]) -> Iterator[int]:
    """Seeds, until two of them have shown what a test is about; the test notes them in `seen`.

    A seed gives the same answer on one machine, and another one on the next.
    """
    for seed in range(20):
        if len(seen) < 2:
            yield seed


@dataclass
class Run:
    """What came of a call.

    Attributes:
        events: All events of the stream.
        error: What was raised at last, or by the call.
        stream: The stream, at its end; None if the call failed.
        final: What `final()` gave, for objects that came to an end.
        requests: The arguments of each request.
    """

    events: list[Any] = field(default_factory=list)
    error: Exception | None = None
    stream: Any = None
    final: Any = None
    requests: list[dict[str, Any]] = field(default_factory=list)

    def all(self, kind: type[E]) -> list[E]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def items(self) -> list[Item[Any]]:
        """The items that were delivered."""
        return [event for event in self.events if isinstance(event, Item)]

    @property
    def snapshots(self) -> list[Any]:
        """The snapshots of the object."""
        return [event.value for event in self.events if isinstance(event, Snapshot)]

    @property
    def answers(self) -> list[str]:
        """The text of each answer."""
        texts: list[str] = []
        for event in (_FIRST_REQUEST, *self.events):
            if isinstance(event, AttemptStarted) and event.number > len(texts):
                texts.append("")
            elif isinstance(event, TextDelta):
                texts[-1] += event.text
        return texts


def _hooks(run: Run) -> Hooks:
    hooks = Hooks()
    hooks.on("completion:kwargs", lambda **kwargs: run.requests.append(kwargs))
    return hooks


class SyncCaller:
    """Calls through `Client`."""

    def __init__(self, engine: Engine) -> None:
        self._sdk = {"base_url": engine.base_url, "max_retries": 0}

    def read(self, method: Method, **kwargs: Any) -> Run:
        """Call, and read all events of the stream."""
        run = Run()
        with sync_sdk(**self._sdk) as sdk:
            try:
                run.stream = getattr(from_openai(sdk), method)(hooks=_hooks(run), **kwargs)
                for event in run.stream.events():
                    run.events.append(event)
                if method == "create_partial":
                    run.final = run.stream.final()
            except Exception as error:  # noqa: BLE001 - the test looks at it
                run.error = error
        return run

    def first(self, method: Method, **kwargs: Any) -> Any:
        """Call, and leave the stream with the first value."""
        with sync_sdk(**self._sdk) as sdk:
            for value in getattr(from_openai(sdk), method)(**kwargs):
                return value
        raise AssertionError("the stream is empty")


class AsyncCaller:
    """Calls through `AsyncClient`, in an event loop of its own."""

    def __init__(self, engine: Engine) -> None:
        self._sdk = {"base_url": engine.base_url, "max_retries": 0}

    def read(self, method: Method, **kwargs: Any) -> Run:
        """Call, and read all events of the stream."""
        run = Run()

        async def main() -> None:
            async with async_sdk(**self._sdk) as sdk:
                try:
                    run.stream = getattr(from_openai(sdk), method)(hooks=_hooks(run), **kwargs)
                    async for event in run.stream.events():
                        run.events.append(event)
                    if method == "create_partial":
                        run.final = await run.stream.final()
                except Exception as error:  # noqa: BLE001 - the test looks at it
                    run.error = error

        asyncio.run(main())
        return run

    def first(self, method: Method, **kwargs: Any) -> Any:
        """Call, and leave the stream with the first value."""

        async def main() -> Any:
            async with (
                async_sdk(**self._sdk) as sdk,
                getattr(from_openai(sdk), method)(**kwargs) as stream,
            ):
                return await anext(aiter(stream))

        return asyncio.run(main())


Caller = SyncCaller | AsyncCaller

CALLERS: Final[list[type[Caller]]] = [SyncCaller, AsyncCaller]


@dataclass(frozen=True)
class Listed:
    """A list as the standard library reads it.

    Attributes:
        raws: The texts of the elements that are whole.
        rest: What follows them, without blanks and the comma.
    """

    raws: list[str]
    rest: str

    @property
    def ended(self) -> bool:
        """Whether the list is closed, and the object around it."""
        return "".join(self.rest.split()) == "]}"


def listed(text: str) -> Listed:
    """Read `{"items": [...`, cut off anywhere; control characters in strings are let through."""
    decoder = json.JSONDecoder(strict=False)
    raws: list[str] = []
    _, _, rest = text.partition("[")
    while True:
        rest = rest.lstrip(" ,")
        if not rest.startswith("{"):
            return Listed(raws, rest)
        try:
            _, end = decoder.raw_decode(rest)
        except json.JSONDecodeError:
            return Listed(raws, rest)
        raws.append(rest[:end])
        rest = rest[end:]


def same(raw: str) -> str:
    """The same for texts that differ in blanks only."""
    return json.dumps(json.loads(raw))
