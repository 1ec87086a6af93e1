"""`python -m partialstream.cli`: the same as `partialstream`."""

import sys

from partialstream.cli import main

if __name__ == "__main__":
    sys.exit(main())
