"""`python -m deskmate`."""

import sys

from deskmate.cli import main

if __name__ == "__main__":
    sys.exit(main())
