"""instructor, MD_JSON mode: for answers that are not only JSON."""

from __future__ import annotations

import instructor

from benchmarks.correctness.libraries import instructor_

MODE = instructor.Mode.MD_JSON

items = chunks = instructor_.items_in(MODE)
growing = typed = growing_chunks = instructor_.growing_in(MODE)
sync_growing = instructor_.sync_growing_in(MODE)
served = instructor_.served_in(MODE)
served_growing = instructor_.served_growing_in(MODE)
