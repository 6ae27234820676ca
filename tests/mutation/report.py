"""What a run prints."""

import sys
from collections.abc import Iterable

from tests.mutation.verdicts import Change, Score, Verdict

__all__ = ["write_changes", "write_score", "write_table"]


def write_table(scores: Iterable[tuple[str, Score]]) -> None:
    """Print one line for each file."""
    sys.stdout.write(
        f"\n\n{'file':58} {'killed':>7} {'survived':>9} {'equivalent':>11} {'wording':>8} {'not run':>8} {'score':>7}\n"
    )
    for file, one in scores:
        not_run = one.by_verdict.get(Verdict.NOT_RUN, 0)
        sys.stdout.write(
            f"{file:58} {one.killed:7} {len(one.survivors):9} {one.equivalent:11} {one.wording:8} {not_run:8} "
            f"{one.percent:6.1f}%\n"
        )


def write_score(counted: Score) -> None:
    """Print how many mutants had which verdict, and the score."""
    sys.stdout.write("\n")
    for verdict in Verdict:
        if counted.by_verdict.get(verdict):
            sys.stdout.write(f"{counted.by_verdict[verdict]:6} {verdict}\n")
    sys.stdout.write(f"{counted.equivalent:6} equivalent, as argued in equivalent_mutants.toml\n")
    sys.stdout.write(f"{counted.wording:6} change only the text of a sentence, and are not counted\n")
    sys.stdout.write(f"score: {counted.percent:.1f} %\n")


def write_changes(title: str, changes: list[Change]) -> None:
    """Print mutants as differences; nothing where there are none."""
    if not changes:
        return
    sys.stdout.write(f"\n{title}\n")
    for change in changes:
        sys.stdout.write(f"\n  {change.where}\n")
        sys.stdout.writelines(f"    - {line}\n" for line in change.removed)
        sys.stdout.writelines(f"    + {line}\n" for line in change.added)
