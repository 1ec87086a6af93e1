"""The way to Redis: commands with a bound in time, whose errors are all of one kind."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, cast

import anyio

from partialstream.extras import requires_extra
from partialstream.web.replay.log import StoreError

if TYPE_CHECKING:
    from partialstream.web.replay.scripts import Script

PROMPT: Final = 3.0
"""Seconds for a command that a request waits for."""

PAUSE: Final = 0.1
"""Seconds before a command is sent again that has failed."""


class RedisServer:
    """A Redis, for scripts and for one kind of read, in one event loop.

    Args:
        redis: An asyncio client of redis-py, or an address to make one for.
        prefix: What all names begin with.

    Raises:
        ModuleNotFoundError: redis-py is not installed.
        TypeError: The client is not async.
        ValueError: It is no address.
    """

    def __init__(self, redis: Any, prefix: str) -> None:
        with requires_extra("redis", "Replay(redis=...)"):
            asyncio = import_module("redis.asyncio")
        exceptions = import_module("redis.exceptions")
        self._errors: tuple[type[Exception], ...] = (exceptions.RedisError, OSError)
        self._missing: type[Exception] = exceptions.NoScriptError
        if not isinstance(redis, str) and isinstance(redis, import_module("redis").Redis):
            raise TypeError("redis= takes a client of redis.asyncio")
        self.prefix = prefix
        self._is_own = isinstance(redis, str)
        self._client: Any = redis
        if self._is_own:
            self._client = asyncio.Redis.from_url(
                redis, socket_timeout=10, socket_connect_timeout=2
            )

    async def run(self, script: Script, *arguments: Any, patience: float = 0.0) -> Any:
        """Run a script.

        Args:
            script: The script.
            arguments: Its arguments.
            patience: Seconds for which it is tried again.

        Raises:
            StoreError: Redis does not respond, or refuses.
        """
        end = anyio.current_time() + patience
        while True:
            try:
                return await self._run(script, arguments)
            except StoreError:
                if anyio.current_time() + PAUSE >= end:
                    raise
            await anyio.sleep(PAUSE)

    async def read(self, streams: dict[str, str], *, count: int, block: float) -> dict[str, Any]:
        """Wait for entries of streams after those of an id; gives ids and fields by stream.

        Raises:
            StoreError: Redis does not respond, or refuses.
        """
        # A client gives up what takes longer than its own limit.
        limit = self._client.connection_pool.connection_kwargs.get("socket_timeout")
        if limit is not None:
            block = min(block, limit / 2)
        reply = await self._call(
            "XREAD",
            "COUNT",
            count,
            "BLOCK",
            max(1, int(block * 1000)),
            "STREAMS",
            *streams,
            *streams.values(),
            within=block + PROMPT,
        )
        return {_text(name): entries for name, entries in _pairs(reply)}

    async def wake(self, stream: str) -> None:
        """Add an entry to a stream that a blocking read waits for."""
        await self._call("XADD", stream, "MAXLEN", "1", "*", "w", "1", within=PROMPT)
        await self._call("PEXPIRE", stream, 3_600_000, within=PROMPT)

    async def aclose(self) -> None:
        """Close the client, if it was made here."""
        if self._is_own:
            await self._client.aclose()

    async def _run(self, script: Script, arguments: tuple[Any, ...]) -> Any:
        try:
            return await self._call("EVALSHA", script.sha, 1, self.prefix, *arguments)
        except StoreError as error:
            if not isinstance(error.__cause__, self._missing):
                raise
        return await self._call("EVAL", script.text, 1, self.prefix, *arguments)

    async def _call(self, *command: Any, within: float = PROMPT) -> Any:
        try:
            with anyio.fail_after(within):
                # Frames are bytes, whatever the client makes of others' values.
                return await self._client.execute_command(*command, NEVER_DECODE=True)
        except TimeoutError as error:
            raise StoreError("Redis does not respond") from error
        except self._errors as error:
            raise StoreError(f"Redis: {error}") from error
        except RuntimeError as error:  # as asyncio says it
            raise StoreError(
                f"the client passed as redis= cannot be used in this event loop ({error}); an "
                "address can, in each"
            ) from error


def _pairs(reply: Any) -> list[tuple[Any, Any]]:
    """Streams and entries, in whichever shape the client has put them."""
    if not reply:
        return []
    if isinstance(reply, dict):
        # As version 3 of the protocol has it, some releases put the entries into one more list.
        by_name = cast("dict[Any, list[Any]]", reply)
        return [
            (name, entries[0] if entries and isinstance(entries[0], list) else entries)
            for name, entries in by_name.items()
        ]
    return [(name, entries) for name, entries in reply]


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
