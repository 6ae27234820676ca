"""Reads the command line and runs one command."""

import argparse
from collections.abc import Sequence

from runops_evaluation.commands import compare, report, run
from runops_evaluation.commands.terminal import exit_code

__all__ = ["main"]


def main(argv: Sequence[str]) -> int:
    """Run a command and return the exit code, see `terminal.exit_code`."""
    parser = argparse.ArgumentParser(
        prog="python -m evaluation",
        description="Score transcripts and SOPs against recordings whose true events and SOP are known.",
        epilog="docs/quality.md has the formulas and the form of the files.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (run, report, compare):
        command.add_to(commands)
    arguments = parser.parse_args(argv)
    return exit_code(lambda: int(arguments.command(arguments)))
