"""`report`: write the report of a run as one HTML page."""

import argparse
import sys
from pathlib import Path
from typing import Any

from runops_evaluation.gold.read import read_gold
from runops_evaluation.report.page import page
from runops_evaluation.report.scored_run import score_run

__all__ = ["add_to"]


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "report",
        help="write the report of a run as one HTML page",
        description="Write the report of a run as one HTML page without links to anything outside.",
    )
    parser.set_defaults(command=_report)
    parser.add_argument("gold", type=Path, help="folder with one folder for each gold recording")
    parser.add_argument("run", type=Path, help="folder of the run")
    parser.add_argument("--against", type=Path, metavar="RUN", help="an earlier run to compare it with")
    parser.add_argument("--out", type=Path, help="the page (report.html in the run's folder)")


def _report(arguments: argparse.Namespace) -> int:
    gold = read_gold(arguments.gold)
    run = score_run(gold, arguments.run)
    earlier = None if arguments.against is None else score_run(gold, arguments.against)
    out: Path = arguments.out or arguments.run / "report.html"
    out.write_text(page(gold, run, earlier), encoding="utf-8")
    print(out)
    for sentence in run.left_out:
        print(f"Not scored: {sentence}", file=sys.stderr)
    return 1 if run.left_out else 0
