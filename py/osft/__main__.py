"""`python -m osft`, and the `osft` command of an installed package: count, leak, energy, orthogonal."""

from __future__ import annotations

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
