"""What can be observed of a call: log lines, OpenTelemetry spans and metrics.

A session tells an observer where attempts begin and end; nothing is done for an item or a delta.
A call that is not observed has no observer.

observing.py    whether a call is observed; makes its observer
log.py          log lines
spans.py        OpenTelemetry spans; metrics.py, its metrics
attributes.py   names and values by OpenTelemetry's GenAI conventions, and our own
content.py      what was said, in spans, if that is asked for
"""

from __future__ import annotations

from partialstream.telemetry.observing import observer_for

__all__ = ["observer_for"]
