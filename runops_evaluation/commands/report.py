"""`report`: write the report of a run as one HTML page."""

import argparse
import sys
from pathlib import Path
from typing import Any

from runops_evaluation.gold.read import read_gold
from runops_evaluation.report.page import page
from runops_evaluation.report.scored_run import ScoredRun, score_run

__all__ = ["add_to", "write_report"]


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
    scored = write_report(arguments.gold, arguments.run, against=arguments.against, out=arguments.out)
    for sentence in scored.left_out:
        print(f"Not scored: {sentence}", file=sys.stderr)
    return 1 if scored.left_out else 0


def write_report(gold: Path, run: Path, *, against: Path | None = None, out: Path | None = None) -> ScoredRun:
    """Write the report of a run, print where it is, and return the run with its scores.

    Parameters
    ----------
    gold, run
        Folders: of the gold recordings, and of the run.
    against
        Folder of an earlier run to compare it with.
    out
        The page; `report.html` in the run's folder where None.

    Raises
    ------
    GoldUnreadable, RunUnreadable
        A folder cannot be used.
    """
    recordings = read_gold(gold)
    scored = score_run(recordings, run)
    earlier = None if against is None else score_run(recordings, against)
    path = out or run / "report.html"
    path.write_text(page(recordings, scored, earlier), encoding="utf-8")
    print(path)
    return scored
