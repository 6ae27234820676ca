"""Reads the command line and runs one command."""

import argparse
from collections.abc import Callable, Sequence
from typing import Any

from runops_evaluation.commands import compare, report, run
from runops_evaluation.commands.terminal import exit_code

__all__ = ["main"]


def main(argv: Sequence[str], *, more: Sequence[Callable[[Any], None]] = ()) -> int:
    """Run a command and return the exit code, see `terminal.exit_code`.

    Parameters
    ----------
    argv
        The arguments.
    more
        What adds further commands to the parser: the recorder of a checkout is not in the wheel.
    """
    parser = argparse.ArgumentParser(
        prog="python -m evaluation",
        description="Score transcripts and SOPs against recordings whose true events and SOP are known.",
        epilog="docs/quality.md has the formulas and the form of the files.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for add_to in (run.add_to, report.add_to, compare.add_to, *more):
        add_to(commands)
    arguments = parser.parse_args(argv)
    return exit_code(lambda: int(arguments.command(arguments)))
