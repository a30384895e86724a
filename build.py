"""The one door to the project: build the site, serve it, recompute its data, check it, clean up.

Run `python3 build.py --help`. Needs Python 3.11 or newer and nothing else for `build` and `serve`.
This file must stay readable to any Python 3, so that an older one can be told what is missing.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - the sentence is for exactly those interpreters
    sys.exit("build.py needs Python 3.11 or newer; this is Python %d.%d." % sys.version_info[:2])  # noqa: UP031

from builder.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
