"""Reads the command line and runs one command."""

import argparse
import sys
from collections.abc import Sequence

from runops.environment import EnvironmentIncomplete
from runops_evaluation.commands import compare, report, run
from runops_evaluation.gold.read import GoldUnreadable
from runops_evaluation.running.run_record import RunUnreadable

__all__ = ["main"]


def main(argv: Sequence[str]) -> int:
    """Run a command and return the exit code.

    0: done. 1: a recording failed or was left out. 2: something that was given cannot be used. 130: Ctrl-C.
    """
    parser = argparse.ArgumentParser(
        prog="python -m evaluation",
        description="Score transcripts and SOPs against recordings whose true events and SOP are known.",
        epilog="docs/quality.md has the formulas and the form of the files.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (run, report, compare):
        command.add_to(commands)
    arguments = parser.parse_args(argv)
    try:
        return int(arguments.command(arguments))
    except (GoldUnreadable, RunUnreadable, EnvironmentIncomplete) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped. The same command goes on from there.", file=sys.stderr)
        return 130
