"""What has to come of a script, told from what the model has said: no text is looked at twice.

The oracle knows each element by its number in the script, and so needs none of the ways in which
the policy recognises elements.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scripted_wire import Element, ForeignError, Said

from partialstream import (
    IncompleteStreamError,
    JSONSyntaxError,
    OutputValidationError,
    ProviderError,
    RefusalError,
)

if TYPE_CHECKING:
    from scripts import Script

SAME = "the same failure came twice"

_MOST = 10  # requests, if the caller does not say

_FINAL: dict[str, tuple[str, type[Exception]]] = {
    "refusal": ("refused", RefusalError),
    "filter": ("filtered", RefusalError),
    "foreign": ("disconnected", ForeignError),
}
_BROKEN: dict[str, tuple[str, type[Exception]]] = {
    "prose": ("no_json", IncompleteStreamError),
    "no answer": ("disconnected", IncompleteStreamError),
    "malformed": ("invalid", JSONSyntaxError),
    "comma": ("invalid", JSONSyntaxError),
    "cut": ("truncated", IncompleteStreamError),
    "length": ("truncated", IncompleteStreamError),
    "silence": ("disconnected", IncompleteStreamError),
    "reset": ("disconnected", IncompleteStreamError),
    "stall": ("stalled", IncompleteStreamError),
    "error event": ("disconnected", ProviderError),
}


@dataclass
class Expected:
    """What has to come of a script.

    Attributes:
        items: Index, attempt and text of each item, as they arrive.
        skipped: By index, the texts that were not valid and are not asked for again.
        pending: Those that are.
        repaired: The indexes of items that were rejected first, and came again.
        causes: Of the requests.
        status: Of the outcome.
        error: The class of the failure, None for none.
        reason: What `RetriesExhaustedError` begins with, None if the failure itself is raised.
        stopped_at: The number of the answer that was left before its end, if one was.
    """

    items: list[tuple[int, int, str]] = field(default_factory=list)
    skipped: dict[int, str] = field(default_factory=dict)
    pending: dict[int, str] = field(default_factory=dict)
    repaired: list[int] = field(default_factory=list)
    causes: list[str] = field(default_factory=list)
    status: str = ""
    error: type[Exception] | None = None
    reason: str | None = None


def expected(script: Script, log: list[Said]) -> Expected:
    """Judge what the model has said, request by request."""
    oracle = _Oracle(script)
    for said in log:
        assert not oracle.over, "one request too many"
        oracle.read(said)
    assert oracle.over, "one request is missing"
    return oracle.expected


class _Oracle:
    def __init__(self, script: Script) -> None:
        self._script = script
        self.expected = Expected()
        self.over = False
        self._count = 0  # elements of the list that have come
        self._first: dict[int, str] = {}  # their texts
        self._cause = "request"  # of the next request
        self._place = 0  # of the endpoint that is asked
        self._failures = 0  # in a row
        self._mark: Any = None
        self._status = ""  # of the last failure

    def read(self, said: Said) -> None:
        """Judge one answer."""
        found = self.expected
        assert said.cause == self._cause
        assert said.place == self._place
        found.causes.append(said.cause)
        assert said.asked == (list(found.pending) if said.cause == "repair" else [])
        before = len(found.items)
        asked = list(said.asked)
        for element in said.elements:
            if not self._is_wanted(said, element, asked):
                continue
            if element.valid:
                found.items.append((element.index, len(found.causes), element.raw))
                if found.pending.pop(element.index, None) is not None:
                    found.repaired.append(element.index)
            elif self._rejected(element):
                self._end("invalid", OutputValidationError)
                return
        if len(found.items) > before:
            self._failures, self._mark = 0, None
        self._judge(said)

    def _is_wanted(self, said: Said, element: Element, asked: list[int]) -> bool:
        if said.cause == "repair":
            if element.index not in asked:
                return False
            asked.remove(element.index)
            return True
        if element.index < self._count:
            first = self._first.get(element.index)
            return self._script.key == "name" and (
                element.index in self.expected.pending
                # of the same text as when it first came, or better
                and element.raw != first
                and element.version > 0
            )
        self._first[element.index] = element.raw
        assert element.index == self._count, "the model was not asked for what comes next"
        self._count += 1
        return True

    def _rejected(self, element: Element) -> bool:
        """Note an element that is not valid; whether it ends the stream."""
        found = self.expected
        decision = self._script.decide(element.index, len(found.causes))
        if decision == "repair":
            found.pending[element.index] = element.raw
            return False
        found.pending.pop(element.index, None)
        found.skipped[element.index] = element.raw
        return decision == "raise"

    def _judge(self, said: Said) -> None:
        script, ending, found = self._script, said.turn.ending, self.expected
        if ending in _FINAL:
            self._end(*_FINAL[ending])
        elif ending == "unauthorized" and not (script.others and script.on_interrupt == "resume"):
            self._end(self._status, ProviderError)  # which leaves everything as it was
        elif ending == "unauthorized":
            cause = "repair" if said.cause == "repair" else "resume"
            self._failed(self._status, ProviderError, cause, None, final=True)
        elif script.is_plain and ending == "error event":
            self._end("disconnected", ProviderError)
        elif (said.whole or said.cause == "repair") and not found.pending:
            self._end("complete", None)
        elif said.whole:
            mark = tuple(found.pending.items())
            self._failed("invalid", OutputValidationError, "repair", mark)
        else:
            status, kind = _BROKEN[ending]
            if ending == "cut" and not said.text:
                status = "empty"
            if script.on_interrupt == "raise":
                self._end(status, kind)
                return
            mark: Any = None
            if said.valid_text is not None:
                mark = (self._count, said.valid_text)
            elif status == "truncated" and said.tail:
                mark = (self._count, said.tail)
            self._failed(status, kind, "repair" if said.cause == "repair" else "resume", mark)

    def _failed(
        self, status: str, kind: type[Exception], cause: str, mark: Any, *, final: bool = False
    ) -> None:
        """Another request could help; is it allowed?"""
        script, requests = self._script, len(self.expected.causes)
        self._failures += 1
        reason: str | None = None
        if mark is not None and mark == self._mark:
            reason = SAME
        elif requests >= (script.max_requests or _MOST):
            made = "request was" if requests == 1 else "requests were"
            reason = f"{requests} {made} made"
        elif final:
            reason = f"rejected permanently, after {requests} request"
        elif self._failures > script.max_retries:
            reason = f"no more retries, after {requests} request"
        left = self._place < len(script.others) and requests < (script.max_requests or _MOST)
        if reason is not None and left:
            self._place += 1
            self._failures, mark = 0, None
        elif not script.retries:
            self._end(status, kind)
        elif reason is not None:
            self._end(status, kind, reason)
        self._cause, self._mark, self._status = cause, mark, status

    def _end(self, status: str, kind: type[Exception] | None, reason: str | None = None) -> None:
        found = self.expected
        found.status, found.error, found.reason = status, kind, reason
        self.over = True
