"""One response of a provider: chunks in, deltas, metadata and timing out."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

from partialstream.limits import DEFAULT_LIMITS, Limits
from partialstream.results import AnswerMetadata, Delta, Timing
from partialstream.sources.base import TextSource

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from partialstream.results import Token
    from partialstream.sources.base import Source


class ResponseStream:
    """Picks the source by the first chunk, and keeps the time.

    Args:
        clock: Seconds, from any start.
        started: When the request was made, by that clock; None: now.

    Attributes:
        timing: When things arrived.
        tokens: The tokens that came with the last deltas.
        limits: What the response may ask of its reader; set by whoever reads it.
    """

    limits: Limits = DEFAULT_LIMITS

    def __init__(
        self, *, clock: Callable[[], float] = perf_counter, started: float | None = None
    ) -> None:
        self._clock = clock
        self._started = clock() if started is None else started
        self._source: Source | None = None
        self._metadata: AnswerMetadata | None = None
        self._quiet_since: float | None = None  # arrival of the first chunk without a delta
        self._quiet_behind = 0
        self.timing = Timing()
        self.tokens: Sequence[Token] = ()

    def another(self) -> ResponseStream:
        """The next response of the same stream: its times are counted on."""
        response = ResponseStream(clock=self._clock, started=self._started)
        response.timing = self.timing
        return response

    def begin(self) -> None:
        """The request is made now, and not when this was set up."""
        self._started = self._clock()

    @property
    def metadata(self) -> AnswerMetadata:
        """What the response says beside its text."""
        if self._metadata is None:  # not earlier, as the limits are set later
            limits = self.limits
            self._metadata = AnswerMetadata(
                text_kept=limits.text_kept, channels_allowed=limits.channels
            )
        return self._metadata

    @property
    def framed(self) -> bool:
        """Whether the protocol marks the end of a response; bare text does not."""
        return self._source is not None and not isinstance(self._source, TextSource)

    def elapsed(self) -> float:
        """Seconds since the request."""
        return self._clock() - self._started

    def feed(self, chunk: Any) -> list[Delta]:
        """Take a chunk.

        Raises:
            ProviderError: It is an error, or of unknown shape.
        """
        source = self._source
        if source is None:
            if chunk is None or chunk == "" or chunk == b"":
                return []
            source = self._source = self._source_for(chunk)
        deltas = source.feed(chunk)
        self.tokens = source.metadata.tokens
        if deltas:
            self._quiet_since = None
            if self.timing.first_delta is None:
                self.timing.first_delta = self.elapsed()
        return deltas

    def _source_for(self, chunk: Any) -> Source:
        if isinstance(chunk, str):
            return TextSource(self.metadata)
        # Imported where it is needed: text needs no wire format.
        from partialstream.sources.detect import source_for

        return source_for(chunk, self.metadata, limits=self.limits)

    def check_idle(self, behind: int) -> None:
        """A chunk has brought no delta: look at the clock.

        Counted from the first such chunk behind the last delta, and not from that delta: what
        its reader did with it is not the stream's time.

        Args:
            behind: Characters that have come past `feed`; more than before is progress, too.

        Raises:
            TimeoutError: There was none for longer than allowed.
        """
        now = self._clock()
        if self._quiet_since is None or behind != self._quiet_behind:
            self._quiet_since, self._quiet_behind = now, behind
        elif now - self._quiet_since >= self.limits.idle_seconds:
            allowed = self.limits.idle_seconds
            raise TimeoutError(f"no delta for {allowed:g} s (Limits.idle_seconds)")

    def finish(self) -> list[Delta]:
        """The chunks ended.

        Raises:
            ProviderError: What was left over is an error.
        """
        source = self._source
        if source is None:
            return []
        # Not every source has something to say at the end, and so replaces the last tokens.
        source.metadata.tokens = []
        deltas = source.finish()
        self.tokens = source.metadata.tokens
        return deltas

    def ended(self) -> None:
        """The stream is over."""
        if self.timing.total is None:
            self.timing.total = self.elapsed()
