"""`python -m evaluation`."""

import sys

from evaluation.recorder import command
from runops_evaluation.commands.main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], more=(command.add_to,)))
