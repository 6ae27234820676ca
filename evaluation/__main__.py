"""`python -m evaluation`."""

import sys

from evaluation.commands.main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
