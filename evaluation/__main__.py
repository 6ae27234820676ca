"""`python -m evaluation`."""

import sys

from runops_evaluation.commands.main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
