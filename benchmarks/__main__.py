"""`python -m benchmarks`: see `core.py`."""

import sys

from benchmarks.core import main

if __name__ == "__main__":
    sys.exit(main())
