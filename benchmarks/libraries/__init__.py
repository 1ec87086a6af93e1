"""The tasks, for each library. A task takes plain arguments and gives a `Run`.

Everything that a user would prepare once (imports, the model class, the deltas) is done before
the run; everything that belongs to one stream (parser, validator of the item type) within it.
"""

from __future__ import annotations

from collections.abc import Callable

Run = Callable[[], int]
"""Does the task once; gives how many items or deltas there were."""
