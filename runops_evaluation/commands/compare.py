"""`compare`: tell whether two runs differ."""

import argparse
import sys
from pathlib import Path
from typing import Any

from runops_evaluation.gold.read import read_gold
from runops_evaluation.report.figures import chances, table_of_differences
from runops_evaluation.report.scored_run import ScoredRun, score_run
from runops_evaluation.statistics.compare import compare

__all__ = ["add_to", "print_comparison"]


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "compare",
        help="tell whether two runs differ",
        description="Compare two runs, such as with two prompts, two models or two commits, recording by recording.",
    )
    parser.set_defaults(command=_compare)
    parser.add_argument("gold", type=Path, help="folder with one folder for each gold recording")
    parser.add_argument("first", type=Path, help="folder of the first run")
    parser.add_argument("second", type=Path, help="folder of the second run")


def _compare(arguments: argparse.Namespace) -> int:
    return print_comparison(arguments.gold, arguments.first, arguments.second)


def print_comparison(gold_folder: Path, first_run: Path, second_run: Path) -> int:
    """Print what differs between two runs, and return the exit code.

    Raises
    ------
    GoldUnreadable, RunUnreadable
        A folder cannot be used.
    """
    gold = read_gold(gold_folder)
    first, second = score_run(gold, first_run), score_run(gold, second_run)
    print(f"first:  {first.label}: {_made_with(first)}\nsecond: {second.label}: {_made_with(second)}\n")
    both = first.values().keys() & second.values().keys()
    print(table_of_differences(compare(first.values(), second.values())))
    print(f"\n{len(both)} recordings are in both. {chances(len(both))}")
    for run in (first, second):
        for sentence in run.left_out:
            print(f"Not scored in {run.label}: {sentence}", file=sys.stderr)
    return 1 if first.left_out or second.left_out else 0


def _made_with(run: ScoredRun) -> str:
    made = run.record.made
    parts = [made.source, *made.models, *(prompt.name for prompt in made.prompts), made.commit or "commit not known"]
    return ", ".join(dict.fromkeys(parts))
