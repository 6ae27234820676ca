"""A whole evaluation: results, scores, the comparison with an earlier run, and the report."""

from dataclasses import replace
from pathlib import Path

from runops_evaluation.commands.compare import print_comparison
from runops_evaluation.commands.report import write_report
from runops_evaluation.evaluate import Confirm, RunRequest, agreed, evaluate
from runops_evaluation.running.run_record import read_run

__all__ = ["score_and_report"]

_NOTHING_BEGUN = 2


def score_and_report(
    request: RunRequest, *, against: Path | None, confirm: Confirm, other: RunRequest | None = None
) -> int:
    """Obtain results and score them, compare them with an earlier run, write the report, and return the exit code.

    Parameters
    ----------
    request, confirm
        As for `evaluate`.
    against
        Folder of the earlier run; None for none.
    other
        A run that is made first, to be compared with, such as with another prompt. What both cost is told, and asked,
        before the first call. It takes the place of `against`.

    Raises
    ------
    RunUnreadable
        There is no run in `against`. It is read before anything is paid for.
    """
    before = 0
    if other is not None:
        if not agreed((other, request), confirm=confirm):
            return _NOTHING_BEGUN
        request, against = replace(request, yes=True), other.out
        before = evaluate(replace(other, yes=True), confirm=confirm)
        if before == _NOTHING_BEGUN:
            return before
    if against is not None:
        read_run(against)
    code = evaluate(request, confirm=confirm)
    if code == _NOTHING_BEGUN:
        return code
    if against is not None:
        print()
        print_comparison(request.gold, against, request.out)
    write_report(request.gold, request.out, against=against)
    return max(before, code)
