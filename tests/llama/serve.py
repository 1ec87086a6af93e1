"""llama-cpp-python's server, in a process that ends when whoever started it is gone.

Run as a script, with the server's own arguments; standard input is held open by the parent.
"""

from __future__ import annotations

import os
import runpy
import sys
import threading


def _end_with_the_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    runpy.run_module("llama_cpp.server", run_name="__main__", alter_sys=True)
