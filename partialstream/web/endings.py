"""How a stream ended, with a message for the page.

The messages are generic: what the provider said and what the model wrote is never sent.
"""

from __future__ import annotations

import logging
from traceback import format_tb
from typing import TYPE_CHECKING, Final

from partialstream.errors import PartialStreamError
from partialstream.web.wires.base import Ending
from partialstream.web.wires.writer import TakenBackError

if TYPE_CHECKING:
    from collections.abc import Callable

    from partialstream.results import Outcome
    from partialstream.usage import Usage

logger = logging.getLogger("partialstream.web")

FAILED: Final = "failed"
"""The status of an error that is not the stream's own."""

MESSAGES: Final = {
    "empty": "The response was empty.",
    "no_json": "The response could not be read.",
    "truncated": "The response ended too early.",
    "refused": "The model refused to respond.",
    "filtered": "The response was stopped by a content filter.",
    "disconnected": "The connection to the model was lost.",
    "stalled": "The model took too long to respond.",
    "cancelled": "The response was cancelled.",
    "invalid": "The response was not valid.",
    FAILED: "The request failed.",
}


def ending_of(
    outcome: Outcome | None,
    error: Exception | None,
    *,
    items: int | None,
    usage: Usage | None = None,
    describe: Callable[[Exception], str] | None = None,
) -> Ending:
    """How a stream ended.

    Args:
        outcome: Its outcome, None if it has not said one.
        error: What it raised, None for nothing.
        items: How many items were delivered, None for an object.
        usage: Its usage.
        describe: Makes the message from the error, instead of ours.
    """
    if error is None and (outcome is None or outcome.ok or _is_enough(outcome, items)):
        ok = "complete" if outcome is None else outcome.status
        return Ending(True, ok, items=items, usage=usage)
    if isinstance(error, PartialStreamError) and error.outcome is not None:
        outcome = error.outcome
    elif error is not None:
        outcome = None
    status: str = FAILED if outcome is None or outcome.ok else outcome.status
    message = MESSAGES.get(status, MESSAGES[FAILED])
    if describe is not None and error is not None:
        try:
            described: object = describe(error)
        except Exception as failure:  # noqa: BLE001 - a function of the user's; the page is told
            report_failure("describe= failed", failure)
        else:
            if isinstance(described, str):  # pyright: ignore[reportUnnecessaryIsInstance] - users' code
                message = described
            else:
                logger.error("describe= must give a string, not %s", type(described).__name__)
    return Ending(False, status, message, items, usage)


def _is_enough(outcome: Outcome, items: int | None) -> bool:
    """Whether `take=` or `stop_when=` has ended a list: its reader has all that was wanted."""
    return items is not None and outcome.status == "cancelled" and bool(outcome.detail)


def report(error: Exception) -> None:
    """Write an error to the log that is otherwise told to the page only."""
    if isinstance(error, (PartialStreamError, TakenBackError)):
        logger.info("a stream failed with %s; its reader was told", type(error).__name__)
    else:
        report_failure("a stream failed; its reader was told", error)


def report_failure(what: str, error: BaseException) -> None:
    """Write an error to the log that is not the stream's own: its type and where it was raised.

    Not its message, which may quote what the provider said or the model wrote.
    """
    where = "".join(format_tb(error.__traceback__)).rstrip()
    logger.error("%s: %s\n%s", what, type(error).__qualname__, where)
